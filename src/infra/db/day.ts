// What the house did within a span of time, for its daily digest. Ids begin with their time, so each sum is a range of a
// primary key.
import type { Queryable } from './client.ts';
import { firstIdAt } from './sends.ts';

export type Span = { readonly fromMs: number; readonly untilMs: number };

export type DayOfMoney = {
  readonly users: number;
  readonly newUsers: number;
  readonly inMsat: bigint;
  readonly outMsat: bigint;
  readonly insideMsat: bigint;
  readonly paid: number;
  readonly failed: number;
};

/**
 * People, and what came over Lightning, left over it and moved inside.
 * @param invoiceLifeMs an invoice that was paid in the span may be older by so much.
 */
export async function dayOfMoney(q: Queryable, { fromMs, untilMs }: Span, invoiceLifeMs: number): Promise<DayOfMoney> {
  const [row] = await q.query<DayOfMoney>(
    'day.money',
    `with pay as (
       select state, own_invoice_id is not null as inside, amount_msat from payments where id >= $1::uuid and id < $2::uuid)
     select (select count(*)::int4 from users) as users,
       (select count(*)::int4 from users where created_at >= to_timestamp($4::float8 / 1000)
          and created_at < to_timestamp($5::float8 / 1000)) as "newUsers",
       (select coalesce(sum(received_msat), 0)::bigint from invoices where id >= $3::uuid and id < $2::uuid
          and state = 'settled' and cause <> 'inside' and settled_at >= to_timestamp($4::float8 / 1000)
          and settled_at < to_timestamp($5::float8 / 1000)) as "inMsat",
       (select coalesce(sum(amount_msat), 0)::bigint from pay where state = 'paid' and not inside) as "outMsat",
       ((select coalesce(sum(amount_msat), 0) from pay where state = 'paid' and inside)
         + (select coalesce(sum(amount_msat), 0) from sends where id >= $1::uuid and id < $2::uuid
            and state in ('done', 'claimed')))::bigint as "insideMsat",
       (select count(*)::int4 from pay where state = 'paid') as paid,
       (select count(*)::int4 from pay where state = 'failed') as failed`,
    [firstIdAt(fromMs), firstIdAt(untilMs), firstIdAt(fromMs - invoiceLifeMs), fromMs, untilMs],
  );
  return row ?? { users: 0, newUsers: 0, inMsat: 0n, outMsat: 0n, insideMsat: 0n, paid: 0, failed: 0 };
}

/** The alerts that came within the span, by name, the most frequent first; and how many go on now. */
export async function dayOfAlerts(
  q: Queryable,
  { fromMs, untilMs }: Span,
): Promise<{ incidents: { name: string; count: number }[]; open: number }> {
  const incidents = await q.query<{ name: string; count: number }>(
    'day.alerts',
    `select name, count(*)::int4 as count from incidents where id >= $1::uuid and id < $2::uuid
     group by name order by 2 desc, 1`,
    [firstIdAt(fromMs), firstIdAt(untilMs)],
  );
  const [row] = await q.query<{ open: number }>(
    'day.open_alerts',
    'select count(*)::int4 as open from incidents where closed_at is null',
    [],
  );
  return { incidents, open: row?.open ?? 0 };
}

/** Admins who were not told anything of this kind about this subject yet. */
export async function adminsNotTold(q: Queryable, kind: string, subjectId: string): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'day.admins_not_told',
    `select u.id from users u where u.role = 'admin' and not exists (
       select 1 from notices n where n.user_id = u.id and n.kind = $1 and n.subject_id = $2::uuid) order by u.id`,
    [kind, subjectId],
  );
  return rows.map(({ id }) => id);
}
