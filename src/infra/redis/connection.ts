// The one way to a Redis server. A command is answered or refused within two seconds, never queued while the server is
// away, so that a chat answer does not hang on it; every failure is an Unavailable. Scripts are sent once by their hash.
import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { Unavailable } from '../../base/errors.ts';
import type { Log } from '../../base/logger.ts';

export type { Redis } from 'ioredis';

const COMMAND_TIMEOUT_MS = 2_000;
const RECONNECT_MS = 500;

/**
 * Connects and keeps the connection up. Resolves when the server answers.
 * @param options.name for logs and for the server's list of clients ("session").
 * @param options.onAnswer hears how long each script took, also in vain. Must not throw.
 * @throws Unavailable when the server cannot be reached at the start.
 */
export async function connectRedis(options: {
  url: string;
  name: string;
  log: Log;
  onAnswer?: (ms: number) => void;
}): Promise<Redis> {
  const { url, name, log, onAnswer } = options;
  const redis = new Redis(url, {
    connectionName: name,
    lazyConnect: true,
    enableOfflineQueue: false,
    // What is asked in one turn of the event loop goes out in one write: most of what a command costs us is that write.
    enableAutoPipelining: true,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(RECONNECT_MS, attempt * 50),
  });
  let away = false;
  redis.on('error', (error) => {
    if (!away) log.error('redis away', { redis: name, error });
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info('redis back', { redis: name });
    away = false;
  });
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw new Unavailable(`${name} Redis`, error);
  }
  if (onAnswer) listeners.set(redis, onAnswer);
  return redis;
}

const listeners = new WeakMap<Redis, (ms: number) => void>();

/** Waits for a command's answer. Throws Unavailable for whatever it throws. */
export async function answered<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (error) {
    throw new Unavailable('Redis', error);
  }
}

/** A Lua script with its hash; runs as one atomic step. */
export type Script = { readonly source: string; readonly hash: string };

/** Prepares a script. Its keys must share a hash tag, so that it also runs on a cluster. */
export function script(source: string): Script {
  return { source, hash: createHash('sha1').update(source).digest('hex') };
}

/** Runs a script in one round trip (two on a server that has not seen it). Throws Unavailable. */
export async function run(
  redis: Redis,
  given: Script,
  keys: readonly string[],
  values: readonly (string | number)[],
): Promise<unknown> {
  const begunMs = performance.now();
  try {
    return await runNow(redis, given, keys, values);
  } finally {
    listeners.get(redis)?.(performance.now() - begunMs);
  }
}

async function runNow(
  redis: Redis,
  { source, hash }: Script,
  keys: readonly string[],
  values: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(hash, keys.length, ...keys, ...values);
  } catch (error) {
    // A server that was restarted has forgotten its scripts.
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw new Unavailable('Redis', error);
  }
  return answered(redis.eval(source, keys.length, ...keys, ...values));
}

/** What a server says of itself: how it is set up, as far as losing jobs hangs on it, and how full it is. Throws Unavailable. */
export async function redisSettings(url: string, name = 'queue'): Promise<RedisSettings> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    connectTimeout: COMMAND_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    const info = await redis.info();
    const value = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
    return {
      evictionPolicy: value('maxmemory_policy'),
      appendOnly: value('aof_enabled') === '1',
      usedBytes: Number(value('used_memory')),
      mostBytes: Number(value('maxmemory')),
      evicted: Number(value('evicted_keys')),
    };
  } catch (error) {
    throw new Unavailable(`${name} Redis`, error);
  } finally {
    redis.disconnect();
  }
}

export type RedisSettings = {
  readonly evictionPolicy: string;
  readonly appendOnly: boolean;
  readonly usedBytes: number;
  /** 0: as much as the machine has. */
  readonly mostBytes: number;
  /** Keys dropped for want of memory since the server began. */
  readonly evicted: number;
};
