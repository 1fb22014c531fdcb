// No job is ever only in Redis: whatever is lost there comes back from the outbox table, is done, and is done once. With
// the real queues, consumers and processors; what people are told goes to a channel that counts.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Unavailable } from '../../src/base/errors.ts';
import { uuidIds } from '../../src/base/ids.ts';
import type { Channel } from '../../src/channels/channel.ts';
import { measureHouse } from '../../src/flows/measure.ts';
import { pausingRelay, relay } from '../../src/flows/outbox.ts';
import * as pay from '../../src/flows/pay.ts';
import * as receive from '../../src/flows/receive.ts';
import * as send from '../../src/flows/send.ts';
import type { Db } from '../../src/infra/db/client.ts';
import { endNotice } from '../../src/infra/db/notices.ts';
import { deleteOutbox, giveBackTaken, insertOutbox, takeOverdue } from '../../src/infra/db/outbox.ts';
import { consume } from '../../src/infra/queue/consumer.ts';
import { QUEUE_NAMES } from '../../src/infra/queue/jobs.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import type { Tools } from '../../workers/processors/processor.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask, available, ended, held, hold, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let house: House;
/** The same house half a minute later, for the relay. */
let later: WorkerWorld;
let asha: Person;
let baraka: Person;
const sent: string[] = [];
const consumers: { close(graceMs: number): Promise<void> }[] = [];

beforeAll(async () => {
  redis = await startRedis();
  const pace = { TELEGRAM_PACE_BOT: '0', TELEGRAM_PACE_CHAT: '0' };
  house = await openHouse({ redis, environment: pace });
  const clock = movableClock();
  clock.move(31_000);
  later = { ...house.world, clock, ids: uuidIds(clock, house.world.random) };
  asha = await house.person('asha', 1_000_000n);
  baraka = await house.person('baraka', 1_000_000n);
});
afterAll(async () => {
  await Promise.all(consumers.map((each) => each.close(1_000)));
  await house.close();
  await redis.kill().catch(() => {});
});
afterEach(() => booksAreRight(house.world));

/** Consumes every queue from now on, for this test and all that follow. */
function work(): void {
  if (consumers.length > 0) return;
  const telegram: Channel = {
    async send(_place, reply) {
      sent.push(reply.subjectId ?? '');
      return { state: 'done', result: { messageId: String(sent.length), photo: false } };
    },
    async close(_place, _reply, shown) {
      return { state: 'done', result: shown };
    },
    probe: async () => ({ state: 'done', result: true }),
  };
  const tools: Tools = {
    world: house.world,
    channels: { telegram },
    sources: { fetchAll: async () => ({ quotes: [], failures: [] }) } as never,
  };
  for (const queue of QUEUE_NAMES) {
    const { clock, config } = house.world;
    const events = { onDone() {}, onFault() {} };
    const handler = (job: Parameters<(typeof PROCESSORS)['payment']>[1]) => PROCESSORS[queue](tools, job);
    consumers.push(consume({ url: config.REDIS_QUEUE_URL, queue, clock, events, handler }));
  }
}

const rowsLeft = async () => (await ask(house.world, 'select id from outbox')).length;

/** Relays every half minute of a clock that runs fast, until nothing is left to be done. */
async function untilDone(): Promise<void> {
  let aheadMs = 0;
  const attempt = async () => {
    aheadMs += 31_000;
    const byMs = aheadMs;
    await relay({ ...later, clock: { ...later.clock, nowMs: () => later.clock.nowMs() + byMs } });
    await house.world.clock.sleep(500);
    expect(await rowsLeft()).toBe(0);
  };
  await vi.waitFor(attempt, { timeout: 30_000, interval: 100 });
}

test('Redis is away: the tap is answered within two seconds, and the relay brings the job later', async () => {
  const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
  const draft = await pay.quote(house.world, { ...asha, raw });
  await redis.kill();
  const begun = performance.now();
  expect(await pay.start(house.world, draft)).toEqual({ id: draft.id, state: 'held', queued: false });
  expect(performance.now() - begun).toBeLessThan(2_600);
  expect(await receive.ask(house.world, { userId: asha.userId })).toMatchObject({ queued: false });
  await expect(relay(later)).rejects.toMatchObject({ name: 'Unavailable' });
  const left = await rowsLeft();
  expect(left).toBeGreaterThanOrEqual(2);
  await redis.restart();
  // What could not be added waits for nothing: it is due at once, not half a minute later.
  await vi.waitFor(async () => expect(await relay(later)).toBe(left), { timeout: 3_000, interval: 200 });
  work();
  await untilDone();
  expect(await ended(house.world, draft.id)).toMatchObject({ state: 'paid' });
});

