// One id from a person's message to their receipt: in the row that the message made, in the job that follows, also when
// only the relay brings it, and in what `why` tells. Who shares a batch with others keeps an id of their own.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gather } from '../../src/base/gather.ts';
import { currentTrace, isTrace, withTrace } from '../../src/base/trace.ts';
import { relay } from '../../src/flows/outbox.ts';
import * as receive from '../../src/flows/receive.ts';
import * as request from '../../src/flows/request.ts';
import * as send from '../../src/flows/send.ts';
import { lifeText, livesOf } from '../../src/flows/why.ts';
import { consume } from '../../src/infra/queue/consumer.ts';
import type { QueuedJob } from '../../src/infra/queue/jobs.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { ask, hold, run } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 100_000n);
  baraka = await house.person('baraka', 100_000n);
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
});

// As nginx makes them: no time in them, so never taken for an id of a row.
let made = 0;
const newTrace = () => `9f86d081-884c-4d65-9a2f-${String(++made).padStart(12, '0')}`;

/** The world, with all that is put into queues seen on its way. */
function watched(): { world: WorkerWorld; jobs: QueuedJob[] } {
  const jobs: QueuedJob[] = [];
  const { queues } = house.world;
  const add = async (given: readonly QueuedJob[]) => {
    jobs.push(...given);
    await queues.add(given);
  };
  return { world: { ...house.world, queues: { ...queues, add } }, jobs };
}

const traceIn = async (table: string, id: string) =>
  (await ask<{ trace: string | null }>(house.world, `select trace from ${table} where id = $1`, [id]))[0]?.trace;

test('a payment bears the trace of its tap, in its row, its jobs and what is told of it', async () => {
  const trace = newTrace();
  const { world, jobs } = watched();
  const { id } = await withTrace(trace, () => hold(house, asha, { amountMsat: 2_000_000n }, world));
  expect([await traceIn('payments', id), await traceIn('outbox', id)]).toEqual([trace, trace]);
  expect(jobs).toEqual([{ queue: 'payment', id, traceId: trace }]);
  // As the worker runs it, under the trace that its job brought.
  await withTrace(trace, () => run(world, id));
  const [, told] = jobs;
  expect(told).toMatchObject({ queue: 'notification', traceId: trace });
  expect(await traceIn('outbox', told?.id ?? '')).toBe(trace);
  for (const said of [id, trace, trace.slice(-8), trace.replaceAll('-', '')]) {
    const [life] = await livesOf(house.world, said);
    expect(life && lifeText(life).split('\n').slice(0, 2)).toEqual([
      expect.stringContaining(`payment ${id} is paid`),
      `trace ${trace}`,
    ]);
  }
});

test('what no message made bears none', async () => {
  const { id } = await hold(house, asha, { amountMsat: 1_000_000n });
  const { id: ticked } = await withTrace('reconcile-5', () => hold(house, asha, { amountMsat: 1_000_000n }));
  expect([await traceIn('payments', id), await traceIn('payments', ticked)]).toEqual([null, null]);
  const [life] = await livesOf(house.world, id);
  expect(life && lifeText(life)).not.toContain('trace');
  await run(house.world, id);
  await run(house.world, ticked);
});

test('sends that share one transaction keep each its own, also beside one that has none', async () => {
  const { world, jobs } = watched();
  const drafts = await Promise.all(
    Array.from({ length: 6 }, () =>
      send.quote(world, {
        ...asha,
        fromName: 'Asha',
        channel: 'telegram',
        to: { externalId: baraka.externalId, name: 'Baraka' },
        amountMsat: 1_000n,
      }),
    ),
  );
  const traces = drafts.map((_, at) => (at === 3 ? undefined : newTrace()));
  await Promise.all(
    drafts.map((draft, at) => {
      const trace = traces[at];
      return trace ? withTrace(trace, () => send.start(world, draft)) : send.start(world, draft);
    }),
  );
  const rows = await Promise.all(drafts.map(({ id }) => traceIn('sends', id)));
  expect(rows).toEqual(traces.map((trace) => trace ?? null));
  const notices = await ask<{ id: string; send: string }>(
    world,
    'select id, subject_id as send from notices where subject_id = any($1::uuid[])',
    [drafts.map(({ id }) => id)],
  );
  expect(notices).toHaveLength(6);
  for (const { id, send: sendId } of notices) {
    const trace = traces[drafts.findIndex((draft) => draft.id === sendId)];
    expect(await traceIn('outbox', id)).toBe(trace ?? null);
    expect(jobs.find((job) => job.id === id)?.traceId).toBe(trace ?? 'none');
  }
});

test('an invoice and a request bear it; a job that only the relay brings goes on under it', async () => {
  const [asked, wanted] = [newTrace(), newTrace()];
  const { world, jobs } = watched();
  const broken = { ...world, queues: { ...world.queues, add: () => Promise.reject(new Error('away')) } };
  const { id } = await withTrace(asked, () => receive.ask(broken, { userId: baraka.userId, amountMsat: 7_000n }));
  const to = { externalId: baraka.externalId, name: 'Baraka' };
  const wish = { userId: asha.userId, fromName: 'Asha', channel: 'telegram', to, amountMsat: 3_000n };
  const { id: requestId } = await withTrace(wanted, () => request.ask(world, wish));
  expect([await traceIn('invoices', id), await traceIn('requests', requestId)]).toEqual([asked, wanted]);
  await ask(world, 'update outbox set due_at = created_at where id = $1', [id]);
  jobs.splice(0);
  await relay(world);
  expect(jobs.find((job) => job.id === id)).toEqual({ queue: 'invoice', id, traceId: asked });
  const seen = Promise.withResolvers<string>();
  const consumer = consume({
    url: house.world.config.REDIS_QUEUE_URL,
    queue: 'invoice',
    clock: world.clock,
    events: { onDone() {}, onFault() {} },
    async handler(job) {
      if (job.id === id) seen.resolve(job.traceId);
      return undefined;
    },
  });
  expect(await seen.promise).toBe(asked);
  await consumer.close(5_000);
});

test('a batch that several share is said to be nobody’s', async () => {
  const seen: string[] = [];
  const together = gather<number, number>({
    largest: 10,
    inFlight: 1,
    async run(inputs) {
      seen.push(currentTrace());
      return inputs;
    },
  });
  await withTrace('a', () => together(1));
  await Promise.all(['b', 'c'].map((trace) => withTrace(trace, () => together(2))));
  await together(3);
  expect(seen).toEqual(['a', 'none', 'none']);
  expect(await withTrace('d', async () => [await together(4), currentTrace()])).toEqual([4, 'd']);
  expect(['none', 'reconcile-7', newTrace().toUpperCase(), undefined].map(isTrace)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
