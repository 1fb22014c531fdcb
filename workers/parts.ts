// What a worker stands on, as its `/health` and `/ready` ask about it: the stores, each Lightning node, the prices, its
// own schedule and Telegram. Without the stores it is of no use; the others may be away, and money waits safely.
import type { Bots } from '../src/channels/telegram/registry.ts';
import { isAnswering } from '../src/channels/telegram/registry.ts';
import { shown } from '../src/flows/fx.ts';
import { foreign, storesOf } from '../src/http/components.ts';
import type { Component } from '../src/http/health.ts';
import type { WorkerWorld } from '../src/world.ts';
import type { Schedule } from './schedule.ts';

/** Asked anew at each look: what the nodes are called stands in the configuration, how they are changes. */
export function partsOf(world: WorkerWorld, bots: Bots, schedule: Schedule): Component[] {
  const nodes = world.lightning.health().map(
    ({ name }): Component => ({
      name: `lightning/${name}`,
      vital: false,
      // The pool looks at each node every ten seconds; its last look is the answer.
      async check() {
        const found = world.lightning.health().find((each) => each.name === name);
        if (found?.state !== 'up') throw new Error(`${name} is not up`);
      },
    }),
  );
  return [
    ...storesOf(world, { queuesAreVital: true }),
    ...nodes,
    {
      name: 'prices',
      vital: false,
      async check() {
        const rate = await shown(world, 'USD');
        if (!rate || rate.stale) throw new Error('no source has given a price lately');
      },
    },
    { name: 'schedule', vital: false, check: () => schedule.check() },
    foreign('telegram', () => isAnswering(bots)),
  ];
}
