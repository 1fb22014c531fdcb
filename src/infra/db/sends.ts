// Rows of transfers inside the house. A send to someone who is not here yet is held until it is claimed, retracted or
// returned; whoever moves it out of `held` first decides, the others find it closed.
import type { SendCause, SendState } from '../../domain/states.ts';
import type { Queryable } from './client.ts';

export type SendRow = {
  id: string;
  fromUserId: string;
  toUserId: string | null;
  toName: string;
  amountMsat: bigint;
  memo: string | null;
  state: SendState;
  expiresAtMs: number | null;
  createdAtMs: number;
  finishedAtMs: number | null;
};

const ms = (column: string, name: string) => `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`;
const SEND = `id, from_user_id as "fromUserId", to_user_id as "toUserId", to_name as "toName",
  amount_msat as "amountMsat", memo, state, ${ms('expires_at', 'expiresAtMs')}, ${ms('created_at', 'createdAtMs')},
  ${ms('finished_at', 'finishedAtMs')}`;

/** False when the id exists already. */
export async function insertSend(
  q: Queryable,
  given: Omit<SendRow, 'createdAtMs' | 'finishedAtMs'> & { nowMs: number },
): Promise<boolean> {
  const rows = await q.query(
    'sends.insert',
    `insert into sends (id, from_user_id, to_user_id, to_name, amount_msat, memo, state, cause, expires_at, created_at,
       finished_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'tap', to_timestamp($8::float8 / 1000), to_timestamp($9::float8 / 1000),
       case when $7 = 'done' then to_timestamp($9::float8 / 1000) end)
     on conflict (id) do nothing returning id`,
    [
      given.id,
      given.fromUserId,
      given.toUserId,
      given.toName,
      given.amountMsat,
      given.memo,
      given.state,
      given.expiresAtMs,
      given.nowMs,
    ],
  );
  return rows.length === 1;
}

export async function findSend(q: Queryable, id: string): Promise<SendRow | undefined> {
  const [row] = await q.query<SendRow>('sends.find', `select ${SEND} from sends where id = $1`, [id]);
  return row;
}

export async function lockSend(q: Queryable, id: string): Promise<SendRow | undefined> {
  const [row] = await q.query<SendRow>('sends.lock', `select ${SEND} from sends where id = $1 for no key update`, [id]);
  return row;
}

/** Ends a held send. The row must be locked and `held`. */
export async function closeSend(
  q: Queryable,
  given: { id: string; state: SendState; cause: SendCause; toUserId: string | null; nowMs: number },
): Promise<void> {
  await q.query(
    'sends.close',
    `update sends set state = $2, cause = $5, to_user_id = coalesce($3, to_user_id),
       finished_at = to_timestamp($4::float8 / 1000) where id = $1`,
    [given.id, given.state, given.toUserId, given.nowMs, given.cause],
  );
}

/** Held sends whose 21 days are over. */
export async function overdueSends(q: Queryable, given: { nowMs: number; limit: number }): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'sends.overdue',
    `select id from sends where state = 'held' and expires_at <= to_timestamp($1::float8 / 1000)
     order by expires_at limit $2`,
    [given.nowMs, given.limit],
  );
  return rows.map((row) => row.id);
}

/** The smallest id of a moment: ids begin with their time, so "since a moment" is a range of the primary key. */
export function firstIdAt(timeMs: number): string {
  const hex = Math.floor(timeMs).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
