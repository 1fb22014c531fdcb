// The page that says what is measured, the code that measures it, and the rules and dashboards that read it agree: names,
// kinds, labels and their words, in every direction.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createMetrics, METRICS } from '../../src/base/metrics.ts';
import type { Description } from '../../src/base/metrics-kinds.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/METRICS.md'), 'utf8');

type Row = { kind: string; labels: Record<string, readonly string[] | null>; lookedAtBy: string };

/** The rows of the page's tables, by name. */
function rowsOf(page: string): Map<string, Row> {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  return new Map(
    rows.map((line) => {
      const [name = '', kind = '', labels = '', , , lookedAtBy = ''] = line
        .split('|')
        .slice(1)
        .map((cell) => cell.trim());
      return [name.replaceAll('`', ''), { kind, labels: labelsOf(labels), lookedAtBy }];
    }),
  );
}

/** "`outcome`: `paid`, `failed`; `node` (its name)": a label with its words, and one named after what is set up. */
function labelsOf(cell: string): Row['labels'] {
  const parts = cell.split(';').filter((part) => part.trim() !== '');
  return Object.fromEntries(
    parts.map((part) => {
      const [label = '', ...words] = [...part.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
      return [label, words.length > 0 ? words : null];
    }),
  );
}

const ROWS = rowsOf(PAGE);
const OURS = new Map(Object.values(METRICS).map((each: Description) => [each.name, each]));

test('the page lists every measure of the code with its kind, labels and words, and no other', () => {
  const listed = [...ROWS].filter(([name]) => name.startsWith('satfleet_'));
  const inPage = Object.fromEntries(listed.map(([name, { kind, labels }]) => [name, { kind, labels }]));
  const inCode = Object.fromEntries([...OURS].map(([name, { kind, labels }]) => [name, { kind, labels }]));
  expect(inPage).toEqual(inCode);
});

test('no name is given twice, and each follows the conventions', () => {
  expect(OURS.size).toBe(Object.keys(METRICS).length);
  for (const { name, kind } of OURS.values()) {
    expect(name).toMatch(/^satfleet_[a-z0-9]+(_[a-z0-9]+)*$/);
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
    expect(name).not.toMatch(/_(ms|millis|minutes|hours|kb|mb|percent|sats)(_|$)/);
  }
});

test('what the page names of the process itself is really told, of that kind', async () => {
  const kinds = [...(await createMetrics().text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [
    name,
    kind,
  ]);
  const told = Object.fromEntries(kinds);
  const listed = [...ROWS].filter(([name]) => !name.startsWith('satfleet_'));
  expect(listed.length).toBeGreaterThan(4);
  for (const [name, { kind }] of listed) expect([name, told[name]]).toEqual([name, kind]);
});

const MONITORING = join(ROOT, 'monitoring');
const files = (folder: string, end: string) =>
  readdirSync(join(MONITORING, folder))
    .filter((file) => file.endsWith(end))
    .map((file) => [file, readFileSync(join(MONITORING, folder, file), 'utf8')] as const);

/** The rules by name, each with the text of its expression. */
function rules(): { alert: string | undefined; expression: string }[] {
  return files('rules', '.yml').flatMap(([, text]) =>
    text
      .split(/^\s+- (?=(?:alert|record): )/m)
      .slice(1)
      .map((rule) => ({
        alert: /^alert: (\S+)/.exec(rule)?.[1],
        expression:
          /^\s+expr:([\s\S]*?)(?=^\s+(?:for|keep_firing_for|labels|annotations):|(?![\s\S]))/m.exec(rule)?.[1] ?? '',
      })),
  );
}

/** Every query of the dashboards, with its dashboard's name. */
function queries(): { dashboard: string; expression: string }[] {
  const found: { dashboard: string; expression: string }[] = [];
  for (const [file, text] of files('grafana/dashboards', '.json')) {
    const dashboard = file.replace('.json', '').replaceAll('-', ' ');
    JSON.parse(text, (key, value) => {
      if ((key === 'expr' || key === 'query') && typeof value === 'string')
        found.push({ dashboard, expression: value });
      return value;
    });
  }
  return found;
}

type Used = { name: string; matchers: { label: string; words: string[] }[] };

/** The measures in an expression, each with the words it is asked for. */
function usedIn(expression: string): Used[] {
  const names = expression.matchAll(/\b((?:satfleet|process|nodejs)_[a-z0-9_]+)(?:\{([^}]*)\})?/g);
  return [...names].map(([, name = '', inside = '']) => ({
    name: baseOf(name),
    matchers: [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label = '', words = '']) => ({
      label,
      words: words.split('|').filter((word) => /^\w+$/.test(word)),
    })),
  }));
}

/** A histogram's name, of its buckets, sum or count. */
function baseOf(name: string): string {
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  return ROWS.get(base)?.kind === 'histogram' ? base : name;
}

/** Set by Prometheus itself. */
const SCRAPED = ['job', 'instance', 'le'];

test.each([
  ['rules', () => rules().map(({ expression }) => expression)],
  ['dashboards', () => queries().map(({ expression }) => expression)],
])('the %s ask only for what there is: names, labels, words', (_, expressions) => {
  const all = expressions();
  expect(all.length).toBeGreaterThan(10);
  for (const expression of all) {
    for (const { name, matchers } of usedIn(expression)) {
      const row = ROWS.get(name);
      expect(row, `${name} in ${expression}`).toBeDefined();
      for (const { label, words } of matchers.filter((each) => !SCRAPED.includes(each.label))) {
        const known = row?.labels[label];
        expect(known, `${label} of ${name} in ${expression}`).not.toBeUndefined();
        if (known) expect(known, expression).toEqual(expect.arrayContaining(words));
      }
    }
  }
});

/** Who looks at a measure, as its row says: alerts before the semicolon, dashboards after it. */
function lookersOf(name: string): { alerts: string[]; dashboards: string[] } {
  const all = (ROWS.get(name)?.lookedAtBy ?? '').split(/[,;]/).map((each) => each.trim());
  return {
    alerts: all.filter((each) => /^[A-Z]/.test(each)).sort(),
    dashboards: all.filter((each) => /^[a-z]/.test(each)).sort(),
  };
}

test('every alert that reads a measure stands in its row, and every alert that stands there exists', () => {
  const alerts = rules().filter(({ alert }) => alert !== undefined);
  const missing = alerts.flatMap(({ alert = '', expression }) =>
    usedIn(expression)
      .filter(({ name }) => !lookersOf(name).alerts.includes(alert))
      .map(({ name }) => `${alert} reads ${name}`),
  );
  expect(missing).toEqual([]);
  const known = alerts.map(({ alert }) => alert);
  const named = [...ROWS.keys()].flatMap((name) => lookersOf(name).alerts.map((alert) => `${name}: ${alert}`));
  expect(named.filter((each) => !known.includes(each.split(': ')[1]))).toEqual([]);
});

test('the dashboards in the row of a measure are those that show it, and somebody looks at each', () => {
  const shown = new Map<string, Set<string>>([...ROWS.keys()].map((name) => [name, new Set()]));
  for (const { dashboard, expression } of queries()) {
    for (const { name } of usedIn(expression)) shown.get(name)?.add(dashboard);
  }
  const inPage = Object.fromEntries([...ROWS.keys()].map((name) => [name, lookersOf(name).dashboards]));
  expect(inPage).toEqual(Object.fromEntries([...shown].map(([name, dashboards]) => [name, [...dashboards].sort()])));
  expect([...ROWS].filter(([, { lookedAtBy }]) => lookedAtBy === '').map(([name]) => name)).toEqual([]);
});
