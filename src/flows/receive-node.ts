// Receiving over Lightning, as a worker does it: make the invoice at a node, and credit what LND says it received, once
// per payment hash, in one transaction with the invoice's end, the news and the stream's cursor. The stream and the
// sweep both end in `finish`.
import { createHmac } from 'node:crypto';
import { lightningCode, suspenseCode } from '../domain/ledger.ts';
import { credit, park } from '../domain/movements.ts';
import { INVOICE_MOVES } from '../domain/states.ts';
import { accountId } from '../infra/db/accounts.ts';
import type { Tx } from '../infra/db/client.ts';
import {
  findInvoiceRow,
  type InvoiceRow,
  lockByHash,
  markSettled,
  moveInvoice,
  openInvoice,
} from '../infra/db/invoices.ts';
import { moveCursor } from '../infra/db/nodes.ts';
import { deleteOutbox } from '../infra/db/outbox.ts';
import { findLiveByHash } from '../infra/db/payments.ts';
import { findUser } from '../infra/db/users.ts';
import { createInvoice } from '../infra/lightning/invoices.ts';
import type { LightningNode } from '../infra/lightning/pool.ts';
import type { WorkerWorld, World } from '../world.ts';
import { idOfHash } from './hash-id.ts';
import { commit } from './outbox.ts';

/**
 * Makes the invoice at a healthy node and tells the person. Run again after any crash: the preimage follows from the
 * invoice and the node, so the same node answers with the same invoice; an orphan at another node was shown to nobody.
 * Crash points: before the node (nothing happened), between node and commit (the next run finds the same invoice).
 */
export async function create(world: WorkerWorld, id: string): Promise<void> {
  const invoice = await findInvoiceRow(world.db, id);
  if (invoice?.state !== 'asked') return deleteOutbox(world.db, [id]);
  if (invoice.expiresAtMs <= world.clock.nowMs()) return deleteOutbox(world.db, [id]);
  await makeAt(world, invoice, world.lightning.forInvoice(invoice.amountMsat ?? undefined));
}

/** The preimage of an invoice at a node: whoever makes it again there finds the one made before. */
export function secretOf(world: World, id: string, node: string): Buffer {
  return createHmac('sha256', world.config.APP_SECRET).update(`invoice/${id}/${node}`).digest();
}

/** Makes the invoice at this node, or finds the one made there before, and opens the row with it. */
export async function makeAt(world: WorkerWorld, invoice: InvoiceRow, node: LightningNode): Promise<void> {
  const { id } = invoice;
  const made = await createInvoice(node, {
    secret: secretOf(world, id, node.name),
    ...(invoice.amountMsat === null ? {} : { amountMsat: invoice.amountMsat }),
    ...(invoice.memo === null ? {} : { memo: invoice.memo }),
    expiresAtMs: invoice.expiresAtMs,
  });
  await commit(world, 'receive.create', async ({ tx, tell }) => {
    await deleteOutbox(tx, [id]);
    const { paymentHash, request } = made;
    if (!(await openInvoice(tx, { id, node: node.name, paymentHash, request }))) return;
    await tell(invoice.userId, id, {
      kind: 'invoice_ready',
      request,
      amountMsat: invoice.amountMsat === null ? null : String(invoice.amountMsat),
      memo: invoice.memo,
      expiresAtMs: invoice.expiresAtMs,
    });
  });
  world.metrics.invoices.inc({ outcome: 'made' });
}

/** Says that an invoice takes longer than it should; it still comes by itself. */
export async function sayLate(world: World, id: string): Promise<void> {
  await commit(world, 'receive.late', async ({ tx, tell }) => {
    const invoice = await findInvoiceRow(tx, id);
    if (invoice?.state === 'asked') await tell(invoice.userId, id, { kind: 'invoice_late' });
  });
}

/** Ends an invoice that ran out unpaid, and says so: its picture shall invite nobody any more. Money still counts after. */
export async function endUnpaid(world: World, { id, userId, state, amountMsat }: InvoiceRow): Promise<void> {
  await commit(world, 'receive.expire', async ({ tx, tell }) => {
    if (!(await moveInvoice(tx, { id, from: state, to: 'expired', cause: 'expiry' }))) return;
    await tell(userId, id, { kind: 'invoice_expired', amountMsat: amountMsat === null ? null : String(amountMsat) });
  });
}

