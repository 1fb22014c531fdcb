// How far each node's movements are added up for good. A count belongs to a round; the lowest round is believed, and the
// next one walks from the beginning again until it may take its place. Whoever writes one must have seen its newest
// version, so that of several workers one moves it on, and nobody back.
import type { Queryable } from './client.ts';

/** How far one of a node's two lists is counted. */
export type CountedList = {
  /** Everything up to this index is counted ... */
  readonly index: bigint;
  /** ... but for what was still open at these. */
  readonly open: readonly bigint[];
  /** The payment hash of the newest counted one that moved money. */
  readonly last: string | null;
};

export type NodeCount = {
  readonly node: string;
  readonly round: number;
  /** 0: not stored yet. */
  readonly version: number;
  /** Received less sent and fees, of what is counted. */
  readonly movedMsat: bigint;
  /** By the index that an invoice has from its making. */
  readonly invoices: CountedList;
  readonly payments: CountedList;
};

type Row = Pick<NodeCount, 'node' | 'round' | 'version' | 'movedMsat'> & {
  invoiceIndex: bigint;
  invoicesOpen: string[];
  lastInvoice: string | null;
  paymentIndex: bigint;
  paymentsOpen: string[];
  lastPayment: string | null;
};

/** All rounds of a node, the believed one first. */
export async function nodeCounts(q: Queryable, node: string): Promise<NodeCount[]> {
  const rows = await q.query<Row>(
    'node_counts.of',
    `select node, round, version, moved_msat as "movedMsat", invoice_index as "invoiceIndex",
       invoices_open::text[] as "invoicesOpen", last_invoice as "lastInvoice", payment_index as "paymentIndex",
       payments_open::text[] as "paymentsOpen", last_payment as "lastPayment"
     from node_counts where node = $1 order by round`,
    [node],
  );
  return rows.map(({ invoiceIndex, invoicesOpen, lastInvoice, paymentIndex, paymentsOpen, lastPayment, ...row }) => ({
    ...row,
    invoices: { index: invoiceIndex, open: invoicesOpen.map(BigInt), last: lastInvoice },
    payments: { index: paymentIndex, open: paymentsOpen.map(BigInt), last: lastPayment },
  }));
}

/** Writes a count whose `version` is the newest there is. False when somebody else was first: nothing is written then. */
export async function saveCount(q: Queryable, count: NodeCount): Promise<boolean> {
  const { node, round, version, movedMsat, invoices, payments } = count;
  const rows = await q.query(
    version === 0 ? 'node_counts.begin' : 'node_counts.go_on',
    version === 0
      ? `insert into node_counts (node, round, version, moved_msat, invoice_index, invoices_open, last_invoice,
           payment_index, payments_open, last_payment)
         values ($1, $2, $3 + 1, $4, $5, $6::bigint[], $7, $8, $9::bigint[], $10) on conflict do nothing returning node`
      : `update node_counts set version = $3 + 1, moved_msat = $4, invoice_index = $5, invoices_open = $6::bigint[],
           last_invoice = $7, payment_index = $8, payments_open = $9::bigint[], last_payment = $10
         where node = $1 and round = $2 and version = $3 returning node`,
    [
      node,
      round,
      version,
      movedMsat,
      invoices.index,
      invoices.open.map(String),
      invoices.last,
      payments.index,
      payments.open.map(String),
      payments.last,
    ],
  );
  return rows.length === 1;
}

/** Forgets the rounds of a node below one. */
export async function dropRounds(q: Queryable, node: string, belowRound: number): Promise<void> {
  await q.query('node_counts.drop', 'delete from node_counts where node = $1 and round < $2', [node, belowRound]);
}

/** Forgets all that was ever counted of a node: its numbers mean nothing any more. */
export async function forgetCounts(q: Queryable, node: string): Promise<void> {
  await q.query(
    'node_counts.forget',
    'with marks as (delete from node_marks where node = $1) delete from node_counts where node = $1',
    [node],
  );
}

/** Where a node's lists stood: what was made since that moment has higher numbers. */
export type NodeMark = { readonly invoiceIndex: bigint; readonly paymentIndex: bigint };

/** Notes how far a count has come as the mark of a moment, once, and forgets the marks before another. */
export async function insertMark(
  q: Queryable,
  { node, invoices, payments }: NodeCount,
  at: { atMs: number; keepSinceMs: number },
): Promise<void> {
  await q.query(
    'node_marks.insert',
    `with old as (delete from node_marks where node = $1 and at < to_timestamp($5::float8 / 1000))
     insert into node_marks (node, at, invoice_index, payment_index)
     values ($1, to_timestamp($2::float8 / 1000), $3, $4) on conflict do nothing`,
    [node, at.atMs, invoices.index, payments.index, at.keepSinceMs],
  );
}

/** The newest mark of a node that is no later than a moment. */
export async function markBefore(q: Queryable, node: string, atMs: number): Promise<NodeMark | undefined> {
  const [mark] = await q.query<NodeMark>(
    'node_marks.before',
    `select invoice_index as "invoiceIndex", payment_index as "paymentIndex" from node_marks
     where node = $1 and at <= to_timestamp($2::float8 / 1000) order by at desc limit 1`,
    [node, atMs],
  );
  return mark;
}
