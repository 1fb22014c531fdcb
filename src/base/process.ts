// What a process knows of itself: its version, and how busy its one thread is. Told with each heartbeat, so that an
// operator sees an old version that is left over and an instance that has more to do than the others; and how long its
// turns take, by which it knows when to leave something undone.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** The version of the product, as its package says. */
export const VERSION = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Package)
  .version;

type Package = { readonly version: string };

/** Gives the share of time, in whole percent, in which the event loop was at work since the call before. */
export function busyMeter(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return Math.round(utilization * 100);
  };
}

const LAG_RESOLUTION_MS = 20;

/**
 * Gives how long the turn of the event loop was, in milliseconds, into which a message fell on average since the call
 * before: long turns are met more often than short ones, and one long turn among many short ones is soon forgotten.
 */
export function lagMeter(): () => number {
  const turns = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  turns.enable();
  return () => {
    const [meanMs, deviationMs] = [turns.mean / 1e6, turns.stddev / 1e6];
    turns.reset();
    // Of no turn at all there is no mean.
    if (!(meanMs > 0)) return 0;
    return Math.max(0, (meanMs ** 2 + deviationMs ** 2) / meanMs - LAG_RESOLUTION_MS);
  };
}
