// The PINs of admins: what they are checked against, and how often that was tried. A try is counted before it is judged, in
// one statement, so that whoever tries many at once, or makes a process die in between, gets no more of them.
import type { Queryable } from './client.ts';

export type PinRow = { salt: string; hash: string };

export async function findPin(
  q: Queryable,
  userId: string,
): Promise<(PinRow & { lockedUntilMs: number | null }) | undefined> {
  const [row] = await q.query<PinRow & { lockedUntilMs: number | null }>(
    'pins.find',
    `select salt, hash, (extract(epoch from locked_until) * 1000)::float8 as "lockedUntilMs"
     from pins where user_id = $1`,
    [userId],
  );
  return row;
}

/** Puts it in the place of the one before; its tries begin anew. */
export async function savePin(q: Queryable, given: PinRow & { userId: string; nowMs: number }): Promise<void> {
  await q.query(
    'pins.save',
    `insert into pins (user_id, salt, hash, set_at) values ($1, $2, $3, to_timestamp($4::float8 / 1000))
     on conflict (user_id) do update set salt = excluded.salt, hash = excluded.hash, set_at = excluded.set_at,
       tries = 0, locked_until = null`,
    [given.userId, given.salt, given.hash, given.nowMs],
  );
}

/**
 * Takes one of the tries there are; the last one locks, until it proves right or `lockedMs` are over.
 * @returns what to check it against, and how many are left after it; undefined while it is locked, or without a PIN.
 */
export async function takePinTry(
  q: Queryable,
  given: { userId: string; most: number; lockedMs: number; nowMs: number },
): Promise<(PinRow & { left: number }) | undefined> {
  const now = 'to_timestamp($4::float8 / 1000)';
  // When the lock has run out, counting begins anew.
  const tries = 'case when locked_until is null then tries + 1 else 1 end';
  const [row] = await q.query<PinRow & { left: number }>(
    'pins.try',
    `update pins set tries = ${tries},
       locked_until = case when ${tries} >= $2 then ${now} + $3::float8 * interval '1 millisecond' end
     where user_id = $1 and (locked_until is null or locked_until <= ${now})
     returning salt, hash, $2::int4 - tries as left`,
    [given.userId, given.most, given.lockedMs, given.nowMs],
  );
  return row;
}

/** It was right: all tries are there again. */
export async function forgivePinTries(q: Queryable, userId: string): Promise<void> {
  await q.query('pins.right', 'update pins set tries = 0, locked_until = null where user_id = $1', [userId]);
}

export async function deletePin(q: Queryable, userId: string): Promise<void> {
  await q.query('pins.delete', 'delete from pins where user_id = $1', [userId]);
}
