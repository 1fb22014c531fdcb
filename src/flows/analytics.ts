// What the house did in the last days, for admins: people, who of them came back, money moved, commands, errors. At most
// ninety days are asked for, and of one look all who ask within a minute are told the same, so that pressing reload costs
// nothing. Days and hours are UTC.
import { DAY_MS, INVOICE_LIFE_MS } from '../domain/limits.ts';
import {
  activeByDay,
  type CohortReturn,
  commandsByDay,
  countedSince,
  type DayCommand,
  type DayMoved,
  type DayPeople,
  errorsByHour,
  type HourErrors,
  movedByDay,
  openedByDay,
  returnsOf,
} from '../infra/db/analytics.ts';
import type { Moved, Volume } from '../infra/db/stats.ts';
import type { World } from '../world.ts';
import { mayLook } from './admin.ts';

export const MOST_DAYS = 90;
/** Who came back after so many days. */
export const RETURN_DAYS = [1, 7, 30] as const;
const LONGEST_RETURN = 30;
const FRESH_MS = 60_000;

export type Day = Volume & { readonly day: string; readonly opened: number; readonly active: number };

/** `returned`: by RETURN_DAYS; null where that day is not over, or was before anybody counted. */
export type Cohort = {
  readonly day: string;
  readonly opened: number;
  readonly returned: readonly (number | null)[];
};

export type Analytics = {
  readonly atMs: number;
  readonly askedDays: number;
  /** From when on people, commands and errors are counted; undefined before there is any count. */
  readonly since: string | undefined;
  /** Oldest first, without a gap; the last one is today, which is not over. */
  readonly days: readonly Day[];
  /** Of the asked days and the thirty before them, those with new wallets, newest first. */
  readonly cohorts: readonly Cohort[];
  readonly commands: readonly DayCommand[];
  readonly errors: readonly HourErrors[];
};

const last = new WeakMap<World, { readonly atMs: number; readonly days: number; readonly found: Promise<Analytics> }>();

/** The figures, a minute old at most. `days` is brought within 1 to 90. Throws Refusal not_allowed. */
export async function analytics(world: World, userId: string, days: number): Promise<Analytics> {
  const asked = Math.min(Math.max(1, Math.trunc(days) || 1), MOST_DAYS);
  await mayLook(world, userId, 'analytics', { days: asked });
  const nowMs = world.clock.nowMs();
  const known = last.get(world);
  if (known?.days === asked && Math.abs(nowMs - known.atMs) < FRESH_MS) return known.found;
  const found = lookUp(world, nowMs, asked);
  last.set(world, { atMs: nowMs, days: asked, found });
  // What could not be looked up is looked up again by the next who asks.
  found.catch(() => last.delete(world));
  return found;
}

async function lookUp({ db }: World, nowMs: number, asked: number): Promise<Analytics> {
  const todayMs = nowMs - (nowMs % DAY_MS);
  const span = { fromMs: todayMs - (asked - 1) * DAY_MS, untilMs: todayMs + DAY_MS };
  const wide = { fromMs: span.fromMs - LONGEST_RETURN * DAY_MS, untilMs: span.untilMs };
  const [opened, active, moved, commands, errors, returns, since] = await Promise.all([
    openedByDay(db.read, wide),
    activeByDay(db.read, span),
    movedByDay(db.read, span, INVOICE_LIFE_MS),
    commandsByDay(db.read, span),
    errorsByHour(db.read, span),
    returnsOf(db.read, wide, RETURN_DAYS),
    countedSince(db.read),
  ]);
  const names = Array.from({ length: asked }, (_, at) => dayName(span.fromMs + at * DAY_MS));
  return {
    atMs: nowMs,
    askedDays: asked,
    since,
    days: names.map((day) => dayOf(day, { opened, active, moved })),
    cohorts: opened.map((each) => cohortOf(each, { returns, since, todayMs })).reverse(),
    commands,
    errors,
  };
}

function dayOf(day: string, found: { opened: DayPeople[]; active: DayPeople[]; moved: DayMoved[] }): Day {
  const people = (all: readonly DayPeople[]) => all.find((each) => each.day === day)?.people ?? 0;
  const way = (name: DayMoved['way']): Moved => {
    const row = found.moved.find((each) => each.day === day && each.way === name);
    return { count: row?.count ?? 0, msat: row?.msat ?? 0n };
  };
  return {
    day,
    opened: people(found.opened),
    active: people(found.active),
    in: way('in'),
    out: way('out'),
    inside: way('inside'),
  };
}

function cohortOf(
  { day, people: opened }: DayPeople,
  { returns, since, todayMs }: { returns: readonly CohortReturn[]; since: string | undefined; todayMs: number },
): Cohort {
  const returned = RETURN_DAYS.map((after) => {
    const whenMs = Date.parse(day) + after * DAY_MS;
    if (whenMs >= todayMs || since === undefined || dayName(whenMs) < since) return null;
    return returns.find((each) => each.cohort === day && each.after === after)?.people ?? 0;
  });
  return { day, opened, returned };
}

/** "2026-11-21". */
function dayName(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
