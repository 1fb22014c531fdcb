// A node is held against the ledger without reading its history again each time, and what was counted for good is right
// for good: counted once, by several workers at once, found when it is wrong, and not believed of a node that was put
// back. What is an hour old is old; the clock here is moved.
import { deletePayment } from 'lightning';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOf } from '../../sandbox/lnd/client.ts';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { adopt, bookListed, checkNode, checkNodes } from '../../src/flows/node-books.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { checkPromises } from '../../src/flows/promises.ts';
import { type NodeCount, nodeCounts, saveCount } from '../../src/infra/db/node-counts.ts';
import { resetCursor } from '../../src/infra/db/nodes.ts';
import type { Lnd } from '../../src/infra/lightning/wire.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { type MovableClock, movableClock } from '../support/flow-clock.ts';
import { ask, ended, hold, paymentOf, run } from '../support/flow-help.ts';
import { booksAreRight, creditFrom, type House, openHouse, type Person } from '../support/house.ts';

const HOUR_MS = 60 * 60_000;

let house: House;
let clock: MovableClock;
/** The house's worker on the moved clock. */
let later: WorkerWorld;
let owner: pg.Client;
let asha: Person;

async function open(isToAdopt: boolean): Promise<void> {
  house = await openHouse({ isToAdopt, environment: { LND_NODES: 'alice' } });
  clock = movableClock();
  later = { ...house.world, clock };
  owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
}
afterEach(async () => {
  await owner.end();
  await house.close();
});

const off = async (how?: 'anew') => (await checkNode(later, 'alice', how)).offMsat;
const counts = () => nodeCounts(house.world.db, 'alice');
const believed = async (): Promise<NodeCount> => {
  const [count] = await counts();
  if (!count) throw new Error('nothing is counted');
  return count;
};

async function received(sats: bigint): Promise<void> {
  const { id, request } = await house.invoice(asha, sats);
  expect(await house.outside.pay({ request })).toMatchObject({ state: 'paid' });
  await creditFrom(house.world, id);
}

async function paid(amountMsat = 1_000n): Promise<string> {
  const { id, hash } = await hold(house, asha, { amountMsat });
  expect(await run(house.world, id)).toMatchObject({ state: 'paid' });
  return hash;
}

/** What a run asks of the node: how many questions, after which number each list begins, and how much it is told. */
async function asking(world: WorkerWorld, act: (world: WorkerWorld) => Promise<unknown>) {
  const asked = { questions: 0, told: 0, lists: [] as { name: string; after: string | undefined }[] };
  const real = world.lightning.node('alice');
  const heard = (lnd: Lnd) =>
    new Proxy(lnd.default, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...given: unknown[]) => unknown;
        return (...given: [{ index_offset?: string }, unknown]) => {
          asked.lists.push({ name: String(name), after: given[0].index_offset });
          return method.apply(target, given);
        };
      },
    });
  const node: typeof real = {
    ...real,
    async ask(send) {
      asked.questions++;
      const answer = await real.ask((lnd, done) => send({ ...lnd, default: heard(lnd) }, done));
      const { invoices = [], payments = [] } = answer as { invoices?: unknown[]; payments?: unknown[] };
      asked.told += invoices.length + payments.length;
      return answer as never;
    },
  };
  await act({ ...world, lightning: { ...world.lightning, node: () => node } });
  return asked;
}

