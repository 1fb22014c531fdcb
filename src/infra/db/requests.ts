// Rows of requests for money between two people here. Moves by compare-and-set, like every row with a state.
import type { RequestState } from '../../domain/states.ts';
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
    `insert into requests (id, from_user_id, to_user_id, amount_msat, memo, state, expires_at, created_at)
     values ($1, $2, $3, $4, $5, 'open', to_timestamp($6::float8 / 1000), to_timestamp($7::float8 / 1000))
     on conflict (id) do nothing`,
    [given.id, given.fromUserId, given.toUserId, given.amountMsat, given.memo, given.expiresAtMs, given.nowMs],
  );
}

export async function findRequest(q: Queryable, id: string): Promise<RequestRow | undefined> {
  const [row] = await q.query<RequestRow>('requests.find', `select ${REQUEST} from requests where id = $1`, [id]);
  return row;
}

/** `open → state`; gives the row when we won. Nothing is paid whose time is over. */
export async function closeRequest(
  q: Queryable,
  given: { id: string; state: RequestState; nowMs: number },
): Promise<RequestRow | undefined> {
  const [row] = await q.query<RequestRow>(
    'requests.close',
    `update requests set state = $2, finished_at = to_timestamp($3::float8 / 1000)
     where id = $1 and state = 'open' and (expires_at > to_timestamp($3::float8 / 1000) or $2 <> 'paid')
     returning ${REQUEST}`,
    [given.id, given.state, given.nowMs],
  );
  return row;
}

export async function expireRequests(q: Queryable, nowMs: number): Promise<number> {
  const rows = await q.query(
    'requests.expire',
    `update requests set state = 'expired', finished_at = to_timestamp($1::float8 / 1000)
     where state = 'open' and expires_at <= to_timestamp($1::float8 / 1000) returning id`,
    [nowMs],
  );
  return rows.length;
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
