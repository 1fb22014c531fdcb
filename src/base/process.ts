// What a process knows of itself: its version, and how busy its one thread is. Told with each heartbeat, so that an
// operator sees an old version that is left over and an instance that has more to do than the others.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

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
