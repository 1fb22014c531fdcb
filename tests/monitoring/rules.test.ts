// The alerts: each is complete, is tried at both sides of its threshold, asks only for what is measured, and reaches the
// admins by the right way. promtool and amtool have the last word where they are on this machine.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alerts, MONITORING, RULE_TESTS, ruleFiles } from './asked.ts';
import { ask, onPath } from './programs.ts';

const LEVELS = ['info', 'warning', 'critical', 'emergency'];
const testFiles = readdirSync(RULE_TESTS).sort();
const tries = testFiles.map((name) => readFileSync(join(RULE_TESTS, name), 'utf8')).join('\n');

test('every alert has a level, a sentence, what to do, and its place in the runbook', () => {
  expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  for (const { name, text } of alerts) {
    const severity = /^ +labels: \{ severity: (\w+)/m.exec(text)?.[1];
    expect(LEVELS, name).toContain(severity);
    expect(text, name).toMatch(/^ +summary: ".{10,180}"$/m);
    expect(text, name).toMatch(/^ +description: ".{20,}"$/m);
    expect(text, name).toContain(`runbook: "docs/RUNBOOK.md#${name.toLowerCase()}"`);
  }
  for (const level of LEVELS)
    expect(
      alerts.some(({ text }) => text.includes(`severity: ${level}`)),
      level,
    ).toBe(true);
});

test('every alert is tried where it fires and where it does not', () => {
  const samples = [
    ...tries.matchAll(/alertname="(\w+)",alertstate="firing"\}'\n +eval_time: \w+\n +exp_samples:(.*)/g),
  ];
  for (const { name } of alerts) {
    const ends = samples.filter(([, tried]) => tried === name).map(([, , end = '']) => end.trim());
    expect(ends, `${name} fires`).toContain('');
    expect(ends, `${name} does not fire`).toContain('[]');
  }
  expect(samples.filter(([, tried]) => !alerts.some(({ name }) => name === tried))).toEqual([]);
});

describe.skipIf(!onPath('promtool'))('promtool', () => {
  test('takes the configuration with all its rules', async () => {
    const { ok, said } = await ask('promtool', 'check', 'config', join(MONITORING, 'prometheus.yml'));
    expect(ok, said).toBe(true);
    for (const file of ruleFiles) expect(said).toContain(file);
  });

  test.each(testFiles)('fires as %s says', { timeout: 60_000 }, async (file) => {
    const { ok, said } = await ask('promtool', 'test', 'rules', join(RULE_TESTS, file));
    expect(ok, said).toBe(true);
  });
});

describe.skipIf(!onPath('amtool'))('amtool', () => {
  const config = join(MONITORING, 'alertmanager.yml');
  /** Its first line; a warning of its own may follow. */
  const receiverOf = async (...labels: string[]) => {
    const { said } = await ask('amtool', 'config', 'routes', 'test', `--config.file=${config}`, ...labels);
    return said.split('\n')[0];
  };

  test('takes the configuration', async () => {
    const { ok, said } = await ask('amtool', 'check-config', config);
    expect(ok, said).toBe(true);
  });

  test('everything goes to the admins by a worker, and that there is none by a bot', async () => {
    for (const level of LEVELS) expect(await receiverOf(`severity=${level}`, 'alertname=Any')).toBe('admins');
    expect(await receiverOf('severity=critical', 'alertname=NoWorker')).toBe('admins-by-bot');
    const text = readFileSync(config, 'utf8');
    expect([...text.matchAll(/url: (\S+)/g)].map(([, url]) => url)).toEqual([
      'http://worker:3000/alerts',
      'http://bot:3000/alerts',
    ]);
  });

  test('what is kept back is named by the alerts there are, and an emergency never is', () => {
    const text = readFileSync(config, 'utf8');
    const rules = text.slice(text.indexOf('inhibit_rules:'));
    const words = [...rules.matchAll(/alertname=~?"([^"]+)"/g)].flatMap(([, names = '']) => names.split('|'));
    const fits = (word: string) => alerts.filter(({ name }) => new RegExp(`^(?:${word})$`).test(name));
    expect(words.filter((word) => fits(word).length === 0)).toEqual([]);
    const targets = [...rules.matchAll(/target_matchers: \[(.*)\]/g)].flatMap(([, inner = '']) =>
      [...inner.matchAll(/alertname=~?"([^"]+)"/g)].flatMap(([, names = '']) => names.split('|')),
    );
    expect(targets.flatMap(fits).filter(({ text: each }) => each.includes('severity: emergency'))).toEqual([]);
  });
});
