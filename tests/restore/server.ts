// A durable PostgreSQL that archives its log into a spool, a place for backups, and the same server again as it was at an
// earlier moment: what an operator has and does.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Place, placeAt } from '../../scripts/backup/place.ts';
import { unpack } from '../../scripts/backup/unpack.ts';
import { archiveCommand, shipWal } from '../../scripts/backup/wal.ts';
import { setupDatabase } from '../../scripts/database.ts';
import { migrate } from '../../scripts/migrate.ts';
import { type Postgres, startPostgres, unprivilegedUser } from '../../scripts/postgres.ts';
import { Guard, until } from '../../scripts/process.ts';
import type { TestDatabase } from '../support/database.ts';

export type ArchivingServer = {
  readonly database: TestDatabase;
  readonly place: Place;
  /** What an operator would set, for the commands. */
  readonly environment: NodeJS.ProcessEnv;
  readonly adminUrl: string;
  readonly spool: string;
  /** The server's own time now; what is committed later is after it. */
  moment(): Promise<Date>;
  /** Ends the present segment, for the archive to take it. Gives its name. */
  endSegment(): Promise<string>;
  /** Ends the present segment and ships it. */
  ship(): Promise<void>;
  /** Loses the server, and starts it as it was at that moment, at the same address. */
  goBackTo(moment: Date): Promise<void>;
  close(): Promise<void>;
};

const DATABASE = 'satfleet';

export async function startArchiving(): Promise<ArchivingServer> {
  const home = await mkdtemp(join(tmpdir(), 'satfleet-restore-'));
  // The server runs as another user when we are root.
  await chmod(home, 0o755);
  const guard = new Guard(home);
  const [spool, offsite] = [join(home, 'spool'), join(home, 'offsite')];
  await Promise.all([mkdir(spool), mkdir(offsite)]);
  await chmod(spool, 0o777);
  const settings = {
    shared_buffers: '32MB',
    archive_mode: 'on',
    archive_timeout: '60',
    archive_command: archiveCommand(spool),
  };
  const folder = join(home, 'data');
  let server: Postgres = await startPostgres({ folder, guard, settings });
  const { adminUrl, port } = server;
  const password = randomBytes(12).toString('hex');
  const passwords = { ownerPassword: password, appPassword: password };
  const urls = await setupDatabase({ adminUrl, name: DATABASE, ...passwords });
  await migrate(urls.ownerUrl);
  const key = randomBytes(32);
  const place = placeAt(offsite, key);
  const ask = (text: string) => asAdmin(adminUrl, text);
  const endSegment = async () => {
    // A segment without anything in it is not ended.
    await ask("SELECT pg_logical_emit_message(true, 'test', 'something')");
    const [row] = await ask('SELECT pg_walfile_name(pg_switch_wal()) AS name');
    return String(row?.name);
  };
  const ship = async () => {
    const name = await endSegment();
    for (;;) {
      await shipWal(spool, place);
      if (place.has(`wal/${name}`)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {
    database: { ...urls, drop: () => guard.finish() },
    place,
    environment: {
      BACKUP_DIR: offsite,
      BACKUP_KEY: key.toString('hex'),
      BACKUP_WAL_SPOOL: spool,
      DATABASE_BACKUP_URL: adminUrl,
      DATABASE_URL: urls.appUrl,
    },
    adminUrl,
    spool,
    moment: async () => (await ask('SELECT clock_timestamp() AS at'))[0]?.at as Date,
    endSegment,
    ship,
    async goBackTo(moment) {
      await server.stop();
      const restored = join(home, 'restored');
      await unpack(place, restored, moment);
      await copyFile(`${folder}.password`, `${restored}.password`);
      const user = await unprivilegedUser();
      if (user) await promisify(execFile)('chown', ['-R', `${user.uid}:${user.gid}`, restored]);
      server = await startPostgres({ folder: restored, guard, settings, port });
      // It answers before it has played everything back.
      await until('the log to be played back', 30_000, async () => {
        const [row] = await ask('SELECT pg_is_in_recovery() AS busy');
        return row?.busy === false;
      });
    },
    close: () => guard.finish(),
  };
}

async function asAdmin(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(text).finally(() => client.end());
  return rows;
}
