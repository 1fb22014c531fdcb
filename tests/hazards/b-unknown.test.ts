// Payments whose outcome is not known: silence, lost answers, lookups that fail, dead workers, ends told again or
// differently. The sats stay held until LND itself names an end, and nothing is sent a second time.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Faults, NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import { execute, hear } from '../../src/flows/pay-execute.ts';
import { finishFailed, finishPaid } from '../../src/flows/pay-finish.ts';
import { sweepPayments } from '../../src/flows/reconcile.ts';
import { lookupPayment } from '../../src/infra/lightning/pay.ts';
import type { LightningPool } from '../../src/infra/lightning/pool.ts';
import { MISHAPS, mortal, type Survivor, survivor } from '../support/crash-world.ts';
import { nodesOf } from '../support/fleet-nodes.ts';
import { anotherWorker, type MovableWorld, movableClock } from '../support/flow-clock.ts';
import { ask, available, ended, held, hold, paymentOf, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { long } from './long.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let house: House;
let later: Survivor;
let asha: Person;
let hadMsat: bigint;

beforeAll(async () => {
  house = await openHouse();
  later = await survivor(house.world);
});
afterAll(async () => {
  await later.close();
  await house.close();
});
beforeEach(async () => {
  asha = await house.person(`asha${house.world.ids.next().slice(-6)}`, 50_000n);
  hadMsat = await available(house.world, asha);
});
afterEach(async () => {
  faults(NO_FAULTS);
  const { lightning } = house.world;
  await vi.waitFor(async () => {
    const looks = await Promise.all(lightning.names().map((name) => lightning.node(name).check()));
    expect(looks.map(({ state }) => state)).toEqual(['up', 'up']);
  }, 10_000);
  await booksAreRight(house.world);
  expect(await held(house.world, asha)).toBe(0n);
});

function faults(change: Partial<Faults>): void {
  for (const node of ['alice', 'bob']) house.sandbox.setFaults(node, change);
}

const spent = async () => hadMsat - (await available(house.world, asha));
const isEnded = (id: string) => async () => ['paid', 'failed'].includes((await paymentOf(house.world, id)).state);
const partsAtPayee = (hash: string) => nodesOf(house.lightning).partsAtPayee(hash);

/** How the hold of a payment ended, in the ledger: once. */
async function endsOfHold(id: string): Promise<unknown[]> {
  return ask(house.world, "select kind from transfers where pending_id = $1 and kind in ('post', 'void')", [id]);
}

const CHOICES = [
  ['settles', 'paid', 'post', 4_000_000n],
  ['cancels', 'failed', 'void', 0n],
] as const;

/** A payment that its payee holds, whose call was given up after its two minutes. */
async function givenUp(world: MovableWorld) {
  const { id, hash } = await hold(house, asha, { amountMsat: 4_000_000n, hold: true }, world);
  await execute(world, id);
  await vi.waitFor(() => {
    const lines = house.lines.filter((line) => line.includes('outcome unknown') && line.includes(id));
    expect(lines).not.toHaveLength(0);
  }, 8_000);
  return { id, hash };
}

/** So much time passes, with the sweep at work, and nothing may change. */
async function waits(world: MovableWorld, id: string, steps: number, stepMs: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    world.clock.move(stepMs);
    expect(await sweepPayments(world)).toBeGreaterThan(0);
    expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', attempts: 1 });
    expect(await held(world, asha)).toBe(4_040_000n);
  }
}

async function decides(world: MovableWorld, given: { id: string; hash: string; choice: 'settles' | 'cancels' }) {
  if (given.choice === 'settles') await house.outside.settle(given.hash);
  else await house.outside.cancel(given.hash);
  await vi.waitFor(async () => {
    world.clock.move(MINUTE_MS);
    await sweepPayments(world);
    expect(await isEnded(given.id)()).toBe(true);
  }, 8_000);
  return paymentOf(world, given.id);
}

test.each(CHOICES)('B1: held by the payee for ten minutes, the call given up; then it %s: %s, once', async (...row) => {
  const [choice, state, kind, costMsat] = row;
  const world = await anotherWorker(house.world, movableClock(400));
  const { id, hash } = await givenUp(world);
  await waits(world, id, 10, MINUTE_MS);
  expect(await decides(world, { id, hash, choice })).toMatchObject({ state });
  expect(await endsOfHold(id)).toEqual([{ kind }]);
  expect(await spent()).toBe(costMsat);
  await world.close();
});

test.each(CHOICES)('B8: held by the payee for 15 days, with nothing freed; then it %s: %s', async (...row) => {
  const [choice, state, kind, costMsat] = row;
  const world = await anotherWorker(house.world, movableClock(400));
  const { id, hash } = await givenUp(world);
  await waits(world, id, 15, DAY_MS);
  expect(await decides(world, { id, hash, choice })).toMatchObject({ state });
  expect(await endsOfHold(id)).toEqual([{ kind }]);
  expect(await spent()).toBe(costMsat);
  await world.close();
});

