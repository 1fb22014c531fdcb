// Whose wallet nothing may leave, and why. The functions that take money look here themselves (see rails.ts); a change
// is made under the lock that they share.
import type { Queryable, Tx } from './client.ts';

export type FreezeRow = { userId: string; why: string; by: string; atMs: number };

export async function findFreeze(q: Queryable, userId: string): Promise<FreezeRow | undefined> {
  const [row] = await q.query<FreezeRow>(
    'freezes.find',
    `select user_id as "userId", why, by, (extract(epoch from at) * 1000)::float8 as "atMs"
     from freezes where user_id = $1`,
    [userId],
  );
  return row;
}

/** False when they were frozen before: the first reason stands. The transaction must have locked the rails. */
export async function insertFreeze(
  tx: Tx,
  given: { userId: string; why: string; by: string; nowMs: number },
): Promise<boolean> {
  const rows = await tx.query(
    'freezes.insert',
    `insert into freezes (user_id, why, by, at) values ($1, $2, $3, to_timestamp($4::float8 / 1000))
     on conflict (user_id) do nothing returning user_id`,
    [given.userId, given.why, given.by, given.nowMs],
  );
  return rows.length === 1;
}

/** False when they were not frozen. */
export async function deleteFreeze(tx: Tx, userId: string): Promise<boolean> {
  const rows = await tx.query('freezes.delete', 'delete from freezes where user_id = $1 returning user_id', [userId]);
  return rows.length === 1;
}