export type Settled = {
  readonly node: string;
  readonly paymentHash: string;
  readonly receivedMsat: bigint;
  /** Where the node's stream stands; absent when a sweep found it. */
  readonly cursor?: { readonly addedIndex: bigint; readonly settledIndex: bigint };
};

/**
 * Books what a node has received for an invoice: to its owner, or to suspense when no invoice of ours has this hash.
 * Once per hash, however often and by whomever it is called. `credited` is false when it was booked before.
 */
export async function finish(world: World, settled: Settled): Promise<{ credited: boolean }> {
  const [nodeId, suspenseId] = await Promise.all([
    accountId(world.db, lightningCode(settled.node)),
    accountId(world.db, suspenseCode('BTC')),
  ]);
  const { result } = await commit(world, 'receive.finish', async ({ tx, nowMs, tell }) => {
    const invoice = await lockByHash(tx, settled.paymentHash);
    const cursor = settled.cursor;
    if (cursor) await moveCursor(tx, { node: settled.node, ...cursor });
    if (!invoice) return parkUnknown(tx, settled, { nodeId, suspenseId });
    if (!INVOICE_MOVES[invoice.state].includes('settled')) {
      return (await isPaidInside(tx, invoice)) ? parkTwice(tx, settled, { nodeId, suspenseId }) : ('known' as const);
    }
    const owner = await findUser(tx, invoice.userId);
    if (!owner) throw new Error('an invoice without its owner');
    const cause = cursor ? 'stream' : 'lookup';
    await markSettled(tx, { id: invoice.id, receivedMsat: settled.receivedMsat, cause, nowMs });
    const receivedMsat = String(settled.receivedMsat);
    await tell(owner.id, invoice.id, { kind: 'invoice_paid', receivedMsat, memo: invoice.memo });
    await tx.post(credit(invoice.id, { nodeId, walletId: owner.walletId }, settled.receivedMsat));
    return 'credited' as const;
  });
  if (result === 'credited') {
    world.metrics.invoices.inc({ outcome: 'settled' });
    world.metrics.invoiceMsat.observe(Number(settled.receivedMsat));
  }
  if (result === 'parked') {
    world.metrics.invoices.inc({ outcome: 'unknown' });
    world.log.error('money received for no invoice of ours, kept in suspense', { node: settled.node });
  }
  if (result === 'parked_twice') {
    world.metrics.invoices.inc({ outcome: 'unknown' });
    world.log.error('money received for an invoice that was paid inside, kept in suspense', { node: settled.node });
  }
  return { credited: result === 'credited' };
}

/** A settlement that is heard again has no such payment: then an inside payer would have had everything back. */
async function isPaidInside(tx: Tx, { id, paymentHash }: InvoiceRow): Promise<boolean> {
  const payment = paymentHash === null ? undefined : await findLiveByHash(tx, paymentHash);
  return payment?.state === 'paid' && payment.ownInvoiceId === id;
}

// The node cancelled it, we booked it inside, and now the node took money for it: restored from an older state, it had
// forgotten. The payee has theirs already; whose this is, a person must find out.
async function parkTwice(
  tx: Tx,
  settled: Settled,
  accounts: { nodeId: bigint; suspenseId: bigint },
): Promise<'parked_twice' | 'known'> {
  return (await parkUnknown(tx, settled, accounts)) === 'parked' ? 'parked_twice' : 'known';
}

// Money came for a hash that no row of ours has: someone used the node by hand, or our table lost a row. Both are for a
// person to look at, so it is booked apart and the log line rings the alert. In the cursor's transaction: once the
// cursor has moved, the node does not tell it again.
async function parkUnknown(
  tx: Tx,
  settled: Settled,
  accounts: { nodeId: bigint; suspenseId: bigint },
): Promise<'parked' | 'known'> {
  const id = await idOfHash(tx, settled.node, settled.paymentHash);
  const [result] = await tx.post(park(id, accounts, settled.receivedMsat));
  return result === 'created' ? 'parked' : 'known';
}
