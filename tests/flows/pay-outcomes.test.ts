// Everything a payment can come to, on the sandbox's nodes with their faults: paid, refused for each reason, unknown and
// then either, tried again, given up. Whatever the way, the money is right and the person is told once.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Faults, NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute, hear } from '../../src/flows/pay-execute.ts';
import { finishFailed } from '../../src/flows/pay-finish.ts';
import { sweepPayments } from '../../src/flows/reconcile.ts';
import { countAttempt } from '../../src/infra/db/payments.ts';
import { lookupPayment } from '../../src/infra/lightning/pay.ts';
import { mortal, type Survivor, survivor } from '../support/crash-world.ts';
import { anotherWorker, type MovableWorld, movableClock } from '../support/flow-clock.ts';
import { ask, available, ended, held, hold, paymentOf, run, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
/** A worker whose waits are twenty times shorter. */
let world: MovableWorld;
let later: Survivor;
let asha: Person;
let hadMsat: bigint;

beforeAll(async () => {
  house = await openHouse();
  world = await anotherWorker(house.world, movableClock(20));
  later = await survivor(house.world);
});
afterAll(async () => {
  await Promise.all([world.close(), later.close()]);
  await house.close();
});
beforeEach(async () => {
  asha = await house.person(`asha${world.ids.next().slice(-6)}`, 50_000n);
  hadMsat = await available(world, asha);
});
afterEach(async () => {
  faults(NO_FAULTS);
  await booksAreRight(house.world);
  expect(await held(world, asha)).toBe(0n);
});

function faults(change: Partial<Faults>): void {
  for (const node of ['alice', 'bob']) house.sandbox.setFaults(node, change);
}

/** What the person was told in the end; that it takes a while hangs on the machine. */
const ends = async (id: string) => (await told(world, id)).filter((each) => each !== 'payment_pending');
const spent = async () => hadMsat - (await available(world, asha));

describe('paid', () => {
  test('D1: the amount and the real fee are charged, with the proof', async () => {
    const { id } = await hold(house, asha, { amountMsat: 12_345_678n, memo: 'maize' }, world);
    const row = await run(world, id);
    expect(row).toMatchObject({ state: 'paid', attempts: 1, feeMsat: 0n, memo: 'maize', failure: null });
    expect(row.preimage).toMatch(/^[0-9a-f]{64}$/);
    expect(await spent()).toBe(12_345_678n);
    expect(await told(world, id)).toEqual(['payment_paid']);
  });

  test('D1: an invoice without an amount is charged by the amount chosen', async () => {
    const { request: raw } = await house.outside.makeInvoice({});
    await expect(pay.quote(world, { ...asha, raw })).rejects.toMatchObject({ code: 'invoice_amount_missing' });
    const { id, hash } = await hold(house, asha, {}, world);
    expect(await run(world, id)).toMatchObject({ state: 'paid', amountMsat: 5_000_000n });
    const seen = (await house.outside.invoices()).find((each) => each.hash === hash);
    expect(seen?.receivedMsat).toBe('5000000');
    expect(await spent()).toBe(5_000_000n);
  });

  test.each(['sent', 'unsent', 'starting', 'TIMEOUT', 'NO_ROUTE'] as const)(
    'after "%s" at the first try, without the person doing anything',
    async (kind) => {
      const { id } = await hold(house, asha, { amountMsat: 3_000_000n }, world);
      faults({ payment: kind });
      // At its usual pace: the next try is at least 150 ms away.
      const job = execute(house.world, id);
      await vi.waitFor(async () => expect((await paymentOf(world, id)).attempts).toBe(1), { interval: 5 });
      await house.world.clock.sleep(60);
      faults(NO_FAULTS);
      await job;
      const isOver = async () => (await paymentOf(world, id)).state === 'paid';
      await later.recover(isOver);
      expect(await spent()).toBe(3_000_000n);
      expect(await ends(id)).toEqual(['payment_paid']);
    },
  );

  test('one transient failure in two, each payment paid', async () => {
    faults({ transient: { every: 2, kinds: ['TIMEOUT', 'NO_ROUTE'] } });
    const made = await Promise.all(
      Array.from({ length: 8 }, () => hold(house, asha, { amountMsat: 1_000_000n }, world)),
    );
    const rows = await Promise.all(made.map(({ id }) => run(world, id)));
    expect(rows.map(({ state }) => state)).toEqual(rows.map(() => 'paid'));
    expect(rows.some(({ attempts }) => attempts > 1)).toBe(true);
    expect(await spent()).toBe(8_000_000n);
  });
});

describe('failed', () => {
  test.each([
    ['TIMEOUT', 'timed_out', 5],
    ['NO_ROUTE', 'no_route', 5],
    ['ERROR', 'rejected', 1],
    ['INCORRECT_PAYMENT_DETAILS', 'refused_by_payee', 1],
    ['INSUFFICIENT_BALANCE', 'node_balance', 1],
    ['CANCELED', 'rejected', 1],
  ] as const)('%s: %s after %i tries, and everything comes back', async (payment, failure, attempts) => {
    const { id } = await hold(house, asha, { amountMsat: 2_000_000n }, world);
    faults({ payment });
    expect(await run(world, id)).toMatchObject({ state: 'failed', failure, attempts });
    expect(await spent()).toBe(0n);
    expect(await ends(id)).toEqual(['payment_failed']);
  });

  test('a failed hash is free for another try', async () => {
    const { id, raw } = await hold(house, asha, { amountMsat: 2_000_000n }, world);
    faults({ payment: 'ERROR' });
    await run(world, id);
    faults(NO_FAULTS);
    const again = await pay.quote(world, { ...asha, raw });
    await pay.start(world, again);
    expect(await run(world, again.id)).toMatchObject({ state: 'paid' });
    expect(await spent()).toBe(2_000_000n);
  });

  test('D11: expired between the card and the tap: nothing is held', async () => {
    const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n, expiresInS: 60 });
    const draft = await pay.quote(house.world, { ...asha, raw });
    const tomorrow = { ...world, clock: { ...world.clock, nowMs: () => Date.now() + 61_000 } };
    await expect(pay.start(tomorrow, draft)).rejects.toMatchObject({ code: 'invoice_expired' });
    await expect(pay.quote(tomorrow, { ...asha, raw })).rejects.toMatchObject({ code: 'invoice_expired' });
    expect(await spent()).toBe(0n);
  });

  test('D11: expired between the tap and the job: it is not sent', async () => {
    const { id } = await hold(house, asha, { amountMsat: 1_000_000n, expiresInS: 60 }, world);
    const tomorrow = { ...world, clock: { ...world.clock, nowMs: () => Date.now() + 61_000 } };
    expect(await run(tomorrow, id)).toMatchObject({ failure: 'invoice_expired', node: null });
    expect(await spent()).toBe(0n);
  });

  test('more than any node can send is refused at once, and nothing is sent', async () => {
    const rich = {
      ...world,
      lightning: { ...world.lightning, forPayment: () => world.lightning.forPayment(10n ** 15n) },
    };
    const { id } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
    expect(await run(rich, id)).toMatchObject({ failure: 'node_balance', node: null, attempts: 0 });
  });

  test('D10: the payee is a node of ours, but the invoice none of ours: never sent', async () => {
    const alice = world.lightning.node('alice');
    const raw = await new Promise<string>((resolve, reject) =>
      alice
        .connection()
        .default.addInvoice({ value_msat: '1000000' } as never, (error, made) =>
          error ? reject(error) : resolve((made as { payment_request: string }).payment_request),
        ),
    );
    const draft = await pay.quote(world, { ...asha, raw });
    await pay.start(world, draft);
    expect(await run(world, draft.id)).toMatchObject({ state: 'failed', failure: 'rejected' });
    expect(await spent()).toBe(0n);
  });
});