test('queues that stay away are asked less and less often, and at once again when they are back', async () => {
  const clock = movableClock();
  const id = house.world.ids.next();
  const at = { nowMs: clock.nowMs(), dueAtMs: clock.nowMs() };
  await insertOutbox(house.world.db, [{ id, queue: 'payment', subjectId: id }], at);
  let isAway = true;
  const askedAtS: number[] = [];
  const begunMs = clock.nowMs();
  const add = async () => {
    askedAtS.push(Math.floor((clock.nowMs() - begunMs) / 5_000) * 5);
    if (isAway) throw new Unavailable('queue Redis');
  };
  const tick = pausingRelay({ ...house.world, clock, queues: { ...house.world.queues, add } });
  for (let seconds = 0; seconds <= 70; seconds += 5) {
    await tick().catch((error: unknown) => expect(error).toBeInstanceOf(Unavailable));
    clock.move(5_000);
  }
  expect(askedAtS).toEqual([0, 5, 15, 30, 45, 60]);
  isAway = false;
  clock.move(5_000);
  expect([await tick(), await tick(), askedAtS.length]).toEqual([1, 0, 7]);
  await deleteOutbox(house.world.db, [id]);
});

test('what another relay has taken since is not given back', async () => {
  const id = house.world.ids.next();
  const nowMs = Date.now();
  await insertOutbox(house.world.db, [{ id, queue: 'payment', subjectId: id }], { nowMs, dueAtMs: nowMs });
  await takeOverdue(house.world.db, { nowMs, nextMs: nowMs + 40_000, limit: 10 });
  await giveBackTaken(house.world.db, { ids: [id], takenMs: nowMs + 30_000, dueAtMs: nowMs });
  expect(await takeOverdue(house.world.db, { nowMs, nextMs: nowMs + 1, limit: 10 })).toEqual([]);
  await giveBackTaken(house.world.db, { ids: [id], takenMs: nowMs + 40_000, dueAtMs: nowMs });
  expect(await takeOverdue(house.world.db, { nowMs, nextMs: nowMs + 1, limit: 10 })).toMatchObject([{ id }]);
  await deleteOutbox(house.world.db, [id]);
});

test('I5: everything in Redis is gone in the middle of 200 operations: all are done, and none twice', {
  timeout: 60_000,
}, async () => {
  work();
  sent.length = 0;
  const before = [await available(house.world, asha), await available(house.world, baraka)];
  const common = { ...asha, fromName: '@asha', channel: 'telegram' };
  const sends = await Promise.all(
    Array.from({ length: 100 }, () =>
      send.quote(house.world, { ...common, to: { username: 'baraka' }, amountMsat: 1_000n }),
    ),
  );
  const payments = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const { request: raw } = await house.outside.makeInvoice({ amountMsat: 2_000n });
      return pay.quote(house.world, { ...baraka, raw });
    }),
  );
  const crowd = await Promise.all([1, 2].map((i) => house.person(`crowd${i}`)));
  const asked: Promise<{ id: string }>[] = [];
  const going: Promise<unknown>[] = [];
  for (let i = 0; i < 100; i++) {
    going.push(send.start(house.world, sends[i]!));
    if (i % 2) going.push(pay.start(house.world, payments[(i - 1) / 2]!));
    else asked.push(receive.ask(house.world, { userId: crowd[i < 50 ? 0 : 1]!.userId, amountMsat: 1_000n }));
    if (i === 50 || i === 75) await redis.flush();
    if (i % 10 === 0) await house.world.clock.sleep(10);
  }
  await redis.flush();
  await Promise.all(going);
  const invoices = await Promise.all(asked);
  await house.world.clock.sleep(300);
  await redis.flush();
  await untilDone();
  for (const { id } of payments) expect(await ended(house.world, id)).toMatchObject({ state: 'paid', attempts: 1 });
  for (const { id } of invoices) expect(await told(house.world, id)).toEqual(['invoice_ready']);
  await vi.waitFor(async () => {
    expect(await ask(house.world, "select kind from notices where state = 'waiting'")).toEqual([]);
  }, 10_000);
  const gains = [await available(house.world, asha), await available(house.world, baraka)].map(
    (now, i) => now - before[i]!,
  );
  expect(gains).toEqual([-100_000n, 100_000n - 50n * 2_000n]);
  // A message may be repeated once where Redis forgot that it was on its way; never more.
  const copies = Map.groupBy(sent, (id) => id);
  for (const { id } of sends) expect(copies.get(id)?.length ?? 0, id).toBeLessThanOrEqual(2);
});

