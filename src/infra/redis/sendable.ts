// How much one payment over Lightning can carry at this moment, as the workers see it: bots have no node to ask. It goes
// stale by itself, and nobody counts on it: the worker that sends looks again.
import { answered, type Redis } from './connection.ts';
import { keys } from './keys.ts';

const LIFE_MS = 30_000;

/** Keeps it for half a minute. Throws Unavailable. */
export async function keepSendable(redis: Redis, sendableMsat: bigint): Promise<void> {
  await answered(redis.set(keys.sendable, String(sendableMsat), 'PX', LIFE_MS));
}

/** What was last kept; undefined when no worker has said so lately. Throws Unavailable. */
export async function readSendable(redis: Redis): Promise<bigint | undefined> {
  const kept = await answered(redis.get(keys.sendable));
  return kept === null ? undefined : BigInt(kept);
}
