// Which processes are alive. Each makes its own id, since a fixed one from the environment would be shared by all
// replicas, and says every three seconds that it lives and how busy it is; who is silent for twelve is gone, so that
// nobody shows it any more after fifteen. Redis' TIME, as the hosts' clocks may differ.
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { LEVELS } from '../../base/pressure.ts';
import { type Redis, run, script } from './connection.ts';
import { keys } from './keys.ts';

const BEAT_EVERY_MS = 3_000;
// Three beats may be lost.
const ALIVE_MS = 12_000;

const about = z.object({
  version: z.string(),
  busyPercent: z.number(),
  /** Left out while calm, and by versions before this one. */
  pressure: z.enum(LEVELS).optional(),
});

/** What an instance says of itself with each beat: which version it is, and its load since the beat before. */
export type About = z.output<typeof about>;

/** `ageMs`: since its first beat. `about` is missing where a version before this one beats. */
export type Instance = { readonly id: string; readonly kind: string; readonly ageMs: number; readonly about?: About };

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

// Two sorted sets with the instances' names: when each was first seen, and when last; and a hash with what each says of
// itself. No clock of a host enters.
const BEAT = script(`${NOW}
redis.call('ZADD', KEYS[1], 'NX', now, ARGV[1])
redis.call('ZADD', KEYS[2], now, ARGV[1])
if ARGV[2] ~= '' then redis.call('HSET', KEYS[3], ARGV[1], ARGV[2]) end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ${2 * ALIVE_MS}) end
`);

const LIST = script(`${NOW}
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ${ALIVE_MS})) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('ZREM', KEYS[2], gone)
  redis.call('HDEL', KEYS[3], gone)
end
local list = {}
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  list[#list + 1] = name
  list[#list + 1] = math.floor(now - tonumber(redis.call('ZSCORE', KEYS[1], name) or now))
  list[#list + 1] = redis.call('HGET', KEYS[3], name) or ''
end
return list
`);

const LEAVE = script(`
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
`);

const all = [keys.instancesSince, keys.instancesBeat, keys.instancesAbout];

/** Says that an instance lives. Its id begins with its kind ("bot-3f9a2c"). Throws Unavailable. */
export async function beat(redis: Redis, id: string, said?: About): Promise<void> {
  await run(redis, BEAT, all, [id, said ? JSON.stringify(said) : '']);
}

/**
 * Beats at once and then every three seconds.
 * @param say gives what the instance says of itself at each beat.
 * @returns what ends it and takes the instance off the list.
 */
export function keepBeating(
  redis: Redis,
  id: string,
  say: () => About,
  clock: Clock,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let ended = false;
  const beatOnce = () => beat(redis, id, say());
  let beating = beatOnce().catch(onError);
  const stop = clock.every(
    BEAT_EVERY_MS,
    async () => {
      if (ended) return;
      beating = beatOnce().catch(onError);
      await beating;
    },
    onError,
  );
  return async () => {
    ended = true;
    stop();
    // A beat under way would put it back on the list.
    await beating;
    await leave(redis, id);
  };
}

/** Takes an instance off the list at its proper end. Throws Unavailable. */
export async function leave(redis: Redis, id: string): Promise<void> {
  await run(redis, LEAVE, all, [id]);
}

/** Those that gave a sign within twelve seconds, by id, with the time since their first one. Throws Unavailable. */
export async function listInstances(redis: Redis): Promise<Instance[]> {
  const flat = (await run(redis, LIST, all, [])) as (string | number)[];
  const list: Instance[] = [];
  for (let at = 0; at < flat.length; at += 3) {
    const id = String(flat[at]);
    const said = aboutOf(String(flat[at + 2]));
    const kind = id.slice(0, id.lastIndexOf('-'));
    list.push({ id, kind, ageMs: Number(flat[at + 1]), ...(said ? { about: said } : {}) });
  }
  return list.sort((one, other) => (one.id < other.id ? -1 : 1));
}

function aboutOf(text: string): About | undefined {
  if (text === '') return undefined;
  const parsed = about.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}
