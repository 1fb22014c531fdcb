// The proof that a backup is one: it is laid out in a folder that nobody else can enter, PostgreSQL plays it back there,
// behind a socket and no port, its books are checked as a worker checks them, and the folder is removed.
import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { hostClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { checkBooks } from '../../src/infra/db/books.ts';
import { createDb } from '../../src/infra/db/client.ts';
import { asUser, programsFor, unprivilegedUser } from '../postgres.ts';
import { Daemon, Guard } from '../process.ts';
import type { Place } from './place.ts';
import { recoverySettings, unpack } from './unpack.ts';

const START_MS = 6 * 60 * 60_000;
const PORT = 5432;

export type Verified = {
  base: string;
  segments: number;
  booksAreRight: boolean;
  /** The last moment at which all was said to be kept, as the restored database knows it: how far it reaches. */
  reachesAt: Date | null;
};

/** Restores the newest backup in a scratch place, checks its books, read as that role of it, and removes it. */
export async function verifyNewest(place: Place, as: { role: string; database: string }): Promise<Verified> {
  const home = await mkdtemp(join(tmpdir(), 'satfleet-verify-'));
  const guard = new Guard(home);
  try {
    const data = join(home, 'data');
    const { base, segments } = await unpack(place, data);
    await start(home, data, guard, as);
    const [role, name, socket] = [as.role, as.database, home].map(encodeURIComponent);
    const url = `postgresql://${role}@localhost:${PORT}/${name}?host=${socket}`;
    return { base: base.name, segments, ...(await look(url)) };
  } finally {
    await guard.finish();
  }
}

// What stands in the backup's own files is for another machine: its addresses, its sizes, its archive.
async function start(home: string, data: string, guard: Guard, as: { role: string; database: string }): Promise<void> {
  const user = await unprivilegedUser();
  const programs = await programsFor(user).catch(() => {
    throw new Error('There is no PostgreSQL 18 here to restore with: run this in a checkout after "npm ci".');
  });
  const settings = {
    listen_addresses: "''",
    unix_socket_directories: `'${home}'`,
    unix_socket_permissions: '0700',
    port: String(PORT),
    hba_file: `'${join(home, 'hba.conf')}'`,
    archive_mode: 'off',
    hot_standby: 'off',
    fsync: 'off',
    shared_buffers: '64MB',
    timezone: 'UTC',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(join(home, 'hba.conf'), 'local all all trust\n');
  await writeFile(join(home, 'scratch.conf'), lines.join(''));
  await writeFile(join(data, 'postgresql.auto.conf'), recoverySettings());
  if (user) {
    await promisify(execFile)('chown', ['-R', `${user.uid}:${user.gid}`, home]);
  }
  const args = ['-D', data, '-c', `config_file=${join(home, 'scratch.conf')}`];
  const [file = '', ...all] = asUser(user, programs.postgres, args);
  const daemon = new Daemon({ name: 'PostgreSQL', file, args: all, logFile: join(home, 'log'), guard });
  daemon.start();
  await daemon.until('plays the backup back', START_MS, async () => {
    const client = new pg.Client({ host: home, port: PORT, user: as.role, database: as.database });
    client.on('error', () => {});
    await client.connect();
    const { rows } = await client.query('SELECT pg_is_in_recovery() AS busy').finally(() => client.end());
    return rows[0]?.busy === false;
  });
}

async function look(databaseUrl: string): Promise<Pick<Verified, 'booksAreRight' | 'reachesAt'>> {
  const db = createDb({
    databaseUrl,
    clock: hostClock(),
    random: systemRandom(),
    onSlow: () => {},
    onPool: () => {},
  });
  try {
    const { ok } = await checkBooks(db);
    const [row] = await db.query<{ at: number | null }>(
      'verify.reach',
      'select (extract(epoch from backup_kept_at) * 1000)::float8 as at from database_life',
      [],
    );
    return { booksAreRight: ok, reachesAt: row?.at == null ? null : new Date(row.at) };
  } finally {
    await db.close();
  }
}
