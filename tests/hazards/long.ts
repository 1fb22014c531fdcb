// Tests of a hazard that take more than two seconds: `npm test` leaves them out, `npm run hazards -- --all` runs them.
import { test } from 'vitest';

const runsAll = process.env.HAZARDS_ALL === '1';

/** A test that takes more than two seconds, named by its row like any other; it has two minutes unless given more. */
export function long(name: string, prove: () => Promise<void>, timeoutMs = 120_000): void {
  test.runIf(runsAll)(name, { timeout: timeoutMs }, prove);
}
