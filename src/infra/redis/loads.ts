// How much memory each process uses and how its cache does, told by itself, so that one screen can show all. Read beside
// the list of who is alive: what the dead have told is left out there, and gone soon.
import { answered, type Redis } from './connection.ts';
import { keys } from './keys.ts';

const LIFE_MS = 30_000;

export type Load = { readonly memoryBytes: number; readonly hits: number; readonly misses: number };

/** Keeps it for half a minute after the last process told anything. Throws Unavailable. */
export async function keepLoad(redis: Redis, instanceId: string, load: Load): Promise<void> {
  const kept = redis.multi().hset(keys.loads, instanceId, JSON.stringify(load)).pexpire(keys.loads, LIFE_MS).exec();
  await answered(kept);
}

/** What each process told last, by its id. Throws Unavailable. */
export async function readLoads(redis: Redis): Promise<ReadonlyMap<string, Load>> {
  const kept = await answered(redis.hgetall(keys.loads));
  return new Map(Object.entries(kept).map(([id, load]) => [id, JSON.parse(load) as Load]));
}

/** Takes one off at its proper end. Throws Unavailable. */
export async function dropLoad(redis: Redis, instanceId: string): Promise<void> {
  await answered(redis.hdel(keys.loads, instanceId));
}
