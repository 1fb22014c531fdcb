// The cache against a real redis-server: two instances that hear of each other's clears, one loader at a time, and
// everything that happens when Redis is killed, hangs and comes back in the middle.
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/base/logger.ts';
import { type Cache, createCache, type Json } from '../../src/infra/redis/cache.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

let server: RedisServer;
let raw: Redis;
let a: Cache;
let b: Cache;
const said: string[] = [];
const say = (event: string) => void said.push(event);
const log: Log = { debug: say, info: say, warn: say, error: say };
const MINUTE = 60_000;

beforeAll(async () => {
  server = await startRedis();
  raw = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  raw.on('error', () => {});
});
afterAll(async () => {
  raw.disconnect();
  await server.remove();
});
beforeEach(async () => {
  await raw.flushall();
  a = await createCache({ url: server.url, log });
  b = await createCache({ url: server.url, log });
  said.length = 0;
});
afterEach(async () => {
  await Promise.all([a.close(), b.close()]);
  server.resume();
  await server.start();
});

async function until(done: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 4_000;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await sleep(5);
  }
}
const fails = (): Promise<Json> => Promise.reject(new Error('the source is not to be asked'));

describe('values', () => {
  it('are set, read by any instance, and end', async () => {
    await a.set('scan:1', { risk: 'low', score: 3, list: [null, true] }, 200);
    expect(await b.get('scan:1')).toEqual({ risk: 'low', score: 3, list: [null, true] });
    expect(await raw.pttl('cache:scan:1')).toBeGreaterThan(0);
    await sleep(210);
    expect(await a.get('scan:1')).toBeUndefined();
    expect(await b.get('scan:1')).toBeUndefined();
  });

  it('a copy in memory is not the value given in', async () => {
    const value = { name: 'Asha' };
    await a.set('profile:1', value, MINUTE);
    value.name = 'changed';
    expect(await a.get('profile:1')).toEqual({ name: 'Asha' });
  });

  it('are set and read many at once', async () => {
    await a.mset(
      [1, 2, 3].map((n) => ({ key: `rates:${n}`, value: n })),
      MINUTE,
    );
    expect(await b.mget(['rates:1', 'rates:x', 'rates:3'])).toEqual([1, undefined, 3]);
  });

  it('a new value replaces the one in every memory', async () => {
    await a.set('rates:legs', 1, MINUTE);
    expect(await b.get('rates:legs')).toBe(1);
    await a.set('rates:legs', 2, MINUTE);
    await until(async () => (await b.get('rates:legs')) === 2);
  });

  it('are counted by name', async () => {
    await a.get('profile:1');
    await a.getOrLoad('profile:1', MINUTE, async () => 1);
    await a.getOrLoad('profile:1', MINUTE, fails);
    await a.get('scan:1');
    expect(a.counts()).toEqual({ profile: { hits: 1, misses: 2 }, scan: { hits: 0, misses: 1 } });
  });
});

describe('counters and takers', () => {
  it('increments are shared, and end', async () => {
    const counts = await Promise.all([a.increment('x', 1, 150), b.increment('x', 2, 150), a.increment('x', 3, 150)]);
    expect(Math.max(...counts.map(Number))).toBe(6);
    await sleep(160);
    expect(await b.increment('x', 1, 150)).toBe(1);
  });

  it('exactly one of many gets a value that is taken', async () => {
    for (let round = 0; round < 20; round += 1) {
      await a.set('once:1', round, MINUTE);
      await b.get('once:1');
      const takers = await Promise.all([a, b, a, b].map((cache) => cache.getAndDelete('once:1')));
      expect(takers.filter((value) => value !== undefined)).toEqual([round]);
      expect(await b.get('once:1')).toBeUndefined();
    }
  });
});

