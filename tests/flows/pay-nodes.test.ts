// Payments while nodes come and go: away before, away afterwards, hanging with the payment inside. A payment belongs to
// the node it was given to, for ever, and waits for that one.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute, pursue } from '../../src/flows/pay-execute.ts';
import { decodeInvoice } from '../../src/infra/lightning/decode.ts';
import { lookupPayment, pay as sendFrom } from '../../src/infra/lightning/pay.ts';
import { mortal, type Survivor, survivor } from '../support/crash-world.ts';
import { available, held, hold, paymentOf, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let world: Survivor;
let asha: Person;

beforeAll(async () => {
  house = await openHouse();
  world = await survivor(house.world);
  asha = await house.person('asha', 1_000_000n);
});
afterAll(async () => {
  await world.close();
  await house.close();
});
afterEach(async () => {
  await allUp();
  await booksAreRight(house.world);
  expect(await held(world, asha)).toBe(0n);
});

const look = () => Promise.all(world.lightning.names().map((name) => world.lightning.node(name).check()));

async function allUp(): Promise<void> {
  for (const alias of ['alice', 'bob']) {
    house.sandbox.setFaults(alias, NO_FAULTS);
    if (!house.sandbox.isRunning(alias)) await house.lightning.start(alias);
  }
  await vi.waitFor(async () => {
    await look();
    await Promise.all(house.world.lightning.names().map((name) => house.world.lightning.node(name).check()));
    expect(world.lightning.health().every(({ state }) => state === 'up')).toBe(true);
    expect(house.world.lightning.health().every(({ state }) => state === 'up')).toBe(true);
  }, 10_000);
}

/** Gives the next payment to alice. */
async function onlyAlice(): Promise<void> {
  await house.lightning.kill('bob');
  await look();
}

const isPaid = (id: string) => async () => (await paymentOf(world, id)).state === 'paid';

test('E8: no node is up: the job comes back, the sats stay held, and it is paid when one is', async () => {
  const { id } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
  await Promise.all(['alice', 'bob'].map((alias) => house.lightning.kill(alias)));
  await look();
  await expect(execute(world, id)).rejects.toMatchObject({ name: 'Unavailable', what: 'lightning node' });
  expect(await paymentOf(world, id)).toMatchObject({ state: 'held', node: null });
  expect(await held(world, asha)).toBe(1_010_000n);
  await allUp();
  await world.recover(isPaid(id));
  expect(await told(world, id)).toEqual(['payment_paid']);
});

test('the node dies while it pays, and says what became of it when it is back', async () => {
  await onlyAlice();
  const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n, hold: true }, world);
  await execute(world, id);
  await house.lightning.kill('alice');
  await house.lightning.start('bob');
  world.clock.move(60_000);
  for (let i = 0; i < 3; i++) {
    await pursue(world, { id, attempts: 1 });
    await look();
  }
  expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', node: 'alice' });
  await house.outside.settle(hash);
  await house.lightning.start('alice');
  await world.recover(isPaid(id));
  expect(await paymentOf(world, id)).toMatchObject({ node: 'alice' });
});

test('B10: a payment given to one node is never tried from another, whatever that one says or not', async () => {
  await onlyAlice();
  const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n, hold: true }, world);
  await execute(world, id);
  await house.lightning.start('bob');
  await look();
  await house.lightning.pause('alice');
  world.clock.move(60_000);
  const asked = Promise.all([1, 2, 3].map(() => pursue(world, { id, attempts: 1 }).catch(() => {})));
  await world.clock.sleep(4_000);
  expect((await lookupPayment(house.world.lightning.node('bob'), hash)).state).toBe('absent');
  expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', node: 'alice', attempts: 1 });
  await house.lightning.resume('alice');
  await asked;
  await house.outside.settle(hash);
  await world.recover(isPaid(id));
  expect((await lookupPayment(house.world.lightning.node('bob'), hash)).state).toBe('absent');
});

test('the node died in the very moment of paying: stays held and unknown, for as long as it takes', async () => {
  await onlyAlice();
  const { id } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
  house.sandbox.setFaults('alice', { losePayment: true });
  await execute(world, id);
  await vi.waitFor(() => expect(house.sandbox.isRunning('alice')).toBe(false));
  await allUp();
  for (let i = 0; i < 5; i++) await world.recover(async () => true);
  expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', attempts: 1 });
  expect(await told(world, id)).toEqual(['payment_pending']);
  expect(await held(world, asha)).toBe(1_010_000n);
  // Only people end it; here, so that the next test begins with nothing held.
  const { finishFailed } = await import('../../src/flows/pay-finish.ts');
  await finishFailed(world, id, 'not_sent', 1, `admin:${asha.userId}`);
});

test('B11: a second invoice of the same payee and amount while one is pending names the pending one', async () => {
  const { id, hash } = await hold(house, asha, { amountMsat: 1_500_000n, hold: true }, world);
  await execute(world, id);
  const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_500_000n });
  expect(await pay.quote(house.world, { ...asha, raw })).toMatchObject({ twinId: id });
  await house.outside.settle(hash);
  await world.recover(isPaid(id));
  expect(await pay.quote(house.world, { ...asha, raw })).toMatchObject({ twinId: null, paidBefore: true });
  expect(await available(world, asha)).toBeGreaterThan(0n);
});

test('B14: paid by one node, its answer lost: what another node says of it changes nothing', async () => {
  await onlyAlice();
  const { id, hash, raw } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
  house.sandbox.setFaults('alice', { payment: 'sent' });
  const dying = mortal(world, { step: 5, what: 'dies before' });
  await execute(dying.world, id).catch(() => {});
  await vi.waitFor(async () => {
    expect((await house.outside.invoices()).find((each) => each.hash === hash)?.state).toBe('paid');
  });
  await allUp();
  await house.lightning.pause('alice');
  const bob = world.lightning.node('bob');
  const order = {
    invoice: decodeInvoice(raw, 'regtest'),
    amountMsat: 1_000_000n,
    feeCeilingMsat: 0n,
    refuseFromMs: Date.now() + 10_000,
    deadlineMs: 5_000,
  };
  // Its time-outs are twenty times shorter here, which a busy machine may miss.
  await vi.waitFor(async () => expect((await bob.check()).canPay).toBe(true), 10_000);
  // Bob's own word, had anybody asked him: final, and not about us.
  expect(await sendFrom(bob, order)).toMatchObject({ state: 'failed', reason: 'refused_by_payee' });
  world.clock.move(60_000);
  const asked = pursue(world, { id, attempts: 1 });
  await world.clock.sleep(20_000);
  expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', node: 'alice', attempts: 1 });
  expect(await held(world, asha)).toBe(1_010_000n);
  await house.lightning.resume('alice');
  await asked;
  await world.recover(isPaid(id));
  expect(await paymentOf(world, id)).toMatchObject({ node: 'alice', attempts: 1 });
});