describe('a node whose movements are counted', () => {
  beforeEach(async () => {
    await open(false);
    asha = await house.person('asha', 50_000n);
  });

  test('is asked no more however long its history is', async () => {
    const move = async (times: number) => {
      for (let i = 0; i < times; i++) {
        await received(10n);
        await paid();
      }
    };
    await move(2);
    expect(await off()).toBe(0n);
    expect(await counts()).toEqual([]);
    clock.move(2 * HOUR_MS);
    expect(await off()).toBe(0n);
    const look = async () => {
      const { questions, told } = await asking(later, (world) => checkNode(world, 'alice'));
      return { questions, told };
    };
    const short = await look();
    await move(8);
    clock.move(2 * HOUR_MS);
    expect(await off()).toBe(0n);
    expect(await look()).toEqual(short);
    expect(short.told).toBe(0);
    const all = await asking(later, (world) => checkNode(world, 'alice', 'anew'));
    expect(all.told).toBeGreaterThan(20);
    await booksAreRight(house.world);
  });

  test('is asked for its last minutes and its last day by number, and not by time alone', async () => {
    /** After which number each list of a look begins. */
    const begins = async (slice: number) => {
      const { lists } = await asking(later, (world) => checkPromises(world, { slice, nodes: ['alice'] }));
      return ['listPayments', 'listInvoices'].map((name) => lists.find((each) => each.name === name)?.after);
    };
    await paid();
    await paid();
    expect(await begins(0)).toEqual(['0', '0']);
    clock.move(2 * HOUR_MS);
    await checkNodes(later);
    const { invoices, payments } = await believed();
    const counted = [payments, invoices].map(({ index }) => String(index));
    expect(counted).toEqual(['2', '1']);
    clock.move(HOUR_MS);
    await checkNodes(later);
    expect([await begins(1), await begins(0)]).toEqual([counted, ['0', '0']]);
    clock.move(27 * HOUR_MS);
    expect(await begins(0)).toEqual(counted);
    clock.move(4 * 24 * HOUR_MS);
    await checkNodes(later);
    expect(await ask(later, 'select at from node_marks')).toHaveLength(1);
  });

  test('is counted once by five workers at once, and never backwards', async () => {
    await paid();
    await received(10n);
    clock.move(2 * HOUR_MS);
    const looks = Array.from({ length: 5 }, () => checkNode(later, 'alice'));
    expect((await Promise.all(looks)).map(({ offMsat }) => offMsat)).toEqual([0n, 0n, 0n, 0n, 0n]);
    const [before] = await Promise.all([believed(), ...Array.from({ length: 5 }, () => checkNodes(later))]);
    expect(before.movedMsat).toBe(50_000_000n - 1_000n + 10_000n);
    expect((await believed()).movedMsat).toBe(before.movedMsat);
    // Whoever has slept meanwhile moves nothing any more.
    const [stale] = await counts();
    await received(10n);
    clock.move(2 * HOUR_MS);
    expect(await off()).toBe(0n);
    expect(stale && (await saveCount(house.world.db, { ...stale, movedMsat: 1n }))).toBe(false);
    for (const back of ['version', 'payment_index', 'invoice_index']) {
      const text = `update node_counts set version = version + 1, ${back} = ${back} - 1`;
      await expect(owner.query(back === 'version' ? 'update node_counts set version = 1' : text)).rejects.toThrow(
        'does not go back',
      );
    }
    expect(await off()).toBe(0n);
  });

  test('shows a sum that is wrong, wherever it is: in the ledger, in what is kept, in what the node has now', async () => {
    const first = await paid(2_000n);
    await paid(3_000n);
    await received(10n);
    clock.move(2 * HOUR_MS);
    expect(await off()).toBe(0n);
    // Kept wrong: seen at once, and right again when the node was read from the beginning.
    await owner.query('update node_counts set version = version + 1, moved_msat = moved_msat + 5');
    expect(await off()).toBe(5n);
    await checkNodes(later);
    expect(await off()).toBe(0n);
    // The node has lost what was counted long ago: nobody reads that each time, but the second count does.
    await deletePayment({ lnd: clientOf(house.sandbox.nodes.alice), id: first });
    expect(await off()).toBe(0n);
    await checkNodes(later);
    expect(await off()).toBe(2_000n);
    expect(await off('anew')).toBe(2_000n);
    // Not in the ledger at all, and old by the time it is looked at.
    const { request } = await house.outside.makeInvoice({ amountMsat: 7_000n });
    await new OutsideWallet(house.sandbox.nodes.alice, house.lightning.dir).pay({ request });
    clock.move(2 * HOUR_MS);
    expect([await off(), await off()]).toEqual([-5_000n, -5_000n]);
  });

  test.each(['settled', 'refused'] as const)(
    'has a payment in flight meanwhile: counted once when it is %s',
    async (end) => {
      const { id, hash } = await hold(house, asha, { amountMsat: 9_000n, hold: true });
      await execute(house.world, id);
      await vi.waitFor(async () => expect((await paymentOf(house.world, id)).state).toBe('sending'));
      await vi.waitFor(async () => {
        expect((await house.outside.invoices()).find((each) => each.hash === hash)?.state).toBe('held');
      });
      await paid();
      await paid();
      clock.move(1.5 * HOUR_MS);
      expect(await off()).toBe(0n);
      const waiting = await believed();
      // It waits in front of it, and counts what came later anew each time.
      expect(waiting.payments).toMatchObject({ open: [], last: null });
      clock.move(HOUR_MS);
      expect(await off()).toBe(0n);
      const passed = await believed();
      expect(passed.payments.open).toEqual([waiting.payments.index + 1n]);
      expect(passed.payments.index).toBe(waiting.payments.index + 3n);
      await (end === 'settled' ? house.outside.settle(hash) : house.outside.cancel(hash));
      expect((await ended(house.world, id)).state).toBe(end === 'settled' ? 'paid' : 'failed');
      await vi.waitFor(async () => expect(await off()).toBe(0n));
      const over = await believed();
      expect(over.payments).toMatchObject({ open: [], index: passed.payments.index });
      expect(over.movedMsat).toBe(passed.movedMsat - (end === 'settled' ? 9_000n : 0n));
      expect(await off()).toBe(0n);
      await checkNodes(later);
      expect((await believed()).movedMsat).toBe(over.movedMsat);
    },
  );

  test('has an invoice that nobody pays for days, and then somebody does: counted once', async () => {
    const { id, request } = await house.invoice(asha, 33n);
    await received(10n);
    clock.move(2 * HOUR_MS);
    expect(await off()).toBe(0n);
    const waiting = await believed();
    clock.move(4 * 24 * HOUR_MS);
    expect(await off()).toBe(0n);
    const passed = await believed();
    expect(passed.invoices.open).toEqual([waiting.invoices.index + 1n]);
    await house.outside.pay({ request });
    await creditFrom(house.world, id);
    expect([await off(), await off()]).toEqual([0n, 0n]);
    expect((await believed()).movedMsat).toBe(passed.movedMsat + 33_000n);
    await booksAreRight(house.world);
  });

  test('and is put back to an old copy, or begins to number anew: what was counted is not believed', async () => {
    const putBack = house.sandbox.keepInvoices('alice');
    await received(10n);
    clock.move(2 * HOUR_MS);
    expect(await off()).toBe(0n);
    putBack();
    expect(await off()).toBe(-10_000n);
    expect(house.lines.filter((line) => line.includes('does not know what was counted at it'))).toHaveLength(1);
    expect((await counts()).map(({ round }) => round)).toEqual([2]);
    await resetCursor(house.world.db, 'alice');
    expect(await counts()).toEqual([]);
    expect(await off()).toBe(-10_000n);
  });
});

test('what came before a node was adopted is counted by nobody; what was only begun before is', async () => {
  await open(true);
  const byHand = new OutsideWallet(house.sandbox.nodes.alice, house.lightning.dir);
  const mine = async (amountMsat: bigint) => (await byHand.makeInvoice({ amountMsat })).request;
  const late = await mine(4_000n);
  await house.outside.pay({ request: await mine(3_000n) });
  const { request } = await house.outside.makeInvoice({ amountMsat: 2_000n });
  await byHand.pay({ request });
  await adopt(house.world, 'alice');
  await house.outside.pay({ request: late });
  await bookListed(house.world, 'alice');
  clock.move(2 * HOUR_MS);
  expect([await off(), await off()]).toEqual([0n, 0n]);
  expect((await believed()).movedMsat).toBe(4_000n);
  await booksAreRight(house.world);
});
