// When the house last heard from those who watch it, kept where every process reads it. After a week without a word the
// waiting begins anew.
import { answered, type Redis } from './connection.ts';
import { keys } from './keys.ts';

const LIFE_MS = 7 * 24 * 60 * 60_000;

/** Keeps the moment of the last word; with `unlessKnown` only where none is kept. Throws Unavailable. */
export async function keepHeard(redis: Redis, atMs: number, unlessKnown = false): Promise<void> {
  const key = keys.watchdog;
  await answered(unlessKnown ? redis.set(key, atMs, 'PX', LIFE_MS, 'NX') : redis.set(key, atMs, 'PX', LIFE_MS));
}

/** The moment of the last word. Throws Unavailable. */
export async function lastHeard(redis: Redis): Promise<number | undefined> {
  const kept = await answered(redis.get(keys.watchdog));
  return kept === null ? undefined : Number(kept);
}
