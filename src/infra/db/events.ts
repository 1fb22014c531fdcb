// The life of one row, for those who must find out what became of it: which row an id or its end means, the moves of its
// state, and what money, news and jobs hang on it. No secret is among what is read: neither preimage nor invoice text.
import type { Queryable } from './client.ts';
import { firstIdAt } from './sends.ts';

export type LifeKind = 'payment' | 'invoice' | 'send' | 'request';

export type LivingRow = {
  id: string;
  kind: LifeKind;
  state: string;
  amountMsat: bigint | null;
  node: string | null;
  /** Whoever is told about it. */
  userIds: string[];
  /** Of an invoice whose payer is here: that payment. */
  paymentId: string | null;
  /** Of the message that made it, as it stands in every line of the logs about it. */
  trace: string | null;
};

const ROWS = `
  select id, 'payment' as kind, state, amount_msat as "amountMsat", node, array[user_id] as "userIds", null::uuid as "paymentId",
    trace from payments where WHICH
  union all select id, 'invoice', state, coalesce(received_msat, amount_msat), node, array[user_id],
    (select p.id from payments p where p.payment_hash = invoices.payment_hash and p.state <> 'failed'), trace
    from invoices where WHICH
  union all select id, 'send', state, amount_msat, null, array_remove(array[from_user_id, to_user_id], null), null, trace
    from sends where WHICH
  union all select id, 'request', state, amount_msat, null, array[from_user_id, to_user_id], null, trace
    from requests where WHICH
  limit 10`;

export async function livingRow(q: Queryable, id: string): Promise<LivingRow | undefined> {
  const [row] = await q.query<LivingRow>('events.row', ROWS.replaceAll('WHICH', 'id = $1::uuid'), [id]);
  return row;
}

/**
 * The rows made since a moment whose id, or the trace of the message that made them, ends like this.
 * @param end eight hexadecimal digits, as people are shown, or all of a trace.
 */
export async function rowsEnding(q: Queryable, end: string, sinceMs: number): Promise<LivingRow[]> {
  const which = `id >= $2::uuid and (id::text like '%' || $1 or trace::text like '%' || $1)`;
  return q.query<LivingRow>('events.ending', ROWS.replaceAll('WHICH', which), [end, firstIdAt(sinceMs)]);
}

export type EventRow = {
  seq: number;
  fromState: string | null;
  toState: string;
  cause: string;
  actor: string;
  atMs: number;
};

const ms = (column: string, name: string) => `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`;

export async function eventsOf(q: Queryable, id: string): Promise<EventRow[]> {
  return q.query(
    'events.of',
    `select seq, from_state as "fromState", to_state as "toState", cause, actor, ${ms('at', 'atMs')}
     from events where row_id = $1 order by seq`,
    [id],
  );
}

export type TransferLine = {
  id: string;
  kind: string;
  code: string;
  debit: string;
  credit: string;
  amount: bigint;
  currency: string;
  atMs: number;
};

/** Those of the transfers that there are, with the names of their accounts. */
export async function transfersOf(q: Queryable, ids: readonly string[]): Promise<TransferLine[]> {
  return q.query(
    'events.transfers',
    `select t.id, t.kind::text, t.code::text, d.code as debit, c.code as credit, t.amount, t.currency,
       ${ms('t.created_at', 'atMs')}
     from transfers t join accounts d on d.id = t.debit_id join accounts c on c.id = t.credit_id
     where t.id = any($1::uuid[]) order by t.created_at, t.id`,
    [ids],
  );
}

export type NoticeLine = { id: string; kind: string; state: string; createdAtMs: number; sentAtMs: number | null };

/** What these people were told, or are to be told, about it. */
export async function noticesAbout(
  q: Queryable,
  given: { subjectId: string; userIds: readonly string[] },
): Promise<NoticeLine[]> {
  return q.query(
    'events.notices',
    `select id, kind, state, ${ms('created_at', 'createdAtMs')}, ${ms('sent_at', 'sentAtMs')}
     from notices where user_id = any($2::uuid[]) and subject_id = $1 order by created_at`,
    [given.subjectId, given.userIds],
  );
}

export type JobLine = { id: string; queue: string; createdAtMs: number; dueAtMs: number };

/** The jobs of these rows that are not done. */
export async function jobsOf(q: Queryable, ids: readonly string[]): Promise<JobLine[]> {
  return q.query(
    'events.jobs',
    `select id, queue, ${ms('created_at', 'createdAtMs')}, ${ms('due_at', 'dueAtMs')}
     from outbox where id = any($1::uuid[]) order by created_at`,
    [ids],
  );
}
