// A node's books becoming ours while money moves through it: every movement is either in the capital or in the books,
// and the books agree with the node to the millisatoshi, whatever the clocks say.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { suspenseCode } from '../../src/domain/ledger.ts';
import { adopt, checkNode } from '../../src/flows/node-books.ts';
import { ask } from '../../src/flows/receive.ts';
import { create } from '../../src/flows/receive-node.ts';
import { accountId } from '../../src/infra/db/accounts.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import { nodeRows } from '../../src/infra/db/nodes.ts';
import { nodeBalances } from '../../src/infra/lightning/accounts.ts';
import { decodeInvoice } from '../../src/infra/lightning/decode.ts';
import { cancelInvoice } from '../../src/infra/lightning/invoices.ts';
import { watchNodes } from '../../workers/lightning-events.ts';
import { anotherWorker, movableClock } from '../support/flow-clock.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';

const NODES = ['alice', 'bob'] as const;
type Alias = (typeof NODES)[number];

let house: House;
/** Whoever used the nodes before us, and still does. */
let byHand: Record<Alias, OutsideWallet>;

beforeEach(async () => {
  house = await openHouse({ isToAdopt: true });
  const wallet = (alias: Alias) => new OutsideWallet(house.sandbox.nodes[alias], house.lightning.dir);
  byHand = { alice: wallet('alice'), bob: wallet('bob') };
});
afterEach(() => house.close());

async function receive(alias: Alias, amountMsat: bigint): Promise<void> {
  const { request } = await byHand[alias].makeInvoice({ amountMsat });
  expect(await house.outside.pay({ request })).toMatchObject({ state: 'paid' });
}

async function spend(alias: Alias, amountMsat: bigint): Promise<void> {
  const { request } = await house.outside.makeInvoice({ amountMsat });
  expect(await byHand[alias].pay({ request })).toMatchObject({ state: 'paid' });
}

async function parkedMsat(): Promise<bigint> {
  return (await balanceOf(house.world.db, await accountId(house.world.db, suspenseCode('BTC')))).postedMsat;
}

/** Somebody asks for 1,000 sats; `create` is the job that follows. */
async function asked(userId: string): Promise<string> {
  return (await ask(house.world, { userId, amountMsat: 1_000_000n })).id;
}

describe('a node that is configured and not adopted', () => {
  test('takes no invoice and no payment; both wait, and are made as soon as its books are ours', async () => {
    const { world } = house;
    const asha = await house.person('asha');
    const id = await asked(asha.userId);
    await expect(create(world, id)).rejects.toMatchObject({
      what: 'lightning node',
      cause: { message: 'no node is adopted: run "npm run adopt -- <node>"' },
    });
    expect(() => world.lightning.forPayment(1n)).toThrow('lightning node is not available');
    expect((await findInvoiceRow(world.db, id))?.state).toBe('asked');
    for (const name of NODES) {
      expect(house.lines.some((line) => line.includes('not adopted') && line.includes(name))).toBe(true);
    }
    await adopt(world, 'alice');
    await create(world, id);
    expect(await findInvoiceRow(world.db, id)).toMatchObject({ state: 'open', node: 'alice' });
    for (let i = 0; i < 50; i++) {
      expect([world.lightning.forInvoice().name, world.lightning.forPayment(1n).name]).toEqual(['alice', 'alice']);
    }
    // What went through it before is asked and cancelled as ever.
    const { request } = await byHand.bob.makeInvoice({ amountMsat: 1_000n });
    const { paymentHash } = decodeInvoice(request, world.lightning.node('bob').network);
    expect(await cancelInvoice(world.lightning.node('bob'), paymentHash)).toBe('canceled');
  });

  test('gets work from every worker that runs, within seconds of its adoption by another process', async () => {
    const running = await anotherWorker(house.world);
    const stop = watchNodes(running);
    try {
      expect(() => running.lightning.forInvoice()).toThrow('lightning node is not available');
      await adopt(house.world, 'alice');
      await vi.waitFor(() => expect(running.lightning.forInvoice().name).toBe('alice'), 6_000);
    } finally {
      stop();
      await running.close();
    }
    const begun = await anotherWorker(house.world);
    expect(begun.lightning.forPayment(1n).name).toBe('alice');
    await begun.close();
  });
});

describe('a node is adopted', () => {
  test('while money comes in without a pause: each payment is on one side, at a node paid before and at a new one', async () => {
    await receive('alice', 1_000n);
    const before = { alice: await nodeBalances(house.world.lightning.node('alice')) };
    let isOver = false;
    let totalMsat = 1_000n;
    const pouring = NODES.map(async (alias) => {
      for (let amountMsat = 2_001n; !isOver; amountMsat += 1_000n) {
        await receive(alias, amountMsat);
        totalMsat += amountMsat;
      }
    });
    const stop = watchNodes(house.world);
    try {
      await house.world.clock.sleep(100);
      const capitals = await Promise.all(NODES.map((name) => adopt(house.world, name)));
      expect(capitals.every((each) => each !== undefined && each > before.alice.localMsat / 2n)).toBe(true);
      await house.world.clock.sleep(500);
      isOver = true;
      await Promise.all(pouring);
      // A node found at the next look; its stream, and the last of its looks.
      await vi.waitFor(() => booksAreRight(house.world), { timeout: 15_000, interval: 200 });
    } finally {
      isOver = true;
      stop();
    }
    const parked = await parkedMsat();
    expect(parked).toBeGreaterThan(0n);
    expect(parked).toBeLessThan(totalMsat);
  });

  test.each([-3_600_000, 0, 3_600_000])('right after money moved both ways, our clock %d ms off', async (offMs) => {
    const clock = movableClock();
    clock.move(offMs);
    const world = { ...house.world, clock };
    await receive('alice', 5_000n);
    await spend('alice', 3_000n);
    await adopt(world, 'alice');
    await adopt(world, 'bob');
    await booksAreRight(house.world);
    const stop = watchNodes(house.world);
    try {
      await receive('alice', 7_000n);
      await receive('bob', 9_000n);
      await vi.waitFor(async () => expect(await parkedMsat()).toBe(16_000n), 5_000);
    } finally {
      stop();
    }
    await booksAreRight(house.world);
  });

  test('that was never paid before, and paid by hand before its stream is joined: booked', async () => {
    house.sandbox.setFaults('bob', { joinLateMs: 2_000 });
    for (const name of NODES) await adopt(house.world, name);
    const stop = watchNodes(house.world);
    try {
      await house.world.clock.sleep(700);
      await receive('bob', 9_000n);
      await vi.waitFor(async () => expect(await parkedMsat()).toBe(9_000n), 6_000);
    } finally {
      stop();
    }
    await booksAreRight(house.world);
  });

  test('while a payment made by hand is held: its later end is not ours', async () => {
    const { request, hash } = await house.outside.makeInvoice({ amountMsat: 50_000n, hold: true });
    const paying = byHand.alice.pay({ request });
    await vi.waitFor(async () => {
      const held = (await house.outside.invoices()).find((each) => each.hash === hash);
      expect(held?.state).toBe('held');
    });
    for (const name of NODES) await adopt(house.world, name);
    await house.outside.settle(hash);
    await paying;
    await booksAreRight(house.world);
  });

  test('once, whoever asks and however often; a payment after it that is not ours shows', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => adopt(house.world, 'alice')));
    expect(results.filter((each) => each !== undefined)).toHaveLength(1);
    expect(await nodeRows(house.world.db)).toHaveLength(1);
    await spend('alice', 3_000n);
    expect(await checkNode(house.world, 'alice')).toMatchObject({ offMsat: -3_000n });
  });
});
