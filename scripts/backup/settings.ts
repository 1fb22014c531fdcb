// What `npm run backup` and `npm run restore` are told by their environment, read with one clear sentence for whatever is
// missing: a backup that cannot be read back is worse than none.
import { accessSync, constants, statSync } from 'node:fs';
import { variable } from '../variables.ts';
import { type Place, placeAt } from './place.ts';

/** Where backups lie: BACKUP_DIR and BACKUP_KEY_FILE (or BACKUP_KEY). Throws a sentence. */
export function backupPlace(environment = process.env): Place {
  const folder = wanted(environment, 'BACKUP_DIR', 'the folder, mounted from another machine, where backups lie');
  try {
    if (!statSync(folder).isDirectory()) throw new Error('not a folder');
    accessSync(folder, constants.W_OK);
  } catch {
    throw new Error(`BACKUP_DIR names ${folder}, which is no folder that can be written: is it mounted?`);
  }
  return placeAt(folder, secretFrom(environment));
}

/** A variable that must be there, by itself or by its file. Throws a sentence that says what it is for. */
export function wanted(environment: NodeJS.ProcessEnv, name: string, what: string): string {
  const value = variable(name, environment);
  if (!value) throw new Error(`${name} is not set: it is ${what}.`);
  return value;
}

function secretFrom(environment: NodeJS.ProcessEnv): Buffer {
  const text = variable('BACKUP_KEY', environment) ?? '';
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  throw new Error(
    'BACKUP_KEY_FILE must name a file with 64 hexadecimal digits: make one with "openssl rand -hex 32", and keep a copy where neither this machine nor the backups are. Without it no backup can be read.',
  );
}