describe('loading', () => {
  it('runs one loader for a hundred callers', async () => {
    let loads = 0;
    const loader = async () => {
      loads += 1;
      await sleep(20);
      return { loads };
    };
    const answers = await Promise.all(Array.from({ length: 100 }, () => a.getOrLoad('rates:legs', MINUTE, loader)));
    expect(loads).toBe(1);
    expect(new Set(answers.map(({ loads: n }) => n))).toEqual(new Set([1]));
    expect(await b.getOrLoad('rates:legs', MINUTE, fails)).toEqual({ loads: 1 });
  });

  it('fails all callers once, with the error of the loader, and tries again next time', async () => {
    let loads = 0;
    const loader = async (): Promise<number> => {
      loads += 1;
      await sleep(10);
      throw new Error(`no ${loads}`);
    };
    const answers = await Promise.allSettled(
      Array.from({ length: 50 }, () => a.getOrLoad('rates:legs', MINUTE, loader)),
    );
    expect(loads).toBe(1);
    expect(answers.every((answer) => answer.status === 'rejected' && answer.reason.message === 'no 1')).toBe(true);
    expect(await a.getOrLoad('rates:legs', MINUTE, async () => 5)).toBe(5);
  });

  it('gives nothing on without keeping it', async () => {
    expect(await a.getOrLoad('profile:9', MINUTE, async () => undefined)).toBeUndefined();
    expect(await a.getOrLoad('profile:9', MINUTE, async () => 9)).toBe(9);
  });

  it.each(['key', 'tag', 'pattern', 'write'])('what was cleared by %s meanwhile is not brought back', async (by) => {
    for (const other of [a, b]) {
      const slow = a.getOrLoad('profile:1', MINUTE, () => sleep(60, 'old'), { tags: ['people'] });
      await sleep(10);
      if (by === 'key') await other.clear('profile:1');
      if (by === 'tag') await other.clearTag('people');
      if (by === 'pattern') await other.clearPattern('profile:*');
      if (by === 'write') await other.set('profile:1', 'new', MINUTE);
      if (other === a) expect(await a.getOrLoad('profile:1', MINUTE, async () => 'new')).toBe('new');
      expect(await slow).toBe('old');
      expect(await a.getOrLoad('profile:1', MINUTE, async () => 'new')).toBe('new');
      await a.clear('profile:1');
    }
  });
});

describe('clearing', () => {
  it('by key reaches every memory', async () => {
    await a.set('profile:1', 'old', MINUTE);
    expect(await b.get('profile:1')).toBe('old');
    await a.clear('profile:1');
    await until(async () => (await b.get('profile:1')) === undefined);
  });

  it('by tag reaches every memory, and only what has the tag', async () => {
    await a.set('profile:1', 1, MINUTE, { tags: ['people', 'kenya'] });
    await a.set('profile:2', 2, MINUTE, { tags: ['people'] });
    expect(await b.mget(['profile:1', 'profile:2'])).toEqual([1, 2]);
    await sleep(2);
    await a.clearTag('kenya');
    expect(await a.mget(['profile:1', 'profile:2'])).toEqual([undefined, 2]);
    await until(async () => (await b.get('profile:1')) === undefined);
    expect(await b.get('profile:2')).toBe(2);
  });

  it('by pattern reaches every memory, also what Redis has evicted', async () => {
    await a.mset(
      [1, 2].map((n) => ({ key: `scan:${n}`, value: n })),
      MINUTE,
    );
    await a.set('profile:1', 1, MINUTE);
    expect(await b.mget(['scan:1', 'scan:2'])).toEqual([1, 2]);
    await raw.del('cache:scan:2');
    await a.clearPattern('scan:*');
    await until(async () => (await b.get('scan:2')) === undefined && (await b.get('scan:1')) === undefined);
    expect(await a.mget(['scan:1', 'scan:2', 'profile:1'])).toEqual([undefined, undefined, 1]);
  });
});

