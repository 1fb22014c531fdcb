// The shared clocks of sending, on a real Redis: bursts, the steady pace, quiet on demand, and jobs that come back.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { giveBackBot, keepSlot, pushBack, reserve, reserveBot, reserveFor } from '../../src/infra/redis/pace.ts';
import { begin, end } from '../../src/infra/redis/sessions.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { going, newUpdate, twoInstances } from './support.ts';

let server: TestRedis;
let one: Redis;
let two: Redis;
const PACE = { bot: 30, chat: 1 };
const OFF = { bot: 0, chat: 0 };
const line = (chatId = '7') => ({ channel: 'telegram', bot: 'satfleet_bot', chatId });

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

it('a chat may have three at once and then one a second, whichever instance sends', async () => {
  const waits: number[] = [];
  for (let at = 0; at < 6; at++) waits.push(await reserve(at % 2 ? one : two, PACE, line()));
  expect(waits.slice(0, 3)).toEqual([0, 0, 0]);
  for (const [at, wait] of waits.slice(3).entries()) expect(Math.abs(wait - (at + 1) * 1_000)).toBeLessThan(150);
});

it('a bot may send thirty at once and then thirty a second, to any chats', async () => {
  const waits = await Promise.all(
    Array.from({ length: 90 }, (_, at) => reserve(at % 2 ? one : two, PACE, line(String(at)))),
  );
  const sorted = waits.sort((a, b) => a - b);
  expect(sorted[29]).toBe(0);
  expect(sorted[59] ?? 0).toBeGreaterThan(800);
  expect(sorted[89] ?? 0).toBeLessThan(2_100);
});

it('an unused second comes back, but no more than the burst', async () => {
  for (let at = 0; at < 4; at++) await reserve(one, PACE, line());
  await sleep(1_050);
  expect(await reserve(one, PACE, line())).toBeGreaterThan(500);
  expect(await reserveBot(one, PACE, line())).toBe(0);
});

it('quiet on demand holds for that chat, also where we set no pace', async () => {
  for (const pace of [PACE, OFF]) {
    for (let at = 0; at < 3; at++) await reserve(one, pace, line('quiet'));
    await pushBack(one, pace, line('quiet'), 7_000);
    expect(await reserve(two, pace, line('quiet'))).toBeGreaterThan(6_800);
    expect(await reserve(two, pace, line('other'))).toBe(0);
    await server.flush();
  }
});

it('a quiet chat that is told to wait means the whole name, for a few seconds', async () => {
  await reserve(one, PACE, line('rare'));
  await pushBack(one, PACE, line('rare'), 30_000);
  const wait = await reserve(two, PACE, line('other'));
  expect(wait).toBeGreaterThan(2_800);
  expect(wait).toBeLessThan(3_200);
});

it('quiet on demand never shortens a longer wait', async () => {
  await pushBack(one, PACE, line(), 9_000);
  await pushBack(one, PACE, line(), 1_000);
  expect(await reserve(one, PACE, line())).toBeGreaterThan(8_800);
});

it('begin takes the slot of the answer, and gives the bot its slot back when there will be none', async () => {
  const update = newUpdate();
  expect(going(await begin(one, PACE, update, 'a')).paceDelayMs).toBe(0);
  for (let at = 0; at < 40; at++) expect((await begin(two, PACE, update, `b${at}`)).state).toBe('taken');
  await end(one, update, 'a', { state: 'done' });
  expect(await reserveBot(one, PACE, line())).toBe(0);
  const waits: number[] = [];
  for (let at = 0; at < 4; at++) {
    const next = { ...update, updateId: `n${at}` };
    waits.push(going(await begin(one, PACE, next, 'c')).paceDelayMs);
    await end(one, next, 'c', { state: 'done' });
  }
  expect(waits.slice(0, 2)).toEqual([0, 0]);
  expect(waits[3] ?? 0).toBeGreaterThan(1_500);
});

it('a job that comes back finds its slot and takes no second one', async () => {
  for (let at = 0; at < 3; at++) await reserve(one, PACE, line());
  const waitMs = await reserveFor(one, PACE, line(), 'job-1');
  expect(waitMs).toBeGreaterThan(800);
  await keepSlot(one, line(), 'job-1', waitMs);
  expect(await reserveFor(two, PACE, line(), 'job-1')).toBe(0);
  expect(await reserveFor(two, PACE, line(), 'job-1')).toBeGreaterThan(1_500);
});

it('giving back is harmless where nothing was taken', async () => {
  await giveBackBot(one, PACE, line());
  await giveBackBot(one, OFF, line());
  expect(await reserve(one, PACE, line())).toBe(0);
});
