// The restore drill: a house with money moving in and out loses its database, gets it back as it was some minutes before,
// and the Lightning nodes have moved on. Nothing is sent again that was sent, nothing credited twice, and what no row
// explains is held apart under its hash; then the books agree with every node to the millisatoshi.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { v7 } from 'uuid';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { takeBase } from '../../scripts/backup/base.ts';
import { ROOT } from '../../scripts/root.ts';
import { loadConfig } from '../../src/base/config.ts';
import { suspenseCode } from '../../src/domain/ledger.ts';
import { refuseAnotherDatabase } from '../../src/flows/life.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import * as receive from '../../src/flows/receive.ts';
import * as receiveNode from '../../src/flows/receive-node.ts';
import { recover } from '../../src/flows/recover.ts';
import { accountId } from '../../src/infra/db/accounts.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import { allPayments } from '../../src/infra/lightning/accounts.ts';
import { beat, leave } from '../../src/infra/redis/instances.ts';
import { makeWorld, type WorkerWorld, type World, withLightning } from '../../src/world.ts';
import { survivor } from '../support/crash-world.ts';
import { ask, available, hold, paymentOf, run } from '../support/flow-help.ts';
import { booksAreRight, creditFrom, type House, openHouse, type Person } from '../support/house.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type ArchivingServer, startArchiving } from './server.ts';

const SAT = 1_000n;
/** As `SELECT uuidv7()` gives one: of a month whose books are open. */
const SETTLEMENT = v7();
let server: ArchivingServer;
let redis: TestRedis;
let house: House;
let ann: Person;
let ben: Person;

beforeAll(async () => {
  [server, redis] = await Promise.all([startArchiving(), startRedis()]);
  house = await openHouse({ database: server.database, redis });
  ann = await house.person('ann', 400_000n);
  ben = await house.person('ben', 50_000n);
  await takeBase(server.adminUrl, server.place);
});

afterAll(async () => {
  await house.close();
  await redis.kill();
});

/** What happens before and after the moment, and what an operator cannot know of it afterwards. */
async function live() {
  const { world, outside } = house;
  const start = (sats: bigint, wish = {}) => hold(house, ann, { amountMsat: sats * SAT, ...wish });
  const paidBefore = await start(1_000n);
  await run(world, paidBefore.id);
  // At the moment: held, and after it paid; held, and after it under way; held, and never sent.
  const [paidAfter, outAfter, neverSent] = [
    await start(2_000n),
    await start(3_000n, { hold: true }),
    await start(4_000n),
  ];
  // At the moment: under way, and after it paid; under way, and after it refused.
  const [settled, refused] = [await start(5_000n, { hold: true }), await start(6_000n, { hold: true })];
  for (const { id, hash } of [settled, refused]) await underWay(world, id, hash);
  const open = await house.invoice(ben, 700n);
  const asked = await receive.ask(world, { userId: ben.userId, amountMsat: 800n * SAT });
  const moment = await server.moment();
  await new Promise((resolve) => setTimeout(resolve, 50));

  await run(world, paidAfter.id);
  await underWay(world, outAfter.id, outAfter.hash);
  await outside.settle(settled.hash);
  await outside.cancel(refused.hash);
  const forgottenOut = await start(9_000n);
  await run(world, forgottenOut.id);
  const forgottenUnderWay = await start(9_500n, { hold: true });
  await underWay(world, forgottenUnderWay.id, forgottenUnderWay.hash);
  await pay(open.request);
  await creditFrom(world, open.id);
  await receiveNode.create(world, asked.id);
  await pay(String((await findInvoiceRow(world.db, asked.id))?.request));
  const forgottenIn = await house.invoice(ben, 600n);
  await pay(forgottenIn.request);
  await creditFrom(world, forgottenIn.id);
  const forgottenOpen = await house.invoice(ben, 500n);
  const nodes = new Map<string, string | null>();
  for (const { id } of [paidAfter, outAfter, forgottenOut]) nodes.set(id, (await paymentOf(world, id)).node);
  const payments = { paidBefore, paidAfter, outAfter, neverSent, settled, refused, forgottenOut, forgottenUnderWay };
  return { moment, nodes, payments, invoices: { open, asked, forgottenIn, forgottenOpen } };
}

async function underWay(world: WorkerWorld, id: string, hash: string): Promise<void> {
  await execute(world, id);
  await vi.waitFor(async () => {
    const found = (await house.outside.invoices()).find((invoice) => invoice.hash === hash);
    expect(found?.state).toBe('held');
  });
}

async function pay(request: string): Promise<void> {
  expect((await house.outside.pay({ request })).state).toBe('paid');
}

type Started = Record<string, { id: string; hash: string }>;

/** A worker that starts now works until every payment named is in its state. */
async function workUntil(world: WorkerWorld, payments: Started, states: Record<string, string>): Promise<void> {
  const worker = await survivor(world);
  const isAs = async ([name, state]: [string, string]) =>
    (await paymentOf(world, payments[name]?.id ?? '')).state === state;
  await worker.recover(async () => (await Promise.all(Object.entries(states).map(isAs))).every(Boolean));
  await worker.close();
}

async function suspense(world: World): Promise<bigint> {
  return (await balanceOf(world.db, await accountId(world.db, suspenseCode('BTC')))).postedMsat;
}

