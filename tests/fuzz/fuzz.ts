// How much is tried, and how long one try may take. FUZZ_RUNS=1000000 tries more than `npm test` has time for.
import fc from 'fast-check';
import { expect } from 'vitest';

// `npm test` tries the same cases each time, so that what it says is about the change at hand; asked for more, it looks for
// what nobody has seen yet.
if (process.env.FUZZ_RUNS === undefined) fc.configureGlobal({ seed: 20_261_121 });

/** Cases of each property. */
export const RUNS = Number(process.env.FUZZ_RUNS ?? 10_000);
/** What one property may take in all: as long as it needs, when more was asked for. */
export const LONGEST_MS = Math.max(60_000, RUNS * 20);
const LONGEST_CASE_MS = 1_000;

/** Runs one case and fails when it hangs. A machine that was away for a moment gets a second chance. */
export function quick<T>(work: () => T): T {
  let [result, ms] = timed(work);
  if (ms > LONGEST_CASE_MS) [result, ms] = timed(work);
  expect(ms).toBeLessThan(LONGEST_CASE_MS);
  return result;
}

function timed<T>(work: () => T): [T, number] {
  const begun = performance.now();
  const result = work();
  return [result, performance.now() - begun];
}
