// A clock that a test moves, and that waits shorter than it is asked to, so that hours of waiting pass in a moment. A
// world on such a clock sees its nodes through it as well.
import { type Clock, hostClock } from '../../src/base/clock.ts';
import { uuidIds } from '../../src/base/ids.ts';
import { nodeRows } from '../../src/infra/db/nodes.ts';
import { createLightningPool } from '../../src/infra/lightning/pool.ts';
import type { Closing, WorkerWorld } from '../../src/world.ts';

export type MovableClock = Clock & {
  /** Lets time pass at once. */
  move(ms: number): void;
};

/** @param speed how many times shorter every wait is. */
export function movableClock(speed = 1): MovableClock {
  const host = hostClock();
  let movedMs = 0;
  return {
    ...host,
    nowMs: () => host.nowMs() + movedMs,
    sleep: (ms, signal) => host.sleep(ms / speed, signal),
    move(ms) {
      movedMs += ms;
    },
  };
}

export type MovableWorld = WorkerWorld & Closing & { readonly clock: MovableClock };

/** Another worker of the same house, on a clock of its own. Closing it leaves the house as it is. */
export async function anotherWorker(world: WorkerWorld, clock = movableClock()): Promise<MovableWorld> {
  const { config, random, log } = world;
  const lightning = createLightningPool({
    nodes: config.lndNodes,
    network: config.LIGHTNING_NETWORK,
    clock,
    random,
    log,
  });
  await lightning.start();
  for (const { name } of await nodeRows(world.db)) lightning.admit(name);
  return { ...world, clock, ids: uuidIds(clock, random), lightning, close: () => lightning.close() };
}
