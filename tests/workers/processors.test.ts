// Each queue's processor and the ticks that feed them: what a job says is done, again and again without harm.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RatesSandbox, startRates } from '../../sandbox/rates/server.ts';
import { Refusal } from '../../src/base/errors.ts';
import { INVOICE_LIFE_MS } from '../../src/domain/limits.ts';
import { refresh, shown } from '../../src/flows/fx.ts';
import { commit, relay } from '../../src/flows/outbox.ts';
import * as receive from '../../src/flows/receive.ts';
import { consume } from '../../src/infra/queue/consumer.ts';
import { createRateSources, type RateSources } from '../../src/infra/rates/sources.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { startSchedule } from '../../workers/schedule.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let rates: RatesSandbox;
let sources: RateSources;
let asha: Person;

beforeAll(async () => {
  rates = await startRates({ stepMs: 0 });
  house = await openHouse();
  sources = createRateSources({ clock: house.world.clock, urls: rates.urls });
  asha = await house.person('asha');
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
  await rates.stop();
});

const job = (id: string, attempt = 1) => ({ id, traceId: id, attempt, last: false });
const tools = () => ({ world: house.world, sources }) as never;

test('rates: fetched, kept as rows, shown with their age, and kept when every source is away', async () => {
  expect(await shown(house.world, 'KES')).toBeUndefined();
  expect(await shown(house.world, 'XYZ')).toBeUndefined();
  await PROCESSORS['fx-refresh'](tools(), job('fx'));
  const first = await shown(house.world, 'KES');
  expect(first).toMatchObject({ stale: false });
  const expected = rates.price('BTC/USD') * rates.price('USD/KES');
  expect(Math.abs(Number(first?.microPerBtc) / 1e6 / expected - 1)).toBeLessThan(0.03);
  const rows = await ask(house.world, 'select 1 from rates');
  for (const source of ['coingecko', 'binance', 'coinbase', 'open-er-api', 'frankfurter'] as const) {
    rates.fault(source, { kind: 'server_error' });
  }
  const tenMinutesOn = { ...house.world, clock: movableClock() };
  tenMinutesOn.clock.move(600_000);
  await refresh(tenMinutesOn, createRateSources({ clock: tenMinutesOn.clock, urls: rates.urls }));
  expect(await ask(house.world, 'select 1 from rates')).toHaveLength(rows.length);
  expect(house.lines.some((line) => line.includes('price source failed'))).toBe(true);
  expect(await shown(tenMinutesOn, 'KES')).toMatchObject({ microPerBtc: first?.microPerBtc, stale: true });
  for (const source of ['coingecko', 'binance', 'coinbase', 'open-er-api', 'frankfurter'] as const) rates.fault(source);
});

test('rates: a price that jumps by the word of one waits, is not shown, and is forgotten when it was wrong', async () => {
  const before = await shown(house.world, 'KES');
  const usd = Number(rates.price('BTC/USD'));
  const quote = (price: number, atMs: number) => ({
    fetchAll: async () => ({
      quotes: [{ source: 'coinbase', pair: 'BTC/USD' as const, micro: BigInt(Math.round(price * 1e6)), asOfMs: atMs }],
      failures: [],
    }),
  });
  const later = { ...house.world, clock: movableClock() };
  later.clock.move(60_000);
  await refresh(later, quote(usd * 1.5, later.clock.nowMs()) as never);
  expect(await ask(house.world, "select 1 from rates where state = 'waiting'")).toHaveLength(1);
  expect((await shown(later, 'KES'))?.microPerBtc).toBe(before?.microPerBtc);
  later.clock.move(60_000);
  await refresh(later, quote(usd, later.clock.nowMs()) as never);
  await refresh(later, quote(usd, later.clock.nowMs()) as never);
  expect((await shown(later, 'KES'))?.microPerBtc).toBe(before?.microPerBtc);
});

