// The months of the ledger: made ahead by a job, so that a transfer always finds its month, and detached when old.
import type { Queryable } from './client.ts';

/**
 * Makes the month of `nowMs` and `months - 1` after it where they are missing. Gives how many were made.
 * @param months 1 to 36.
 */
export async function makePartitions(q: Queryable, nowMs: number, months: number): Promise<number> {
  const text = `SELECT make_partitions((to_timestamp($1::float8 / 1000) AT TIME ZONE 'UTC')::date, $2::int) AS made`;
  const [row] = await q.query<{ made: number }>('ledger.make_partitions', text, [nowMs, months]);
  return row!.made;
}

/**
 * Takes an old month out of the ledger; its table stays for the database's owner to store away.
 * @param month its first day, as 2026-01-01.
 * @throws Error when a hold of the month is open, or it is younger than two months.
 */
export async function detachPartition(q: Queryable, month: string): Promise<void> {
  await q.query('ledger.detach_partition', 'SELECT detach_partition($1::date)', [month]);
}
