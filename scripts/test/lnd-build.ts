// Builds lnd and btcd in the background while the suites run that need none. Promise: it tells at once when it cannot
// build at all, and leaves its outcome in a file for the suite that waits for it.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUILD_SCRIPT } from '../../sandbox/lnd/real/binaries.ts';
import type { Guard } from '../process.ts';

export type LndBuild = {
  /** Why there can be no real LND on this machine; undefined when there is one or it is being built. */
  impossible: string | undefined;
  /** Seconds from the start to the end; undefined while it runs. */
  seconds(): number | undefined;
};

// A build that cannot begin says so within this time; one that can takes minutes.
const SAYS_NO_MS = 5_000;

/** Starts the build. Resolves when it is clear whether it can be done. */
export async function startLndBuild(outcomeFile: string, guard: Guard): Promise<LndBuild> {
  const started = performance.now();
  let seconds: number | undefined;
  let output = '';
  // The tests beside it are the ones that measure time.
  const child = spawn('nice', ['-n', '10', BUILD_SCRIPT], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid) guard.watch(child.pid);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', (code) => {
      if (child.pid) guard.forget(child.pid);
      seconds = (performance.now() - started) / 1000;
      const words = output.trim().replace(/^build: /, '');
      writeFileSync(outcomeFile, code === 0 ? 'ok' : `lnd could not be built: ${words}`);
      resolve(code === 0);
    });
  });
  const early = await Promise.race([ended, sleep(SAYS_NO_MS, true, { ref: false })]);
  const impossible = early ? undefined : output.trim().replace(/^build: /, '') || `${BUILD_SCRIPT} does not run.`;
  return { impossible, seconds: () => seconds };
}
