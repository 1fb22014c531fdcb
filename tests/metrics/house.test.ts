// A worker's measures over a real day's work: money in, out and inside, a tick, servers that answer and one that does
// not. Each is looked for where it is made, and what one worker finds another tells.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics } from '../../src/base/metrics.ts';
import { refresh } from '../../src/flows/fx.ts';
import { measureHouse, measureProcess } from '../../src/flows/measure.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { keepTellingSeen, noteSeen, tellNoted } from '../../src/flows/seen.ts';
import * as send from '../../src/flows/send.ts';
import { lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { ended, hold } from '../support/flow-help.ts';
import { type House, openHouse, type Person } from '../support/house.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { readOne } from './support.ts';

let house: House;
let redis: TestRedis;
let asha: Person;
let baraka: Person;
/** What is looked up at a reading may be told at a later one, on a busy machine. */
const soon = (read: () => Promise<number | undefined>) => expect.poll(read, { timeout: 15_000, interval: 100 });
const told = (name: string, labels?: Record<string, string>) => readOne(house.world.metrics, name, labels);

beforeAll(async () => {
  redis = await startRedis();
  house = await openHouse({ redis });
  [asha, baraka] = [await house.person('asha', 50_000n), await house.person('baraka')];
  measureProcess(house.world);
  measureHouse(house.world);
});
afterAll(async () => {
  await house.close();
  await redis.kill();
});

/** Another worker on the same servers, which has done nothing yet. */
function another(): WorkerWorld {
  const world = { ...house.world, metrics: createMetrics() };
  measureHouse(world);
  return world;
}

test('money in, out and inside: how often, how much, and in how many posts', async () => {
  await soon(() => told('invoices_total', { outcome: 'settled' })).toBe(1);
  expect(await told('invoice_amount_msat_sum')).toBe(50_000_000);
  const { id } = await hold(house, asha, { amountMsat: 5_000_000n });
  await execute(house.world, id);
  const { feeMsat } = await ended(house.world, id);
  await soon(() => told('payments_total', { outcome: 'paid' })).toBe(1);
  await soon(() => told('payment_amount_msat_sum', { way: 'lightning' })).toBe(5_000_000);
  await soon(() => told('payment_fee_msat_count')).toBe(1);
  await soon(() => told('payment_fee_msat_sum')).toBe(Number(feeMsat));
  const posts = (await told('ledger_batch_transfers_count', { way: 'statement' })) ?? 0;
  const draft = await send.quote(house.world, {
    ...asha,
    fromName: asha.name,
    channel: 'telegram',
    to: { username: 'baraka' },
    amountMsat: 7_000n,
  });
  await send.start(house.world, draft);
  await send.start(house.world, draft);
  expect(await told('send_amount_msat_sum')).toBe(7_000);
  expect(await told('send_amount_msat_count')).toBe(1);
  expect(await told('ledger_batch_transfers_count', { way: 'statement' })).toBeGreaterThan(posts);
  await soon(() => told('users')).toBe(2);
  await soon(() => told('users_new', { window: 'day' })).toBe(2);
  await soon(() => told('users_active', { window: 'week' })).toBeGreaterThanOrEqual(1);
});

test('an invoice of somebody here, paid here, is an amount inside and no volume of Lightning', async () => {
  const before = await told('invoice_amount_msat_count');
  const { request } = await house.invoice(baraka, 30n);
  const draft = await pay.quote(house.world, { ...asha, raw: request });
  await pay.start(house.world, draft);
  await execute(house.world, draft.id);
  expect(await ended(house.world, draft.id)).toMatchObject({ state: 'paid' });
  await soon(() => told('payment_amount_msat_sum', { way: 'inside' })).toBe(30_000);
  await soon(() => told('invoices_total', { outcome: 'inside' })).toBe(1);
  expect(await told('invoice_amount_msat_count')).toBe(before);
});

test('calls to a node: which, how they ended, and how long until the first answer', async () => {
  expect(await told('lnd_call_seconds_count', { method: 'AddInvoice', result: 'ok' })).toBeGreaterThan(0);
  expect(await told('lnd_call_seconds_count', { method: 'SendPaymentV2', result: 'ok' })).toBe(1);
  const refused = { method: 'LookupInvoice', result: 'refused' };
  const before = (await told('lnd_call_seconds_count', refused)) ?? 0;
  expect(await lookupInvoice(house.world.lightning.node('alice'), '00'.repeat(32))).toMatchObject({ state: 'absent' });
  expect(await told('lnd_call_seconds_count', refused)).toBe(before + 1);
  await soon(() => told('breaker_open', { name: 'lnd alice' })).toBe(0);
  await soon(() => told('node_channels', { node: 'alice' })).toBeGreaterThan(0);
  await soon(() => told('node_inbound_msat', { node: 'alice' })).toBeGreaterThan(0);
});

test('what a tick of one worker finds, every worker tells; what nobody found, none does', async () => {
  const other = another();
  await soon(() => readOne(other.metrics, 'solvency_msat')).toBeUndefined();
  await soon(() => readOne(other.metrics, 'node_off_msat', { node: 'alice' })).toBeUndefined();
  const job = { id: 'period-60000-7', traceId: 't', attempt: 1, last: false };
  await PROCESSORS['balance-check']({ world: house.world } as never, job);
  for (const { metrics } of [house.world, other]) {
    await soon(() => readOne(metrics, 'books_off', { currency: 'BTC' })).toBe(0);
    await soon(() => readOne(metrics, 'node_off_msat', { node: 'alice' })).toBe(0);
    const [assets, owed] = [await readOne(metrics, 'assets_msat'), await readOne(metrics, 'liabilities_msat')];
    expect(owed).toBeGreaterThan(0);
    await soon(() => readOne(metrics, 'solvency_msat')).toBe((assets ?? 0) - (owed ?? 0));
    await soon(() => readOne(metrics, 'suspense_msat')).toBe(0);
  }
  await redis.command('FLUSHALL');
  await soon(() => readOne(other.metrics, 'solvency_msat')).toBeUndefined();
  await soon(() => readOne(other.metrics, 'books_off', { currency: 'BTC' })).toBeUndefined();
});

test('the spread of a rate is told from what the sources said, by every worker', async () => {
  const asOfMs = house.world.clock.nowMs();
  const quote = (source: 'coinbase' | 'binance', usd: bigint) => ({
    source,
    pair: 'BTC/USD' as const,
    micro: usd * 1_000_000n,
    asOfMs,
  });
  const quotes = [quote('coinbase', 100_000n), quote('binance', 101_000n)];
  await refresh(house.world, { fetchAll: async () => ({ quotes, failures: [] }) });
  await soon(() => readOne(another().metrics, 'rate_spread_ratio', { leg: 'BTC/USD' })).toBeCloseTo(0.01, 6);
  expect(await told('rate_fetches_total', { source: 'coinbase', result: 'ok' })).toBe(1);
  expect(await told('rate_fetches_total', { source: 'coingecko', result: 'failed' })).toBe(0);
});

test('payments at a node without an end are in one group each, by the time since they were sent', async () => {
  const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n, hold: true });
  const running = execute(house.world, id);
  await soon(() => told('payments_unknown', { age: 'under_1m' })).toBe(1);
  const sentAt = "update payments set sent_at = now() - interval '2 hours' where id = $1";
  await house.world.db.query('test.sent_at', sentAt, [id]);
  await soon(() => told('payments_unknown', { age: 'under_1m' })).toBe(0);
  await soon(() => told('payments_unknown', { age: 'under_1d' })).toBe(1);
  await house.outside.settle(hash);
  await running;
  await ended(house.world, id);
  await soon(() => told('payments_unknown', { age: 'under_1d' })).toBe(0);
});

