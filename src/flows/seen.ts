// Who wrote to this instance within the last moments, told to the others every ten seconds as a number of people and not
// as a list: so a worker knows how many are here now, and a message costs one entry in memory.
import type { Who } from '../infra/redis/keys.ts';
import { tellSeen } from '../infra/redis/seen.ts';
import type { World } from '../world.ts';

const TELL_EVERY_MS = 10_000;
/** Beyond so many within ten seconds the rest is told the next time they write. */
const MOST = 20_000;

const noted = new WeakMap<World['sessions'], Map<string, Who>>();

/** Notes that somebody wrote, where it is told on. */
export function noteSeen(world: World, who: Who): void {
  const people = noted.get(world.sessions);
  if (people && people.size < MOST) people.set(`${who.channel}:${who.externalId}`, who);
}

/** Tells on who wrote, every ten seconds. Gives the function that ends it. */
export function keepTellingSeen(world: World): () => void {
  noted.set(world.sessions, new Map());
  const failed = (error: unknown) => world.log.warn('who wrote was not told', { error });
  const stop = world.clock.every(TELL_EVERY_MS, () => tellNoted(world), failed);
  return () => {
    stop();
    noted.delete(world.sessions);
  };
}

/** Tells it now. Throws Unavailable. */
export async function tellNoted(world: World): Promise<void> {
  const people = [...(noted.get(world.sessions)?.values() ?? [])];
  noted.get(world.sessions)?.clear();
  await tellSeen(world.sessions, people, world.clock.nowMs());
}
