// What one worker found at a tick, kept where every worker reads it, until the next finding or for ten minutes.
import { answered, type Redis } from './connection.ts';
import { keys } from './keys.ts';

const LIFE_MS = 10 * 60_000;

/** Numbers by name: of a currency, a node, a leg of a rate. */
export type Numbers = Readonly<Record<string, number>>;

/** Keeps a finding, in the place of the one before. Throws Unavailable. */
export async function keep(redis: Redis, name: string, found: Numbers): Promise<void> {
  await answered(redis.set(keys.found(name), JSON.stringify(found), 'PX', LIFE_MS));
}

/** The newest finding; empty when there is none of late. Throws Unavailable. */
export async function read(redis: Redis, name: string): Promise<Numbers> {
  const kept = await answered(redis.get(keys.found(name)));
  return kept === null ? {} : (JSON.parse(kept) as Numbers);
}
