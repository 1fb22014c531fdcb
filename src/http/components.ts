// What every process stands on, as `/health` and `/ready` ask about it: its database and the three Redis servers, each by a
// call that its own work would make. Which of them are vital differs: a bot serves without the queues, a worker does not.
import type { Log } from '../base/logger.ts';
import type { World } from '../world.ts';
import type { Component } from './health.ts';

/** How often those are asked who are not ours. */
export const FOREIGN_EVERY_MS = 15_000;

/** @param queuesAreVital whether nothing can be done without the queues. */
export function storesOf(world: World, { queuesAreVital }: { queuesAreVital: boolean }): Component[] {
  return [
    { name: 'database', vital: true, check: () => world.db.health() },
    { name: 'session-redis', vital: true, check: () => world.sessions.ping() },
    { name: 'queue-redis', vital: queuesAreVital, check: () => world.queues.counts() },
    // Without it everything is read from where it stands.
    { name: 'cache-redis', vital: false, check: () => world.cache.ping() },
  ];
}

/** Writes down each part that goes and each that comes back. */
export function sayChanges(log: Log): (name: string, state: 'up' | 'down') => void {
  return (part, state) => {
    if (state === 'down') log.warn('a part is away', { part });
    else log.info('a part is back', { part });
  };
}

/**
 * A foreign server, by a call that costs it nothing.
 * @param isThere gives whether it answered as it should.
 */
export function foreign(name: string, isThere: () => Promise<boolean>): Component {
  const check = async () => {
    if (!(await isThere())) throw new Error(`${name} does not answer as it should`);
  };
  return { name, vital: false, everyMs: FOREIGN_EVERY_MS, check };
}
