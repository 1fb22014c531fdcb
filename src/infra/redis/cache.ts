// The cache: this instance's memory, then the cache Redis, then whoever knows. It never fails its caller: with Redis
// away it answers from memory or from the source, says so once, and makes up for missed clears when Redis is back.
import { once } from 'node:events';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { RedisDriver } from 'bentocache/drivers/redis';
import type { CreateDriverResult, L2CacheDriver } from 'bentocache/types';
import { Redis } from 'ioredis';
import type { Log } from '../../base/logger.ts';
import { type OutsideEvent, outside } from '../../base/outside.ts';
import { cacheBus } from './cache-bus.ts';
import { owedClears, TAG_PREFIX, trackLoads } from './cache-clears.ts';
import { run, script } from './connection.ts';

/** What can be cached: JSON. A bigint goes in as its decimal string. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

export type Tagged = { tags?: readonly string[] };

export type Cache = {
  /** The value, or undefined when it is not there, cleared or over. */
  get<T extends Json>(key: string): Promise<T | undefined>;
  set(key: string, value: Json, ttlMs: number, options?: Tagged): Promise<void>;
  /** Many at once, in order, in one round trip. */
  mget<T extends Json>(keys: readonly string[]): Promise<(T | undefined)[]>;
  mset(entries: readonly { key: string; value: Json }[], ttlMs: number, options?: Tagged): Promise<void>;
  /**
   * The cached value, or what `loader` gives, which is then cached; undefined is given on but not cached. One loader
   * runs at a time for a key in this process, and what was cleared while it ran is not cached. Throws only what
   * `loader` throws.
   */
  getOrLoad<T extends Json | undefined>(
    key: string,
    ttlMs: number,
    loader: () => Promise<T>,
    options?: Tagged,
  ): Promise<T>;
  /** The value, for exactly one of all who ask at once, and gone after that. */
  getAndDelete<T extends Json>(key: string): Promise<T | undefined>;
  /** Adds to a counter that all instances share and that ends `ttlMs` after its first count. Undefined: Redis is away. */
  increment(key: string, by: number, ttlMs: number): Promise<number | undefined>;
  clear(...keys: string[]): Promise<void>;
  /** All that was set with the tag. */
  clearTag(tag: string): Promise<void>;
  /** All whose key fits, `*` standing for any characters ("scan:*"). Walks through all keys: not for every day. */
  clearPattern(pattern: string): Promise<void>;
  /** Rejects when the cache Redis does not answer. */
  ping(): Promise<void>;
  /** Hits and misses since the start, by the word before the first colon of the key. */
  counts(): Record<string, { hits: number; misses: number }>;
  close(): Promise<void>;
};

export type CacheOptions = {
  url: string;
  log: Log;
  /** For metrics of the calls to Redis. */
  onEvent?: (event: OutsideEvent) => void;
};

const PREFIX = 'cache';
const COMMAND_TIMEOUT_MS = 250;
const CONNECT_MS = 1_000;
const MEMORY_ITEMS = 10_000;
const MEMORY_BYTES = 16_000_000;

const INCREMENT = script(`
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return count`);

