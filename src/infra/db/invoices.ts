// Rows of invoices of ours. Made as `asked` before any node is called, so that nobody ever holds an invoice that we do
// not know; the payment hash is unique, and the credit's ledger id is derived from the row's id: once per hash.
import type { InvoiceCause, InvoiceState } from '../../domain/states.ts';
import type { Queryable } from './client.ts';

export type InvoiceRow = {
  id: string;
  userId: string;
  state: InvoiceState;
  node: string | null;
  paymentHash: string | null;
  request: string | null;
  amountMsat: bigint | null;
  receivedMsat: bigint | null;
  memo: string | null;
  expiresAtMs: number;
  createdAtMs: number;
  settledAtMs: number | null;
};

const ms = (column: string, name: string) => `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`;
const INVOICE = `id, user_id as "userId", state, node, payment_hash as "paymentHash", request,
  amount_msat as "amountMsat", received_msat as "receivedMsat", memo, ${ms('expires_at', 'expiresAtMs')},
  ${ms('created_at', 'createdAtMs')}, ${ms('settled_at', 'settledAtMs')}`;

/** False when the id exists already, and while the rail `receive` is paused. */
export async function insertInvoice(
  q: Queryable,
  given: {
    id: string;
    userId: string;
    amountMsat: bigint | null;
    memo: string | null;
    expiresAtMs: number;
    nowMs: number;
  },
): Promise<boolean> {
  const rows = await q.query(
    'invoices.insert',
    `insert into invoices (id, user_id, state, cause, amount_msat, memo, expires_at, created_at)
     select $1::uuid, $2::uuid, 'asked', 'tap', $3::bigint, $4::text, to_timestamp($5::float8 / 1000),
       to_timestamp($6::float8 / 1000)
     from switches where name = 'receive' and is_on
     on conflict (id) do nothing returning id`,
    [given.id, given.userId, given.amountMsat, given.memo, given.expiresAtMs, given.nowMs],
  );
  return rows.length === 1;
}

export async function findInvoiceRow(q: Queryable, id: string): Promise<InvoiceRow | undefined> {
  const [row] = await q.query<InvoiceRow>('invoices.find', `select ${INVOICE} from invoices where id = $1`, [id]);
  return row;
}

export async function lockInvoice(q: Queryable, id: string): Promise<InvoiceRow | undefined> {
  const [row] = await q.query<InvoiceRow>(
    'invoices.lock',
    `select ${INVOICE} from invoices where id = $1 for no key update`,
    [id],
  );
  return row;
}

export async function findByHash(q: Queryable, paymentHash: string): Promise<InvoiceRow | undefined> {
  const [row] = await q.query<InvoiceRow>(
    'invoices.by_hash',
    `select ${INVOICE} from invoices where payment_hash = $1`,
    [paymentHash],
  );
  return row;
}

export async function lockByHash(q: Queryable, paymentHash: string): Promise<InvoiceRow | undefined> {
  const [row] = await q.query<InvoiceRow>(
    'invoices.lock_by_hash',
    `select ${INVOICE} from invoices where payment_hash = $1 for no key update`,
    [paymentHash],
  );
  return row;
}

/** `asked → open` with what the node made. False when the row has moved on. */
export async function openInvoice(
  q: Queryable,
  given: { id: string; node: string; paymentHash: string; request: string },
): Promise<boolean> {
  const rows = await q.query(
    'invoices.open',
    `update invoices set state = 'open', cause = 'node', node = $2, payment_hash = $3, request = $4
     where id = $1 and state = 'asked' returning id`,
    [given.id, given.node, given.paymentHash, given.request],
  );
  return rows.length === 1;
}

/** Moves a state if it is still `from`; false when someone else was first. */
export async function moveInvoice(
  q: Queryable,
  given: { id: string; from: InvoiceState; to: InvoiceState; cause: InvoiceCause },
): Promise<boolean> {
  const rows = await q.query(
    'invoices.move',
    'update invoices set state = $3, cause = $4 where id = $1 and state = $2 returning id',
    [given.id, given.from, given.to, given.cause],
  );
  return rows.length === 1;
}

export async function markSettled(
  q: Queryable,
  given: { id: string; receivedMsat: bigint; cause: InvoiceCause; nowMs: number },
): Promise<void> {
  await q.query(
    'invoices.settled',
    `update invoices set state = 'settled', cause = $4, received_msat = $2,
       settled_at = to_timestamp($3::float8 / 1000) where id = $1`,
    [given.id, given.receivedMsat, given.nowMs, given.cause],
  );
}

/** One page of the invoices at nodes that may have been paid without our hearing of it, after the id given. */
export async function openInvoices(
  q: Queryable,
  given: { afterId: string | null; limit: number },
): Promise<InvoiceRow[]> {
  return q.query<InvoiceRow>(
    'invoices.open_page',
    `select ${INVOICE} from invoices where state in ('open', 'closing')
       and ($1::uuid is null or id > $1) order by id limit $2`,
    [given.afterId, given.limit],
  );
}

/** Rows asked for before a moment that are at no node yet, the oldest first. */
export async function waitingInvoices(
  q: Queryable,
  given: { nowMs: number; beforeMs: number; limit: number },
): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'invoices.waiting',
    `select id from invoices where state = 'asked' and expires_at > to_timestamp($1::float8 / 1000)
       and created_at < to_timestamp($2::float8 / 1000) order by id limit $3`,
    [given.nowMs, given.beforeMs, given.limit],
  );
  return rows.map((row) => row.id);
}

/** Ends `asked` rows whose life is over; nobody ever saw them. */
export async function expireAsked(q: Queryable, nowMs: number): Promise<number> {
  const rows = await q.query(
    'invoices.expire_asked',
    `update invoices set state = 'expired', cause = 'expiry'
     where state = 'asked' and expires_at < to_timestamp($1::float8 / 1000) returning id`,
    [nowMs],
  );
  return rows.length;
}

export async function countOpenInvoices(q: Queryable, userId: string): Promise<number> {
  const [row] = await q.query<{ open: number }>(
    'invoices.open_of_user',
    `select count(*) filter (where state in ('asked', 'open'))::int4 as open
     from (select state from invoices where user_id = $1 order by id desc limit 200) recent`,
    [userId],
  );
  return row?.open ?? 0;
}
