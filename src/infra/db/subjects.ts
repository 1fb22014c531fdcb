// What stands behind the lines of a person's history: names, memos, fees and states of payments, invoices and sends,
// for many ids in one query, and only as far as they are this person's.
import type { Queryable } from './client.ts';

export type Subject = {
  id: string;
  kind: 'payment' | 'invoice' | 'send';
  state: string;
  /** The other person, as this one knows them. */
  name: string | null;
  memo: string | null;
  amountMsat: bigint;
  /** The fee that was paid, or for an unfinished payment the ceiling that is held. */
  feeMsat: bigint;
  preimage: string | null;
  destination: string | null;
  expiresAtMs: number | null;
  createdAtMs: number;
  isSender: boolean;
};

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;
const nameOf = (column: string) =>
  `(select case when i.username is not null then '@' || i.username else i.name end
    from identities i where i.user_id = ${column} order by i.id limit 1)`;

const PAYMENT = `select id, 'payment' as kind, state, null::text as name, memo, amount_msat as "amountMsat",
  coalesce(fee_msat, case when state in ('held', 'sending') then fee_ceiling_msat else 0 end) as "feeMsat",
  preimage, destination, ${ms('expires_at')} as "expiresAtMs", ${ms('created_at')} as "createdAtMs",
  true as "isSender" from payments`;
const INVOICE = `select id, 'invoice' as kind, state, null, memo, coalesce(received_msat, amount_msat, 0),
  0::bigint, null, null, ${ms('expires_at')}, ${ms('created_at')}, false from invoices`;
const SEND = `select id, 'send' as kind, state,
  case when from_user_id = $2 then to_name else ${nameOf('from_user_id')} end as name,
  memo, amount_msat as "amountMsat", 0::bigint as "feeMsat", null::text as preimage, null::text as destination,
  ${ms('expires_at')} as "expiresAtMs", ${ms('created_at')} as "createdAtMs", from_user_id = $2 as "isSender"
  from sends`;

/** Those of the ids that are payments, invoices or sends of this person. */
export async function subjectsOf(q: Queryable, given: { userId: string; ids: readonly string[] }): Promise<Subject[]> {
  if (given.ids.length === 0) return [];
  return q.query<Subject>(
    'subjects.of',
    `${PAYMENT} where id = any($1::uuid[]) and user_id = $2
     union all ${INVOICE} where id = any($1::uuid[]) and user_id = $2
     union all ${SEND} where id = any($1::uuid[]) and (from_user_id = $2 or to_user_id = $2)`,
    [given.ids, given.userId],
  );
}

/** Payments under way and sends waiting for their claim, newest first. */
export async function pendingSubjects(q: Queryable, userId: string, limit: number): Promise<Subject[]> {
  return q.query<Subject>(
    'subjects.pending',
    `select * from (
       (${PAYMENT} where user_id = $2 and state in ('held', 'sending') order by payments.id desc limit $1)
       union all (${SEND} where from_user_id = $2 and state = 'held' order by sends.id desc limit $1)) open
     order by id desc limit $1`,
    [limit, userId],
  );
}
