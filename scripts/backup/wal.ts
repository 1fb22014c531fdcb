// The continuous log: PostgreSQL's archive_command puts each finished segment into a spool on its own machine, and from
// there it is sealed, written where backups lie, and only then taken out of the spool. What is away too long fills the
// spool and PostgreSQL's disk, never loses anything, and rings.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from './place.ts';

export const WAL_FOLDER = 'wal';
const NAME = /^[0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?$|^[0-9A-F]{8}\.history$/;

/** What archive_command must be for a spool: it never overwrites, and a segment bears its name only when it is whole. */
export function archiveCommand(spool: string): string {
  return `test ! -e ${spool}/%f && cp %p ${spool}/%f.part && sync ${spool}/%f.part && mv ${spool}/%f.part ${spool}/%f`;
}

/**
 * Ships what lies in the spool. Gives how many.
 * @throws when a segment of that name with another content lies there already: another server writes there.
 */
export async function shipWal(spool: string, place: Place): Promise<number> {
  const names = (await readdir(spool)).filter((name) => NAME.test(name)).sort();
  for (const name of names) {
    const content = await readFile(join(spool, name));
    const target = `${WAL_FOLDER}/${name}`;
    if (!place.has(target)) await place.write(target, content);
    else if (!(await place.read(target)).equals(content)) {
      throw new Error(`${target} is there already with another content: does another server archive to this place?`);
    }
    await rm(join(spool, name));
  }
  return names.length;
}