test('a hundred payments that hang: the next person is paid within two seconds', { timeout: 60_000 }, async () => {
  work();
  const crowd = await Promise.all(Array.from({ length: 4 }, (_, i) => house.person(`hanging${i}`, 1_000n)));
  const hanging = await Promise.all(
    Array.from({ length: 100 }, (_, i) => hold(house, crowd[i % 4]!, { amountMsat: 1_000n, hold: true })),
  );
  await vi.waitFor(async () => {
    const rows = await ask(house.world, "select id from payments where state = 'sending'");
    expect(rows).toHaveLength(100);
  }, 15_000);
  const begun = performance.now();
  const { id } = await hold(house, asha, { amountMsat: 1_000n });
  expect(await ended(house.world, id)).toMatchObject({ state: 'paid' });
  expect(performance.now() - begun).toBeLessThan(2_000);
  await Promise.all(hanging.map(({ hash }, i) => (i % 2 ? house.outside.settle(hash) : house.outside.cancel(hash))));
  for (const [i, each] of hanging.entries()) {
    expect(await ended(house.world, each.id, 15_000)).toMatchObject({ state: i % 2 ? 'paid' : 'failed' });
  }
  for (const person of crowd) expect(await held(house.world, person)).toBe(0n);
});

test('a row of a queue that no longer exists is left alone; the ones that are done go together', async () => {
  const [stray, ...many] = Array.from({ length: 51 }, () => house.world.ids.next());
  const at = { nowMs: Date.now(), dueAtMs: Date.now() + 3_600_000 };
  await insertOutbox(
    house.world.db,
    many.map((id) => ({ id, queue: 'notification', subjectId: id })),
    at,
  );
  await insertOutbox(house.world.db, [{ id: stray!, queue: 'gone', subjectId: stray! }], { nowMs: 1, dueAtMs: 1 });
  await insertOutbox(house.world.db, [], at);
  expect(await relay(house.world)).toBe(1);
  measureHouse(house.world);
  const metrics = await house.world.metrics.text();
  expect(Number(/^satfleet_outbox_age_seconds (\S+)/m.exec(metrics)?.[1])).toBeGreaterThan(1_000_000);
  let statements = 0;
  const db: Db = {
    ...house.world.db,
    call(...given) {
      statements++;
      return house.world.db.call(...given);
    },
  };
  const nowMs = Date.now();
  await Promise.all([...many, stray!].map((id) => endNotice(db, { id, state: 'sent', nowMs })));
  expect(statements).toBeLessThanOrEqual(3);
  expect(await rowsLeft()).toBe(0);
});

test('a mark that the database refuses fails alone; one that it cannot take fails for all', async () => {
  const ids = Array.from({ length: 3 }, () => house.world.ids.next());
  const at = { nowMs: Date.now(), dueAtMs: Date.now() + 3_600_000 };
  await insertOutbox(
    house.world.db,
    ids.map((id) => ({ id, queue: 'notification', subjectId: id })),
    at,
  );
  const nobodys = { subjectId: ids[1]!, chatRowId: ids[1]!, messageId: '1', photo: false };
  const results = await Promise.allSettled(
    ids.map((id, i) =>
      endNotice(house.world.db, { id, state: 'sent', nowMs: at.nowMs, ...(i === 1 ? { card: nobodys } : {}) }),
    ),
  );
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await ask(house.world, 'select id from outbox')).toMatchObject([{ id: ids[1] }]);
  await deleteOutbox(house.world.db, ids);
  const away = { ...house.world.db, call: () => Promise.reject(new Unavailable('database')) };
  const lost = await Promise.allSettled(ids.map((id) => endNotice(away, { id, state: 'sent', nowMs: at.nowMs })));
  expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});
