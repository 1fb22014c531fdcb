// What a payment may cost: the ceiling is held, the real fee is charged to the millisatoshi, and a way that costs more
// is not taken. Alice's own channel to the payee is nearly empty, so that the way leads over bob, who takes his fee.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { checkNode, solvency } from '../../src/flows/node-books.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import * as send from '../../src/flows/send.ts';
import { anotherWorker, type MovableWorld, movableClock } from '../support/flow-clock.ts';
import { available, ended, held, run } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

const BY_HAND_MSAT = 150_000_000n;
let house: House;
let world: MovableWorld;
let asha: Person;

beforeAll(async () => {
  house = await openHouse({ capacitySats: 400_000n });
  const worker = await anotherWorker(house.world, movableClock(20));
  const alice = worker.lightning.node('alice');
  world = { ...worker, lightning: { ...worker.lightning, forPayment: () => alice } };
  await house.lightning.kill('alice');
  await house.world.lightning.node('alice').check();
  asha = await house.person('asha', 180_000n);
  await house.lightning.start('alice');
  const { request } = await house.outside.makeInvoice({ amountMsat: BY_HAND_MSAT });
  await new OutsideWallet(house.sandbox.nodes.alice, house.lightning.dir).pay({ request });
  for (const each of [house.world, world]) {
    for (const node of each.lightning.names()) await each.lightning.node(node).check();
  }
});
afterEach(() => house.sandbox.setFaults('bob', NO_FAULTS));
afterAll(async () => {
  await world.close();
  await house.close();
});

const quote = async (amountMsat: bigint) => {
  const { request: raw } = await house.outside.makeInvoice({ amountMsat });
  return pay.quote(world, { ...asha, raw });
};

test('a payment made by hand at a node shows in its books, and in nothing else', async () => {
  expect(await checkNode(house.world, 'alice')).toMatchObject({ offMsat: -BY_HAND_MSAT });
  await booksAreRight(house.world, ['bob']);
});

test('the way with a fee is charged as it is, and what is left of the ceiling comes back', async () => {
  const before = await available(world, asha);
  const draft = await quote(80_000_000n);
  await pay.start(world, draft);
  expect(await held(world, asha)).toBe(80_800_000n);
  const row = await run(world, draft.id);
  expect(row).toMatchObject({ state: 'paid', node: 'alice' });
  expect(row.feeMsat).toBeGreaterThan(0n);
  expect(row.feeMsat).toBeLessThan(row.feeCeilingMsat);
  expect(before - (await available(world, asha))).toBe(80_000_000n + (row.feeMsat ?? 0n));
  expect(await held(world, asha)).toBe(0n);
  expect(await checkNode(house.world, 'alice')).toMatchObject({ offMsat: -BY_HAND_MSAT });
});

test('a way above the ceiling is not taken, and nothing is charged', async () => {
  const before = await available(world, asha);
  const draft = await quote(60_000_000n);
  await pay.start(world, { ...draft, feeCeilingMsat: '0' });
  expect(await run(world, draft.id)).toMatchObject({ state: 'failed', failure: 'no_route' });
  expect(await available(world, asha)).toBe(before);
});

test('what all nodes hold, less what we owe, is what is over', async () => {
  const { heldMsat, owedMsat, overMsat } = await solvency(house.world);
  expect(owedMsat).toBe(await available(world, asha));
  expect(overMsat).toBe(heldMsat - owedMsat);
  expect(overMsat).toBeGreaterThan(0n);
});

/** More than alice's own channel to carol can send. */
const LARGE_MSAT = 80_000_000n;

async function begin(amountMsat: bigint, more: { hold?: boolean } = {}) {
  const { request: raw, hash } = await house.outside.makeInvoice({ amountMsat, ...more });
  const draft = await pay.quote(world, { ...asha, raw });
  await pay.start(world, draft);
  return { ...draft, hash };
}

test('C1: a hop that asks for 999,000 ppm: the payment is not made, and nothing is charged', async () => {
  const before = await available(world, asha);
  house.sandbox.setFaults('bob', { feePpm: 999_000 });
  const { id } = await begin(LARGE_MSAT);
  expect(await held(world, asha)).toBe(LARGE_MSAT + 800_000n);
  expect(await run(world, id)).toMatchObject({ state: 'failed', failure: 'no_route', feeMsat: null });
  expect(await available(world, asha)).toBe(before);
});

test('C5: a way that costs half of the amount: the card still says 1 %, and it is not taken', async () => {
  house.sandbox.setFaults('bob', { feePpm: 500_000 });
  const { id, feeCeilingMsat } = await begin(LARGE_MSAT);
  expect(BigInt(feeCeilingMsat)).toBe(LARGE_MSAT / 100n);
  expect(await run(world, id)).toMatchObject({ state: 'failed', failure: 'no_route' });
});

test('C4: two held payments, the balance drained between them, and both settle at nearly the highest fee', async () => {
  const before = await available(world, asha);
  house.sandbox.setFaults('bob', { feePpm: 9_900 });
  const two = [await begin(45_000_000n, { hold: true }), await begin(45_000_000n, { hold: true })];
  for (const each of two) {
    await execute(world, each.id);
    await isHeld(each.hash);
  }
  const left = await available(world, asha);
  const sink = await house.person('sink');
  const all = { ...asha, fromName: asha.name, channel: 'telegram', to: { username: 'sink' }, amountMsat: left };
  await send.start(world, await send.quote(world, all));
  expect(await available(world, asha)).toBe(0n);
  for (const each of two) await house.outside.settle(each.hash);
  const rows = await Promise.all(two.map(({ id }) => ended(world, id)));
  expect(rows.map(({ state }) => state)).toEqual(['paid', 'paid']);
  for (const row of rows) {
    expect(row.feeMsat).toBeGreaterThan((row.feeCeilingMsat * 9n) / 10n);
    expect(row.feeMsat).toBeLessThanOrEqual(row.feeCeilingMsat);
  }
  const spent = rows.reduce((sum, row) => sum + row.amountMsat + (row.feeMsat ?? 0n), 0n);
  expect(await available(world, asha)).toBe(before - left - spent);
  expect(await available(world, asha)).toBeGreaterThanOrEqual(0n);
  expect(await held(world, asha)).toBe(0n);
  expect(await available(world, sink)).toBe(left);
});

async function isHeld(hash: string): Promise<void> {
  await vi.waitFor(async () => {
    expect((await house.outside.invoices()).find((each) => each.hash === hash)?.state).toBe('held');
  });
}