/** The cache of this process. Waits a second at most for Redis, and does without it if it is not there. */
export async function createCache(options: CacheOptions): Promise<Cache> {
  const redis = connect(options.url, 'cache');
  const listener = connect(options.url, 'cache listener');
  const loads = trackLoads();
  const calls = redisCalls(options);
  const publish = (channel: string, text: string) => calls.run(() => redis.publish(channel, text));
  const bus = cacheBus(publish, listener, PREFIX, loads.heard);
  const bento = new BentoCache({
    default: 'all',
    prefix: PREFIX,
    stores: {
      all: bentostore()
        .useL1Layer(memoryDriver({ maxItems: MEMORY_ITEMS, maxSize: MEMORY_BYTES }))
        .useL2Layer(guardedDriver(redis, calls))
        .useBus(bus.driver),
    },
  }).use();
  const owed = owedClears(calls.failures, {
    keys: (keys) => bento.deleteMany({ keys }).then(() => {}),
    tags: (tags) => bento.deleteByTag({ tags }).then(() => {}),
    patterns: async (patterns) => {
      for (const pattern of patterns) await unlinkMatching(redis, calls, pattern);
      await bus.emptyEverywhere();
    },
  });
  // Either may come first: the connection, or a call that the breaker lets through.
  redis.on('ready', owed.settle);
  calls.whenBack(owed.settle);
  const counted = counters();
  const connected = outside('cache redis start', { deadlineMs: CONNECT_MS });
  await connected(() => Promise.all([once(redis, 'ready'), bus.listening])).catch(calls.failed);
  const part: Parts = { bento, redis, calls, loads, owed, counted };
  return {
    ...reading(part),
    ...writing(part),
    counts: counted.all,
    // Past the breaker: whoever asks how it is wants to know it of the server.
    ping: async () => void (await redis.ping()),
    async close() {
      await bento.disconnect().catch(() => {});
      listener.disconnect();
      redis.disconnect();
    },
  };
}

type Bento = ReturnType<BentoCache<Record<'all', ReturnType<typeof bentostore>>>['use']>;
type Parts = {
  bento: Bento;
  redis: Redis;
  calls: ReturnType<typeof redisCalls>;
  loads: ReturnType<typeof trackLoads>;
  owed: ReturnType<typeof owedClears>;
  counted: ReturnType<typeof counters>;
};

function reading({ bento, redis, calls, loads, counted }: Parts) {
  async function get<T extends Json>(key: string): Promise<T | undefined> {
    const value: T | undefined = await bento.get<T | undefined>({ key }).catch(calls.report);
    counted.count(key, value !== undefined);
    return value;
  }

  async function getOrLoad<T extends Json | undefined>(
    key: string,
    ttlMs: number,
    loader: () => Promise<T>,
    { tags = [] }: Tagged = {},
  ): Promise<T> {
    const load = loads.begin(key, tags);
    let loaded: { value: T } | { error: unknown } | undefined;
    const factory = async (context: { skip: () => undefined }) => {
      try {
        const value = await loader();
        loaded = { value };
        return value === undefined || load.cleared ? context.skip() : value;
      } catch (error) {
        loaded = { error };
        return context.skip();
      }
    };
    try {
      const cached = await bento.getOrSet({ key, ttl: ttlMs, tags: [...tags], factory }).catch(calls.report);
      counted.count(key, loaded === undefined);
      // The loader is asked at the latest here, should the library have failed before it.
      const outcome = loaded ?? (cached === undefined ? { value: await loader() } : { value: cached as T });
      if ('error' in outcome) throw outcome.error;
      return outcome.value;
    } finally {
      loads.end(load);
    }
  }

  return {
    get,
    mget: <T extends Json>(keys: readonly string[]) => Promise.all(keys.map((key) => get<T>(key))),
    getOrLoad: <T extends Json | undefined>(key: string, ttlMs: number, loader: () => Promise<T>, options?: Tagged) =>
      loads.shared(key, () => getOrLoad(key, ttlMs, loader, options)),
    async getAndDelete<T extends Json>(key: string): Promise<T | undefined> {
      const seen = await get<T>(key);
      if (seen === undefined) return undefined;
      // Memories may still hold a copy; who gets it out of Redis is the one.
      const taken = await calls.run(() => redis.getdel(`${PREFIX}:${key}`)).catch(calls.report);
      await bento.delete({ key }).catch(calls.report);
      return taken ? (JSON.parse(taken) as { value: T }).value : undefined;
    },
  };
}

