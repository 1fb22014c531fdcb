// The queues by themselves, on a Redis of their own: an id is one job while it waits and free again when it is done, a
// failed job is kept and comes back when asked for, moving a job costs no try, and nothing waits long for a dead Redis.
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { Refusal } from '../../src/base/errors.ts';
import { type ConsumerEvents, consume, type Handler } from '../../src/infra/queue/consumer.ts';
import { QUEUE_NAMES, QUEUES, type QueueName } from '../../src/infra/queue/jobs.ts';
import { createQueues, type Queues } from '../../src/infra/queue/queues.ts';
import { reconnectMs } from '../../src/infra/queue/reconnect.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const clock = hostClock();
const open: { close(graceMs: number): Promise<void> }[] = [];
const results: string[] = [];
const faults: string[] = [];
let redis: TestRedis;
let queues: Queues;

beforeAll(async () => {
  redis = await startRedis();
  queues = createQueues({ url: redis.queueUrl, clock, onError: () => {} });
});
afterAll(async () => {
  await queues.close();
  await redis.kill();
});
beforeEach(() => {
  results.length = 0;
  faults.length = 0;
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close(100);
  await redis.flush();
});

function work(queue: QueueName, handler: Handler) {
  const events: ConsumerEvents = {
    onDone: (_queue, result) => void results.push(result),
    onFault: (_queue, job, error, final) =>
      void (
        job && faults.push(`${job.id}: ${error instanceof Error ? error.message : error}${final ? ', for good' : ''}`)
      ),
  };
  const consumer = consume({ url: redis.queueUrl, queue, handler, events, clock });
  open.push(consumer);
  return consumer;
}

const job = (id: string, queue: QueueName = 'balance-check') => ({ queue, id, traceId: `trace of ${id}` });

test('an id is one job while it waits, and a new one when it is done', async () => {
  await Promise.all([1, 2, 3].map(() => queues.add([job('a')])));
  await queues.add([job('a'), job('b'), job('c', 'cleanup')]);
  const seen: string[] = [];
  work('balance-check', async ({ id, traceId, attempt, last }) => {
    seen.push(`${id} ${traceId} ${attempt} ${last}`);
    return undefined;
  });
  await vi.waitFor(() => expect(seen.toSorted()).toEqual(['a trace of a 1 false', 'b trace of b 1 false']));
  await vi.waitFor(() => expect(results).toEqual(['done', 'done']));
  await queues.add([job('a')]);
  await vi.waitFor(() => expect(seen).toHaveLength(3));
  const counts = await queues.counts();
  expect(counts.map(({ name }) => name)).toEqual(QUEUE_NAMES);
  expect(counts.find(({ name }) => name === 'cleanup')).toMatchObject({ waiting: 1, active: 0, delayed: 0, failed: 0 });
});

test('however long Redis was away, a connection is tried again within two seconds', () => {
  expect([1, 2, 3, 50, 5_000].map(reconnectMs)).toEqual([200, 400, 800, 2_000, 2_000]);
});

test('a line tells how many wait, how long the oldest does, and how many were done', async () => {
  const before = await queues.line('cleanup');
  expect(before).toMatchObject({ waiting: 0, oldestMs: 0 });
  await queues.add(['l1', 'l2', 'l3'].map((id) => job(id, 'cleanup')));
  await vi.waitFor(async () => expect((await queues.line('cleanup')).oldestMs).toBeGreaterThan(20));
  expect(await queues.line('cleanup')).toMatchObject({ waiting: 3, done: before.done });
  work('cleanup', async () => undefined);
  await vi.waitFor(async () =>
    expect(await queues.line('cleanup')).toEqual({ waiting: 0, oldestMs: 0, done: before.done + 3 }),
  );
});

test('a fault is tried again and then kept, until an admin puts it back', async () => {
  let broken = true;
  const attempts: string[] = [];
  work('balance-check', async ({ id, attempt, last }) => {
    attempts.push(`${attempt}${last ? ' last' : ''}`);
    if (broken) throw new Error(`out of order ${id}`);
    return undefined;
  });
  await queues.add([job('f')]);
  await vi.waitFor(async () => expect((await queues.failed(undefined, 10)).length).toBe(1), 8_000);
  expect(attempts).toEqual(['1', '2 last']);
  expect(faults).toEqual(['f: out of order f', 'f: out of order f, for good']);
  expect(await queues.failed('balance-check', 10)).toMatchObject([
    { queue: 'balance-check', id: 'f', reason: 'out of order f', traceId: 'trace of f', attempts: 2 },
  ]);
  expect(await queues.failed('payment', 10)).toEqual([]);
  // The relay adds it again under its id: it stays where it is, for people to look at.
  await queues.add([job('f')]);
  expect((await queues.counts()).find(({ name }) => name === 'balance-check')).toMatchObject({ waiting: 0, failed: 1 });
  broken = false;
  expect(await queues.retryFailed(undefined, 10)).toEqual([{ queue: 'balance-check', retried: 1 }]);
  await vi.waitFor(() => expect(attempts).toEqual(['1', '2 last', '1']));
  expect(await queues.retryFailed('balance-check', 10)).toEqual([]);
  expect(await queues.failed(undefined, 10)).toEqual([]);
});

