// After the database went back in time: the Lightning nodes have moved on, and what they know beyond the books is put
// there before anything is sent again. A payment that a node knows is pinned to that node; a success is booked; money in
// or out that no row explains goes to suspense, once per hash, and is named. Nothing is sent here.
import { createHash } from 'node:crypto';
import { Unavailable } from '../base/errors.ts';
import { pages } from '../base/pages.ts';
import { lightningCode, suspenseCode } from '../domain/ledger.ts';
import { parkOut } from '../domain/movements.ts';
import { accountId } from '../infra/db/accounts.ts';
import { findInvoiceRow } from '../infra/db/invoices.ts';
import { acceptLife, databaseLife } from '../infra/db/life.ts';
import { type NodeRow, nodeRows } from '../infra/db/nodes.ts';
import { pinPayment } from '../infra/db/payments.ts';
import { askedInvoices, type HashRow, heldPayments, knownInvoices, paymentsOfHashes } from '../infra/db/recovery.ts';
import { allPayments, type PaymentListed, settledInvoices } from '../infra/lightning/accounts.ts';
import { lookupInvoice } from '../infra/lightning/invoices.ts';
import type { LightningNode } from '../infra/lightning/pool.ts';
import { forgetAll } from '../infra/redis/forget.ts';
import { listInstances } from '../infra/redis/instances.ts';
import type { WorkerWorld } from '../world.ts';
import { idOfHash } from './hash-id.ts';
import { invoicesSince, paymentsSince } from './node-count.ts';
import { remembers } from './node-memory.ts';
import { hear } from './pay-execute.ts';
import { finish, makeAt, secretOf } from './receive-node.ts';
import { sweepInvoices } from './reconcile.ts';

/** A movement of a node that no row explains, booked to suspense. */
export type Unexplained = {
  readonly node: string;
  readonly direction: 'in' | 'out';
  readonly paymentHash: string;
  /** With its fee where it went out. */
  readonly amountMsat: bigint;
};

export type Recovery = {
  /** Whether the database was another than the one we knew. */
  readonly isAnother: boolean;
  /** Held payments that a node turned out to have: theirs from now on. */
  readonly pinned: number;
  /** Invoices that a node had made although the row did not know. */
  readonly found: number;
  /** What was booked to suspense now or earlier, by name. */
  readonly unexplained: readonly Unexplained[];
  /** Payments under way that no row explains: when they have ended, this must be run again. */
  readonly open: readonly Unexplained[];
};

/**
 * Brings the books to what the nodes know and makes the present database the one we know. On another database than
 * before nothing else may run, and every session, draft and job in Redis is forgotten: they name accounts and rows that
 * may not be there, or be somebody else's. Doing it again books nothing twice.
 * @param without nodes that will never answer again. A held payment that no other node knows is pinned to the first of
 *   them and so stays held: nobody can say that it was not sent.
 * @throws Unavailable when a node cannot be asked; nothing is lost by trying again.
 */
export async function recover(world: WorkerWorld, without: readonly string[] = []): Promise<Recovery> {
  const life = await databaseLife(world.db);
  const isAnother = life.known !== life.present;
  if (isAnother) await refuseCompany(world);
  const rows = await nodeRows(world.db);
  const asked = rows.filter(({ name }) => !without.includes(name));
  const nodes = new Map<string, NodeView>();
  for (const row of asked) nodes.set(row.name, await viewOf(world, row));
  const gone = rows.find(({ name }) => without.includes(name))?.name;
  const pinned = isAnother ? await pinHeld(world, [...nodes.values()], gone) : 0;
  const found = await findMade(world, [...nodes.values()]);
  const unexplained: Unexplained[] = [];
  const open: Unexplained[] = [];
  for (const view of nodes.values()) {
    await sweepInvoices(world, view.row.name);
    unexplained.push(...(await bookIncoming(world, view)));
    const outgoing = await bookOutgoing(world, view);
    unexplained.push(...outgoing.booked);
    open.push(...outgoing.open);
  }
  if (isAnother) {
    const { REDIS_QUEUE_URL, REDIS_SESSION_URL, REDIS_CACHE_URL } = world.config;
    await forgetAll([REDIS_QUEUE_URL, REDIS_SESSION_URL, REDIS_CACHE_URL], world.log);
    await acceptLife(world.db, world.clock.nowMs());
  }
  return { isAnother, pinned, found, unexplained, open };
}

/** A payment job that runs beside us would be sent on what we are about to correct. */
async function refuseCompany(world: WorkerWorld): Promise<void> {
  const alive = (await listInstances(world.sessions)).map(({ id }) => id);
  if (alive.length === 0) return;
  throw new Error(`Stop every bot and worker first, and wait 15 seconds: ${alive.join(', ')} still run.`);
}