describe('unknown', () => {
  test.each([
    ['settles', 'paid', 4_000_000n],
    ['cancels', 'failed', 0n],
  ] as const)('held by the payee, said after 5 s, and then it %s', async (choice, state, costMsat) => {
    const { id, hash } = await hold(house, asha, { amountMsat: 4_000_000n, hold: true }, world);
    const begun = performance.now();
    await execute(world, id);
    expect(performance.now() - begun).toBeLessThan(200);
    await vi.waitFor(async () => expect(await told(world, id)).toEqual(['payment_pending']), 3_000);
    expect(await held(world, asha)).toBe(4_040_000n);
    // No look changes anything while it is in flight, also not after its invoice has run out.
    world.clock.move(40 * 24 * 3600_000 - 60_000);
    await sweepPayments(world);
    expect((await paymentOf(world, id)).state).toBe('sending');
    world.clock.move(-40 * 24 * 3600_000 + 60_000);
    if (choice === 'settles') await house.outside.settle(hash);
    else await house.outside.cancel(hash);
    expect(await ended(world, id)).toMatchObject({ state });
    expect(await spent()).toBe(costMsat);
    expect(await told(world, id)).toEqual([state === 'paid' ? 'payment_paid' : 'payment_failed', 'payment_pending']);
  });

  test('never taken for failed by a job that runs twice: only the sweep believes "never heard of it"', async () => {
    const { id } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
    // Claimed, and then the first run is slow.
    const dying = mortal(world, { step: 2, what: 'dies after' });
    await execute(dying.world, id).catch(() => {});
    expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', attempts: 1 });
    await execute(world, id);
    expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', attempts: 1 });
    await later.recover(async () => (await paymentOf(world, id)).state === 'paid');
    expect(await spent()).toBe(1_000_000n);
  });

  test('the failure of an earlier try ends nothing while a later one is on its way', async () => {
    const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
    faults({ payment: 'INCORRECT_PAYMENT_DETAILS' });
    const dying = mortal(world, { step: 4, what: 'dies before' });
    await execute(dying.world, id);
    const { node } = await paymentOf(world, id);
    await vi.waitFor(async () => {
      const record = await lookupPayment(later.lightning.node(node ?? ''), hash);
      expect(record.state).toBe('failed');
    });
    faults(NO_FAULTS);
    // Somebody counts another try and is about to send it.
    expect(await countAttempt(world.db, { id, attempts: 1, dueAtMs: world.clock.nowMs() + 30_000 })).toBe(true);
    await execute(later, id);
    await hear(later, hash);
    await finishFailed(later, id, 'refused_by_payee', 1, 'lookup');
    expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', attempts: 2 });
    await later.recover(async () => (await paymentOf(world, id)).state === 'failed');
    expect(await spent()).toBe(0n);
  });

  test('a process that slept through its time sends nothing', async () => {
    const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
    let sleptMs = 0;
    const clock = { ...world.clock, nowMs: () => world.clock.nowMs() + sleptMs };
    const db = {
      ...world.db,
      async query(...given: Parameters<typeof world.db.query>) {
        const rows = await world.db.query(...given);
        if (given[0] === 'payments.claim') sleptMs = 26_000;
        return rows;
      },
    } as typeof world.db;
    await execute({ ...world, clock, db }, id);
    const row = await paymentOf(world, id);
    expect(row).toMatchObject({ state: 'sending', attempts: 1 });
    expect((await lookupPayment(world.lightning.node(row.node ?? ''), hash)).state).toBe('absent');
    await later.recover(async () => (await paymentOf(world, id)).state === 'paid');
    expect(await spent()).toBe(1_000_000n);
  });

  test('never received by its node, however often it was tried: sent in the end, or given back after its time', async () => {
    const [one, two] = [
      await hold(house, asha, { amountMsat: 1_000_000n }, world),
      await hold(house, asha, { amountMsat: 2_000_000n, expiresInS: 3_600 }, world),
    ];
    faults({ payment: 'unsent' });
    await Promise.all([execute(world, one.id), execute(world, two.id)]);
    await later.recover(async () => (await paymentOf(world, one.id)).attempts > 6);
    expect(await paymentOf(world, two.id)).toMatchObject({ state: 'sending' });
    later.clock.move(3_600_000 + 11 * 60_000);
    await later.recover(async () => (await paymentOf(world, two.id)).state === 'failed');
    expect(await paymentOf(world, two.id)).toMatchObject({ failure: 'not_sent' });
    faults(NO_FAULTS);
    await later.recover(async () => (await paymentOf(world, one.id)).state === 'paid');
    expect(await spent()).toBe(1_000_000n);
  });

  test('B12: paid after it was called failed: the loss stands in suspense, once, and it rings', async () => {
    const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n, hold: true }, world);
    await execute(world, id);
    await vi.waitFor(async () => expect((await paymentOf(world, id)).state).toBe('sending'));
    // What must never happen, done by hand.
    await finishFailed(house.world, id, 'timed_out', 1, 'lookup');
    expect(await spent()).toBe(0n);
    await house.outside.settle(hash);
    await Promise.all([hear(house.world, hash), hear(later, hash)]);
    await vi.waitFor(async () => {
      await hear(house.world, hash);
      const rows = await ask(world, "select amount from transfers where code = 'suspense' and subject_id = $1", [id]);
      expect(rows).toEqual([{ amount: 1_000_000n }]);
    });
    expect(house.lines.filter((line) => line.includes('a payment called failed was paid'))).toHaveLength(1);
    expect(await paymentOf(world, id)).toMatchObject({ state: 'failed' });
    expect(await told(world, id)).not.toContain('payment_paid');
  });
});
