// How long backups are kept: any moment of the last thirty days can be restored, so the newest base backup from before
// them stays, with all of the log since.
import { type Base, bases } from './base.ts';
import type { Place } from './place.ts';
import { WAL_FOLDER } from './wal.ts';

const KEEP_MS = 30 * 24 * 60 * 60_000;

/** Removes what is needed for no moment of the last thirty days. Gives the names. */
export async function prune(place: Place, nowMs: number): Promise<string[]> {
  const all = await bases(place);
  const oldest = all.findLast(({ finishedAt }) => finishedAt.getTime() <= nowMs - KEEP_MS) ?? all[0];
  if (!oldest) return [];
  const gone = all.filter((base) => base.finishedAt < oldest.finishedAt).map(({ name }) => name);
  const log = (await place.names(WAL_FOLDER)).filter((name) => isBefore(name, oldest));
  const channels = await oldChannels(place, nowMs);
  const names = [...gone, ...log.map((name) => `${WAL_FOLDER}/${name}`), ...channels];
  for (const name of names) await place.remove(name);
  return names;
}

// Histories of timelines are small and always needed. The first eight digits are the timeline: an earlier one may have a
// higher number, so the rest decides.
function isBefore(name: string, base: Base): boolean {
  return !name.endsWith('.history') && name.slice(8, 24) < base.firstSegment.slice(8);
}

// Of each node the newest stays, whatever its age: it is the only one that is of use.
async function oldChannels(place: Place, nowMs: number): Promise<string[]> {
  const old: string[] = [];
  for (const node of await place.folders('channels')) {
    const names = await place.names(`channels/${node}`);
    const limit = new Date(nowMs - KEEP_MS).toISOString().replaceAll(/[-:.]/g, '');
    old.push(
      ...names
        .slice(0, -1)
        .filter((name) => name < limit)
        .map((name) => `channels/${node}/${name}`),
    );
  }
  return old;
}
