// What the overview of the house counts: who was here, how much moved. Made of ranges of primary keys, since ids begin
// with their time; asked seldom, for admins.
import type { Queryable } from './client.ts';
import { firstIdAt } from './sends.ts';

export type People = { users: number; active: number };

/** How many wallets there are, and how many of their owners wrote or moved something since a moment. */
export async function countPeople(q: Queryable, sinceMs: number): Promise<People> {
  const [row] = await q.query<People>(
    'stats.people',
    `select (select count(*)::int4 from users) as users, (select count(*)::int4 from (
       select i.user_id from chats c join identities i on i.id = c.identity_id
         where c.last_seen_at >= to_timestamp($2::float8 / 1000)
       union select user_id from payments where id >= $1::uuid
       union select user_id from invoices where id >= $1::uuid
       union select from_user_id from sends where id >= $1::uuid
       union select from_user_id from requests where id >= $1::uuid) seen) as active`,
    [firstIdAt(sinceMs), sinceMs],
  );
  return row ?? { users: 0, active: 0 };
}

/** How often something moved, and how much. */
export type Moved = { count: number; msat: bigint };
export type Volume = { in: Moved; out: Moved; inside: Moved };

type VolumeRow = { way: keyof Volume; count: number; msat: bigint };

/**
 * What came over Lightning, what left over it, and what moved between people here, since a moment.
 * @param invoiceLifeMs an invoice that was paid since then may be older by so much.
 */
export async function volumeSince(q: Queryable, sinceMs: number, invoiceLifeMs: number): Promise<Volume> {
  const rows = await q.query<VolumeRow>(
    'stats.volume',
    `select way, count(*)::int4 as count, coalesce(sum(msat), 0)::bigint as msat from (
       select 'in' as way, received_msat as msat from invoices
         where id >= $2::uuid and state = 'settled' and cause <> 'inside'
           and settled_at >= to_timestamp($3::float8 / 1000)
       union all select case when own_invoice_id is null then 'out' else 'inside' end, amount_msat from payments
         where id >= $1::uuid and state = 'paid'
       union all select 'inside', amount_msat from sends where id >= $1::uuid and state in ('done', 'claimed')) moved
     group by way`,
    [firstIdAt(sinceMs), firstIdAt(sinceMs - invoiceLifeMs), sinceMs],
  );
  const of = (way: keyof Volume): Moved => {
    const row = rows.find((each) => each.way === way);
    return { count: row?.count ?? 0, msat: row?.msat ?? 0n };
  };
  return { in: of('in'), out: of('out'), inside: of('inside') };
}

/** Of the books, in BTC: what is owed to people, what lies at the nodes, and what came or left and no row explains. */
export type Worth = { owedMsat: bigint; atNodesMsat: bigint; suspenseMsat: bigint };

export async function worthNow(q: Queryable): Promise<Worth> {
  const sum = (kind: string) =>
    `coalesce(sum(credits_posted - debits_posted) filter (where code like '${kind}:%'), 0)::bigint`;
  const [row] = await q.query<Worth>(
    'stats.worth',
    `select ${sum('wallet')} as "owedMsat", -${sum('lightning')} as "atNodesMsat", ${sum('suspense')} as "suspenseMsat"
     from accounts where currency = 'BTC'`,
    [],
  );
  return row ?? { owedMsat: 0n, atNodesMsat: 0n, suspenseMsat: 0n };
}
