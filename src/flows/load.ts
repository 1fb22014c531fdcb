// What a process tells of itself for the admins' overview: its memory, and how often its cache knew the answer.
import { dropLoad, keepLoad, type Load } from '../infra/redis/loads.ts';
import type { World } from '../world.ts';

const TELL_EVERY_MS = 10_000;

/** Tells it at once and then every ten seconds. Gives the function that ends it. */
export function keepTellingLoad(world: World): () => Promise<void> {
  const failed = (error: unknown) => world.log.warn('the load was not told', { error });
  tellLoad(world).catch(failed);
  const stop = world.clock.every(TELL_EVERY_MS, () => tellLoad(world), failed);
  return async () => {
    stop();
    await dropLoad(world.sessions, world.instanceId).catch(failed);
  };
}

async function tellLoad(world: World): Promise<void> {
  await keepLoad(world.sessions, world.instanceId, loadOf(world));
}

function loadOf({ cache }: World): Load {
  const counts = Object.values(cache.counts());
  const sum = (pick: (each: { hits: number; misses: number }) => number) =>
    counts.reduce((total, each) => total + pick(each), 0);
  return { memoryBytes: process.memoryUsage.rss(), hits: sum(({ hits }) => hits), misses: sum(({ misses }) => misses) };
}
