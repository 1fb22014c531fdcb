// What changes under a running house: the next version's tables, and the clock of the machine. Neither may be noticed.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/base/config.ts';
import { CLAIM_LIFE_MS, INVOICE_LIFE_MS } from '../../src/domain/limits.ts';
import * as receive from '../../src/flows/receive.ts';
import * as send from '../../src/flows/send.ts';
import { consume } from '../../src/infra/queue/consumer.ts';
import { makeWorld } from '../../src/world.ts';
import { freshRates, type Phone, someone } from '../chat/phone.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';

let house: House;

beforeAll(async () => {
  // One connection, so that every statement is prepared on the one that meets it again.
  house = await openHouse({ environment: { DB_POOL_MIN: '1', DB_POOL_MAX: '1' } });
  await freshRates(house);
});
afterEach(() => booksAreRight(house.world));
afterAll(() => house.close());

/** Uses every kind of row there is, so that every statement is prepared. */
async function aDay(asha: Phone, baraka: Phone): Promise<string[]> {
  const said: string[] = [];
  const { request } = await house.outside.makeInvoice({ amountMsat: 50_000n });
  await asha.say(request);
  said.push(await asha.press('Pay'));
  await asha.work();
  await asha.news('payment_paid');
  await asha.say(`/send 20 @${baraka.username}`);
  said.push(await asha.press('Send'));
  await asha.say('/send 20 @nobody_here_yet');
  said.push(await asha.press('Send'));
  said.push(await baraka.say(`/request 30 @${asha.username}`));
  said.push(await baraka.say('/receive 70'));
  await baraka.work();
  await baraka.news('invoice_ready');
  for (const text of ['/balance', '/history', '/rate']) said.push(await asha.say(text));
  return said.map((text) => (text.split('\n')[0] ?? '').replace(/[\d,.:]+/g, '#'));
}

test('I12: the next version’s columns and tables arrive while all goes on, and nothing is noticed', async () => {
  const asha = await someone(house, 'asha', undefined, 5_000);
  const baraka = await someone(house, 'baraka', undefined, 5_000);
  const before = await aDay(asha, baraka);
  const owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
  try {
    const { rows } = await owner.query<{ name: string }>(
      `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace
       and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> '_prisma_migrations'`,
    );
    expect(rows.length).toBeGreaterThan(12);
    // What a next version may do while this one runs: add, never take away or rename.
    const additions = rows.map(({ name }) => `alter table "${name}" add column next_version text default 'new'`);
    await owner.query([...additions, 'create table next_version (id uuid primary key)'].join(';'));
  } finally {
    await owner.end();
  }
  expect(await aDay(asha, baraka)).toEqual(before);
  expect(house.lines.filter((line) => line.includes('cached plan'))).toEqual([]);
});

test.each([-600_000, 600_000])('I13: a machine whose clock is %d ms off keeps the house’s time', async (offMs) => {
  const asha = await house.person(`skewed${offMs > 0 ? 'on' : 'back'}`, 1_000n);
  const truth = Date.now.bind(Date);
  const config = loadConfig('worker', house.environment);
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => truth() + offMs);
  const other = await makeWorld('bot', config, () => {});
  try {
    expect(Math.abs(other.clock.nowMs() - truth())).toBeLessThan(1_000);
    const { id } = await receive.ask(other, { userId: asha.userId, amountMsat: 5_000n });
    const [invoice] = await ask<{ lifeMs: number }>(
      other,
      'select (extract(epoch from expires_at - now()) * 1000)::float8 as "lifeMs" from invoices where id = $1',
      [id],
    );
    expect(Math.abs((invoice?.lifeMs ?? 0) - INVOICE_LIFE_MS)).toBeLessThan(5_000);
    const from = { ...asha, fromName: asha.name, channel: 'telegram' };
    const draft = await send.quote(other, { ...from, to: { username: 'not_here' }, amountMsat: 1_000n });
    // Its moment is in its id, and by it the month that the ledger keeps it in.
    const idMs = Number.parseInt(draft.id.replaceAll('-', '').slice(0, 12), 16);
    expect(Math.abs(idMs - truth())).toBeLessThan(1_000);
    await send.start(other, draft);
    const [row] = await ask<{ lifeMs: number; ageMs: number }>(
      other,
      `select (extract(epoch from expires_at - now()) * 1000)::float8 as "lifeMs",
         (extract(epoch from now() - created_at) * 1000)::float8 as "ageMs" from sends where id = $1`,
      [draft.id],
    );
    expect(Math.abs((row?.lifeMs ?? 0) - CLAIM_LIFE_MS)).toBeLessThan(5_000);
    expect(Math.abs(row?.ageMs ?? 1e9)).toBeLessThan(5_000);
  } finally {
    spy.mockRestore();
    await other.close();
  }
});

test.each([-600_000, 600_000])(
  'I13: a job that waits a moment waits just that, on a machine %d ms off',
  async (offMs) => {
    const clock = movableClock();
    clock.move(offMs);
    const runs: number[] = [];
    const consumer = consume({
      url: house.world.config.REDIS_QUEUE_URL,
      queue: 'cleanup',
      clock,
      events: { onDone() {}, onFault() {} },
      async handler({ id }) {
        if (!id.startsWith('skew')) return undefined;
        runs.push(performance.now());
        return runs.length === 1 ? { laterMs: clock.nowMs() + 400 } : undefined;
      },
    });
    await house.world.queues.add([{ queue: 'cleanup', id: `skew-${Math.abs(offMs)}-${offMs > 0}`, traceId: 'skew' }]);
    await vi.waitFor(() => expect(runs).toHaveLength(2), 5_000);
    expect((runs[1] ?? 0) - (runs[0] ?? 0)).toBeGreaterThan(350);
    await consumer.close(1_000);
  },
);