function writing({ bento, redis, calls, loads, owed }: Parts) {
  async function set(key: string, value: Json, ttlMs: number, { tags = [] }: Tagged = {}): Promise<void> {
    loads.heard({ type: 'delete', keys: [key] });
    await bento.set({ key, value, ttl: ttlMs, tags: [...tags] }).catch(calls.report);
  }
  return {
    set,
    mset: async (entries: readonly { key: string; value: Json }[], ttlMs: number, options?: Tagged) => {
      await Promise.all(entries.map(({ key, value }) => set(key, value, ttlMs, options)));
    },
    increment: async (key: string, by: number, ttlMs: number) => {
      const count = await calls.run(() => run(redis, INCREMENT, [`count:${key}`], [by, ttlMs])).catch(calls.report);
      return count === undefined ? undefined : Number(count);
    },
    clear: (...keys: string[]) => {
      loads.heard({ type: 'delete', keys });
      return owed.clear('keys', keys);
    },
    clearTag: (tag: string) => {
      loads.heard({ type: 'set', keys: [TAG_PREFIX + tag] });
      return owed.clear('tags', [tag]);
    },
    clearPattern: (pattern: string) => owed.clear('patterns', [pattern]),
  };
}

function connect(url: string, connectionName: string): Redis {
  const redis = new Redis(url, {
    connectionName,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(500, attempt * 50),
  });
  // Said once through the calls that fail (see redisCalls); an error without a listener would end up on the console.
  redis.on('error', () => {});
  return redis;
}

function guardedDriver(redis: Redis, { run: guard }: Parts['calls']): CreateDriverResult<L2CacheDriver> {
  class GuardedDriver extends RedisDriver {
    override get = (key: string) => guard(() => super.get(key));
    override set = (key: string, value: string, ttlMs?: number) => guard(() => super.set(key, value, ttlMs));
    override delete = (key: string) => guard(() => super.delete(key));
    // The library's own sends a pipeline and does not look at its answers, so that a failed clear would pass for done.
    override deleteMany = (keys: string[]) =>
      guard(() => redis.unlink(keys.map((key) => this.getItemKey(key)))).then((deleted) => deleted > 0);
  }
  return { options: { connection: redis }, factory: (config) => new GuardedDriver(config) };
}

/** Runs calls to Redis under a breaker, so that a server that hangs costs a quarter of a second a few times only. */
function redisCalls({ log, onEvent }: CacheOptions) {
  let failures = 0;
  let away = false;
  let onBack = () => {};
  const guarded = outside('cache redis', {
    deadlineMs: COMMAND_TIMEOUT_MS * 2,
    breaker: { failures: 10, openMs: 1_000 },
    ...(onEvent && { onEvent }),
  });
  const failed = (error: unknown) => {
    failures += 1;
    if (!away) log.error('cache redis away', { error });
    away = true;
  };
  return {
    failures: () => failures,
    /** Calls `then` at the first success after a failure. */
    whenBack(then: () => void): void {
      onBack = then;
    },
    async run<T>(call: () => Promise<T>): Promise<T> {
      try {
        const answer = await guarded(call);
        if (away) {
          away = false;
          log.info('cache redis back');
          onBack();
        }
        return answer;
      } catch (error) {
        failed(error);
        throw error;
      }
    },
    failed,
    /** For errors that stop here: a cache that cannot is a cache that has nothing. */
    report(error: unknown): undefined {
      if (!away) log.warn('cache failed', { error });
    },
  };
}

async function unlinkMatching(redis: Redis, calls: Parts['calls'], pattern: string): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await calls.run(() => redis.scan(cursor, 'MATCH', `${PREFIX}:${pattern}`, 'COUNT', 1_000));
    if (keys.length > 0) await calls.run(() => redis.unlink(...keys));
    cursor = next;
  } while (cursor !== '0');
}

function counters() {
  const counts = new Map<string, { hits: number; misses: number }>();
  return {
    count(key: string, hit: boolean): void {
      const [name = key] = key.split(':', 1);
      const entry = counts.get(name) ?? { hits: 0, misses: 0 };
      counts.set(name, entry);
      if (hit) entry.hits += 1;
      else entry.misses += 1;
    },
    all: (): Record<string, { hits: number; misses: number }> =>
      Object.fromEntries([...counts].map(([name, entry]) => [name, { ...entry }])),
  };
}