test('people who wrote to whichever instance are counted once', async () => {
  const stop = keepTellingSeen(house.world);
  for (const externalId of ['1', '2', '2', '3']) noteSeen(house.world, { channel: 'telegram', externalId });
  await tellNoted(house.world);
  noteSeen(house.world, { channel: 'telegram', externalId: '3' });
  await tellNoted(house.world);
  await soon(() => readOne(another().metrics, 'sessions_live')).toBe(3);
  stop();
});

test('queues and servers: what waits, how full, who is away', async () => {
  const row = { queue: 'refund' as const, id: house.world.ids.next(), traceId: 't' };
  await house.world.queues.add([row]);
  const other = another();
  measureProcess(other);
  await soon(() => readOne(other.metrics, 'queue_oldest_seconds', { queue: 'refund' })).toBeGreaterThan(0);
  await soon(() => readOne(other.metrics, 'queue_oldest_seconds', { queue: 'cleanup' })).toBe(0);
  await soon(() => readOne(other.metrics, 'queue_jobs', { queue: 'refund', state: 'waiting' })).toBe(1);
  expect(await readOne(other.metrics, 'jobs_total', { queue: 'refund', result: 'fault' })).toBe(0);
  await soon(() => readOne(other.metrics, 'outbox_jobs')).toBeGreaterThanOrEqual(0);
  await soon(() => readOne(other.metrics, 'redis_up', { store: 'queue' })).toBe(1);
  await soon(() => readOne(other.metrics, 'redis_memory_bytes', { store: 'cache' })).toBeGreaterThan(100_000);
  expect(await readOne(other.metrics, 'redis_memory_max_bytes', { store: 'cache' })).toBeUndefined();
  await soon(() => readOne(other.metrics, 'redis_evictions_total', { store: 'cache' })).toBe(0);
  await soon(() => readOne(other.metrics, 'database_up')).toBe(1);
  await soon(() => readOne(other.metrics, 'db_pool_size')).toBe(house.world.config.DB_POOL_MAX);
  for (const store of ['session', 'cache', 'queue']) {
    expect([store, await told('redis_call_seconds_count', { store })]).toEqual([store, expect.any(Number)]);
  }
  await redis.kill();
  const late = another();
  measureProcess(late);
  const begun = performance.now();
  await soon(() => readOne(late.metrics, 'redis_up', { store: 'queue' })).toBe(0);
  expect(performance.now() - begun).toBeLessThan(10_000);
  await soon(() => readOne(late.metrics, 'redis_memory_bytes', { store: 'queue' })).toBeUndefined();
  await soon(() => readOne(late.metrics, 'database_up')).toBe(1);
  await redis.restart();
});

test('a node that is away: its calls say so, and it is down', async () => {
  await house.sandbox.kill('bob');
  await house.world.lightning.node('bob').check();
  expect(await told('lnd_call_seconds_count', { method: 'GetInfo', result: 'away' })).toBeGreaterThan(0);
  await soon(() => told('node_up', { node: 'bob' })).toBe(0);
  await soon(() => told('node_up', { node: 'alice' })).toBe(1);
});
