// Which database this is. PostgreSQL begins a new timeline whenever it ends a recovery, be it a restore to a moment or a
// replica that takes over: then it may lack what was told since, and the row that says which one we knew differs from
// what the server says of itself. The same row says until when the backups are known good; `npm run backup` writes that.
import type { Queryable } from './client.ts';

export type DatabaseLife = {
  /** The server's number and timeline as of the books we know to be whole. */
  known: string;
  /** What the server says now; while it still plays a log back, that it does. */
  present: string;
  /** Since when it is the one we know. */
  sinceMs: number;
  /** When all that must be off the machine was, and when a backup was last restored and found right. */
  keptAtMs: number | null;
  verifiedAtMs: number | null;
};

const ms = (column: string, name: string) => `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`;

export async function databaseLife(q: Queryable): Promise<DatabaseLife> {
  const [row] = await q.query<DatabaseLife>(
    'life.read',
    `select life as known, case when pg_is_in_recovery() then 'in recovery' else present_life() end as present, ${ms('since', 'sinceMs')}, ${ms('backup_kept_at', 'keptAtMs')},
       ${ms('backup_verified_at', 'verifiedAtMs')} from database_life where id = 1`,
    [],
  );
  if (!row) throw new Error('the database does not say which it is: its migrations are not all applied');
  return row;
}

/** From now on the present database is the one we know. */
export async function acceptLife(q: Queryable, nowMs: number): Promise<void> {
  await q.query(
    'life.accept',
    'update database_life set life = present_life(), since = to_timestamp($1::float8 / 1000) where id = 1',
    [nowMs],
  );
}
