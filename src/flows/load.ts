// What a process tells of itself: that it lives, with its version and how busy it is; and for the admins' overview its
// memory and how often its cache knew the answer.
import { busyMeter, VERSION } from '../base/process.ts';
import { keepBeating } from '../infra/redis/instances.ts';
import { dropLoad, keepLoad, type Load } from '../infra/redis/loads.ts';
import type { World } from '../world.ts';

const TELL_EVERY_MS = 10_000;

/** Keeps this process on the list of those alive. Gives the function that takes it off. */
export function keepAlive(world: World): () => Promise<void> {
  const busy = busyMeter();
  return keepBeating(
    world.sessions,
    world.instanceId,
    () => {
      const { level } = world.pressure.felt;
      return { version: VERSION, busyPercent: busy(), ...(level === 'calm' ? {} : { pressure: level }) };
    },
    world.clock,
    (error) => world.log.warn('heartbeat failed', { error }),
  );
}

/** Tells memory and cache at once and then every ten seconds. Gives the function that ends it. */
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
