// The programs of a real Lightning node, for the suites that run on one. `npm test` builds them beside everything else;
// a test file run by itself builds them here.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { areBuilt, BUILD_SCRIPT, binariesFolder } from '../../sandbox/lnd/real/binaries.ts';
import { until } from '../../scripts/process.ts';

const BUILD_TIMEOUT_MS = 15 * 60_000;

/**
 * The folder that holds lnd and btcd, once they are built. Call it in a `beforeAll` with LND_BUILD_TIMEOUT_MS.
 * @throws what the build said when it failed.
 */
export async function lndPrograms(): Promise<string> {
  // Written by `npm test` when its build has ended: "ok", or what went wrong.
  const outcomeFile = process.env.TEST_LND_OUTCOME_FILE;
  if (outcomeFile) {
    await until('lnd and btcd are built', BUILD_TIMEOUT_MS, async () => existsSync(outcomeFile));
    const outcome = readFileSync(outcomeFile, 'utf8');
    if (outcome !== 'ok') throw new Error(outcome);
  } else if (!areBuilt()) {
    await promisify(execFile)(BUILD_SCRIPT);
  }
  return binariesFolder();
}

/** For the hook that waits for `lndPrograms`. */
export const LND_BUILD_TIMEOUT_MS = BUILD_TIMEOUT_MS + 60_000;
