// The server that the ledger's benches run on: PostgreSQL with durable commits in a folder of its own, which is gone
// afterwards, and a ledger on it with as many funded accounts as asked for.
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

export type Bench = {
  adminUrl: string;
  ownerUrl: string;
  appUrl: string;
  db: Db;
  /** Runs statements as the role that owns the tables. */
  owner: pg.Client;
  end(): Promise<void>;
};

/** Starts it all. Call `end` when done, also after an error. */
export async function startBench(): Promise<Bench> {
  const home = await mkdtemp(join(tmpdir(), 'satfleet-ledger-'));
  await chmod(home, 0o755);
  const guard = new Guard(home);
  const settings = { shared_buffers: '1GB', min_wal_size: '4GB', max_wal_size: '16GB', checkpoint_timeout: '30min' };
  const server = await startPostgres({ folder: join(home, 'data'), guard, settings });
  const { ownerUrl, appUrl } = await setupDatabase({ adminUrl: server.adminUrl, name: 'bench' });
  await migrate(ownerUrl);
  const db = createDb({
    databaseUrl: appUrl,
    acquireMs: 30_000,
    statementMs: 60_000,
    clock: hostClock(),
    random: systemRandom(),
    onSlow: () => {},
    onPool: () => {},
  });
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  return {
    adminUrl: server.adminUrl,
    ownerUrl,
    appUrl,
    db,
    owner,
    async end() {
      await db.close();
      await owner.end();
      await server.stop();
      await guard.finish();
    },
  };
}
