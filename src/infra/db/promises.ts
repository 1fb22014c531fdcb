// What the tables say against the promises. Each question is bounded by what is under way, by a window of ids (which
// begin with their time) or by a slice of the accounts: none costs more because the house is older.
import type { PaymentState } from '../../domain/states.ts';
import type { Db, Queryable } from './client.ts';
import { firstIdAt } from './sends.ts';

/** A row, and what is wrong with it. */
export type Fault = { id: string; why: string };

const MOST = 100;
const PATIENCE_MS = 15 * 60_000;

/**
 * Adds up what has moved the accounts of a slice since they were last proven. Gives those that are wrong.
 * @param slice accounts whose number, divided by `slices`, leaves this.
 */
export async function proveAccounts(
  db: Db,
  { slice, slices }: { slice: number; slices: number },
): Promise<{ code: string; why: string }[]> {
  return db.transaction(
    'promises.prove',
    (tx) => tx.query('promises.prove', 'select code, why from prove_accounts($1, $2)', [slice, slices]),
    { statementMs: PATIENCE_MS },
  );
}

const HOLDS = `
  select p.id, 'payment ' || p.state || ' without its hold' as why from payments p
    left join pending_transfers h on h.id = p.id and h.state = 'pending' and h.amount = p.amount_msat + p.fee_ceiling_msat
    where p.state in ('held', 'sending') and h.id is null
  union all select s.id, 'waiting send without its hold' from sends s
    left join pending_transfers h on h.id = s.id and h.state = 'pending' and h.amount = s.amount_msat
    where s.state = 'held' and h.id is null
  union all select h.id, 'hold of ' || h.amount || ' that nothing waits for' from pending_transfers h
    where h.state = 'pending' and not exists (select from payments where id = h.id and state in ('held', 'sending'))
      and not exists (select from sends where id = h.id and state = 'held')
  limit ${MOST}`;

const OPERATIONS = `
  select s.id, 'send without its transfer' as why from sends s left join transfers t on t.id = s.id
    where s.id >= $1::uuid and (t.id is null or t.amount <> s.amount_msat or t.code not in ('send', 'claim_hold'))
  union all select p.id, 'payment without its transfer' from payments p left join transfers t on t.id = p.id
    where p.id >= $1::uuid and (t.id is null or t.amount <> p.amount_msat + p.fee_ceiling_msat or t.code <> 'hold')
  limit ${MOST}`;

// Rows of the window, and those without an end however old they are.
const MOVED = (table: string, kind: string, open: string) =>
  `select id, '${kind}' as kind, state from ${table} where id >= $1::uuid
   union all select id, '${kind}', state from ${table} where $2 and id < $1::uuid and state in (${open})`;
const EVENTS = `
  with moved as (${MOVED('payments', 'payment', "'held', 'sending'")}
    union all ${MOVED('invoices', 'invoice', "'asked', 'open', 'closing'")}
    union all ${MOVED('sends', 'send', "'held'")} union all ${MOVED('requests', 'request', "'open'")})
  select moved.id, moved.kind || case when count = 0 then ' without events'
      when first <> 1 or last <> count or not chained then ' with a gap in its events'
      else ' is ' || moved.state || ', its last event says ' || coalesce(to_state, '?') end as why
  from moved cross join lateral (
    select count(*) as count, min(seq) as first, max(seq) as last, (array_agg(to_state order by seq desc))[1] as to_state,
      bool_and(from_state is not distinct from before) as chained
    from (select seq, from_state, to_state, lag(to_state) over (order by seq) as before
          from events where row_id = moved.id) each
  ) as told
  where count = 0 or first <> 1 or last <> count or not chained or to_state <> moved.state
  limit ${MOST}`;

export type Faults = { holds: Fault[]; operations: Fault[]; events: Fault[] };

/**
 * Payments, sends and holds that do not fit each other; operations that are not one movement; states that moved without
 * a word. All at one moment.
 * @param window rows made since then, and if `open` also all that have no end.
 */
