// What is looked up when the nodes may know more than the books: the rows of many payment hashes at once, payments that
// no node was given yet, and invoices whose making may have been forgotten.
import type { PaymentState } from '../../domain/states.ts';
import type { Queryable } from './client.ts';
import { paymentsByHash } from './promises.ts';

export type HashRow = { paymentHash: string; id: string; state: PaymentState; node: string | null };

/** For each hash its payment that is not failed, or else the newest that failed after it was given to a node. */
export async function paymentsOfHashes(q: Queryable, hashes: readonly string[]): Promise<Map<string, HashRow>> {
  const live: readonly HashRow[] = await paymentsByHash(q, hashes);
  const found = new Map(live.map((row) => [row.paymentHash, row]));
  const rest = hashes.filter((hash) => !found.has(hash));
  if (rest.length === 0) return found;
  const failed = await q.query<HashRow>(
    'recovery.failed',
    `select distinct on (payment_hash) payment_hash as "paymentHash", id, state, node from payments
     where payment_hash = any($1::text[]) and state = 'failed' and node is not null order by payment_hash, id desc`,
    [rest],
  );
  for (const row of failed) found.set(row.paymentHash, row);
  return found;
}

/** Payments to the outside that are held and at no node, as far as the books know. */
export async function heldPayments(q: Queryable): Promise<{ id: string; paymentHash: string }[]> {
  return q.query(
    'recovery.held',
    `select id, payment_hash as "paymentHash" from payments where state = 'held' and own_invoice_id is null order by id`,
    [],
  );
}

/** Invoices that no node has made, as far as the books know. */
export async function askedInvoices(q: Queryable): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'recovery.asked',
    `select id from invoices where state = 'asked' order by id`,
    [],
  );
  return rows.map(({ id }) => id);
}

/** The hashes of these that are invoices of ours. */
export async function knownInvoices(q: Queryable, hashes: readonly string[]): Promise<Set<string>> {
  const rows = await q.query<{ hash: string }>(
    'recovery.invoices',
    'select payment_hash as hash from invoices where payment_hash = any($1::text[])',
    [hashes],
  );
  return new Set(rows.map(({ hash }) => hash));
}

/** The hash of the newest payment that a node has paid, as the books say. */
export async function newestPaidAt(q: Queryable, node: string): Promise<string | undefined> {
  const [row] = await q.query<{ hash: string }>(
    'recovery.newest_paid',
    `select payment_hash as hash from payments
     where state = 'paid' and node = $1 and own_invoice_id is null order by id desc limit 1`,
    [node],
  );
  return row?.hash;
}
