// Bringing the books to what the nodes know, step by step: what a node did that no row explains is held apart under its
// hash, once; a row that says less than a node knows is mended; and nothing is believed of a node that cannot know.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { suspenseCode } from '../../src/domain/ledger.ts';
import * as receive from '../../src/flows/receive.ts';
import { secretOf } from '../../src/flows/receive-node.ts';
import { recover } from '../../src/flows/recover.ts';
import { accountId } from '../../src/infra/db/accounts.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import { databaseLife } from '../../src/infra/db/life.ts';
import { createInvoice } from '../../src/infra/lightning/invoices.ts';
import { beat, leave } from '../../src/infra/redis/instances.ts';
import { ask, available, ended, held, hold, paymentOf } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let house: House;
let asha: Person;
/** Somebody at the node's own command line. */
let byHand: OutsideWallet;

beforeEach(async () => {
  redis = await startRedis();
  house = await openHouse({ redis });
  byHand = new OutsideWallet(house.sandbox.nodes.alice, house.lightning.dir);
  asha = await house.person('asha', 100_000n);
});
afterEach(async () => {
  await house.close();
  await redis.kill();
});

async function suspenseMsat(): Promise<bigint> {
  return (await balanceOf(house.world.db, await accountId(house.world.db, suspenseCode('BTC')))).postedMsat;
}

/** As after a restore: the server says that it is another than the one the row names. */
const becomeAnother = () => ask(house.world, "update database_life set life = 'of another time'");

test('the database we know: what a node did by hand is named and held apart, however often this runs', async () => {
  const { world, outside } = house;
  const into = await byHand.makeInvoice({ amountMsat: 600_000n });
  await outside.pay({ request: into.request });
  const out = await outside.makeInvoice({ amountMsat: 40_000n });
  const paid = await byHand.pay({ request: out.request });
  if (paid.state !== 'paid') throw new Error('the payment by hand was not paid');
  const waiting = await outside.makeInvoice({ amountMsat: 5_000n, hold: true });
  expect((await byHand.pay({ request: waiting.request, waitMs: 500 })).state).toBe('in_flight');

  const outMsat = 40_000n + BigInt(paid.feeMsat);
  const named = [
    { node: 'alice', direction: 'in', paymentHash: into.hash, amountMsat: 600_000n },
    { node: 'alice', direction: 'out', paymentHash: out.hash, amountMsat: outMsat },
  ];
  for (const _ of ['once', 'and again']) {
    const found = await recover(world);
    expect(found).toMatchObject({ isAnother: false, pinned: 0, found: 0, unexplained: named });
    expect(found.open).toEqual([expect.objectContaining({ direction: 'out', paymentHash: waiting.hash })]);
    expect(await suspenseMsat()).toBe(600_000n - outMsat);
  }
  await outside.settle(waiting.hash);
  await vi.waitFor(async () => expect((await recover(world)).open).toEqual([]), { timeout: 5_000, interval: 50 });
  expect(await suspenseMsat()).toBeLessThanOrEqual(600_000n - outMsat - 5_000n);
  expect(await available(world, asha)).toBe(100_000_000n);
  await booksAreRight(world);
});

test('another database: a held payment is the node’s that has it, an asked invoice the node’s that made it', async () => {
  const { world, outside } = house;
  const paid = await hold(house, asha, { amountMsat: 2_000_000n });
  expect((await byHand.pay({ request: paid.raw })).state).toBe('paid');
  const neverSent = await hold(house, asha, { amountMsat: 3_000_000n });
  const { id } = await receive.ask(world, { userId: asha.userId, amountMsat: 700_000n });
  const asked = await findInvoiceRow(world.db, id);
  await createInvoice(world.lightning.node('bob'), {
    secret: secretOf(world, id, 'bob'),
    amountMsat: 700_000n,
    expiresAtMs: asked?.expiresAtMs ?? 0,
  });
  await becomeAnother();
  await world.sessions.set('session:{telegram:1}', 'names the account of somebody else');
  await beat(world.sessions, 'bot-left-behind');
  await expect(recover(world)).rejects.toThrow('bot-left-behind still run');
  await leave(world.sessions, 'bot-left-behind');

  expect(await recover(world)).toEqual({ isAnother: true, pinned: 1, found: 1, unexplained: [], open: [] });
  expect(await ended(world, paid.id)).toMatchObject({ state: 'paid', node: 'alice' });
  expect(await paymentOf(world, neverSent.id)).toMatchObject({ state: 'held', node: null });
  expect(await findInvoiceRow(world.db, id)).toMatchObject({ state: 'open', node: 'bob' });
  expect(await world.sessions.dbsize()).toBe(0);
  const life = await databaseLife(world.db);
  expect(life.known).toBe(life.present);
  // What it made is paid as ever.
  const request = String((await findInvoiceRow(world.db, id))?.request);
  expect((await outside.pay({ request })).state).toBe('paid');
  await recover(world);
  expect(await available(world, asha)).toBe(100_700_000n - 2_000_000n - (await feesMsat()) - (await held(world, asha)));
  await booksAreRight(world);
});

async function feesMsat(): Promise<bigint> {
  const [row] = await ask<{ fee: bigint }>(
    house.world,
    "select sum(fee_msat)::bigint as fee from payments where state = 'paid'",
  );
  return row?.fee ?? 0n;
}

test('a node that will never answer again keeps what it may have been given; one that cannot know is not believed', async () => {
  const { world } = house;
  const { id } = await hold(house, asha, { amountMsat: 2_000_000n });
  await becomeAnother();
  await house.lightning.kill('bob');
  await expect(recover(world)).rejects.toThrow('lightning node bob');
  expect(await paymentOf(world, id)).toMatchObject({ state: 'held', node: null });
  expect(await recover(world, ['bob'])).toMatchObject({ isAnother: true, pinned: 1 });
  expect(await paymentOf(world, id)).toMatchObject({ node: 'bob' });
  expect(await held(world, asha)).toBe(2_020_000n);
  await house.lightning.start('bob');

  const [row] = await ask<{ key: string }>(world, "select public_key as key from lightning_nodes where name = 'alice'");
  await ask(world, "update lightning_nodes set public_key = $1 where name = 'alice'", [`02${'ab'.repeat(32)}`]);
  await expect(recover(world, ['bob'])).rejects.toThrow('alice has another key than when it was adopted');
  await ask(world, "update lightning_nodes set public_key = $1 where name = 'alice'", [row?.key]);
  const without = { ...world, lightning: { ...world.lightning, names: () => ['bob'] } };
  await expect(recover(without)).rejects.toThrow('lightning node alice');
  await booksAreRight(world, ['alice']);
});
