// The start and end of an update on a real Redis, seen from two instances: who may handle what, what is remembered,
// and what a wiped Redis changes.
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Unavailable } from '../../src/base/errors.ts';
import { keys } from '../../src/infra/redis/keys.ts';
import { begin, end, renew } from '../../src/infra/redis/sessions.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { going, newUpdate, twoInstances } from './support.ts';

let server: TestRedis;
let one: Redis;
let two: Redis;
const OFF = { bot: 0, chat: 0 };
const DONE = { state: 'done' } as const;

beforeAll(async () => {
  server = await startRedis();
  [one, two] = await twoInstances(server.sessionUrl);
});
afterAll(async () => {
  one.disconnect();
  two.disconnect();
  await server.kill();
});

describe('an update', () => {
  it('is begun once while it is being handled, and never again once it is done', async () => {
    const update = newUpdate();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => begin(at % 2 ? one : two, OFF, update, `token${at}`)),
    );
    expect(answers.filter(({ state }) => state === 'go')).toHaveLength(1);
    expect(answers.filter(({ state }) => state === 'taken')).toHaveLength(19);
    const winner = answers.findIndex(({ state }) => state === 'go');
    await end(one, update, `token${winner}`, DONE);
    expect(await begin(two, OFF, update, 'late')).toEqual({ state: 'done' });
    const [ttl, lock] = await Promise.all([
      one.ttl(keys.update(update.who, update.bot, update.updateId)),
      one.exists(keys.lock(update.who)),
    ]);
    expect(ttl).toBeGreaterThan(24 * 3_600);
    expect(lock).toBe(0);
  });

  it('of the same number under another bot name is another update', async () => {
    const update = newUpdate();
    going(await begin(one, OFF, update, 'a'));
    await end(one, update, 'a', DONE);
    going(await begin(one, OFF, { ...update, bot: 'other_bot' }, 'b'));
  });

  it('that went wrong is begun again and knows how often', async () => {
    const update = newUpdate();
    expect(going(await begin(one, OFF, update, 'a')).tries).toBe(0);
    await end(one, update, 'a', { state: 'free', tries: 1 });
    expect(going(await begin(two, OFF, update, 'b')).tries).toBe(1);
  });

  it('whose instance died is begun again after nine seconds and counts as a try', async () => {
    const update = newUpdate();
    await begin(one, OFF, update, 'a');
    // As if they had passed.
    await one.set(keys.update(update.who, update.bot, update.updateId), 'claimed:1000:1:a');
    await one.del(keys.lock(update.who));
    expect(going(await begin(two, OFF, update, 'b')).tries).toBe(2);
  });

  it('stays claimed as long as its handler says that it runs, and only then', async () => {
    const update = newUpdate();
    const key = keys.update(update.who, update.bot, update.updateId);
    going(await begin(one, OFF, update, 'a'));
    await one.set(key, 'claimed:1000:0:a');
    await one.pexpire(keys.lock(update.who), 500);
    await renew(one, update, 'stranger', 0);
    expect(await one.pttl(keys.lock(update.who))).toBeLessThanOrEqual(500);
    await renew(one, update, 'a', 0);
    expect(await one.pttl(keys.lock(update.who))).toBeGreaterThan(8_000);
    expect(await begin(two, OFF, update, 'b')).toEqual({ state: 'taken' });
    expect(await one.ttl(key)).toBeGreaterThan(24 * 3_600);
  });

  it('keeps an answer that could not be sent, until it is done', async () => {
    const update = newUpdate();
    await begin(one, OFF, update, 'a');
    await end(one, update, 'a', { state: 'parked', tries: 0, parked: '{"left":1}' }, { text: 'session' });
    const again = going(await begin(two, OFF, update, 'b'));
    expect(again).toMatchObject({ parked: '{"left":1}', session: 'session', paceDelayMs: 0 });
    await end(two, update, 'b', DONE);
    expect(await one.exists(keys.parked(update.who, update.bot, update.updateId))).toBe(0);
  });
});

