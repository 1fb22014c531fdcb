// Counts how often something was done whose outcome nobody could tell, such as a message sent into a connection that
// then broke, so that it is repeated once and not for ever.
import { answered, type Redis } from './connection.ts';
import { keys } from './keys.ts';

const DAY_S = 24 * 3_600;

/** One more try of `id`; gives how many there are now. Forgotten after a day. Throws Unavailable. */
export async function countTry(redis: Redis, id: string): Promise<number> {
  const key = keys.tries(id);
  const answers = await answered(redis.multi().incr(key).expire(key, DAY_S).exec());
  return Number(answers?.[0]?.[1] ?? 1);
}

/** Takes back one try that is known to have done nothing. Throws Unavailable. */
export async function uncountTry(redis: Redis, id: string): Promise<void> {
  const key = keys.tries(id);
  await answered(redis.multi().decr(key).expire(key, DAY_S).exec());
}
