// Between the database and the queues: what was committed is done though its process died before it could say so, what
// was rolled back is never done, and a queue that forgets or brings a job a hundred times changes nothing.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { uuidIds } from '../../src/base/ids.ts';
import { commit, relay } from '../../src/flows/outbox.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { type ConsumerEvents, consume } from '../../src/infra/queue/consumer.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask, ended, hold } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { countingSends } from './wrapped.ts';

const QUIET: ConsumerEvents = { onDone() {}, onFault() {} };

let house: House;
let asha: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 1_000_000n);
  // Nobody tells people here.
  await ask(house.world, 'delete from outbox');
});
afterEach(() => booksAreRight(house.world));
afterAll(() => house.close());

class Killed extends Error {}

test('I6: killed between the commit and the queue, a thousand times: every job is done, and those rolled back never', async () => {
  // As if the process were gone before the queue heard of anything.
  const deaf = { ...house.world, queues: { ...house.world.queues, add: () => Promise.reject(new Killed()) } };
  const stage = (id: string, isKept: boolean) =>
    commit(deaf, 'test.stage', async ({ enqueue }) => {
      await enqueue('cleanup', id);
      if (!isKept) throw new Killed();
    }).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
  const [kept, undone] = [0, 1].map(() => Array.from({ length: 1_000 }, () => house.world.ids.next()));
  for (let at = 0; at < 1_000; at += 50) {
    await Promise.all(kept!.slice(at, at + 50).map((id) => stage(id, true)));
    await Promise.all(undone!.slice(at, at + 50).map((id) => stage(id, false)));
  }
  const clock = movableClock();
  clock.move(31_000);
  expect(await relay({ ...house.world, clock, ids: uuidIds(clock, house.world.random) })).toBe(1_000);
  const done: string[] = [];
  const consumer = consume({
    url: house.world.config.REDIS_QUEUE_URL,
    queue: 'cleanup',
    clock: house.world.clock,
    events: QUIET,
    async handler({ id }) {
      done.push(id);
      return undefined;
    },
  });
  await vi.waitFor(() => expect(done).toHaveLength(1_000), { timeout: 10_000, interval: 50 });
  await consumer.close(1_000);
  expect(done.toSorted()).toEqual(kept!.toSorted());
  await ask(house.world, 'delete from outbox');
}, 30_000);

test('I2: one payment queued a hundred times, each time after the queue had forgotten it: sent once', async () => {
  const { id } = await hold(house, asha, { amountMsat: 5_000_000n });
  const { world, sends } = countingSends(house.world);
  let runs = 0;
  const consumer = consume({
    url: house.world.config.REDIS_QUEUE_URL,
    queue: 'payment',
    clock: house.world.clock,
    events: QUIET,
    async handler(job) {
      runs++;
      await execute(world, job.id);
      return undefined;
    },
  });
  for (let at = 1; at <= 100; at++) {
    await house.world.queues.add([{ queue: 'payment', id, traceId: `again-${at}` }]);
    // A finished job leaves nothing behind, so the same id is a new job.
    await vi.waitFor(() => expect(runs).toBeGreaterThanOrEqual(at), { timeout: 5_000, interval: 2 });
    await vi.waitFor(async () => {
      const counts = await house.world.queues.counts();
      expect(counts.find(({ name }) => name === 'payment')).toMatchObject({ waiting: 0, active: 0 });
    }, 5_000);
  }
  await consumer.close(1_000);
  expect(await ended(house.world, id)).toMatchObject({ state: 'paid', attempts: 1 });
  expect([runs, sends()]).toEqual([100, 1]);
});

test('I2: one payment run by a hundred jobs at once: sent once', async () => {
  const { id } = await hold(house, asha, { amountMsat: 6_000_000n });
  const { world, sends } = countingSends(house.world);
  await Promise.all(Array.from({ length: 100 }, () => execute(world, id)));
  expect(await ended(house.world, id)).toMatchObject({ state: 'paid', attempts: 1 });
  expect(sends()).toBe(1);
});
