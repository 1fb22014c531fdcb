// Counts how often something was begun whose outcome may never be known, such as a message sent into a connection that
// then broke, so that it is repeated a few times and not for ever. A try that was begun says little, for its process may
// have died before it did anything; a try whose answer is known to be lost has most likely been done.
import { answered, type Redis, run, script } from './connection.ts';
import { keys } from './keys.ts';
import type { Line } from './pace.ts';

const DAY_S = 24 * 3_600;

const COUNT = script(`
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ${DAY_S})
return {redis.call('SCARD', KEYS[1]), redis.call('SCARD', KEYS[2])}
`);

const LOSE = script(`
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ${DAY_S})
`);

/** `begun`: all tries that were not taken back. `lost`: those of them that were done, as far as anybody knows. */
export type Tries = { readonly begun: number; readonly lost: number };

/**
 * One more try of `id` in a chat, by a name of its own; gives how many there are now. Forgotten after a day.
 * @throws Unavailable: it may have been counted all the same, so take it back where it came to nothing.
 */
export async function countTry(redis: Redis, { channel, chatId }: Line, id: string, name: string): Promise<Tries> {
  const both = [keys.tries(channel, chatId, id), keys.lostTries(channel, chatId, id)];
  const [begun, lost] = (await run(redis, COUNT, both, [name])) as [number, number];
  return { begun: Number(begun), lost: Number(lost) };
}

/** Takes back a try that is known to have done nothing; one that was never counted is no matter. Throws Unavailable. */
export async function uncountTry(redis: Redis, line: Line, id: string, name: string): Promise<void> {
  await answered(redis.srem(keys.tries(line.channel, line.chatId, id), name));
}

/** A try was made and nobody knows what became of it. Throws Unavailable. */
export async function loseTry(redis: Redis, line: Line, id: string, name: string): Promise<void> {
  await run(redis, LOSE, [keys.lostTries(line.channel, line.chatId, id)], [name]);
}
