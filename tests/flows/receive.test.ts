// Being paid: what a node received is credited, all of it and once, whether its stream told it, a sweep found it, or
// three workers heard it at the same time. And an invoice that was asked for comes, however long the nodes are away.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import { INVOICE_LIFE_MS, OPEN_INVOICES_PER_USER } from '../../src/domain/limits.ts';
import * as receive from '../../src/flows/receive.ts';
import { create, finish, sayLate } from '../../src/flows/receive-node.ts';
import { sweepAsked, sweepInvoices } from '../../src/flows/reconcile.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { nodeRows } from '../../src/infra/db/nodes.ts';
import { cancelInvoice, lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import { watchNodes } from '../../workers/lightning-events.ts';
import { anotherWorker, type MovableWorld } from '../support/flow-clock.ts';
import { ask, available, told } from '../support/flow-help.ts';
import { booksAreRight, creditFrom, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let later: MovableWorld;
let asha: Person;

beforeAll(async () => {
  house = await openHouse();
  later = await anotherWorker(house.world);
  asha = await house.person('asha');
});
afterAll(async () => {
  await later.close();
  await house.close();
});
afterEach(async () => {
  for (const alias of ['alice', 'bob']) {
    house.sandbox.setFaults(alias, NO_FAULTS);
    if (!house.sandbox.isRunning(alias)) await house.lightning.start(alias);
  }
  await vi.waitFor(async () => {
    await check();
    expect(house.world.lightning.health().every(({ state }) => state === 'up')).toBe(true);
  }, 10_000);
  await booksAreRight(house.world);
});

const check = () =>
  Promise.all(
    [house.world, later].flatMap(({ lightning }) => lightning.names().map((name) => lightning.node(name).check())),
  );
const stateOf = async (id: string) => (await findInvoiceRow(house.world.db, id))?.state;
const gained = async (run: () => Promise<unknown>) => {
  const before = await available(house.world, asha);
  await run();
  return (await available(house.world, asha)) - before;
};

describe('what is credited', () => {
  test.each(['expired', 'canceled', 'closing'])(
    'a payment that was on its way when the row became "%s"',
    async (state) => {
      const { id, request } = await house.invoice(asha, 2n);
      await house.outside.pay({ request });
      await ask(house.world, "update invoices set state = $2, cause = 'payer' where id = $1", [id, state]);
      expect(await gained(() => creditFrom(house.world, id))).toBe(2_000n);
      expect(await told(house.world, id)).toEqual(['invoice_paid', 'invoice_ready']);
    },
  );

  test('E4: one settlement, told three times by three workers at once: one credit', async () => {
    const { id, request, paymentHash } = await house.invoice(asha, 5n);
    await house.outside.pay({ request });
    const { node = null } = (await findInvoiceRow(house.world.db, id)) ?? {};
    const settled = { node: node ?? '', paymentHash, receivedMsat: 5_000n };
    const worlds = Array.from({ length: 9 }, (_, i) => (i % 2 ? later : house.world));
    let results: { credited: boolean }[] = [];
    const finishAll = async () => {
      results = await Promise.all(worlds.map((world) => finish(world, settled)));
    };
    expect(await gained(finishAll)).toBe(5_000n);
    expect(results.filter(({ credited }) => credited)).toHaveLength(1);
    expect(await told(house.world, id)).toEqual(['invoice_paid', 'invoice_ready']);
  });
});

describe('the stream', () => {
  test('E4: three workers listen: each settlement is credited within a moment, and once', async () => {
    const workers = [house.world, later, await anotherWorker(house.world)];
    const stops = workers.map((world) => watchNodes(world));
    try {
      const before = await available(house.world, asha);
      const made = await Promise.all(Array.from({ length: 6 }, () => house.invoice(asha, 3n)));
      await Promise.all(made.map(({ request }) => house.outside.pay({ request })));
      await vi.waitFor(async () => expect((await available(house.world, asha)) - before).toBe(18_000n), 5_000);
      for (const { id } of made) expect(await told(house.world, id)).toEqual(['invoice_paid', 'invoice_ready']);
      const rows = await nodeRows(house.world.db);
      expect(rows.some(({ settledIndex }) => settledIndex > 0n)).toBe(true);
    } finally {
      for (const stop of stops) stop();
      await workers[2]?.lightning.close();
    }
  });

  test('E3: settled while nobody listened: found when listening begins again, and by the sweep', async () => {
    const first = await house.invoice(asha, 3n);
    await house.outside.pay({ request: first.request });
    await ask(house.world, 'update lightning_nodes set settled_index = 0');
    const stop = watchNodes(house.world);
    await vi.waitFor(async () => expect(await stateOf(first.id)).toBe('settled'), 5_000);
    stop();
    const second = await house.invoice(asha, 3n);
    await house.outside.pay({ request: second.request });
    expect(await sweepInvoices(house.world)).toBe(1);
    expect(await sweepInvoices(house.world)).toBe(0);
    expect(await stateOf(second.id)).toBe('settled');
  });

  test('E3: settled between the first look and the joining of a stream without a cursor: credited within seconds', async () => {
    for (const alias of ['alice', 'bob']) house.sandbox.setFaults(alias, { joinLateMs: 3_000 });
    for (const isLost of [false, true]) {
      await ask(house.world, 'update lightning_nodes set settled_index = 0');
      const stop = watchNodes(house.world);
      try {
        await house.world.clock.sleep(700);
        if (isLost) {
          for (const alias of ['alice', 'bob']) house.sandbox.dropConnections(alias);
          // Asked for again after one to two seconds, and joined three later.
          await house.world.clock.sleep(2_300);
        }
        const { id, request } = await house.invoice(asha, 3n);
        await house.outside.pay({ request });
        expect(await stateOf(id)).toBe('open');
        await vi.waitFor(async () => expect(await stateOf(id)).toBe('settled'), 6_000);
      } finally {
        stop();
      }
    }
  });

  test('E2: a node that counts from 1 again: nothing is missed, and our cursor begins anew', async () => {
    await ask(house.world, 'update lightning_nodes set settled_index = 1000');
    const stop = watchNodes(house.world);
    for (const alias of ['alice', 'bob']) house.sandbox.restartSettleIndex(alias);
    const { id, request } = await house.invoice(asha, 3n);
    const { node } = (await findInvoiceRow(house.world.db, id)) ?? {};
    await house.world.clock.sleep(100);
    await house.outside.pay({ request });
    await vi.waitFor(async () => {
      expect(await stateOf(id)).toBe('settled');
      const row = (await nodeRows(house.world.db)).find(({ name }) => name === node);
      expect(row?.settledIndex).toBeLessThan(1_000n);
    }, 5_000);
    stop();
  });

  test('an invoice that cannot be booked keeps nobody else waiting', async () => {
    const [broken, fine] = [await house.invoice(asha, 3n), await house.invoice(asha, 4n)];
    await house.outside.pay({ request: broken.request });
    await house.outside.pay({ request: fine.request });
    const nobody = house.world.ids.next();
    await ask(house.world, 'update invoices set user_id = $2 where id = $1', [broken.id, nobody]);
    expect(await gained(() => sweepInvoices(house.world))).toBe(4_000n);
    expect(house.lines.some((line) => line.includes('an invoice could not be looked after'))).toBe(true);
    await ask(house.world, 'update invoices set user_id = $2 where id = $1', [broken.id, asha.userId]);
    expect(await gained(() => sweepInvoices(house.world))).toBe(3_000n);
  });
});

describe('asking', () => {
  test('refusals, and a memo that is cut', async () => {
    const { userId } = asha;
    const of = (amountMsat: bigint) => receive.ask(house.world, { userId, amountMsat });
    await expect(of(999n)).rejects.toMatchObject({ code: 'amount_too_small', details: { leastMsat: '1000' } });
    await expect(of(10_000_000_001n)).rejects.toMatchObject({ code: 'amount_too_large' });
    const crowd = await house.person('crowd');
    const memo = 'm'.repeat(500);
    const asked = [];
    for (let i = 0; i < OPEN_INVOICES_PER_USER; i++)
      asked.push(receive.ask(house.world, { userId: crowd.userId, memo }));
    const [first] = await Promise.all(asked);
    expect((await findInvoiceRow(house.world.db, first?.id ?? ''))?.memo).toHaveLength(120);
    await expect(receive.ask(house.world, { userId: crowd.userId })).rejects.toMatchObject({ code: 'too_many_open' });
  });

  test('the same id twice, its job twice at once: one invoice, told once', async () => {
    const id = house.world.ids.next();
    const asking = { userId: asha.userId, id, amountMsat: 8_000n };
    await Promise.all([receive.ask(house.world, asking), receive.ask(house.world, asking)]);
    await Promise.all(Array.from({ length: 4 }, (_, i) => create(i % 2 ? later : house.world, id)));
    expect(await stateOf(id)).toBe('open');
    expect(await told(house.world, id)).toEqual(['invoice_ready']);
    await create(house.world, id);
    expect(await ask(house.world, 'select 1 from outbox where id = $1', [id])).toEqual([]);
  });

  test('a node is down: another makes it', async () => {
    await house.lightning.kill('alice');
    await check();
    for (let i = 0; i < 3; i++) {
      const { id } = await house.invoice(asha, 2n);
      expect((await findInvoiceRow(house.world.db, id))?.node).toBe('bob');
    }
  });

  test('all are down: the person is told once that it takes longer, and it comes though its job gave up', async () => {
    await Promise.all(['alice', 'bob'].map((alias) => house.lightning.kill(alias)));
    await check();
    const { id } = await receive.ask(house.world, { userId: asha.userId, amountMsat: 6_000n });
    await expect(create(house.world, id)).rejects.toMatchObject({ name: 'Unavailable' });
    await sayLate(house.world, id);
    await sayLate(house.world, id);
    expect(await told(house.world, id)).toEqual(['invoice_late']);
    later.clock.move(61_000);
    expect(await sweepAsked(later)).toBe(0);
    await Promise.all(['alice', 'bob'].map((alias) => house.lightning.start(alias)));
    await vi.waitFor(async () => {
      await check();
      expect(await sweepAsked(later)).toBeGreaterThan(0);
    }, 10_000);
    expect(await stateOf(id)).toBe('open');
    await sayLate(house.world, id);
    expect(await told(house.world, id)).toEqual(['invoice_late', 'invoice_ready']);
  });

  test('an invoice ends an hour after its time, when its node says that nobody can pay it any more', async () => {
    const { id, paymentHash } = await house.invoice(asha, 2n);
    const forgotten = await receive.ask(house.world, { userId: asha.userId, amountMsat: 6_000n });
    const { node = null } = (await findInvoiceRow(house.world.db, id)) ?? {};
    later.clock.move(INVOICE_LIFE_MS + 30 * 60_000);
    expect((await lookupInvoice(later.lightning.node(node ?? ''), paymentHash)).state).toBe('open');
    await sweepInvoices(later);
    expect(await stateOf(id)).toBe('open');
    expect(await stateOf(forgotten.id)).toBe('expired');
    await create(later, forgotten.id);
    later.clock.move(31 * 60_000);
    await sweepInvoices(later);
    expect(await stateOf(id)).toBe('open');
    expect(await told(house.world, id)).toEqual(['invoice_ready']);
    await cancelInvoice(later.lightning.node(node ?? ''), paymentHash);
    await Promise.all([sweepInvoices(later), sweepInvoices(later)]);
    expect(await stateOf(id)).toBe('expired');
    // Its picture is taken away, so that nobody scans it.
    expect(await told(house.world, id)).toEqual(['invoice_expired', 'invoice_ready']);
  });
});