test('a job whose workers died is done by the next one; of a tick the next tick does the work', async () => {
  await queues.add([job('notice', 'notification'), job('tick')]);
  for (const queue of ['notification', 'balance-check'] as const)
    for (let at = 0; at < 2; at++) await takeAndDie(queue);
  const seen: string[] = [];
  const handler: Handler = async ({ id }) => void seen.push(id);
  work('notification', handler);
  work('balance-check', handler);
  await vi.waitFor(() => expect([seen, results]).toEqual([['notice'], ['done']]), 10_000);
  await vi.waitFor(() => expect(faults).toEqual([expect.stringContaining('tick: job stalled')]), 10_000);
});

/** A worker takes the queue's job and dies; the queue has noticed so far that the job is under way. */
async function takeAndDie(queue: QueueName): Promise<void> {
  const connection = { url: redis.queueUrl, maxRetriesPerRequest: null };
  const worker = new Worker(queue, undefined, { connection, stalledInterval: 20, maxStalledCount: 99 });
  await worker.startStalledCheckTimer();
  const taken = await vi.waitFor(
    async () => (await worker.getNextJob('of the dead')) ?? Promise.reject(new Error('none')),
    10_000,
  );
  const client = new Redis(redis.queueUrl);
  await vi.waitFor(async () => expect(await client.scard(`bull:${queue}:stalled`)).toBe(1), 10_000);
  await worker.close(true);
  await client.del(`bull:${queue}:${taken.id}:lock`, `bull:${queue}:stalled-check`);
  client.disconnect();
}

test('the newest failures come first, and only so many', async () => {
  work('balance-check', async ({ id }) => {
    throw new Error(id);
  });
  for (const id of ['1', '2', '3']) {
    await queues.add([job(id)]);
    await vi.waitFor(async () => expect((await queues.failed(undefined, 10)).length).toBe(Number(id)), 8_000);
  }
  expect((await queues.failed(undefined, 2)).map(({ id }) => id)).toEqual(['3', '2']);
  expect(await queues.retryFailed(undefined, 2)).toEqual([{ queue: 'balance-check', retried: 2 }]);
});

test('a job that moves itself keeps its tries', async () => {
  const attempts: number[] = [];
  work('balance-check', async ({ attempt }) => {
    attempts.push(attempt);
    return attempts.length < 4 ? { laterMs: Date.now() + 30 } : undefined;
  });
  await queues.add([job('m')]);
  await vi.waitFor(() => expect(results).toEqual(['later', 'later', 'later', 'done']), 5_000);
  expect(attempts).toEqual([1, 1, 1, 1]);
  expect(faults).toEqual([]);
});

test('a refusal ends a job: it was right, and is not tried again', async () => {
  work('balance-check', async () => {
    throw new Refusal('not_found');
  });
  await queues.add([job('r')]);
  await vi.waitFor(() => expect(results).toEqual(['refused']));
  await clock.sleep(100);
  expect(results).toEqual(['refused']);
  expect(await queues.failed(undefined, 10)).toEqual([]);
});

test('closing waits for what runs, takes nothing new, and does not wait for ever', async () => {
  const ended: string[] = [];
  const consumer = work('fx-refresh', async ({ id }) => {
    await clock.sleep(id === 'long' ? 5_000 : 150);
    ended.push(id);
    return undefined;
  });
  await queues.add([job('first', 'fx-refresh'), job('second', 'fx-refresh')]);
  await vi.waitFor(async () =>
    expect((await queues.counts()).find(({ name }) => name === 'fx-refresh')?.active).toBe(1),
  );
  await consumer.close(2_000);
  expect(ended).toEqual(['first']);
  expect(QUEUES['fx-refresh'].concurrency).toBe(1);
  const another = work('fx-refresh', async () => {
    await clock.sleep(3_000);
    return undefined;
  });
  await vi.waitFor(async () =>
    expect((await queues.counts()).find(({ name }) => name === 'fx-refresh')?.active).toBe(1),
  );
  const begun = performance.now();
  await another.close(200);
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test('Redis is away: told within two seconds, and it works again when Redis does', async () => {
  await redis.kill();
  for (const ask of [() => queues.add([job('x')]), () => queues.counts()]) {
    const begun = performance.now();
    await expect(ask()).rejects.toMatchObject({ name: 'Unavailable', what: 'queue Redis' });
    expect(performance.now() - begun).toBeLessThan(2_600);
  }
  // A process that starts meanwhile is no worse off.
  const late = createQueues({ url: redis.queueUrl, clock, onError: () => {} });
  await expect(late.add([job('y')])).rejects.toMatchObject({ name: 'Unavailable' });
  await redis.restart();
  const seen: string[] = [];
  work('balance-check', async ({ id }) => void seen.push(id) as undefined);
  await vi.waitFor(async () => {
    await queues.add([job('x')]);
    await late.add([job('y')]);
  }, 8_000);
  await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set(['x', 'y'])), 8_000);
  await late.close();
});
