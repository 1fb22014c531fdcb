// Drafts, instances, leases and counted tries on a real Redis, from two instances.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { keepDraft, takeDraft } from '../../src/infra/redis/drafts.ts';
import { beat, leave, listInstances } from '../../src/infra/redis/instances.ts';
import { keys } from '../../src/infra/redis/keys.ts';
import { releaseLease, takeLease } from '../../src/infra/redis/lease.ts';
import { countTry, loseTry, uncountTry } from '../../src/infra/redis/tries.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { twoInstances } from './support.ts';

let server: TestRedis;
let one: Redis;
let two: Redis;

beforeAll(async () => {
  server = await startRedis();
  [one, two] = await twoInstances(server.sessionUrl);
});
afterAll(async () => {
  one.disconnect();
  two.disconnect();
  await server.kill();
});
beforeEach(() => server.flush());

it('a draft is taken once, by whichever tap comes first', async () => {
  await keepDraft(one, 'd1', '{"amountMsat":"5000"}', 900_000);
  const taken = await Promise.all([takeDraft(one, 'd1'), takeDraft(two, 'd1'), takeDraft(one, 'd1')]);
  expect(taken.filter((text) => text === '{"amountMsat":"5000"}')).toHaveLength(1);
  expect(taken.filter((text) => text === undefined)).toHaveLength(2);
});

it('a draft ends by itself', async () => {
  await keepDraft(one, 'd2', 'x', 30);
  await sleep(50);
  expect(await takeDraft(two, 'd2')).toBeUndefined();
});

it('instances are listed while they beat', async () => {
  await beat(one, 'bot-aaa');
  await beat(two, 'worker-bbb');
  await beat(one, 'bot-aaa');
  const list = await listInstances(two);
  expect(list.map(({ id, kind }) => [id, kind])).toEqual([
    ['bot-aaa', 'bot'],
    ['worker-bbb', 'worker'],
  ]);
  for (const { ageMs } of list) expect(ageMs).toBeLessThan(1_000);
  // As if it had been silent for sixteen seconds.
  await one.zadd(keys.instancesBeat, Date.now() - 16_000, 'bot-aaa');
  await leave(one, 'nobody');
  expect((await listInstances(two)).map(({ id }) => id)).toEqual(['worker-bbb']);
  await leave(two, 'worker-bbb');
  expect(await listInstances(one)).toEqual([]);
});

it('a lease has one owner, ends by itself, and numbers its owners', async () => {
  expect(await takeLease(one, 'poll', 'a', 60_000)).toBe(1);
  expect(await takeLease(two, 'poll', 'b', 60_000)).toBeUndefined();
  expect(await takeLease(one, 'poll', 'a', 60)).toBe(1);
  await sleep(80);
  expect(await takeLease(two, 'poll', 'b', 60_000)).toBe(2);
  await releaseLease(one, 'poll', 'a');
  expect(await takeLease(one, 'poll', 'a', 60_000)).toBeUndefined();
  await releaseLease(two, 'poll', 'b');
  expect(await takeLease(one, 'poll', 'a', 60_000)).toBe(3);
});

const LINE = { channel: 'telegram', bot: 'satfleet_bot', chatId: '7' };

it('tries are counted, can be taken back, and are told apart from those that are known to be lost', async () => {
  expect(await countTry(one, LINE, 'n1', 'a')).toEqual({ begun: 1, lost: 0 });
  expect(await countTry(two, LINE, 'n1', 'b')).toEqual({ begun: 2, lost: 0 });
  await uncountTry(one, LINE, 'n1', 'b');
  expect(await countTry(two, LINE, 'n1', 'c')).toEqual({ begun: 2, lost: 0 });
  // Taking back what was never counted takes nothing away.
  await uncountTry(one, LINE, 'n1', 'd');
  for (let at = 0; at < 2; at++) await loseTry(two, LINE, 'n1', 'c');
  expect(await countTry(two, LINE, 'n1', 'e')).toEqual({ begun: 3, lost: 1 });
  expect(await one.ttl(keys.lostTries('telegram', '7', 'n1'))).toBeGreaterThan(80_000);
  expect(await one.ttl(keys.tries('telegram', '7', 'n1'))).toBeGreaterThan(80_000);
});
