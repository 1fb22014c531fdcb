// Ending well: on SIGTERM or SIGINT intake stops, running work ends or is left for the sweep, and the process leaves
// with 0 within its grace, which is longer than a bot works on an update (25 s) and shorter than the half minute that
// containers are given. A second signal does not wait.
import type { Log } from './logger.ts';

const GRACE_MS = 27_000;

/**
 * Runs `steps` in order at the first SIGTERM or SIGINT, then exits 0; exits 0 as well when the grace is over, since
 * whatever is left is found again by the sweep.
 */
export function onShutdown(log: Log, steps: readonly { name: string; run: () => Promise<unknown> | unknown }[]): void {
  let ending = false;
  const end = async (signal: string) => {
    if (ending) process.exit(0);
    ending = true;
    log.info('shutting down', { signal });
    setTimeout(() => {
      log.warn('shutdown grace is over');
      process.exit(0);
    }, GRACE_MS).unref();
    for (const step of steps) {
      try {
        await step.run();
      } catch (error) {
        log.error('shutdown step failed', { step: step.name, error });
      }
    }
    log.info('ended', { signal });
    process.exit(0);
  };
  process.on('SIGTERM', () => void end('SIGTERM'));
  process.on('SIGINT', () => void end('SIGINT'));
}
