// What the pages of admins show of past days. Counted by the UTC day; who was here, and how commands and jobs ended, is
// added up as it happens, so that reading costs the same however many people there are; money is read by ranges of primary
// keys, since ids begin with their time.
import type { Db, Queryable } from './client.ts';
import type { Span } from './day.ts';
import { firstIdAt } from './sends.ts';

/** How often something ended how, within the hour that begins at `hourMs`. */
export type HourCount = {
  readonly hourMs: number;
  readonly kind: 'command' | 'job';
  readonly name: string;
  readonly result: string;
  readonly count: number;
};

const dayOf = (column: string) => `(${column} at time zone 'UTC')::date`;
const text = (date: string) => `to_char(${date}, 'YYYY-MM-DD')`;

/** Notes that these people were here on a day; who was noted before is not counted again. */
export async function addPeople(db: Db, dayMs: number, userIds: readonly string[]): Promise<void> {
  // In one order, since several instances may note the same people.
  await db.call(
    'analytics.add_people',
    `with day as (select ${dayOf('to_timestamp($1::float8 / 1000)')} as day),
     fresh as (
       insert into activity_days (day, user_id)
       select day, u.id from day, users u where u.id = any($2::uuid[]) order by u.id
       on conflict do nothing returning day, user_id)
     insert into activity_cohorts (day, cohort, people)
     select f.day, ${dayOf('u.created_at')}, count(*) from fresh f join users u on u.id = f.user_id group by 1, 2 order by 1, 2
     on conflict (day, cohort) do update set people = activity_cohorts.people + excluded.people`,
    [dayMs, [...userIds].sort()],
  );
}

/** Adds to what was counted; each hour, kind, name and result at most once in a call. */
export async function addCounts(db: Db, counts: readonly HourCount[]): Promise<void> {
  await db.call(
    'analytics.add_counts',
    `insert into activity_hours (hour, kind, name, result, count)
     select to_timestamp(ms / 1000), kind, name, result, count
     from unnest($1::float8[], $2::text[], $3::text[], $4::text[], $5::bigint[]) as given (ms, kind, name, result, count)
     order by 1, 2, 3, 4
     on conflict (hour, kind, name, result) do update set count = activity_hours.count + excluded.count`,
    [
      counts.map(({ hourMs }) => hourMs),
      counts.map(({ kind }) => kind),
      counts.map(({ name }) => name),
      counts.map(({ result }) => result),
      counts.map(({ count }) => count),
    ],
  );
}

/** Forgets who was here before a day, and all counts from before another. */
export async function forgetActivity(q: Queryable, given: { namesBeforeMs: number; countsBeforeMs: number }) {
  await q.query(
    'analytics.forget',
    `with names as (delete from activity_days where day < ${dayOf('to_timestamp($1::float8 / 1000)')}),
     cohorts as (delete from activity_cohorts where day < ${dayOf('to_timestamp($2::float8 / 1000)')})
     delete from activity_hours where hour < to_timestamp($2::float8 / 1000)`,
    [given.namesBeforeMs, given.countsBeforeMs],
  );
}

export type DayPeople = { readonly day: string; readonly people: number };

/** How many wallets were opened on each day of the span that had any. */
export async function openedByDay(q: Queryable, { fromMs, untilMs }: Span): Promise<DayPeople[]> {
  return q.query<DayPeople>(
    'analytics.opened',
    `select ${text(dayOf('created_at'))} as day, count(*)::int4 as people from users
     where id >= $1::uuid and id < $2::uuid group by 1 order by 1`,
    [firstIdAt(fromMs), firstIdAt(untilMs)],
  );
}

/** How many people were here on each day of the span. */
export async function activeByDay(q: Queryable, { fromMs, untilMs }: Span): Promise<DayPeople[]> {
  return q.query<DayPeople>(
    'analytics.active',
    `select ${text('day')} as day, sum(people)::int4 as people from activity_cohorts
     where day >= ${dayOf('to_timestamp($1::float8 / 1000)')} and day < ${dayOf('to_timestamp($2::float8 / 1000)')}
     group by activity_cohorts.day order by 1`,
    [fromMs, untilMs],
  );
}

export type CohortReturn = { readonly cohort: string; readonly after: number; readonly people: number };

