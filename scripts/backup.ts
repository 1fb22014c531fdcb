// `npm run backup`: a base backup now. `-- --verify`: restores the newest in a scratch place and checks its books.
// `-- --channels <node>`:
// pours out the newest channel backup of a node. `-- --keep`: the program that does all of it day and night; an operator runs one beside the database. Refuses, with one
// sentence, to begin when anything is missing that a restore would need.
import { accessSync, constants } from 'node:fs';
import pg from 'pg';
import { bases } from './backup/base.ts';
import { keepChannels, newestChannels } from './backup/channels.ts';
import { backUp, keep, prove } from './backup/keeper.ts';
import { nodesFrom } from './backup/nodes.ts';
import { notesIn } from './backup/notes.ts';
import { backupPlace, wanted } from './backup/settings.ts';
import { archiveCommand } from './backup/wal.ts';
import { onEnd } from './ending.ts';

const USAGE = 'npm run backup [-- --verify | --channels <node> | --keep]';

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
// A night's work may still run; what it started ends with us.
process.exit();

async function main([what = 'base', ...more]: string[]): Promise<void> {
  const environment = process.env;
  const isKnown = ['base', '--verify', '--channels', '--keep'].includes(what);
  if (!isKnown || more.length !== (what === '--channels' ? 1 : 0)) throw new Error(USAGE);
  const place = backupPlace(environment);
  if (what === '--channels') return void process.stdout.write(await newestChannels(place, more[0] ?? ''));
  const databaseUrl = wanted(environment, 'DATABASE_URL', 'the database, as the role satfleet_app');
  const { username: role, pathname } = new URL(databaseUrl);
  const as = { role: decodeURIComponent(role), database: decodeURIComponent(pathname.slice(1)) };
  const notes = notesIn(databaseUrl);
  try {
    if (what === '--verify') {
      if ((await bases(place)).length === 0) throw new Error('There is no base backup yet: run "npm run backup".');
      return await prove(place, as, notes);
    }
    const backupUrl = wanted(environment, 'DATABASE_BACKUP_URL', 'the same server, as a role with REPLICATION');
    if (what === 'base') return await backUp(place, backupUrl);
    const spool = wanted(environment, 'BACKUP_WAL_SPOOL', "the folder that PostgreSQL's archive_command fills");
    await refuseHalves(databaseUrl, spool);
    const ending = new AbortController();
    onEnd(() => ending.abort());
    const channels = keepChannels(nodesFrom(environment), place);
    console.log('Keeping the log, the channel backups and a base backup each day.');
    await keep({ place, spool, backupUrl, as, channels, notes }, ending.signal);
    await channels.close();
  } finally {
    await notes.close();
  }
}

/** A log that is not archived, or too late, is found now and not on the day it is needed. */
async function refuseHalves(databaseUrl: string, spool: string): Promise<void> {
  try {
    accessSync(spool, constants.R_OK | constants.W_OK);
  } catch {
    throw new Error(`BACKUP_WAL_SPOOL names ${spool}, which cannot be read and written.`);
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client
    .query<{ name: string; setting: string }>(
      "SELECT name, setting FROM pg_settings WHERE name IN ('archive_mode', 'archive_timeout', 'wal_level')",
    )
    .finally(() => client.end());
  const is = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  if (is.archive_mode === 'off' || is.wal_level === 'minimal') {
    throw new Error(
      `PostgreSQL archives nothing: set archive_mode = on, archive_timeout = 60 and archive_command = '${archiveCommand(spool)}', and restart it.`,
    );
  }
  const timeoutS = Number(is.archive_timeout);
  if (timeoutS === 0 || timeoutS > 240) {
    throw new Error('Set archive_timeout = 60 (240 at most): an idle hour would else be kept only when it is over.');
  }
}
