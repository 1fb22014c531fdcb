// What a whole run leaves behind, read as a thief would: everything the processes wrote, everything their Redis servers
// were ever sent and still hold, what they tell over HTTP, and the rows that jobs are made from. And the search in it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from '../../scripts/process.ts';
import type { Fleet } from './fleet-house.ts';
import { look } from './fleet-people.ts';

/** A name and the value that must be seen nowhere. */
export type Secret = { readonly name: string; readonly value: string };

/** Where something was written, and all of it. */
export type Evidence = ReadonlyMap<string, string>;

export type Listener = { readonly name: string; readonly heard: string[]; end(): void };

const LISTEN_MS = 10_000;

/** Hears every command that a Redis server is sent from now on, those inside scripts among them. */
export async function listen(name: string, url: string): Promise<Listener> {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  const heard: string[] = [];
  const follow = async () => {
    const monitor = await redis.monitor();
    monitor.on('monitor', (_time: string, words: string[]) => heard.push(words.join(' ')));
    monitor.on('error', () => {});
    return monitor;
  };
  redis.on('error', () => {});
  // A command that is heard in the same breath as the answer to MONITOR confuses the client, which then gives up.
  const monitor = await until(`the ${name} Redis is heard`, LISTEN_MS, follow);
  return {
    name,
    heard,
    end() {
      monitor.disconnect();
      redis.disconnect();
    },
  };
}

/** Every key of every database of a server, with all it holds. */
export async function dump(url: string): Promise<string> {
  const base = new URL(url);
  const texts: string[] = [];
  for (const database of [0, 1, 2]) {
    base.pathname = `/${database}`;
    const redis = new Redis(base.toString());
    for (const key of await redis.keys('*')) texts.push(`${key} ${JSON.stringify(await contentOf(redis, key))}`);
    redis.disconnect();
  }
  return texts.join('\n');
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, 0, -1, 'WITHSCORES');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return undefined;
  }
}

/** Everything there is at this moment. `more` is what the test has collected itself. */
export async function collect(fleet: Fleet, listeners: readonly Listener[], more: Evidence): Promise<Evidence> {
  const evidence = new Map(more);
  for (const file of readdirSync(fleet.logs)) evidence.set(`log ${file}`, readFileSync(join(fleet.logs, file), 'utf8'));
  for (const { name, heard } of listeners) evidence.set(`commands to the ${name} Redis`, heard.join('\n'));
  const servers = {
    queue: fleet.queueRedis.queueUrl,
    session: fleet.sessionRedis.sessionUrl,
    cache: fleet.cacheRedis.cacheUrl,
  };
  for (const [name, url] of Object.entries(servers)) evidence.set(`${name} Redis`, await dump(url));
  const urls = [...fleet.fleet.bots, ...fleet.fleet.workers];
  for (const [at, url] of urls.entries()) {
    for (const path of ['metrics', 'health', 'ready']) {
      evidence.set(`/${path} of process ${at + 1}`, await (await fetch(`${url}/${path}`)).text());
    }
  }
  evidence.set('failed jobs', JSON.stringify(await fleet.world.queues.failed(undefined, 100)));
  evidence.set('the outbox', await outboxText(fleet));
  return evidence;
}

/** All rows that wait to become jobs, as text. */
export async function outboxText(fleet: Fleet): Promise<string> {
  const rows = await look<{ row: string }>(fleet, 'select to_jsonb(outbox)::text as row from outbox');
  return rows.map(({ row }) => row).join('\n');
}

/** Each place with each secret in it, one sentence each. Upper and lower case are the same. */
export function leaks(evidence: Evidence, secrets: readonly Secret[]): string[] {
  const found: string[] = [];
  for (const [place, text] of evidence) {
    const lower = text.toLowerCase();
    for (const { name, value } of secrets) if (lower.includes(value.toLowerCase())) found.push(`${place}: ${name}`);
  }
  return found;
}