describe('a person', () => {
  it('is locked while one thing of theirs is handled, and only by its own token', async () => {
    const first = newUpdate();
    const second = { ...first, updateId: '2' };
    going(await begin(one, OFF, first, 'a'));
    expect(await begin(two, OFF, second, 'b')).toEqual({ state: 'locked', againMs: 0 });
    await end(two, first, 'stranger', { state: 'free', tries: 0 }, { text: 'forged' });
    expect(await begin(two, OFF, second, 'b')).toEqual({ state: 'locked', againMs: 0 });
    await end(one, first, 'a', DONE, { text: 'mine' });
    expect(going(await begin(two, OFF, second, 'b')).session).toBe('mine');
  });

  it('locked out leaves no claim behind', async () => {
    const first = newUpdate();
    const second = { ...first, updateId: '2' };
    await begin(one, OFF, first, 'a');
    await begin(two, OFF, second, 'b');
    expect(await one.exists(keys.update(second.who, second.bot, second.updateId))).toBe(0);
  });

  it('has a session for 30 days from the last message, until it is cleared', async () => {
    const update = newUpdate();
    const key = keys.session(update.who);
    expect(going(await begin(one, OFF, update, 'a')).session).toBeUndefined();
    await end(one, update, 'a', DONE, { text: '{"userId":"u"}' });
    await one.expire(key, 100);
    await begin(one, OFF, { ...update, updateId: '2' }, 'b');
    await end(one, { ...update, updateId: '2' }, 'b', DONE);
    expect(await one.ttl(key)).toBeGreaterThan(29 * 24 * 3_600);
    await begin(one, OFF, { ...update, updateId: '3' }, 'c');
    await end(one, { ...update, updateId: '3' }, 'c', DONE, 'clear');
    expect(await one.exists(key)).toBe(0);
  });

  it('whose handler outlived its lock does not overwrite the next one', async () => {
    const first = newUpdate();
    const second = { ...first, updateId: '2' };
    await begin(one, OFF, first, 'a');
    await one.del(keys.lock(first.who));
    await begin(two, OFF, second, 'b');
    await end(one, first, 'a', DONE, { text: 'old' });
    expect(await begin(one, OFF, { ...first, updateId: '3' }, 'c')).toEqual({ state: 'locked', againMs: 0 });
    await end(two, second, 'b', DONE, { text: 'new' });
    expect(await one.get(keys.session(first.who))).toBe('new');
  });

  it('who floods is told once and then not heard, and a neighbour is', async () => {
    const update = newUpdate();
    const states: string[] = [];
    for (let at = 0; at < 25; at++) {
      const each = { ...update, updateId: String(at) };
      const begun = await begin(one, { bot: 0, chat: 1 }, each, `t${at}`);
      states.push(begun.state === 'go' && begun.againMs > 0 ? 'told' : begun.state);
      if (begun.state === 'go') await end(one, each, `t${at}`, DONE);
    }
    expect(states.slice(0, 20)).toEqual(Array(20).fill('go'));
    expect(states.slice(20)).toEqual(['told', 'limited', 'limited', 'limited', 'limited']);
    expect(going(await begin(one, { bot: 0, chat: 1 }, newUpdate(), 'n')).againMs).toBe(0);
  });
});

describe('Redis', () => {
  it('wiped in between: the update may come again, nothing breaks', async () => {
    const update = newUpdate();
    await begin(one, OFF, update, 'a');
    await server.flush();
    await end(one, update, 'a', DONE, { text: 'lost' });
    expect(await begin(two, OFF, update, 'b')).toEqual({ state: 'done' });
    await server.flush();
    const again = going(await begin(two, OFF, update, 'b'));
    expect(again.session).toBeUndefined();
  });

  it('has a time to live on every key', async () => {
    await server.flush();
    const update = newUpdate();
    const pace = { bot: 30, chat: 1 };
    await begin(one, pace, update, 'a');
    await end(one, update, 'a', { state: 'parked', tries: 0, parked: 'x' }, { text: 'y' });
    await begin(one, pace, update, 'b');
    for (const key of await one.keys('*')) expect([key, await one.ttl(key)]).toEqual([key, expect.any(Number)]);
    for (const key of await one.keys('*')) expect([key, (await one.ttl(key)) > 0]).toEqual([key, true]);
  });

  it('puts everything of one person behind one hash tag', async () => {
    await server.flush();
    await begin(one, { bot: 0, chat: 1 }, newUpdate({ person: 4242 }), 'a');
    const tags = (await one.keys('*')).map((key) => /\{(.*)\}/.exec(key)?.[1]);
    expect(new Set(tags)).toEqual(new Set(['telegram:4242']));
  });

  it('away: Unavailable at once, and back without a restart of ours', async () => {
    await server.kill();
    const started = performance.now();
    await expect(begin(one, OFF, newUpdate(), 'a')).rejects.toThrow(Unavailable);
    await expect(end(one, newUpdate(), 'a', DONE)).rejects.toThrow(Unavailable);
    expect(performance.now() - started).toBeLessThan(2_500);
    await server.restart();
    await expect
      .poll(() => begin(one, OFF, newUpdate(), 'a').then(({ state }) => state), { timeout: 5_000 })
      .toBe('go');
    await expect
      .poll(() => begin(two, OFF, newUpdate(), 'a').then(({ state }) => state), { timeout: 5_000 })
      .toBe('go');
  });
});