export async function faultsOf(db: Db, window: { sinceMs: number; open: boolean }): Promise<Faults> {
  const since = firstIdAt(window.sinceMs);
  return db.transaction(
    'promises.faults',
    async (tx) => ({
      holds: await tx.query<Fault>('promises.holds', HOLDS, []),
      operations: await tx.query<Fault>('promises.operations', OPERATIONS, [since]),
      events: await tx.query<Fault>('promises.events', EVENTS, [since, window.open]),
    }),
    { snapshot: true, statementMs: PATIENCE_MS },
  );
}

/** How many jobs nobody has looked at for so long after they were due. */
export async function forgottenJobs(q: Queryable, dueBeforeMs: number): Promise<number> {
  const [row] = await q.query<{ count: number }>(
    'promises.jobs',
    'select count(*)::int4 as count from outbox where due_at < to_timestamp($1::float8 / 1000)',
    [dueBeforeMs],
  );
  return row?.count ?? 0;
}

export type SettledRow = { id: string; node: string | null; paymentHash: string; receivedMsat: bigint };

/** A page of the settled invoices made since a moment, by id. */
export async function settledRows(
  q: Queryable,
  page: { sinceMs: number; afterId: string | undefined; limit: number },
): Promise<SettledRow[]> {
  return q.query(
    'promises.settled',
    `select id, node, payment_hash as "paymentHash", received_msat as "receivedMsat" from invoices
     where id >= $1::uuid and ($2::uuid is null or id > $2::uuid) and state = 'settled' order by id limit $3`,
    [firstIdAt(page.sinceMs), page.afterId ?? null, page.limit],
  );
}

export type PaidRow = {
  id: string;
  node: string;
  paymentHash: string;
  amountMsat: bigint;
  feeMsat: bigint;
};

/** A page of the payments made since a moment that a node has paid, by id. */
export async function paidRows(
  q: Queryable,
  page: { sinceMs: number; afterId: string | undefined; limit: number },
): Promise<PaidRow[]> {
  return q.query(
    'promises.paid',
    `select id, node, payment_hash as "paymentHash", amount_msat as "amountMsat", fee_msat as "feeMsat" from payments
     where id >= $1::uuid and ($2::uuid is null or id > $2::uuid) and state = 'paid' and own_invoice_id is null
     order by id limit $3`,
    [firstIdAt(page.sinceMs), page.afterId ?? null, page.limit],
  );
}

/** What these transfers moved, of those that there are. */
export async function amountsOf(q: Queryable, ids: readonly string[]): Promise<Map<string, bigint>> {
  const rows = await q.query<{ id: string; amount: bigint }>(
    'promises.amounts',
    'select id, amount from transfers where id = any($1::uuid[])',
    [ids],
  );
  return new Map(rows.map(({ id, amount }) => [id, amount]));
}

export type ByHash = {
  id: string;
  paymentHash: string;
  state: PaymentState;
  node: string | null;
  amountMsat: bigint;
  feeMsat: bigint | null;
};

/** The payments of these hashes that have not failed. */
export async function paymentsByHash(q: Queryable, hashes: readonly string[]): Promise<ByHash[]> {
  return q.query(
    'promises.by_hash',
    `select id, payment_hash as "paymentHash", state, node, amount_msat as "amountMsat", fee_msat as "feeMsat"
     from payments where payment_hash = any($1::text[]) and state <> 'failed'`,
    [hashes],
  );
}

/** The newest payment of this hash that failed after a node was given it; `byAdmin`: because people said so. */
export async function failedByHash(q: Queryable, hash: string): Promise<{ id: string; byAdmin: boolean } | undefined> {
  const [row] = await q.query<{ id: string; byAdmin: boolean }>(
    'promises.failed_by_hash',
    `select id, cause like 'admin:%' as "byAdmin" from payments
     where payment_hash = $1 and state = 'failed' and node is not null order by id desc limit 1`,
    [hash],
  );
  return row;
}

/** The settled invoices among these hashes, with what was credited for each. */
export async function settledByHash(q: Queryable, hashes: readonly string[]): Promise<Map<string, bigint>> {
  const rows = await q.query<{ paymentHash: string; receivedMsat: bigint }>(
    'promises.settled_by_hash',
    `select payment_hash as "paymentHash", received_msat as "receivedMsat" from invoices
     where payment_hash = any($1::text[]) and state = 'settled'`,
    [hashes],
  );
  return new Map(rows.map(({ paymentHash, receivedMsat }) => [paymentHash, receivedMsat]));
}
