// Rows of requests for money between two people here. Moves by compare-and-set, like every row with a state.
import type { RequestCause, RequestState } from '../../domain/states.ts';
import type { Queryable } from './client.ts';

export type RequestRow = {
  id: string;
  fromUserId: string;
  toUserId: string;
  amountMsat: bigint;
  memo: string | null;
  state: RequestState;
  expiresAtMs: number;
  createdAtMs: number;
};

const REQUEST = `id, from_user_id as "fromUserId", to_user_id as "toUserId", amount_msat as "amountMsat", memo, state,
  (extract(epoch from expires_at) * 1000)::float8 as "expiresAtMs",
  (extract(epoch from created_at) * 1000)::float8 as "createdAtMs"`;

export async function insertRequest(
  q: Queryable,
  given: Omit<RequestRow, 'state' | 'createdAtMs'> & { nowMs: number },
): Promise<void> {
  await q.query(
    'requests.insert',
    `insert into requests (id, from_user_id, to_user_id, amount_msat, memo, state, cause, expires_at, created_at)
     values ($1, $2, $3, $4, $5, 'open', 'tap', to_timestamp($6::float8 / 1000), to_timestamp($7::float8 / 1000))
     on conflict (id) do nothing`,
    [given.id, given.fromUserId, given.toUserId, given.amountMsat, given.memo, given.expiresAtMs, given.nowMs],
  );
}

export async function findRequest(q: Queryable, id: string): Promise<RequestRow | undefined> {
  const [row] = await q.query<RequestRow>('requests.find', `select ${REQUEST} from requests where id = $1`, [id]);
  return row;
}

const CAUSES: Record<Exclude<RequestState, 'open'>, RequestCause> = {
  paid: 'send',
  declined: 'decline',
  canceled: 'cancel',
  expired: 'expiry',
};

/** `open → state`; gives the row when we won. Nothing is paid whose time is over. */
export async function closeRequest(
  q: Queryable,
  given: { id: string; state: Exclude<RequestState, 'open'>; nowMs: number },
): Promise<RequestRow | undefined> {
  const [row] = await q.query<RequestRow>(
    'requests.close',
    `update requests set state = $2, cause = $4, finished_at = to_timestamp($3::float8 / 1000)
     where id = $1 and state = 'open' and (expires_at > to_timestamp($3::float8 / 1000) or $2 <> 'paid')
     returning ${REQUEST}`,
    [given.id, given.state, given.nowMs, CAUSES[given.state]],
  );
  return row;
}

/** Requests that are still open though their time is over, the oldest first. */
export async function overdueRequests(q: Queryable, given: { nowMs: number; limit: number }): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'requests.overdue',
    `select id from requests where state = 'open' and expires_at <= to_timestamp($1::float8 / 1000)
     order by expires_at limit $2`,
    [given.nowMs, given.limit],
  );
  return rows.map((row) => row.id);
}

export async function countOpenRequests(q: Queryable, fromUserId: string): Promise<number> {
  const [row] = await q.query<{ open: number }>(
    'requests.open_of_user',
    `select count(*) filter (where state = 'open')::int4 as open
     from (select state from requests where from_user_id = $1 order by id desc limit 200) recent`,
    [fromUserId],
  );
  return row?.open ?? 0;
}
