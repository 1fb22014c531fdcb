// Receiving over Lightning, as a worker does it: make the invoice at a node, and credit what LND says it received, once
// per payment hash, in one transaction with the invoice's end, the news and the stream's cursor. The stream and the
// sweep both end in `finish`.
import { createHmac } from 'node:crypto';
import { lightningCode, suspenseCode } from '../domain/ledger.ts';
import { credit, park } from '../domain/movements.ts';
import { INVOICE_MOVES } from '../domain/states.ts';
import { accountId } from '../infra/db/accounts.ts';
import type { Tx } from '../infra/db/client.ts';
import { findInvoiceRow, lockByHash, markSettled, openInvoice } from '../infra/db/invoices.ts';
import { moveCursor } from '../infra/db/nodes.ts';
import { deleteOutbox } from '../infra/db/outbox.ts';
import { findUser } from '../infra/db/users.ts';
import { createInvoice } from '../infra/lightning/invoices.ts';
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
  const node = world.lightning.forInvoice(invoice.amountMsat ?? undefined);
  const made = await createInvoice(node, {
    secret: createHmac('sha256', world.config.APP_SECRET).update(`invoice/${id}/${node.name}`).digest(),
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
    if (!INVOICE_MOVES[invoice.state].includes('settled')) return 'known' as const;
    const owner = await findUser(tx, invoice.userId);
    if (!owner) throw new Error('an invoice without its owner');
    await markSettled(tx, { id: invoice.id, receivedMsat: settled.receivedMsat, nowMs });
    const receivedMsat = String(settled.receivedMsat);
    await tell(owner.id, invoice.id, { kind: 'invoice_paid', receivedMsat, memo: invoice.memo });
    await tx.post(credit(invoice.id, { nodeId, walletId: owner.walletId }, settled.receivedMsat));
    return 'credited' as const;
  });
  if (result === 'credited') world.metrics.invoices.inc({ outcome: 'settled' });
  if (result === 'parked') {
    world.metrics.invoices.inc({ outcome: 'unknown' });
    world.log.error('money received for no invoice of ours, kept in suspense', { node: settled.node });
  }
  return { credited: result === 'credited' };
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
