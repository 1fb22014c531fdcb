// Who was here and how commands and jobs ended, added up in memory and written down once a minute, so that a message costs
// no write. What a process that is killed had not written yet is lost: these are figures for looking at, not for money.
import { addCounts, addPeople, type HourCount } from '../infra/db/analytics.ts';
import type { World } from '../world.ts';

const TELL_EVERY_MS = 60_000;
const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
/** Beyond so many within a minute the rest is noted the next time they write. */
const MOST_PEOPLE = 20_000;
const BATCH = 2_000;

type Tally = {
  /** By the UTC day on which they were here. */
  people: Map<number, Set<string>>;
  counts: Map<string, HourCount>;
};

const tallies = new WeakMap<World['sessions'], Tally>();

/** Notes that a command was answered, and for whom if that is known; where it is written down. */
export function noteCommand(world: World, userId: string | undefined, name: string, result: string): void {
  const tally = tallies.get(world.sessions);
  if (!tally) return;
  count(tally, { hourMs: hourOf(world), kind: 'command', name, result, count: 1 });
  if (userId !== undefined) notePerson(tally, world.clock.nowMs(), userId);
}

/** Notes that a job ended in a fault, where it is written down. */
export function noteJobFault(world: World, queue: string): void {
  const tally = tallies.get(world.sessions);
  if (tally) count(tally, { hourMs: hourOf(world), kind: 'job', name: queue, result: 'fault', count: 1 });
}

/** Writes down what is noted from now on, every minute. Gives the function that writes down the rest and ends it. */
export function keepTellingTally(world: World): () => Promise<void> {
  tallies.set(world.sessions, { people: new Map(), counts: new Map() });
  const failed = (error: unknown) => world.log.warn('what was counted is not written down yet', { error });
  const stop = world.clock.every(TELL_EVERY_MS, () => tellTally(world), failed);
  return async () => {
    stop();
    await tellTally(world).catch(failed);
    tallies.delete(world.sessions);
  };
}

/** Writes it down now. What could not be is kept for the next time. Throws Unavailable. */
export async function tellTally(world: World): Promise<void> {
  const tally = tallies.get(world.sessions);
  if (!tally) return;
  for (const [dayMs, noted] of [...tally.people]) {
    tally.people.delete(dayMs);
    const ids = [...noted];
    try {
      for (let at = 0; at < ids.length; at += BATCH) await addPeople(world.db, dayMs, ids.slice(at, at + BATCH));
    } catch (error) {
      for (const id of ids) notePerson(tally, dayMs, id);
      throw error;
    }
  }
  const counts = [...tally.counts.values()];
  tally.counts.clear();
  try {
    if (counts.length > 0) await addCounts(world.db, counts);
  } catch (error) {
    for (const each of counts) count(tally, each);
    throw error;
  }
}

function hourOf({ clock }: World): number {
  const nowMs = clock.nowMs();
  return nowMs - (nowMs % HOUR_MS);
}

function notePerson({ people }: Tally, atMs: number, userId: string): void {
  const dayMs = atMs - (atMs % DAY_MS);
  const noted = people.get(dayMs) ?? new Set();
  people.set(dayMs, noted);
  if (noted.size < MOST_PEOPLE) noted.add(userId);
}

function count({ counts }: Tally, more: HourCount): void {
  const key = `${more.hourMs} ${more.kind} ${more.name} ${more.result}`;
  counts.set(key, { ...more, count: (counts.get(key)?.count ?? 0) + more.count });
}