/** Nobody works on it before the nodes were asked, and nobody asks while somebody works. */
async function nobodyWorks(world: WorkerWorld): Promise<void> {
  await expect(refuseAnotherDatabase(world)).rejects.toThrow('Run "npm run recover"');
  await beat(world.sessions, 'bot-left-behind');
  await expect(recover(world)).rejects.toThrow('bot-left-behind still run');
  await leave(world.sessions, 'bot-left-behind');
  await world.sessions.set('session:{telegram:1}', 'names the account of somebody else');
}

test('E10: restored to a moment the nodes are past: nothing is sent, given back or credited twice, the rest is held by name', async () => {
  const { moment, nodes, payments, invoices } = await live();
  await server.ship();
  // Its processes go on for a while without a database, as they would.
  await server.goBackTo(moment);

  const base = await makeWorld('worker', loadConfig('worker', house.environment), () => {});
  const world = await withLightning(base, () => {});
  try {
    expect((await paymentOf(world, payments.paidAfter.id)).state).toBe('held');
    await nobodyWorks(world);
    const words = await command();
    // But for what the command itself has found out since, nothing is left.
    expect((await world.sessions.keys('*')).filter((key) => !key.startsWith('found:'))).toEqual([]);
    expect(words).toContain('2 held payment(s) belong to a node');
    expect(words).toContain('1 invoice(s) had been made and were found again');
    expect(words).toContain(
      `out ${9_000_000n + (await feeOf(payments.forgottenOut.hash))} msat, payment hash ${payments.forgottenOut.hash}`,
    );
    expect(words).toContain(`in 600000 msat, payment hash ${invoices.forgottenIn.paymentHash}`);
    expect(words).toMatch(new RegExp(`run this again[\\s\\S]*payment hash ${payments.forgottenUnderWay.hash}`));
    expect(words).not.toContain('DIFFERS');
    await refuseAnotherDatabase(world);

    // The pins are those of before, and nothing was sent.
    for (const each of [payments.paidAfter, payments.outAfter]) {
      expect((await paymentOf(world, each.id)).node).toBe(nodes.get(each.id));
    }
    await pay(invoices.forgottenOpen.request);
    await house.outside.settle(payments.forgottenUnderWay.hash);
    const end = { paidBefore: 'paid', paidAfter: 'paid', neverSent: 'paid', settled: 'paid', refused: 'failed' };
    await workUntil(world, payments, { ...end, outAfter: 'sending' });
    await house.outside.settle(payments.outAfter.hash);
    await workUntil(world, payments, { ...end, outAfter: 'paid' });

    expect(await command()).toContain('run this again when it has ended: nothing.');
    const fees = await ask<{ fee: bigint }>(
      world,
      "select sum(fee_msat)::bigint as fee from payments where state = 'paid'",
    );
    const sentMsat = (1_000n + 2_000n + 3_000n + 4_000n + 5_000n) * SAT + (fees[0]?.fee ?? 0n);
    expect(await available(world, ann)).toBe(400_000n * SAT - sentMsat);
    expect(await available(world, ben)).toBe((50_000n + 700n + 800n) * SAT);
    const lostMsat =
      9_000n * SAT +
      (await feeOf(payments.forgottenOut.hash)) +
      9_500n * SAT +
      (await feeOf(payments.forgottenUnderWay.hash));
    expect(await suspense(world)).toBe((600n + 500n) * SAT - lostMsat);
    await booksAreRight(world);
    // What an operator does about it: twice the same is once.
    for (const _ of ['once', 'and again']) await settleByTheRunbook(ben, 600_000n);
    expect(await available(world, ben)).toBe((50_000n + 700n + 800n + 600n) * SAT);
    await booksAreRight(world);
    // The payee has each once.
    const received = (await house.outside.invoices()).filter(({ state }) => state === 'paid');
    expect(received.map(({ hash }) => hash).sort()).toEqual(
      Object.entries(payments)
        .filter(([name]) => name !== 'refused')
        .map(([, { hash }]) => hash)
        .sort(),
    );
  } finally {
    await world.close();
  }
}, 180_000);

/** What the operator types, as it is. */
async function command(): Promise<string> {
  const node = join(ROOT, 'node_modules', '.bin', 'node');
  const env = { PATH: process.env.PATH, ...house.environment };
  const { stdout } = await promisify(execFile)(node, [join(ROOT, 'scripts', 'recover.ts')], { env });
  return stdout;
}

/** The runbook's own words, filled in. */
async function settleByTheRunbook(person: Person, amountMsat: bigint): Promise<void> {
  const runbook = readFileSync(join(ROOT, 'docs', 'RUNBOOK.md'), 'utf8');
  const query = runbook.split('```sql').find((text) => text.includes('-- settle: from suspense')) ?? '';
  const filled = (query.split('```')[0] ?? '')
    .replace('<the new id>', SETTLEMENT)
    .replace('<the person>', person.userId)
    .replace('<millisatoshi>', String(amountMsat));
  const client = new pg.Client({ connectionString: server.database.appUrl });
  await client.connect();
  await client.query(filled).finally(() => client.end());
}

/** What a payment cost, as its node lists it; our row of it is lost. */
async function feeOf(hash: string): Promise<bigint> {
  for (const name of house.world.lightning.names()) {
    for await (const each of allPayments(house.world.lightning.node(name), { sinceMs: 0 })) {
      if (each.paymentHash === hash && each.state === 'paid') return each.feeMsat;
    }
  }
  throw new Error('no node has paid this');
}
