// A backup laid out as a data folder of PostgreSQL: the newest base backup from before the moment that is wanted, the log
// since, and the settings by which the server, when it is started there, plays the log back up to that moment.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Base, bases } from './base.ts';
import type { Place } from './place.ts';
import { WAL_FOLDER } from './wal.ts';

const LOG = 'restored_wal';

export type Unpacked = { base: Base; segments: number };

/**
 * Fills an empty folder.
 * @param until the moment; the end of the log when missing.
 * @throws a sentence when the folder is not empty or no base backup is old enough.
 */
export async function unpack(place: Place, folder: string, until?: Date): Promise<Unpacked> {
  const inside = await readdir(folder).catch((): string[] => []);
  if (inside.length > 0) throw new Error(`${folder} is not empty: name a new folder. Nothing was changed.`);
  const base = (await bases(place)).findLast(({ finishedAt }) => until === undefined || finishedAt <= until);
  if (!base) throw new Error(`There is no base backup${until ? ` from before ${until.toISOString()}` : ''}.`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await untar(place, base.name, folder);
  const segments = await layLog(place, join(folder, LOG), base);
  await appendFile(join(folder, 'postgresql.auto.conf'), recoverySettings(until));
  await writeFile(join(folder, 'recovery.signal'), '');
  return { base, segments };
}

/** What tells the server to play the log back; it runs the command in its data folder. */
export function recoverySettings(until?: Date): string {
  // PostgreSQL reads no "T" and no "Z" here.
  const moment = until?.toISOString().replace('T', ' ').replace('Z', '+00');
  const target = moment ? `recovery_target_time = '${moment}'\nrecovery_target_inclusive = on\n` : '';
  return `\n# Written by the restore.\nrestore_command = 'cp ${LOG}/%f %p'\n${target}recovery_target_action = 'promote'\nrecovery_target_timeline = 'latest'\n`;
}

async function untar(place: Place, name: string, folder: string): Promise<void> {
  const tar = spawn('tar', ['-xf', '-', '-C', folder], { stdio: ['pipe', 'ignore', 'pipe'] });
  let words = '';
  tar.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', resolve);
  });
  // What tar says of its end is worth more than that it stopped reading.
  const poured = await place.pour(name, tar.stdin).catch((error: Error) => error);
  if ((await ended) !== 0) throw new Error(`tar could not unpack ${name}: ${words.trim()}`);
  if (poured instanceof Error) throw poured;
}

async function layLog(place: Place, folder: string, base: Base): Promise<number> {
  await mkdir(folder, { mode: 0o700 });
  const names = await place.names(WAL_FOLDER);
  // Of any timeline: the one that was lived through last is the one to follow.
  const wanted = names.filter((name) => name.endsWith('.history') || name.slice(8, 24) >= base.firstSegment.slice(8));
  for (const name of wanted) {
    await place.pour(`${WAL_FOLDER}/${name}`, createWriteStream(join(folder, name), { mode: 0o600 }));
  }
  return wanted.length;
}
