// Inside a transaction nothing leaves the process: whatever hangs outside would hold its locks and its connection with
// it. And however many want the same row, nobody is told that there was a crowd.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as request from '../../src/flows/request.ts';
import * as send from '../../src/flows/send.ts';
import { lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { freshRates, someone } from '../chat/phone.ts';
import { testDb } from '../support/database.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask, available, hold, run } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { guarded } from './wrapped.ts';

let house: House;
let plain: WorkerWorld;
const offences: string[] = [];

beforeAll(async () => {
  house = await openHouse();
  plain = house.world;
  // Everything below, also what the conversation does, runs in the watched world.
  Object.assign(house, { world: guarded(plain, (what) => void offences.push(what)) });
  await freshRates(house);
});
afterAll(async () => {
  await booksAreRight(plain);
  await house.close();
});

const tick = (world: WorkerWorld, queue: 'reconcile' | 'cleanup' | 'balance-check') =>
  PROCESSORS[queue]({ world } as never, { id: 'period-60000-12', traceId: 'tick', attempt: 1, last: false });

describe('a transaction', () => {
  test('I8: whatever people and ticks do, no call leaves while one is open', { timeout: 60_000 }, async () => {
    const [asha, baraka] = [
      await someone(house, 'asha', undefined, 9_000),
      await someone(house, 'baraka', undefined, 9_000),
    ];
    for (const text of ['/balance', '/history', '/rate', '/settings', '/help']) await asha.say(text);
    const outside = await house.outside.makeInvoice({ amountMsat: 50_000n });
    await asha.say(outside.request);
    await asha.press('Pay');
    await asha.work();
    await asha.news('payment_paid');
    await asha.say('/send 20 @baraka');
    await asha.press('Send');
    await asha.say('/send 20 @nobody_here_yet');
    await asha.press('Send');
    await baraka.say('/request 30 @asha lunch');
    await baraka.say('/receive 70');
    await baraka.work();
    const { qr = '' } = await baraka.news('invoice_ready');
    await asha.say(qr.replace('LIGHTNING:', '').toLowerCase());
    await asha.press('Pay');
    await asha.work();
    await baraka.news('invoice_paid');
    await tick(house.world, 'balance-check');
    const clock = movableClock();
    for (const days of [0, 1, 8, 22]) {
      clock.move(days * 24 * 3_600_000);
      const later = { ...house.world, clock };
      for (const queue of ['reconcile', 'cleanup'] as const) await tick(later, queue);
    }
    expect(offences).toEqual([]);
  });

  test('I8: the watch hears a node, a queue, Redis and a second connection', async () => {
    const heard: string[] = [];
    const world = guarded(plain, (what) => void heard.push(what.replace(/ in .*/, '')));
    await world.db.transaction('test.calls', async (tx) => {
      await tx.query('test.one', 'select 1', []);
      await lookupInvoice(world.lightning.node('alice'), '00'.repeat(32));
      await world.queues.counts();
      await world.sessions.ping();
      await world.db.query('test.one', 'select 1', []);
    });
    const inside = [...new Set(heard)];
    expect(inside).toEqual(expect.arrayContaining(['alice.ask', 'queues.counts', 'sessions.ping', 'db.query']));
    heard.length = 0;
    await world.sessions.ping();
    expect(heard).toEqual([]);
  });
});

describe('a crowd', () => {
  test('I9: 64 at once on one row, each of which the database asks to begin again: nobody hears of it', async () => {
    const owner = testDb({ ...house.database, appUrl: house.database.ownerUrl }, { poolMax: 64, acquireMs: 30_000 });
    try {
      await owner.query('test.make', 'create table crowd as select 0 as count', []);
      let begun = 0;
      const count = () =>
        owner.transaction('test.crowd', async (tx) => {
          begun++;
          await tx.query('test.level', 'set transaction isolation level repeatable read', []);
          await tx.query('test.count', 'update crowd set count = count + 1', []);
        });
      const results = await Promise.allSettled(Array.from({ length: 64 }, count));
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(await owner.query('test.read', 'select count from crowd', [])).toEqual([{ count: 64 }]);
      // Far more often than there are people: the crowd was real.
      expect(begun).toBeGreaterThan(128);
    } finally {
      await owner.query('test.drop', 'drop table if exists crowd', []);
      await owner.close();
    }
  });

  test('I9: one person pays 64 at once, and is paid by 64 at once, some of them asked to', async () => {
    const hub = await house.person('hub', 1_000n);
    const crowd = await Promise.all(Array.from({ length: 64 }, (_, i) => house.person(`crowd${i}`)));
    const from = (person: Person) => ({ ...person, fromName: person.name, channel: 'telegram', amountMsat: 1_000n });
    const all = async (drafts: Promise<send.SendDraft>[]) => {
      const made = await Promise.all(drafts);
      await Promise.all(made.map((draft) => send.start(house.world, draft)));
    };
    await all(crowd.map(({ name }) => send.quote(house.world, { ...from(hub), to: { username: name.slice(1) } })));
    expect(await available(house.world, hub)).toBe(936_000n);
    await all(
      crowd.map(async (person, i) => {
        if (i >= 16) return send.quote(house.world, { ...from(person), to: { username: 'hub' } });
        const { id } = await request.ask(house.world, { ...from(hub), to: { username: person.name.slice(1) } });
        return request.payDraft(house.world, { ...person, id });
      }),
    );
    expect(await available(house.world, hub)).toBe(1_000_000n);
    const { id } = await hold(house, hub, { amountMsat: 1_000n });
    expect(await run(plain, id)).toMatchObject({ state: 'paid' });
    expect(await ask(plain, "select 1 from sends where state <> 'done' and amount_msat = 1000")).toEqual([]);
  });
});
