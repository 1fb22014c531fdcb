// Who has proven themselves by a PIN a moment ago. Forgotten by itself; where Redis forgets it sooner, they are asked again.
import { answered, type Redis } from './connection.ts';
import { keys } from './keys.ts';

/** Remembers it for `lifeMs`. Throws Unavailable. */
export async function keepUnlocked(redis: Redis, userId: string, lifeMs: number): Promise<void> {
  await answered(redis.set(keys.unlocked(userId), '1', 'PX', lifeMs));
}

/** Throws Unavailable. */
export async function isUnlocked(redis: Redis, userId: string): Promise<boolean> {
  return (await answered(redis.exists(keys.unlocked(userId)))) === 1;
}

/** From now on they are asked again. Throws Unavailable. */
export async function dropUnlocked(redis: Redis, userId: string): Promise<void> {
  await answered(redis.del(keys.unlocked(userId)));
}