type NodeView = {
  readonly row: NodeRow;
  readonly node: LightningNode;
  /** Every payment the node has begun since it was adopted, by its hash: the newest of each. */
  readonly payments: ReadonlyMap<string, PaymentListed>;
};

async function viewOf(world: WorkerWorld, row: NodeRow): Promise<NodeView> {
  if (!world.lightning.names().includes(row.name)) throw new Unavailable(`lightning node ${row.name}`);
  const node = world.lightning.node(row.name);
  const health = await node.check();
  if (health.state !== 'up') throw new Unavailable(`lightning node ${row.name}`, new Error(health.why));
  if (health.publicKey !== row.publicKey) {
    throw new Error(`The node ${row.name} has another key than when it was adopted: it cannot say what was paid.`);
  }
  // Its key comes with its seed; its memory does not.
  if (!(await remembers(world, node))) {
    throw new Error(`The node ${row.name} has forgotten what it paid: run this with "--without ${row.name}".`);
  }
  const payments = new Map<string, PaymentListed>();
  for await (const payment of allPayments(node, paymentsSince(row))) payments.set(payment.paymentHash, payment);
  return { row, node, payments };
}

/**
 * A row may say "held, at no node" although a node was given the payment later on: that node it is, for ever. Another
 * one would be refused by the payee, or the invoice run out, and the sats given back although they were paid.
 */
async function pinHeld(world: WorkerWorld, views: readonly NodeView[], gone: string | undefined): Promise<number> {
  const nowMs = world.clock.nowMs();
  let pinned = 0;
  for (const { id, paymentHash } of await heldPayments(world.db)) {
    const has = (state: PaymentListed['state']) =>
      views.find(({ payments }) => payments.get(paymentHash)?.state === state);
    const node = (has('paid') ?? has('open'))?.row.name ?? gone;
    if (node !== undefined && (await pinPayment(world.db, { id, node, nowMs }))) pinned++;
  }
  return pinned;
}

/** A row may say "asked" although a node has made the invoice since, and somebody holds it. */
async function findMade(world: WorkerWorld, views: readonly NodeView[]): Promise<number> {
  let found = 0;
  for (const id of await askedInvoices(world.db)) {
    for (const { node } of views) {
      const hash = createHash('sha256')
        .update(secretOf(world, id, node.name))
        .digest('hex');
      const { state } = await lookupInvoice(node, hash);
      if (state === 'unknown') throw new Unavailable(`lightning node ${node.name}`);
      const invoice = state === 'absent' ? undefined : await findInvoiceRow(world.db, id);
      if (invoice?.state !== 'asked') continue;
      await makeAt(world, invoice, node);
      found++;
    }
  }
  return found;
}

async function bookIncoming(world: WorkerWorld, { row, node }: NodeView): Promise<Unexplained[]> {
  const { name } = row;
  const unexplained: Unexplained[] = [];
  for await (const page of pages(settledInvoices(node, invoicesSince(row)))) {
    const known = await knownInvoices(
      world.db,
      page.map(({ paymentHash }) => paymentHash),
    );
    for (const { paymentHash, receivedMsat } of page) {
      await finish(world, { node: name, paymentHash, receivedMsat });
      if (!known.has(paymentHash)) {
        unexplained.push({ node: name, direction: 'in', paymentHash, amountMsat: receivedMsat });
      }
    }
  }
  return unexplained;
}

async function bookOutgoing(world: WorkerWorld, view: NodeView) {
  const booked: Unexplained[] = [];
  const open: Unexplained[] = [];
  const { name } = view.row;
  for await (const page of pages(view.payments.values())) {
    const rows = await paymentsOfHashes(
      world.db,
      page.map(({ paymentHash }) => paymentHash),
    );
    for (const payment of page) {
      const row = rows.get(payment.paymentHash);
      const movement = movementOf(name, payment);
      if (payment.state === 'open' && !belongs(row, name)) open.push(movement);
      if (payment.state !== 'paid') continue;
      if (belongs(row, name)) await hear(world, payment.paymentHash);
      else {
        await bookUnexplained(world, movement);
        booked.push(movement);
      }
    }
  }
  return { booked, open };
}

function movementOf(node: string, { paymentHash, amountMsat, feeMsat }: PaymentListed): Unexplained {
  return { node, direction: 'out', paymentHash, amountMsat: amountMsat + feeMsat };
}

function belongs(row: HashRow | undefined, node: string): boolean {
  return row !== undefined && row.node === node;
}

async function bookUnexplained(world: WorkerWorld, { node, paymentHash, amountMsat }: Unexplained): Promise<void> {
  const [nodeId, suspenseId, id] = await Promise.all([
    accountId(world.db, lightningCode(node)),
    accountId(world.db, suspenseCode('BTC')),
    idOfHash(world.db, node, `${paymentHash}/out`),
  ]);
  await world.db.post(parkOut(id, { nodeId, suspenseId }, amountMsat));
}
