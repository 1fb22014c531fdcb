// Finding one person for those who help them, and what stands about them beside their wallet. Rarely asked, so the ends
// of ids have no index.
import type { Queryable } from './client.ts';

const MOST = 3;

/** The people whose id ends with these eight hexadecimal digits. */
export async function usersEnding(q: Queryable, end: string): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'people.ending',
    `select id from users where id::text like '%' || $1 order by id limit ${MOST}`,
    [end],
  );
  return rows.map(({ id }) => id);
}

export type Traces = {
  /** When they last wrote to us, or last moved something. */
  lastSeenMs: number | null;
  newsMuted: boolean;
  channels: string[];
  openInvoices: number;
};

const newest = (table: string) => `(select created_at from ${table} where user_id = $1 order by id desc limit 1)`;

export async function tracesOf(q: Queryable, userId: string): Promise<Traces | undefined> {
  const [row] = await q.query<Traces>(
    'people.traces',
    `select (extract(epoch from greatest(
         (select max(c.last_seen_at) from identities i join chats c on c.identity_id = i.id where i.user_id = $1),
         ${newest('payments')}, ${newest('invoices')},
         (select created_at from sends where from_user_id = $1 order by id desc limit 1))) * 1000)::float8 as "lastSeenMs",
       news_muted as "newsMuted",
       array(select distinct channel from identities where user_id = $1 order by channel) as channels,
       (select count(*)::int4 from (select state from invoices where user_id = $1 order by id desc limit 200) recent
         where state in ('asked', 'open', 'closing')) as "openInvoices"
     from users where id = $1`,
    [userId],
  );
  return row;
}

export type OpenPayment = { id: string; state: string; amountMsat: bigint; createdAtMs: number };

/** Their payments without an end, newest first. */
export async function openPaymentsOf(q: Queryable, userId: string, limit: number): Promise<OpenPayment[]> {
  return q.query<OpenPayment>(
    'people.open_payments',
    `select id, state, amount_msat as "amountMsat", (extract(epoch from created_at) * 1000)::float8 as "createdAtMs"
     from payments where user_id = $1 and state in ('held', 'sending') order by id desc limit $2`,
    [userId, limit],
  );
}

export type AdminRow = { id: string; name: string | null; username: string | null };

/** Everyone who is an admin, with a name for display. */
export async function adminRows(q: Queryable): Promise<AdminRow[]> {
  return q.query<AdminRow>(
    'people.admins',
    `select u.id, i.name, i.username from users u
     left join lateral (select name, username from identities where user_id = u.id order by id limit 1) i on true
     where u.role = 'admin' order by u.id`,
    [],
  );
}

/** Their ids, none of which another may change until the transaction ends. */
export async function lockAdmins(q: Queryable): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'people.lock_admins',
    `select id from users where role = 'admin' order by id for no key update`,
    [],
  );
  return rows.map(({ id }) => id);
}

/** False when there is no such person, or the role was theirs before. */
export async function setRole(q: Queryable, userId: string, role: 'person' | 'admin'): Promise<boolean> {
  const rows = await q.query('people.role', 'update users set role = $2 where id = $1 and role <> $2 returning id', [
    userId,
    role,
  ]);
  return rows.length === 1;
}
