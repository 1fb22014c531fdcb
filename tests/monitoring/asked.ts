// What the rules and the dashboards ask Prometheus: each expression with the place it stands in, and the measures and
// labels that it names.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/root.ts';

export const MONITORING = join(ROOT, 'monitoring');
export const RULES = join(MONITORING, 'rules');
export const RULE_TESTS = join(MONITORING, 'tests');
const BOARDS = join(MONITORING, 'grafana', 'dashboards');

type Step = { color: string; value: number | null };

export type Panel = {
  id: number;
  title: string;
  type: string;
  description?: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: { defaults: { unit?: string; thresholds?: { steps: Step[] } } };
  targets?: { refId: string; expr: string; datasource?: { uid: string } }[];
};

export type Board = { uid: string; title: string; description: string; panels: Panel[] };

export const boards: readonly Board[] = readdirSync(BOARDS)
  .sort()
  .map((name) => JSON.parse(readFileSync(join(BOARDS, name), 'utf8')) as Board);

/** The panels that show something; a row only holds others together. */
export const panels = boards.flatMap((board) =>
  board.panels
    .filter(({ type }) => type !== 'row')
    .map((panel) => ({ ...panel, where: `${board.title}: ${panel.title}` })),
);

export const ruleFiles: readonly string[] = readdirSync(RULES).sort();

/** An alert as its text stands in its file. */
export const alerts = ruleFiles.flatMap((file) =>
  readFileSync(join(RULES, file), 'utf8')
    .split(/^ +- (?=alert|record)/m)
    .filter((text) => text.startsWith('alert:'))
    .map((text) => ({ name: /^alert: (\w+)$/m.exec(text)?.[1] ?? text, file, text })),
);

/** Every expression there is, with where it stands. */
export const questions: readonly { where: string; expr: string }[] = [
  ...panels.flatMap(({ where, targets = [] }) => targets.map(({ expr }) => ({ where, expr }))),
  ...ruleFiles.flatMap((file) =>
    readFileSync(join(RULES, file), 'utf8')
      .split(/^ +- (?=alert|record)/m)
      .slice(1)
      .map((text) => ({ where: `${file}: ${text.split('\n', 1)[0]}`, expr: exprOf(text) })),
  ),
];

function exprOf(rule: string): string {
  const lines = rule.split('\n');
  const from = lines.findIndex((line) => /^ +expr:/.test(line));
  const indent = /^ +/.exec(lines[from] ?? '')?.[0].length ?? 0;
  const rest = lines.slice(from + 1);
  const end = rest.findIndex((line) => (/^ */.exec(line)?.[0].length ?? 0) <= indent);
  const first = (lines[from] ?? '').replace(/^ +expr: *\|? */, '');
  return [first, ...rest.slice(0, end === -1 ? undefined : end)].join('\n').trim();
}

/** The measures of ours that an expression names. A histogram has the name it was given. */
export function namedIn(expr: string): string[] {
  return [...expr.matchAll(/\bsatfleet_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
}

/** The labels by which an expression gathers. */
export function gatheredBy(expr: string): string[] {
  return [...expr.matchAll(/\b(?:by|on) *\(([^)]*)\)/g)].flatMap(([, inner = '']) =>
    inner
      .split(',')
      .map((label) => label.trim())
      .filter(Boolean),
  );
}
