// Which test files prove which rows, read from their sources, so that a table can be made, and a file without a row left
// alone, without running anything.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/root.ts';

/** How a test that proves a row is called: its row, and one line of what it shows. */
export const NAME = /^([A-J]\d{1,2}): (.*)$/;

// A name stands in the call, or in the line below it when the call is long.
const IN_SOURCE = /\b(?:test|it|long)(?:\.\w+(?:\([^()]*\)|(?=[(.])))*\(\s*(['"`])([A-J]\d{1,2}): /g;

/** For each row the test files, from the root, that have a test of its name. */
export function namedRows(): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const entry of readdirSync(join(ROOT, 'tests'), { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.test.ts')) continue;
    const file = `tests/${entry}`;
    for (const row of rowsIn(readFileSync(join(ROOT, file), 'utf8'))) rows.set(row, [...(rows.get(row) ?? []), file]);
  }
  return rows;
}

/** The rows that the tests of a source are named by. */
export function rowsIn(source: string): Set<string> {
  return new Set([...source.matchAll(IN_SOURCE)].map((found) => found[2] ?? ''));
}
