// No hazard is forgotten: each row has a test that is named by it, or waits for a feature that does not exist yet.
import { globSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../scripts/root.ts';
import { NAME, namedRows, rowsIn } from './named.ts';
import { NOT_YET } from './not-yet.ts';
import { ROWS } from './rows.ts';

const named = namedRows();
const notYet = NOT_YET.map(({ row }) => row);

describe('every hazard', () => {
  test('is one of the 101 rows, ten letters without a gap', () => {
    const counts = { A: 12, B: 14, C: 6, D: 11, E: 11, F: 5, G: 9, H: 14, I: 13, J: 6 };
    const all = Object.entries(counts).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, at) => `${letter}${at + 1}`),
    );
    expect(Object.keys(ROWS)).toEqual(all);
    expect(all).toHaveLength(101);
  });

  test('has a test named by it, or is not yet possible', () => {
    expect(Object.keys(ROWS).filter((row) => !named.has(row) && !notYet.includes(row))).toEqual([]);
  });

  test('that is tested is a row, and none that waits', () => {
    expect([...named.keys()].filter((row) => !(row in ROWS))).toEqual([]);
    expect(notYet.filter((row) => named.has(row))).toEqual([]);
  });

  test('that waits is a row, stands once, and waits for what does not exist', () => {
    expect(notYet.filter((row, at) => !(row in ROWS) || notYet.indexOf(row) !== at)).toEqual([]);
    const here = NOT_YET.filter(({ needs }) => globSync([...needs], { cwd: ROOT }).length > 0);
    expect(here.map(({ row, what }) => `${row} is still not yet, and its feature exists: ${what}`)).toEqual([]);
  });
});

test('rows are found in sources as the runner finds them in names', () => {
  const calls = [
    "test('#: two', async () => {",
    'it("#: two", async () => {',
    'test.each([1, 2])(\n  `#: of %s`,',
    "long('#: two', async () => {",
    "test.skipIf(!nginx)('#: two', () => {",
    "it.concurrent('#: of', { timeout: 3 }, async () => {",
  ];
  // The search must not find these here.
  for (const call of calls) expect(rowsIn(call.replace('#', 'D10'))).toEqual(new Set(['D10']));
  expect(rowsIn("expect('#: two'); // test of #: two".replaceAll('#', 'A1'))).toEqual(new Set());
  expect(NAME.exec('A1: two reads')?.slice(1)).toEqual(['A1', 'two reads']);
});
