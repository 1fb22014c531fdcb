// The server that the ledger's benches run on: PostgreSQL with durable commits in a folder of its own, which is gone
// afterwards, and as many empty ledgers on it as asked for.
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { setupDatabase } from '../scripts/database.ts';
import { migrate } from '../scripts/migrate.ts';
import { startPostgres } from '../scripts/postgres.ts';
import { Guard } from '../scripts/process.ts';
import { hostClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/ids.ts';
import { createDb, type Db } from '../src/infra/db/client.ts';

export type BenchServer = {
  adminUrl: string;
  /** A superuser's connection to the database `postgres`. */
  admin: pg.Client;
  /** A migrated, empty ledger in a database of this name. */
  ledger(name: string): Promise<Bench>;
  /**
   * Brings the server to where it is after some days: as many log files as a checkpoint lies apart are there to be used
   * again. Each new one, 16 MB written and made durable first, would stop all commits for some 80 ms.
   */
  settle(): Promise<void>;
  /** Ends it all; also to be called after an error. */
  end(): Promise<void>;
};

export type Bench = {
  db: Db;
  /** The role that owns the tables. */
  owner: pg.Client;
  ownerUrl: string;
};

const PASSWORDS = { ownerPassword: 'bench', appPassword: 'bench' };
// A machine that serves nothing else; log files are kept to be used again (see `settle`).
const SETTINGS = { shared_buffers: '2GB', min_wal_size: '4GB', max_wal_size: '16GB', checkpoint_timeout: '30min' };

export async function startServer(settings: Record<string, string> = {}): Promise<BenchServer> {
  const home = await mkdtemp(join(tmpdir(), 'satfleet-bench-'));
  // The server runs as another user when we are root.
  await chmod(home, 0o755);
  const guard = new Guard(home);
  const server = await startPostgres({ folder: join(home, 'data'), guard, settings: { ...SETTINGS, ...settings } });
  const { adminUrl } = server;
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  const opened: Bench[] = [];
  return {
    adminUrl,
    admin,
    async ledger(name) {
      const { ownerUrl, appUrl } = await setupDatabase({ adminUrl, name, ...PASSWORDS });
      await migrate(ownerUrl);
      const owner = new pg.Client({ connectionString: ownerUrl });
      await owner.connect();
      const bench = { db: patientDb(appUrl), owner, ownerUrl };
      opened.push(bench);
      return bench;
    },
    async settle() {
      await admin.query(`CREATE TABLE filler AS SELECT repeat(md5(i::text), 60) FROM generate_series(1, 900000) AS i`);
      await admin.query('DROP TABLE filler');
      for (let i = 0; i < 2; i++) await admin.query('CHECKPOINT');
    },
    async end() {
      for (const { db, owner } of opened) {
        await db.close();
        await owner.end();
      }
      await admin.end();
      await server.stop();
      await guard.finish();
    },
  };
}

function patientDb(databaseUrl: string): Db {
  const limits = { acquireMs: 30_000, statementMs: 60_000 };
  return createDb({
    databaseUrl,
    ...limits,
    clock: hostClock(),
    random: systemRandom(),
    onSlow: () => {},
    onPool: () => {},
  });
}
