// The suites of `npm test`: every folder of tests/ that holds test files is one, and the files beside the folders are
// one more. A few need the machine for themselves and run after the others.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TESTS = fileURLToPath(new URL('../../tests/', import.meta.url));

/** `turn`: suites of a lower turn run first; those of turn 0 run side by side, two files at a time. */
export type Suite = { name: string; include: string[]; files: string[]; turn: number; database: boolean };

// They start many processes or a browser: one file at a time, after everything else.
const ALONE: readonly string[] = ['browser', 'chaos', 'demo', 'doctor', 'fleet', 'monitoring', 'simulate'];
// They touch no database, or start a durable one of their own: running one of them alone starts none.
const WITHOUT_DATABASE: readonly string[] = [
  'architecture',
  'cache',
  'chaos',
  'contract',
  'fleet',
  'lightning',
  'lnd',
  'monitoring',
  'nginx',
  'rates',
  'restore',
  'sandbox',
  'unit',
];
/** On real Lightning nodes: last, alone, on one network for all files. */
export const ON_REAL_LND: readonly string[] = ['lnd'];

/** All suites there are, in the order of their turns. */
export function suites(): Suite[] {
  const entries = readdirSync(TESTS, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const found = folders.map((name) => suite(name, `tests/${name}/**/*.test.ts`, filesIn(name)));
  const beside = entries.filter((entry) => entry.name.endsWith('.test.ts')).map((entry) => `tests/${entry.name}`);
  return [suite('architecture', 'tests/*.test.ts', beside), ...found]
    .filter(({ files }) => files.length > 0)
    .sort((one, other) => one.turn - other.turn || one.name.localeCompare(other.name));
}

function suite(name: string, include: string, files: string[]): Suite {
  const turn = ON_REAL_LND.includes(name) ? 2 : ALONE.includes(name) ? 1 : 0;
  return { name, include: [include], files, turn, database: !WITHOUT_DATABASE.includes(name) };
}

function filesIn(folder: string): string[] {
  return readdirSync(join(TESTS, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `tests/${folder}/${path}`);
}