describe('Redis away', () => {
  it('killed in the middle: answers go on, it is said once, clears are made up for', async () => {
    await a.set('profile:1', 'old', MINUTE);
    await a.set('profile:2', 'kept', MINUTE);
    await a.set('profile:3', 'old', MINUTE, { tags: ['t'] });
    await raw.save();
    await server.kill();
    await until(async () => (await a.increment('x', 1, MINUTE)) === undefined);
    expect(await a.get('profile:2')).toBe('kept');
    expect(await a.getOrLoad('rates:legs', MINUTE, async () => 1)).toBe(1);
    expect(await a.getOrLoad('rates:legs', MINUTE, fails)).toBe(1);
    await a.set('profile:4', 4, MINUTE);
    expect(await a.mget(['profile:4', 'profile:none'])).toEqual([4, undefined]);
    await a.clear('profile:1');
    await a.clearTag('t');
    await a.clearPattern('none:*');
    expect(await a.get('profile:1')).toBeUndefined();
    expect(await a.getAndDelete('profile:2')).toBeUndefined();
    await expect(a.getOrLoad('rates:x', MINUTE, fails)).rejects.toThrow('not to be asked');
    expect(said.filter((event) => event === 'cache redis away')).toHaveLength(1);

    // It comes back with what it had on disk, from before the clears.
    await server.start();
    await until(async () => (await b.get('profile:1')) === undefined && (await b.get('profile:3')) === undefined);
    await until(async () => (await b.increment('y', 1, MINUTE)) !== undefined);
    await until(() => said.includes('cache redis back'));
  });

  it('a memory that missed messages is emptied when its connection is back', async () => {
    await a.set('profile:1', 'old', MINUTE);
    expect(await b.get('profile:1')).toBe('old');
    await raw.flushall();
    await raw.save();
    await server.kill();
    await server.start();
    await until(async () => (await b.get('profile:1')) === undefined);
  });

  it('hanging: nobody waits long, and after a few tries nobody waits', async () => {
    server.pause();
    try {
      const started = performance.now();
      await Promise.all(Array.from({ length: 20 }, (_, n) => a.getOrLoad(`rates:${n}`, MINUTE, async () => n)));
      expect(performance.now() - started).toBeLessThan(1_500);
      const again = performance.now();
      for (let n = 100; n < 200; n += 1) await a.getOrLoad(`rates:${n}`, MINUTE, async () => n);
      expect(performance.now() - again).toBeLessThan(200);
    } finally {
      server.resume();
    }
  });

  it('from the start: the cache opens and works', async () => {
    const lonely = await createCache({ url: 'redis://127.0.0.1:1', log });
    expect(await lonely.getOrLoad('rates:legs', MINUTE, async () => 1)).toBe(1);
    expect(await lonely.get('rates:legs')).toBe(1);
    expect(await lonely.increment('x', 1, MINUTE)).toBeUndefined();
    await lonely.close();
  });
});

describe('speed', () => {
  it('a mix of 20,000 operations at 64 in flight', async () => {
    await a.mset(
      Array.from({ length: 500 }, (_, n) => ({ key: `profile:${n}`, value: { language: 'sw', n } })),
      MINUTE,
    );
    const times: number[] = [];
    let next = 0;
    const started = performance.now();
    const worker = async () => {
      while (next < 20_000) {
        const n = next++;
        const before = performance.now();
        if (n % 50 === 0) await a.set(`profile:${n % 500}`, { language: 'en', n }, MINUTE);
        else if (n % 50 === 1) await a.increment('x', 1, MINUTE);
        else if (n % 50 === 2) await a.clear(`profile:${n % 500}`);
        else if (n % 5 === 0) await a.mget([`profile:${n % 500}`, 'rates:legs']);
        else await a.getOrLoad(`profile:${n % 500}`, MINUTE, async () => ({ n }));
        times.push(performance.now() - before);
      }
    };
    await Promise.all(Array.from({ length: 64 }, worker));
    const perSecond = Math.round(20_000 / ((performance.now() - started) / 1_000));
    const p95 = times.sort((x, y) => x - y)[Math.floor(times.length * 0.95)] ?? 0;
    console.log(`cache: ${perSecond}/s, p95 ${p95.toFixed(2)} ms`);
    // The goal (10,000/s, 10 ms) is the bench's; here only that nothing is badly wrong on a busy machine.
    expect(perSecond).toBeGreaterThan(2_000);
  });
});
