// The keeper: one program beside the database that ships the log every few seconds and the nodes' channel backups as they
// change, takes a base backup each night, removes what is too old, and proves each night that the newest can be restored.
// It notes in the database until when all is kept: from there come the gauges and their alerts, should it fall silent.
import { setTimeout as sleep } from 'node:timers/promises';
import { bases, takeBase } from './base.ts';
import type { ChannelKeeper } from './channels.ts';
import { prune } from './keep.ts';
import { type Notes, SHIPPED_LATE_S } from './notes.ts';
import type { Place } from './place.ts';
import { verifyNewest } from './scratch.ts';
import { shipWal } from './wal.ts';

const LOOK_EVERY_MS = 5_000;
const NOTE_EVERY_MS = 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** What failed in the night is tried again after so long. */
const AGAIN_MS = 30 * 60_000;

export type Keeping = {
  place: Place;
  spool: string;
  backupUrl: string;
  as: { role: string; database: string };
  channels: ChannelKeeper;
  notes: Notes;
};

/** Keeps until the signal. What fails is said and tried again. A night's work may still run when this resolves. */
export async function keep(given: Keeping, signal: AbortSignal): Promise<void> {
  const words = new Map<string, string>();
  let notedMs = 0;
  let nightMs = await nextNight(given.place);
  let atNight: Promise<void> | undefined;
  while (!signal.aborted) {
    const faults = await ship(given);
    const nowMs = Date.now();
    if (nowMs - notedMs >= NOTE_EVERY_MS) {
      const { kept, touch } = given.notes;
      notedMs = nowMs;
      // Also where nothing was kept: without a word in it the log of an idle hour is never finished.
      await (faults.length === 0 ? kept() : touch()).catch((error: Error) => {
        faults.push(`The note in the database failed: ${error.message}`);
      });
    }
    say(words, faults);
    if (nowMs >= nightMs && !atNight) {
      // Beside the rest: it may take hours, and the log must not wait for it.
      atNight = night(given).then((ms) => {
        nightMs = Date.now() + ms;
        atNight = undefined;
      });
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

async function ship({ place, spool, channels, notes }: Keeping): Promise<string[]> {
  const faults = await channels.look();
  const fault = (error: Error) => void faults.push(`The log could not be shipped: ${error.message}`);
  await shipWal(spool, place).catch(fault);
  const ageS = await notes.archivedAgeS().catch(fault);
  if (typeof ageS === 'number' && ageS > SHIPPED_LATE_S) {
    faults.push(`PostgreSQL has archived nothing for ${Math.round(ageS)} s: look at pg_stat_archiver and its log.`);
  }
  return faults;
}

// Each once, and once more when it is over.
function say(words: Map<string, string>, faults: readonly string[]): void {
  for (const fault of faults) if (!words.has(fault)) console.error(fault);
  for (const word of words.keys()) if (!faults.includes(word)) console.error(`Over: ${word}`);
  words.clear();
  for (const fault of faults) words.set(fault, fault);
}

async function nextNight(place: Place): Promise<number> {
  const newest = (await bases(place)).at(-1);
  return newest ? newest.finishedAt.getTime() + DAY_MS : 0;
}

/** Gives how long until the next. */
async function night({ place, backupUrl, as, notes }: Keeping): Promise<number> {
  try {
    await backUp(place, backupUrl);
    await prove(place, as, notes);
    return DAY_MS;
  } catch (error) {
    console.error(`The nightly backup failed, and is tried again: ${(error as Error).message}`);
    return AGAIN_MS;
  }
}

/** A base backup now, and away with what is too old. */
export async function backUp(place: Place, backupUrl: string): Promise<void> {
  const { name } = await takeBase(backupUrl, place);
  const gone = await prune(place, Date.now());
  console.log(`${name} is taken; ${gone.length} file(s) older than thirty days are removed.`);
}

/** Restores the newest elsewhere and notes that its books are right. Throws a sentence when they are not. */
export async function prove(place: Place, as: Keeping['as'], notes: Notes): Promise<void> {
  const begun = Date.now();
  const { base, segments, booksAreRight, reachesAt } = await verifyNewest(place, as);
  if (!booksAreRight) throw new Error(`THE BOOKS OF ${base} ARE OFF: see docs/RUNBOOK.md, BooksNotZero.`);
  const keptAt = await notes.keptAt();
  const behindS = keptAt && reachesAt ? (keptAt.getTime() - reachesAt.getTime()) / 1_000 : 0;
  if (behindS > SHIPPED_LATE_S) {
    throw new Error(
      `${base} with its log is whole, but ends ${Math.round(behindS)} s before what was said to be kept.`,
    );
  }
  await notes.verified();
  const seconds = ((Date.now() - begun) / 1_000).toFixed(1);
  console.log(`${base} with ${segments} log segment(s) was restored and its books are right (${seconds} s).`);
}
