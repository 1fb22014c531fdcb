// For a process that works no queue and yet has news that cannot wait for one, such as that no worker is there: it tells
// what its own flows have just made itself. What cannot be told here and now stays in the outbox for a worker.
import type { World } from '../world.ts';
import type { Channels } from './channel.ts';
import { deliver } from './deliver.ts';

/** The same world, whose flows' news is told by this process. */
export function tellingAtOnce(world: World, channels: Channels): World {
  return {
    ...world,
    takeAtHand({ queue, id }) {
      if (queue !== 'notification') return false;
      deliver(world, id, channels).catch((error: unknown) => world.log.warn('news left to a worker', { error }));
      return true;
    },
  };
}
