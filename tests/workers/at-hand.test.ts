// News told by the worker that made it: begun at once, given to the queue when it must wait or fails, never begun beyond
// its room or after the end has come, and never taken when it is not news.
import { expect, test, vi } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { Refusal } from '../../src/base/errors.ts';
import type { Handler } from '../../src/infra/queue/consumer.ts';
import type { QueuedJob, QueueName } from '../../src/infra/queue/jobs.ts';
import { atHand } from '../../workers/at-hand.ts';

const job = (id: string, queue: QueueName = 'notification'): QueuedJob => ({ queue, id, traceId: id });

function setUp(handler: Handler) {
  const queue = vi.fn(async (_: QueuedJob) => {});
  const events = { onDone: vi.fn(), onFault: vi.fn() };
  return { queue, events, near: atHand({ clock: hostClock(), handler, queue, events }) };
}

test('news is told here, and the queue never hears of it', async () => {
  const told: string[] = [];
  const { near, queue, events } = setUp(async ({ id }) => void told.push(id));
  expect(near.take(job('a'))).toBe(true);
  await near.close(1_000);
  expect(told).toEqual(['a']);
  expect(queue).not.toHaveBeenCalled();
  expect(events.onDone).toHaveBeenCalledWith('notification', 'done', expect.any(Number));
});

test('what must wait and what fails goes to the queue', async () => {
  const { near, queue, events } = setUp(async ({ id }) => {
    if (id === 'broken') throw new Error('no');
    return { laterMs: 5 };
  });
  near.take(job('waits'));
  near.take(job('broken'));
  await near.close(1_000);
  expect(queue.mock.calls.map(([given]) => given.id).sort()).toEqual(['broken', 'waits']);
  expect(events.onFault).toHaveBeenCalledWith('notification', job('broken'), expect.any(Error), false);
});

test('a refusal is an end, and is counted as one', async () => {
  const { near, queue, events } = setUp(async () => {
    throw new Refusal('invoice_closed');
  });
  near.take(job('a'));
  await near.close(1_000);
  expect(queue).not.toHaveBeenCalled();
  expect(events.onDone).toHaveBeenCalledWith('notification', 'refused', expect.any(Number));
});

test('a queue that is away too is heard of, and nothing is thrown', async () => {
  const { near, queue, events } = setUp(async () => ({ laterMs: 5 }));
  queue.mockRejectedValue(new Error('Redis is away'));
  near.take(job('a'));
  await near.close(1_000);
  expect(events.onFault).toHaveBeenCalledWith('notification', job('a'), new Error('Redis is away'), false);
});

test('takes only news, twenty at once, and none after the end has come', async () => {
  const gate = Promise.withResolvers<undefined>();
  const { near } = setUp(() => gate.promise);
  expect(near.take(job('p', 'payment'))).toBe(false);
  const taken = Array.from({ length: 25 }, (_, index) => near.take(job(`n${index}`)));
  expect(taken.filter(Boolean)).toHaveLength(20);
  const closing = near.close(5_000);
  expect(near.take(job('late'))).toBe(false);
  gate.resolve(undefined);
  await closing;
});
