// The runbook keeps up with the house: each alert has its heading and leads to it, each link has a target, each command
// exists. Whether its queries run is tried where a database is at hand (backup.test.ts).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../scripts/root.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const runbook = read('docs/RUNBOOK.md');
const headings = [...runbook.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text);
const anchors = headings.map((text) =>
  text
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-'),
);

test('every alert has a heading of its own, and leads to it', () => {
  const rules = readdirSync(join(ROOT, 'monitoring', 'rules')).map((name) => read(`monitoring/rules/${name}`));
  const alerts = rules.flatMap((text) => text.split(/^ *- alert: /m).slice(1));
  expect(alerts.length).toBeGreaterThan(40);
  for (const alert of alerts) {
    const [name = ''] = alert.split('\n');
    expect(headings, name).toContain(name);
    expect(alert, name).toContain(`runbook: "docs/RUNBOOK.md#${name.toLowerCase()}"`);
  }
});

test('no heading stands twice, and every link has its target', () => {
  expect(new Set(anchors).size).toBe(anchors.length);
  for (const [, target = ''] of runbook.replaceAll('\n', ' ').matchAll(/\]\(([^)]+)\)/g)) {
    if (target.startsWith('#')) expect(anchors).toContain(target.slice(1));
  }
});

test('every command it names is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const [, name = ''] of runbook.matchAll(/npm run (?!`)([a-z:-]+)/g)) {
    expect(Object.keys(scripts)).toContain(name);
    expect(existsSync(join(ROOT, 'scripts', `${name}.ts`)), name).toBe(true);
  }
});
