// Counts how often something was done whose outcome nobody could tell, such as a message sent into a connection that
// then broke, so that it is repeated once and not for ever.
import { answered, type Redis, run, script } from './connection.ts';
import { keys } from './keys.ts';
import type { Line } from './pace.ts';

const DAY_S = 24 * 3_600;

const COUNT = script(`
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ${DAY_S})
return redis.call('SCARD', KEYS[1])
`);

/**
 * One more try of `id` in a chat, by a name of its own; gives how many there are now. Forgotten after a day.
 * @throws Unavailable: it may have been counted all the same, so take it back where it came to nothing.
 */
export async function countTry(redis: Redis, line: Line, id: string, name: string): Promise<number> {
  return Number(await run(redis, COUNT, [keys.tries(line.channel, line.chatId, id)], [name]));
}

/** Takes back a try that is known to have done nothing; one that was never counted is no matter. Throws Unavailable. */
export async function uncountTry(redis: Redis, line: Line, id: string, name: string): Promise<void> {
  await answered(redis.srem(keys.tries(line.channel, line.chatId, id), name));
}
