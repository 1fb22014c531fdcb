// Things that exactly one instance does, such as asking Telegram for a bot's updates: a lease that runs out by itself
// and carries a number that rises with each owner, so that a late one can be told from the present one.
import { type Redis, run, script } from './connection.ts';
import { keys } from './keys.ts';

const COUNT_S = 30 * 24 * 3_600;

const TAKE = script(`
local owner = redis.call('GET', KEYS[1])
if owner == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return tonumber(redis.call('GET', KEYS[2]) or '0')
end
if owner then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local count = redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ${COUNT_S})
return count
`);

const RELEASE = script(`if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`);

/**
 * Takes the lease or, by its owner, makes it last `lifeMs` from now again.
 * @returns the owner's number (1 and up), or undefined while another holds it. Throws Unavailable.
 */
export async function takeLease(
  redis: Redis,
  name: string,
  owner: string,
  lifeMs: number,
): Promise<number | undefined> {
  const count = Number(await run(redis, TAKE, [keys.lease(name), keys.leaseCount(name)], [owner, lifeMs]));
  return count > 0 ? count : undefined;
}

/** Gives the lease up, if it is still ours. Throws Unavailable. */
export async function releaseLease(redis: Redis, name: string, owner: string): Promise<void> {
  await run(redis, RELEASE, [keys.lease(name)], [owner]);
}
