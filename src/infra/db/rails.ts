// The switches of the rails, and why nothing new may begin. Asked and turned under the lock of the switch `sending`, which
// whoever turns takes alone: once a turn is committed, no start that had seen it otherwise is still to come.
import type { BeginRefusal, Rail } from '../../domain/rails.ts';
import type { Queryable, Tx } from './client.ts';

export type RailRow = { name: Rail; isOn: boolean; why: string; by: string; atMs: number };

/** Why this may not begin now; undefined when it may. Holds the switches still until the transaction ends. */
export async function refusalToBegin(tx: Tx, given: { rail: Rail; userId: string }): Promise<BeginRefusal | undefined> {
  const [row] = await tx.query<{ refusal: BeginRefusal | null }>(
    'rails.refusal',
    'select refusal_to_begin($1, $2) as refusal',
    [given.rail, given.userId],
  );
  return row?.refusal ?? undefined;
}

/** Whether nothing may leave this person's wallet; holds that still until the transaction ends. */
export async function isFrozen(tx: Tx, userId: string): Promise<boolean> {
  await tx.query('rails.hold_still', `select pg_advisory_xact_lock_shared(hashtext('switch:sending'))`, []);
  // A statement of its own: what the lock was waited for is to be seen.
  const rows = await tx.query('rails.is_frozen', 'select 1 from freezes where user_id = $1', [userId]);
  return rows.length === 1;
}

/** How the rails stand. */
export async function readRails(q: Queryable): Promise<RailRow[]> {
  return q.query<RailRow>(
    'rails.read',
    `select name, is_on as "isOn", why, by, (extract(epoch from at) * 1000)::float8 as "atMs"
     from switches where name in ('send', 'pay', 'receive') order by name`,
    [],
  );
}

/** When all starts under way have ended, none begins until the transaction ends. */
export async function lockRails(tx: Tx): Promise<void> {
  await tx.query('rails.lock', `select pg_advisory_xact_lock(hashtext('switch:sending'))`, []);
}

/** Turns those of the rails that stand otherwise, and gives them. The transaction must have locked them. */
export async function turnRails(
  tx: Tx,
  given: { rails: readonly Rail[]; isOn: boolean; why: string; by: string; nowMs: number },
): Promise<Rail[]> {
  const rows = await tx.query<{ name: Rail }>(
    'rails.turn',
    `update switches set is_on = $2, why = $3, by = $4, at = to_timestamp($5::float8 / 1000)
     where name = any($1::text[]) and is_on <> $2 returning name`,
    [given.rails, given.isOn, given.why, given.by, given.nowMs],
  );
  return rows.map(({ name }) => name);
}
