// What the database remembers of its backups: until when all is kept, and when one was last proven. Written as the
// product's own role, read by the workers' gauges.
import pg from 'pg';

/** Later than this, five minutes are not kept any more: archive_timeout and some room. */
export const SHIPPED_LATE_S = 300;

export type Notes = {
  kept(): Promise<void>;
  /** Writes without saying anything. */
  touch(): Promise<void>;
  verified(): Promise<void>;
  keptAt(): Promise<Date | null>;
  /** How long ago PostgreSQL last archived a segment; 0 while it has had no occasion yet. */
  archivedAgeS(): Promise<number>;
  close(): Promise<void>;
};

/** @param url the product's database, as satfleet_app. */
export function notesIn(url: string): Notes {
  const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 10_000 });
  pool.on('error', () => {});
  return {
    async kept() {
      await pool.query('UPDATE database_life SET backup_kept_at = clock_timestamp()');
    },
    async touch() {
      await pool.query('UPDATE database_life SET backup_kept_at = backup_kept_at');
    },
    async verified() {
      await pool.query('UPDATE database_life SET backup_verified_at = clock_timestamp()');
    },
    async keptAt() {
      const { rows } = await pool.query<{ at: Date | null }>('SELECT backup_kept_at AS at FROM database_life');
      return rows[0]?.at ?? null;
    },
    async archivedAgeS() {
      const { rows } = await pool.query<{ age: number }>(
        `SELECT extract(epoch FROM clock_timestamp() - greatest(last_archived_time, pg_postmaster_start_time()))::float8
           AS age FROM pg_stat_archiver`,
      );
      return rows[0]?.age ?? 0;
    },
    close: () => pool.end(),
  };
}