test('B3: paid, its answer lost, and every lookup fails for five minutes: stays held, and is not sent again', async () => {
  const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n });
  faults({ payment: 'sent' });
  // Slow to ask, so that the node is beyond asking before the first lookup.
  const slow = await anotherWorker(house.world, movableClock(0.2));
  const job = execute(slow, id);
  const isAtPayee = async () =>
    (await house.outside.invoices()).some((each) => each.hash === hash && each.state === 'paid');
  await vi.waitUntil(isAtPayee, { interval: 5, timeout: 5_000 });
  faults({ payment: null, starting: true });
  const world = await anotherWorker(house.world, movableClock(20));
  for (let seconds = 0; seconds < 300; seconds += 20) {
    world.clock.move(20_000);
    await sweepPayments(world);
    expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', attempts: 1 });
    expect(await held(world, asha)).toBe(1_010_000n);
  }
  faults(NO_FAULTS);
  await later.recover(isEnded(id));
  expect(await paymentOf(world, id)).toMatchObject({ state: 'paid', attempts: 1 });
  expect(await partsAtPayee(hash)).toBe(1);
  expect(await spent()).toBe(1_000_000n);
  // The slow one may be asking still: what it learns is known already.
  job.catch(() => {});
  await Promise.all([world.close(), slow.close()]);
});

/** Counts every payment sent from now on through these nodes. */
function countSends(pool: LightningPool): { sends: number } {
  const count = { sends: 0 };
  for (const name of pool.names()) {
    const node = pool.node(name) as { connection: ReturnType<LightningPool['node']>['connection'] };
    const real = node.connection.bind(node);
    node.connection = () => {
      const lnd = real();
      const sendPaymentV2: typeof lnd.router.sendPaymentV2 = (...given) => {
        count.sends++;
        return lnd.router.sendPaymentV2(...given);
      };
      const router = new Proxy(lnd.router, {
        get: (target, key) => (key === 'sendPaymentV2' ? sendPaymentV2 : Reflect.get(target, key, target)),
      });
      return { ...lnd, router };
    };
  }
  return count;
}

long('B6: a worker dead before the call sends once it is back, one dead in or after it only asks', async () => {
  const dies = await anotherWorker(house.world, movableClock(20));
  const [before, after] = [countSends(dies.lightning), countSends(later.lightning)];
  const seen = new Set<string>();
  for (const what of MISHAPS.filter((each) => each.startsWith('dies'))) {
    for (let step = 1, met = true; met; step++) {
      const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n }, dies);
      [before.sends, after.sends] = [0, 0];
      const dying = mortal(dies, { step, what });
      await execute(dying.world, id).catch(() => {});
      await vi.waitUntil(async () => dying.life.met || (await isEnded(id)()), 5_000);
      met = dying.life.met;
      const sentBefore = before.sends;
      await later.recover(isEnded(id));
      expect(await paymentOf(house.world, id)).toMatchObject({ state: 'paid' });
      expect([sentBefore, after.sends], `${what} step ${step}`).toEqual(sentBefore ? [1, 0] : [0, 1]);
      expect(await partsAtPayee(hash)).toBe(1);
      seen.add(sentBefore ? 'asked' : 'sent');
    }
  }
  expect(seen).toEqual(new Set(['asked', 'sent']));
  await dies.close();
});

test('B12: every end told three times in any order, by whoever may tell it: one end, one entry, one message', async () => {
  for (let round = 0; round < 8; round++) {
    const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n, hold: true }, later);
    await execute(later, id);
    await vi.waitFor(async () =>
      expect((await lookupPayment(later.lightning.node((await paymentOf(later, id)).node ?? ''), hash)).state).toBe(
        'unknown',
      ),
    );
    await house.outside.settle(hash);
    const row = await paymentOf(later, id);
    const node = row.node ?? '';
    const seen = await vi.waitFor(async () => {
      const found = await lookupPayment(later.lightning.node(node), hash);
      if (found.state !== 'paid') throw new Error(`still ${found.state}`);
      return found;
    });
    const events = [
      () => hear(house.world, hash),
      () => hear(later, hash),
      () => execute(later, id),
      () => finishPaid(house.world, { ...row, node }, seen, 'answer'),
      () => finishPaid(later, { ...row, node }, seen, 'lookup'),
    ];
    const shuffled = [...events, ...events, ...events].sort(() => Math.random() - 0.5);
    await Promise.all(shuffled.map((tell) => tell()));
    expect(await paymentOf(later, id)).toMatchObject({ state: 'paid', attempts: 1 });
    expect(await endsOfHold(id)).toEqual([{ kind: 'post' }]);
    expect((await told(later, id)).filter((each) => each !== 'payment_pending')).toEqual(['payment_paid']);
    expect(await spent()).toBe(BigInt(round + 1) * 1_000_000n);
  }
});

test('B12: paid, and then its node says failed: rings, and changes nothing', async () => {
  const { id } = await hold(house, asha, { amountMsat: 1_000_000n });
  await execute(house.world, id);
  expect(await ended(house.world, id)).toMatchObject({ state: 'paid', attempts: 1 });
  for (let time = 0; time < 2; time++) await finishFailed(house.world, id, 'no_route', 1, 'lookup');
  expect(await paymentOf(house.world, id)).toMatchObject({ state: 'paid', failure: null });
  expect(await endsOfHold(id)).toEqual([{ kind: 'post' }]);
  expect(await spent()).toBe(1_000_000n);
  const lines = house.lines.filter((line) => line.includes('was called failed by its node') && line.includes(id));
  expect(lines).toHaveLength(2);
  expect(await house.world.metrics.text()).toMatch(/satfleet_payments_total\{outcome="contradicted"\} 2/);
});
