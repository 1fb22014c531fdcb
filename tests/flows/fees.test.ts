// What a payment may cost: the ceiling is held, the real fee is charged to the millisatoshi, and a way that costs more
// is not taken. Alice's own channel to the payee is nearly empty, so that the way leads over bob, who takes his fee.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { feeCeiling } from '../../src/domain/fees.ts';
import { ceilSat, floorSat, satToMsat } from '../../src/domain/money.ts';
import { checkNode, solvency } from '../../src/flows/node-books.ts';
import * as pay from '../../src/flows/pay.ts';
import { anotherWorker, type MovableWorld, movableClock } from '../support/flow-clock.ts';
import { available, held, run } from '../support/flow-help.ts';
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

test('the ceiling rises with the amount and covers small ones', () => {
  let last = 0n;
  for (const amountMsat of [1n, 999_999n, 1_000_000n, 1_000_001n, 123_456_789n, 10n ** 10n]) {
    const ceiling = feeCeiling(amountMsat);
    expect(ceiling).toBeGreaterThanOrEqual(last);
    expect(ceiling % 1_000n).toBe(0n);
    expect(ceiling * 100n).toBeGreaterThanOrEqual(amountMsat);
    last = ceiling;
  }
  expect(feeCeiling(1n)).toBe(10_000n);
});

test('what is shown never exceeds the truth: what one has is cut, what one pays is rounded up', () => {
  expect([floorSat(1_999n), ceilSat(1_001n), ceilSat(1_000n), floorSat(0n), satToMsat(7n)]).toEqual([
    1n,
    2n,
    1n,
    0n,
    7_000n,
  ]);
  expect(() => floorSat(-1n)).toThrow(RangeError);
  expect(() => ceilSat(-1n)).toThrow(RangeError);
});

test('what all nodes hold, less what we owe, is what is over', async () => {
  const { heldMsat, owedMsat, overMsat } = await solvency(house.world);
  expect(owedMsat).toBe(await available(world, asha));
  expect(overMsat).toBe(heldMsat - owedMsat);
  expect(overMsat).toBeGreaterThan(0n);
});