/** How many of those whose wallet was opened on a day of the span were here so many days after it. */
export async function returnsOf(q: Queryable, { fromMs, untilMs }: Span, afterDays: readonly number[]) {
  return q.query<CohortReturn>(
    'analytics.returns',
    `select ${text('c.cohort')} as cohort, given.after, c.people
     from generate_series(${dayOf('to_timestamp($1::float8 / 1000)')}, ${dayOf('to_timestamp($2::float8 / 1000)')} - 1,
       interval '1 day') as opened (day)
     cross join unnest($3::int4[]) as given (after)
     join activity_cohorts c on c.cohort = opened.day::date and c.day = opened.day::date + given.after order by 1, 2`,
    [fromMs, untilMs, afterDays],
  );
}

export type DayMoved = {
  readonly day: string;
  readonly way: 'in' | 'out' | 'inside';
  readonly count: number;
  readonly msat: bigint;
};

/**
 * What came over Lightning, left over it and moved inside on each day of the span, as `/stats` counts it.
 * @param invoiceLifeMs an invoice that was paid in the span may be older by so much.
 */
export async function movedByDay(q: Queryable, { fromMs, untilMs }: Span, invoiceLifeMs: number): Promise<DayMoved[]> {
  return q.query<DayMoved>(
    'analytics.moved',
    `select ${text(dayOf('at'))} as day, way, count(*)::int4 as count, sum(msat)::bigint as msat from (
       select 'in' as way, settled_at as at, received_msat as msat from invoices
         where id >= $3::uuid and id < $2::uuid and state = 'settled' and cause <> 'inside'
           and settled_at >= to_timestamp($4::float8 / 1000) and settled_at < to_timestamp($5::float8 / 1000)
       union all select case when own_invoice_id is null then 'out' else 'inside' end, created_at, amount_msat
         from payments where id >= $1::uuid and id < $2::uuid and state = 'paid'
       union all select 'inside', created_at, amount_msat from sends
         where id >= $1::uuid and id < $2::uuid and state in ('done', 'claimed')) moved
     group by 1, 2 order by 1, 2`,
    [firstIdAt(fromMs), firstIdAt(untilMs), firstIdAt(fromMs - invoiceLifeMs), fromMs, untilMs],
  );
}

export type DayCommand = {
  readonly day: string;
  readonly name: string;
  readonly count: number;
  /** Of those, how many ended in a fault of ours or could not be served. */
  readonly failed: number;
};

const FAILED = `result in ('fault', 'unavailable')`;

export async function commandsByDay(q: Queryable, { fromMs, untilMs }: Span): Promise<DayCommand[]> {
  return q.query<DayCommand>(
    'analytics.commands',
    `select ${text(dayOf('hour'))} as day, name, sum(count)::int4 as count,
       coalesce(sum(count) filter (where ${FAILED}), 0)::int4 as failed
     from activity_hours where kind = 'command' and hour >= to_timestamp($1::float8 / 1000)
       and hour < to_timestamp($2::float8 / 1000) group by 1, 2 order by 1, 2`,
    [fromMs, untilMs],
  );
}

export type HourErrors = {
  readonly hourMs: number;
  readonly kind: 'command' | 'job';
  readonly name: string;
  readonly count: number;
};

/** What ended in a fault of ours, or could not be served, by the hour. */
export async function errorsByHour(q: Queryable, { fromMs, untilMs }: Span): Promise<HourErrors[]> {
  return q.query<HourErrors>(
    'analytics.errors',
    `select (extract(epoch from hour) * 1000)::float8 as "hourMs", kind, name, sum(count)::int4 as count
     from activity_hours where ${FAILED} and hour >= to_timestamp($1::float8 / 1000)
       and hour < to_timestamp($2::float8 / 1000) group by hour, kind, name order by hour, kind, name`,
    [fromMs, untilMs],
  );
}

/** The first day of which there is a count, as far as it is kept; undefined before there is any. */
export async function countedSince(q: Queryable): Promise<string | undefined> {
  const [row] = await q.query<{ day: string | null }>(
    'analytics.since',
    `select ${text('min(day)')} as day from activity_cohorts`,
    [],
  );
  return row?.day ?? undefined;
}
