// Counts how often something was done whose outcome nobody could tell, such as a message sent into a connection that
// then broke, so that it is repeated once and not for ever.
import { type Redis, run, script } from './connection.ts';
import { keys } from './keys.ts';
import type { Line } from './pace.ts';

const DAY_S = 24 * 3_600;

const COUNT = script(`
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ${DAY_S})
return count
`);

/** One more try of `id` in a chat; gives how many there are now. Forgotten after a day. Throws Unavailable. */
export async function countTry(redis: Redis, line: Line, id: string): Promise<number> {
  return Number(await run(redis, COUNT, [keys.tries(line.channel, line.chatId, id)], [1]));
}

/** Takes back one try that is known to have done nothing. Throws Unavailable. */
export async function uncountTry(redis: Redis, line: Line, id: string): Promise<void> {
  await run(redis, COUNT, [keys.tries(line.channel, line.chatId, id)], [-1]);
}
