// What the queue Redis is trusted with: nothing. It may be full, and what lies in it may be read by anybody who gets
// there: of every job its row's id and its trace, and no more.
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { uuidIds } from '../../src/base/ids.ts';
import { relay } from '../../src/flows/outbox.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { consume } from '../../src/infra/queue/consumer.ts';
import { QUEUE_NAMES, type QueuedJob } from '../../src/infra/queue/jobs.ts';
import { startSchedule } from '../../workers/schedule.ts';
import { freshRates, someone } from '../chat/phone.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask, ended } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let house: House;

beforeAll(async () => {
  redis = await startRedis();
  house = await openHouse({ redis });
  await freshRates(house);
});
afterEach(() => booksAreRight(house.world));
afterAll(async () => {
  await house.close();
  await redis.kill();
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const PERIOD = /^period-\d+-\d+$/;
const TRACE = /^([0-9a-f-]{36}|none|[a-z-]+-\d+)$/;

/** The data of every job that lies in the queues. */
async function jobsInRedis(): Promise<Record<string, unknown>[]> {
  const client = new Redis(redis.queueUrl);
  const keys = (await Promise.all(QUEUE_NAMES.map((name) => client.keys(`bull:${name}:${name}-*`)))).flat();
  const texts = await Promise.all(keys.map((key) => client.hget(key, 'data')));
  client.disconnect();
  return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as Record<string, unknown>]));
}

test('I11: after a day of everything, the queues hold ids and traces and nothing else', async () => {
  const asha = await someone(house, 'asha', undefined, 5_000);
  const baraka = await someone(house, 'baraka', undefined, 5_000);
  const { request } = await house.outside.makeInvoice({ amountMsat: 33_000n, memo: 'a secret of hers' });
  await asha.say(request);
  await asha.press('Pay');
  await asha.work();
  await asha.say('/send 21 @baraka a secret of hers');
  await asha.press('Send');
  await baraka.say('/request 22 @asha a secret of his');
  await baraka.say('/receive 23 a secret of his');
  startSchedule(house.world).stop();
  const used = ['balance-check', 'cleanup', 'fx-refresh', 'invoice', 'notification', 'payment', 'reconcile'];
  await vi.waitFor(async () => {
    const filled = (await house.world.queues.counts()).filter(({ waiting }) => waiting > 0).map(({ name }) => name);
    expect(filled).toEqual(expect.arrayContaining(used));
  });
  const jobs = await jobsInRedis();
  expect(jobs.length).toBeGreaterThan(10);
  for (const job of jobs) {
    expect(Object.keys(job).toSorted()).toEqual(['id', 'traceId']);
    const { id, traceId } = job as { id: string; traceId: string };
    expect(UUID.test(id) || PERIOD.test(id), id).toBe(true);
    expect(traceId).toMatch(TRACE);
  }
});

test('I11: what a careless caller puts beside the id does not get there', async () => {
  const careless = { traceId: 'careless-1', amountMsat: '1000', pin: '1234' };
  const jobs = QUEUE_NAMES.flatMap((queue) => [1, 2].map((n) => ({ ...careless, queue, id: `period-1-${n}` })));
  const [first, ...others] = jobs as QueuedJob[];
  // One by itself and many together are two ways into a queue.
  await house.world.queues.add(first ? [first] : []);
  await house.world.queues.add(others);
  const kept = (await jobsInRedis()).filter(({ traceId }) => traceId === 'careless-1');
  expect(kept).toHaveLength(jobs.length);
  expect(new Set(kept.flatMap((job) => Object.keys(job)))).toEqual(new Set(['id', 'traceId']));
});

test('I4: a queue Redis that is full: the tap is answered, the row is kept, and it is done when there is room', async () => {
  const asha = await house.person('full', 1_000n);
  const { request: raw } = await house.outside.makeInvoice({ amountMsat: 44_000n });
  const draft = await pay.quote(house.world, { ...asha, raw });
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  try {
    expect(await pay.start(house.world, draft)).toMatchObject({ state: 'held', queued: false });
    expect(house.lines.filter((line) => line.includes('jobs left to the relay')).at(-1)).toMatch(/OOM|maxmemory/);
    expect(await ask(house.world, 'select 1 from outbox where id = $1', [draft.id])).toHaveLength(1);
  } finally {
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
  }
  const done: string[] = [];
  const consumer = consume({
    url: redis.queueUrl,
    queue: 'payment',
    clock: house.world.clock,
    events: { onDone() {}, onFault() {} },
    async handler({ id }) {
      done.push(id);
      await execute(house.world, id);
      return undefined;
    },
  });
  const clock = movableClock();
  clock.move(31_000);
  await relay({ ...house.world, clock, ids: uuidIds(clock, house.world.random) });
  await vi.waitFor(() => expect(done).toContain(draft.id), 5_000);
  expect(await ended(house.world, draft.id)).toMatchObject({ state: 'paid', attempts: 1 });
  await consumer.close(1_000);
});
