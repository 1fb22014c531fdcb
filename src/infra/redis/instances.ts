// Which processes are alive. Each makes its own id, since a fixed one from the environment would be shared by all
// replicas, and says every five seconds that it lives; who is silent for fifteen is gone. Redis' TIME, as the hosts'
// clocks may differ.
import type { Clock } from '../../base/clock.ts';
import { type Redis, run, script } from './connection.ts';
import { keys } from './keys.ts';

export const BEAT_EVERY_MS = 5_000;
const ALIVE_MS = 15_000;

export type Instance = { readonly id: string; readonly kind: string; readonly ageMs: number };

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

// Two sorted sets with the instances' names: when each was first seen, and when last. No clock of a host enters.
const BEAT = script(`${NOW}
redis.call('ZADD', KEYS[1], 'NX', now, ARGV[1])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ${2 * ALIVE_MS})
redis.call('PEXPIRE', KEYS[2], ${2 * ALIVE_MS})
`);

const LIST = script(`${NOW}
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ${ALIVE_MS})) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('ZREM', KEYS[2], gone)
end
local list = {}
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  list[#list + 1] = name
  list[#list + 1] = math.floor(now - tonumber(redis.call('ZSCORE', KEYS[1], name) or now))
end
return list
`);

const LEAVE = script(`redis.call('ZREM', KEYS[1], ARGV[1]) redis.call('ZREM', KEYS[2], ARGV[1])`);

const both = [keys.instancesSince, keys.instancesBeat];

/** Says that an instance lives. Its id begins with its kind ("bot-3f9a2c"). Throws Unavailable. */
export async function beat(redis: Redis, id: string): Promise<void> {
  await run(redis, BEAT, both, [id]);
}

/**
 * Beats at once and then every five seconds.
 * @returns what ends it and takes the instance off the list.
 */
export function keepBeating(
  redis: Redis,
  id: string,
  clock: Clock,
  onError: (error: unknown) => void,
): () => Promise<void> {
  beat(redis, id).catch(onError);
  const stop = clock.every(BEAT_EVERY_MS, () => beat(redis, id), onError);
  return async () => {
    stop();
    await leave(redis, id);
  };
}

/** Takes an instance off the list at its proper end. Throws Unavailable. */
export async function leave(redis: Redis, id: string): Promise<void> {
  await run(redis, LEAVE, both, [id]);
}

/** Those that gave a sign within fifteen seconds, by id, with the time since their first one. Throws Unavailable. */
export async function listInstances(redis: Redis): Promise<Instance[]> {
  const flat = (await run(redis, LIST, both, [])) as (string | number)[];
  const list: Instance[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const id = String(flat[at]);
    list.push({ id, kind: id.slice(0, id.lastIndexOf('-')), ageMs: Number(flat[at + 1]) });
  }
  return list.sort((one, other) => (one.id < other.id ? -1 : 1));
}
