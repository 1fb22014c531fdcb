// Where people want theirs to go should the house close, and what everybody has.
import type { Queryable } from './client.ts';

/** Remembers it in the place of an earlier one. */
export async function saveTarget(
  q: Queryable,
  given: { userId: string; request: string; paymentHash: string; expiresAtMs: number; nowMs: number },
): Promise<void> {
  await q.query(
    'sweep.save',
    `insert into sweep_targets (user_id, request, payment_hash, expires_at, created_at)
     values ($1, $2, $3, to_timestamp($4::float8 / 1000), to_timestamp($5::float8 / 1000))
     on conflict (user_id) do update set request = excluded.request, payment_hash = excluded.payment_hash,
       expires_at = excluded.expires_at, created_at = excluded.created_at`,
    [given.userId, given.request, given.paymentHash, given.expiresAtMs, given.nowMs],
  );
}

export type Balance = {
  userId: string;
  walletId: bigint;
  availableMsat: bigint;
  heldMsat: bigint;
  /** Null when none was named. */
  request: string | null;
  expiresAtMs: number | null;
  /** Whether a payment to it is under way or done. */
  isUsed: boolean;
};

/** A page of those who have anything, by their id, after the one given. */
export async function balances(q: Queryable, given: { afterId: string | null; limit: number }): Promise<Balance[]> {
  return q.query<Balance>(
    'sweep.balances',
    `select u.id as "userId", a.id as "walletId", a.credits_posted - a.debits_posted - a.debits_pending as "availableMsat",
       a.debits_pending as "heldMsat", t.request, (extract(epoch from t.expires_at) * 1000)::float8 as "expiresAtMs",
       exists (select from payments p where p.payment_hash = t.payment_hash and p.state <> 'failed') as "isUsed"
     from users u join accounts a on a.id = u.wallet_id left join sweep_targets t on t.user_id = u.id
     where a.credits_posted > a.debits_posted and ($1::uuid is null or u.id > $1) order by u.id limit $2`,
    [given.afterId, given.limit],
  );
}
