// What is left undone under pressure, and in which order: each reading by itself, the order of works at every level, and
// that a level neither jumps at a single bad look nor flaps around its bound.
import { expect, test } from 'vitest';
import {
  CALM,
  type Felt,
  feel,
  higher,
  LEVELS,
  type Level,
  type Reading,
  rankOf,
  verdictOf,
  WORKS,
} from '../../src/base/pressure.ts';

const NOTHING: Reading = { lagMs: 0, poolWaiting: 0, poolRefused: 0, queueAgeMs: 0, inHand: 0 };

/** What is felt after looks a second apart, each with the level it left. */
function after(readings: readonly Partial<Reading>[], from: Felt = CALM): Level[] {
  let felt = from;
  return readings.map((reading, at) => {
    felt = feel(felt, { ...NOTHING, ...reading }, at * 1_000);
    return felt.level;
  });
}
const times = (count: number, reading: Partial<Reading>) => Array.from({ length: count }, () => reading);

test.each([
  [{ lagMs: 59 }, 'calm'],
  [{ lagMs: 60 }, 'raised'],
  [{ lagMs: 250 }, 'high'],
  [{ lagMs: 1_999 }, 'high'],
  [{ lagMs: 2_000 }, 'severe'],
  [{ lagMs: 5_000 }, 'extreme'],
  [{ poolWaiting: 2 }, 'raised'],
  [{ poolWaiting: 50 }, 'high'],
  [{ poolRefused: 4 }, 'calm'],
  [{ poolRefused: 5 }, 'high'],
  [{ poolRefused: 20 }, 'severe'],
  [{ poolRefused: 200 }, 'extreme'],
  [{ queueAgeMs: 10_000 }, 'raised'],
  [{ queueAgeMs: 3_600_000 }, 'high'],
  [{ inHand: 99 }, 'calm'],
  [{ inHand: 500 }, 'high'],
  [{ lagMs: 70, inHand: 300 }, 'high'],
] as const)('%j lasts: %s', (reading, level) => {
  expect(after([reading, reading]).at(-1)).toBe(level);
});

test('one bad look among good ones is nothing', () => {
  expect(new Set(after([{}, { lagMs: 5_000 }, {}, { poolRefused: 900 }, {}]))).toEqual(new Set(['calm']));
  // What two looks both ask for is felt, not the worse of them.
  expect(after([{ lagMs: 70 }, { lagMs: 5_000 }]).at(-1)).toBe('raised');
});

test('it is left one step at a time, five seconds each, and only well below what brought it', () => {
  const severe: Felt = { level: 'severe', asked: 'severe', easedAtMs: undefined };
  const levels = after(times(17, {}), severe);
  expect(levels.slice(0, 5)).toEqual(times(5, {}).map(() => 'severe'));
  expect([levels[5], levels[9], levels[10], levels[14], levels[15]]).toEqual([
    'high',
    'high',
    'raised',
    'raised',
    'calm',
  ]);
  // Four fifths of the bound is not well below it.
  expect(after(times(60, { lagMs: 1_600 }), severe).at(-1)).toBe('severe');
});

test('around its bound it does not flap', () => {
  const readings = Array.from({ length: 120 }, (_, at) => ({ lagMs: at % 3 === 0 ? 190 : 260 }));
  const levels = after(readings);
  const changes = levels.filter((level, at) => at > 0 && level !== levels[at - 1]);
  expect(changes).toEqual(['raised', 'high'].slice(-changes.length));
  expect(levels.at(-1)).toBe('high');
});

test('broadcasts wait first, then prices, then what is looked at, and money is last', () => {
  const undone = LEVELS.map((level) => WORKS.filter((work) => verdictOf(level, work) !== 'go'));
  expect(undone).toEqual(LEVELS.map((_, at) => WORKS.slice(0, at)));
  expect(verdictOf('extreme', 'broadcast')).toBe('wait');
  expect(verdictOf('extreme', 'money')).toBe('busy');
});

test('levels have an order', () => {
  expect(LEVELS.map(rankOf)).toEqual([0, 1, 2, 3, 4]);
  expect([higher('raised', 'severe'), higher('high', 'calm')]).toEqual(['severe', 'high']);
});