test('invoices: the third try says that it takes longer', async () => {
  const { id } = await receive.ask(house.world, { userId: asha.userId, amountMsat: 5_000n });
  const away = {
    ...house.world.lightning,
    forInvoice: () => house.world.lightning.forInvoice(),
    node: house.world.lightning.node,
  };
  const broken = {
    ...house.world,
    lightning: {
      ...away,
      forInvoice: () => {
        throw new Error('away');
      },
    },
  };
  for (const attempt of [1, 2, 3, 4]) {
    await expect(PROCESSORS.invoice({ world: broken } as never, job(id, attempt))).rejects.toThrow('away');
    expect(await told(house.world, id)).toEqual(attempt < 3 ? [] : ['invoice_late']);
  }
  await PROCESSORS.invoice(tools(), job(id, 5));
  expect(await told(house.world, id)).toEqual(['invoice_late', 'invoice_ready']);
});

test('a refused job ends with its row: it is logged and counted, and the relay brings nothing back', async () => {
  const refuse = () => {
    throw new Refusal('not_allowed');
  };
  const world = { ...house.world, lightning: { ...house.world.lightning, forInvoice: refuse, forPayment: refuse } };
  const channels = { telegram: { send: refuse } };
  const { id } = await receive.ask(house.world, { userId: asha.userId, amountMsat: 7_000n });
  await commit(house.world, 'test.tell', ({ tell }) => tell(asha.userId, id, { kind: 'invoice_late' }));
  const names = ['invoice', 'notification'] as const;
  const results: string[] = [];
  const consumers = names.map((queue) =>
    consume({
      url: house.world.config.REDIS_QUEUE_URL,
      queue,
      clock: world.clock,
      events: { onDone: (name, result) => void results.push(`${name} ${result}`), onFault() {} },
      handler: (given) => PROCESSORS[queue]({ world, sources, channels } as never, given),
    }),
  );
  const notices = await ask<{ id: string }>(house.world, 'select id from notices where subject_id = $1', [id]);
  const ours = [id, ...notices.map((row) => row.id)];
  expect(ours).toHaveLength(2);
  await vi.waitFor(async () => {
    expect(await ask(house.world, 'select id from outbox where id = any($1::uuid[])', [ours])).toEqual([]);
    for (const name of names) expect(results).toContain(`${name} refused`);
  });
  await Promise.all(consumers.map((consumer) => consumer.close(1_000)));
  expect(await ask(house.world, "select 1 from notices where subject_id = $1 and state = 'waiting'", [id])).toEqual([]);
  const later = { ...house.world, clock: movableClock() };
  later.clock.move(31_000);
  expect(await relay(later)).toBe(0);
  const said = house.lines.map((line) => JSON.parse(line)).filter(({ message }) => message === 'job refused');
  for (const each of ours) {
    expect(said.filter(({ job: named }) => named === each)).toMatchObject([{ level: 'error', code: 'not_allowed' }]);
  }
});

test('sweeps: payments, and invoices whose job is lost, at every tick, the rest once a minute', async () => {
  const { id } = await receive.ask(house.world, { userId: asha.userId });
  const later = { ...house.world, clock: movableClock() };
  const stateOf = async (asked: string) =>
    (await ask<{ state: string }>(house.world, 'select state from invoices where id = $1', [asked]))[0]?.state;
  const tick = (number: number) => PROCESSORS.reconcile({ world: later } as never, job(`period-5000-${number}`));
  await tick(11);
  expect(await stateOf(id)).toBe('asked');
  later.clock.move(7_000);
  await tick(11);
  expect(await stateOf(id)).toBe('open');
  const forgotten = await receive.ask(house.world, { userId: asha.userId });
  later.clock.move(INVOICE_LIFE_MS + 1_000);
  await tick(11);
  expect(await stateOf(forgotten.id)).toBe('asked');
  await tick(12);
  expect(await stateOf(forgotten.id)).toBe('expired');
});

test('I3: ticks: each queue once a period, however many workers tick', async () => {
  const schedules = [startSchedule(house.world), startSchedule(house.world)];
  const waiting = async () =>
    Object.fromEntries((await house.world.queues.counts()).map(({ name, waiting: count }) => [name, count]));
  await vi.waitFor(async () => {
    expect(await waiting()).toMatchObject({ 'fx-refresh': 1, cleanup: 1 });
  }, 3_000);
  const counts = await waiting();
  expect(counts.reconcile).toBeLessThanOrEqual(2);
  for (const each of schedules) each.stop();
});
