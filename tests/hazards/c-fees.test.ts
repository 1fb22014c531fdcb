// Fees: what a payment did cost is passed on to the millisatoshi, so that there is nothing to earn from us, and rounding
// always goes the same way. Bob stands for an attacker's node. What a hostile way cannot take is in tests/flows/fees.
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { feeCeiling } from '../../src/domain/fees.ts';
import { ceilSat, floorSat, satToMsat } from '../../src/domain/money.ts';
import { checkNode } from '../../src/flows/node-books.ts';
import * as pay from '../../src/flows/pay.ts';
import * as receive from '../../src/flows/receive.ts';
import { create } from '../../src/flows/receive-node.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { nodeBalances } from '../../src/infra/lightning/accounts.ts';
import { anotherWorker, type MovableWorld, movableClock } from '../support/flow-clock.ts';
import { available, run } from '../support/flow-help.ts';
import { creditFrom, type House, openHouse, type Person } from '../support/house.ts';
import { long } from './long.ts';

/** More than alice's own channel to carol can send, before, or receive, after: so half of it goes over bob. */
const LARGE_MSAT = 300_000_000n;
/** Taken out of that channel by hand, for this balance. */
const BY_HAND_MSAT = 65_000_000n;
/** Nearly all of 1 % of the whole, for the half of it that bob hands on. */
const GREEDY_PPM = 19_000;
/** So little that a thousand fees do not shift the channels' balances and with them the way. */
const MODEST_PPM = 60;

let house: House;
let world: MovableWorld;
let asha: Person;

beforeAll(async () => {
  house = await openHouse({ capacitySats: 400_000n });
  const worker = await anotherWorker(house.world, movableClock(20));
  const alice = worker.lightning.node('alice');
  world = { ...worker, lightning: { ...worker.lightning, forPayment: () => alice, forInvoice: () => alice } };
  asha = await house.person('asha');
  await deposit(LARGE_MSAT + 10_000_000n);
  const { request } = await house.outside.makeInvoice({ amountMsat: BY_HAND_MSAT });
  await new OutsideWallet(house.sandbox.nodes.alice, house.lightning.dir).pay({ request });
});
afterEach(async () => {
  house.sandbox.setFaults('bob', NO_FAULTS);
  // Alice has exactly what the ledger says, but for that.
  expect(await checkNode(house.world, 'alice')).toMatchObject({ offMsat: -BY_HAND_MSAT });
});
afterAll(async () => {
  await world.close();
  await house.close();
});

/** Sats from carol, to alice. */
async function deposit(amountMsat: bigint): Promise<void> {
  const { id } = await receive.ask(world, { userId: asha.userId, amountMsat });
  await create(world, id);
  const row = await findInvoiceRow(world.db, id);
  expect(await house.outside.pay({ request: row?.request ?? '' })).toMatchObject({ state: 'paid' });
  await creditFrom(world, id);
}

async function start(amountMsat: bigint): Promise<pay.PayDraft> {
  const { request: raw } = await house.outside.makeInvoice({ amountMsat });
  const draft = await pay.quote(world, { ...asha, raw });
  await pay.start(world, draft);
  return draft;
}

/** What alice, all that is ours in this story, has gained after deposits and withdrawals through somebody's greedy node. */
async function siphon(loops: number, feePpm: number): Promise<void> {
  const localMsat = async () => {
    let last = -1n;
    await vi.waitFor(async () => {
      const { localMsat: now, unsettledMsat } = await nodeBalances(world.lightning.node('alice'));
      const isQuiet = unsettledMsat === 0n && now === last;
      last = now;
      expect(isQuiet).toBe(true);
    });
    return last;
  };
  let taken = 0n;
  const [ours, theirs] = [await localMsat(), await available(world, asha)];
  for (let loop = 0; loop < loops; loop++) {
    house.sandbox.setFaults('bob', { feePpm });
    const { id } = await start(LARGE_MSAT);
    const { state, feeMsat } = await run(world, id);
    expect(state).toBe('paid');
    taken += feeMsat ?? 0n;
    // The attacker pays nothing to its own node on the way back.
    house.sandbox.setFaults('bob', { feePpm: 0 });
    await deposit(LARGE_MSAT + (feeMsat ?? 0n));
  }
  // Half of each goes over bob, and one sat for each part.
  expect(taken).toBeGreaterThanOrEqual((BigInt(loops * feePpm) * LARGE_MSAT) / 2_000_000n);
  const net = (await localMsat()) - ours - ((await available(world, asha)) - theirs);
  expect(net).toBe(0n);
}

test('C3: five rounds of deposit and withdrawal through an attacker\u2019s node cost us nothing', () =>
  siphon(5, GREEDY_PPM));

long(
  'C3: a thousand rounds of deposit and withdrawal through an attacker\u2019s node cost us nothing',
  () => siphon(1_000, MODEST_PPM),
  900_000,
);

const MOST_MSAT = 10n ** 12n;

test('C6: the fee ceiling of every amount is whole sats, never below 1 % nor falling, and never less than what is asked', () => {
  const amount = fc.bigInt({ min: 1n, max: MOST_MSAT });
  fc.assert(
    fc.property(amount, amount, (one, other) => {
      const [less, more] = one < other ? [one, other] : [other, one];
      const [low, high] = [feeCeiling(less), feeCeiling(more)];
      expect(low).toBeGreaterThan(0n);
      expect(low % 1_000n).toBe(0n);
      expect(low * 100n).toBeGreaterThanOrEqual(less);
      expect(high).toBeGreaterThanOrEqual(low);
    }),
    { numRuns: 10_000 },
  );
  for (let msat = 1n; msat <= 5_000_000n; msat += 997n) expect(feeCeiling(msat) * 100n).toBeGreaterThanOrEqual(msat);
  expect(feeCeiling(1n)).toBe(10_000n);
});

test('C6: what one has is cut, what one pays is rounded up, and between two people here nothing is held for a fee', async () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: MOST_MSAT }), (msat) => {
      expect(satToMsat(floorSat(msat))).toBeLessThanOrEqual(msat);
      expect(satToMsat(ceilSat(msat))).toBeGreaterThanOrEqual(msat);
      expect(ceilSat(msat) - floorSat(msat)).toBe(msat % 1_000n === 0n ? 0n : 1n);
    }),
  );
  expect(() => floorSat(-1n)).toThrow(RangeError);
  expect(() => ceilSat(-1n)).toThrow(RangeError);
  const payee = await house.person('payee');
  const { request: raw } = await house.invoice(payee, 5n);
  expect(await pay.quote(world, { ...asha, raw })).toMatchObject({ feeCeilingMsat: '0', amountMsat: '5000' });
});
