// The figures that admins look at, against people, money, commands and errors that were laid down by hand: each on its own day,
// at the edges of days too, counted once however often and by however many instances; and the exports, fit for a spreadsheet.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Unavailable } from '../../src/base/errors.ts';
import { analytics } from '../../src/flows/analytics.ts';
import { keepHouse } from '../../src/flows/housekeeping.ts';
import { keepTellingTally, noteCommand, noteJobFault, tellTally } from '../../src/flows/tally.ts';
import { analyticsCsv, csvCell } from '../../src/http/admin/analytics-export.ts';
import {
  activeByDay,
  addCounts,
  addPeople,
  commandsByDay,
  countedSince,
  errorsByHour,
  movedByDay,
  openedByDay,
  returnsOf,
} from '../../src/infra/db/analytics.ts';
import { firstIdAt } from '../../src/infra/db/sends.ts';
import type { World } from '../../src/world.ts';
import { type AdminGround, adminGround, cookieOf, get, type Place } from './admin-ground.ts';

const DAY_MS = 24 * 60 * 60_000;
const HOUR_MS = 60 * 60_000;

let all: AdminGround;
let place: Place;
/** The last midnight, and how the days before it are called. */
let todayMs: number;
const day = (ago: number) => new Date(todayMs - ago * DAY_MS).toISOString().slice(0, 10);
const at = (ago: number, ms = 12 * HOUR_MS) => todayMs - ago * DAY_MS + ms;

let made = 0;
/** An id of that moment that nobody else has. */
const idAt = (ms: number) => `${firstIdAt(ms).slice(0, -12)}${String(++made).padStart(12, '0')}`;

async function open(ms: number): Promise<string> {
  const id = idAt(ms);
  await all.asOwner(
    `insert into users (id, language, currency, zone, wallet_id, created_at) values ($1, 'en', 'KES', 'UTC', $2, $3)`,
    [id, 1_000_000 + made, new Date(ms)],
  );
  return id;
}

async function invoice(madeMs: number, settledMs: number | null, msat: number, cause = 'stream'): Promise<void> {
  const state = settledMs === null ? 'open' : 'settled';
  await all.asOwner(
    `insert into invoices (id, user_id, state, cause, received_msat, expires_at, created_at, settled_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      idAt(madeMs),
      all.bossId,
      state,
      cause,
      settledMs === null ? null : msat,
      new Date(madeMs + DAY_MS),
      new Date(madeMs),
      settledMs && new Date(settledMs),
    ],
  );
}

async function payment(ms: number, state: string, msat: number, isInside = false): Promise<void> {
  const id = idAt(ms);
  await all.asOwner(
    `insert into payments (id, user_id, state, cause, payment_hash, request, destination, amount_msat, fee_ceiling_msat,
       own_invoice_id, due_at, expires_at, created_at) values ($1, $2, $3, 'tap', $4, 'r', 'd', $5, 0, $6, $7, $7, $7)`,
    [id, all.bossId, state, id, msat, isInside ? all.ashaId : null, new Date(ms)],
  );
}

async function send(ms: number, state: string, msat: number): Promise<void> {
  await all.asOwner(
    `insert into sends (id, from_user_id, to_name, amount_msat, state, cause, created_at) values ($1, $2, '@a', $3, $4, 'tap', $5)`,
    [idAt(ms), all.bossId, msat, state, new Date(ms)],
  );
}

beforeAll(async () => {
  all = await adminGround();
  place = await all.place();
  const nowMs = place.world.clock.nowMs();
  todayMs = nowMs - (nowMs % DAY_MS);
});
afterAll(() => all.close());

/** Looked up now. */
const fresh = (days: number, world: World = place.world) => analytics({ ...world }, all.bossId, days);

describe('money and people', () => {
  test('fall on their days, to the millisecond, and what did not move is not counted', async () => {
    const cohort = [await open(at(9)), await open(at(9, 0)), await open(at(9, DAY_MS - 1))];
    const later = await open(at(8));
    await open(at(40));
    for (const ms of [at(3, 0), at(3, DAY_MS - 1)]) await invoice(ms - HOUR_MS, ms, 10_000);
    await invoice(at(3), null, 10_000);
    await invoice(at(3), at(3), 77_000, 'inside');
    await invoice(at(2, -HOUR_MS), at(2, HOUR_MS), 500);
    await payment(at(3), 'paid', 30_000);
    await payment(at(3), 'paid', 4_000, true);
    for (const state of ['failed', 'held']) await payment(at(3), state, 9_000);
    for (const state of ['done', 'claimed', 'retracted', 'returned', 'held']) await send(at(3), state, 1_000);
    const { db } = place.world;
    await addPeople(db, at(8), [...cohort.slice(0, 2), later, later]);
    await addPeople(db, at(8), cohort.slice(0, 1));
    await addPeople(db, at(2), cohort.slice(2));
    const found = await fresh(30);
    const of = (ago: number) => found.days.find((each) => each.day === day(ago));
    expect(found.days.map((each) => each.day)).toEqual(Array.from({ length: 30 }, (_, ago) => day(29 - ago)));
    expect(of(3)).toEqual({
      day: day(3),
      opened: 0,
      active: 0,
      in: { count: 2, msat: 20_000n },
      out: { count: 1, msat: 30_000n },
      inside: { count: 3, msat: 6_000n },
    });
    expect(of(2)).toMatchObject({ active: 1, in: { count: 1, msat: 500n }, out: { count: 0, msat: 0n } });
    expect(of(9)).toMatchObject({ opened: 3, active: 0 });
    expect(of(8)).toMatchObject({ opened: 1, active: 3 });
    expect(found.since).toBe(day(8));
    // The first was here on the day after and the third on the seventh; before anybody counted nothing is known.
    expect(found.cohorts.find((each) => each.day === day(9))).toEqual({
      day: day(9),
      opened: 3,
      returned: [2, 1, null],
    });
    expect(found.cohorts.find((each) => each.day === day(8))).toEqual({
      day: day(8),
      opened: 1,
      returned: [0, 0, null],
    });
    expect(found.cohorts.find((each) => each.day === day(40))).toEqual({
      day: day(40),
      opened: 1,
      returned: [null, null, null],
    });
    // Those of today may still come back tomorrow.
    expect(found.cohorts[0]).toEqual({ day: day(0), opened: 2, returned: [null, null, null] });
  });

  test('no more than ninety days are asked for, by admins alone, and each look is written down', async () => {
    for (const [asked, got] of [
      [1_000, 90],
      [0, 1],
      [-5, 1],
      [Number.NaN, 1],
      [7.9, 7],
    ] as const) {
      expect((await fresh(asked)).days).toHaveLength(got);
    }
    await expect(analytics(place.world, all.ashaId, 30)).rejects.toMatchObject({ code: 'not_allowed' });
    const [row] = await all.asOwner("select details from audit where action = 'looked' order by id desc limit 1");
    expect(row?.details).toEqual({ act: 'analytics', days: 7 });
  });

  test('every question goes by an index and not through all there is', async () => {
    const asked: { text: string; values: readonly unknown[] }[] = [];
    const query = async (_name: string, text: string, values: readonly unknown[]) => {
      asked.push({ text, values });
      return [];
    };
    const span = { fromMs: at(30), untilMs: at(0) };
    await Promise.all([
      ...[openedByDay, activeByDay, commandsByDay, errorsByHour].map((each) => each({ query }, span)),
      returnsOf({ query }, span, [1, 7, 30]),
      movedByDay({ query }, span, DAY_MS),
      countedSince({ query }),
    ]);
    expect(asked).toHaveLength(7);
    // Of little tables a planner reads all: it is asked what it could do of large ones.
    await all.asOwner('set enable_seqscan = off');
    for (const { text, values } of asked) {
      const plan = JSON.stringify(await all.asOwner(`explain ${text}`, values));
      expect(plan, text).toMatch(/_pkey/);
      expect(plan, text).not.toContain('Seq Scan');
    }
    await all.asOwner('reset enable_seqscan');
  });
});

describe('what is counted as it happens', () => {
  test('is told once a minute by several at once, each person once a day, and nothing is lost while the database is away', async () => {
    const [one, other] = [place.world, (await all.place()).world];
    const stops = [keepTellingTally(one), keepTellingTally(other)];
    const before = await fresh(2);
    for (const world of [one, other, one]) noteCommand(world, all.bossId, 'balance', 'ok');
    noteCommand(other, all.ashaId, 'send', 'fault');
    noteCommand(other, undefined, 'none', 'unavailable');
    noteCommand(one, undefined, 'balance', 'refused');
    for (let times = 0; times < 4; times++) noteJobFault(one, 'notification');
    const away = async () => {
      throw new Unavailable('database', new Error('away'));
    };
    const real = one.db.call;
    Object.assign(one.db, { call: away });
    await expect(tellTally(one)).rejects.toBeInstanceOf(Unavailable);
    // The people are told this time, and the counts not yet.
    const half: typeof real = (name, ...given) => (name === 'analytics.add_counts' ? away() : real(name, ...given));
    Object.assign(one.db, { call: half });
    await expect(tellTally(one)).rejects.toBeInstanceOf(Unavailable);
    Object.assign(one.db, { call: real });
    await Promise.all([tellTally(one), tellTally(other)]);
    await Promise.all([tellTally(one), tellTally(other)]);
    await Promise.all(stops.map((stop) => stop()));
    const after = await fresh(2);
    const active = (found: typeof after) => found.days.reduce((sum, each) => sum + each.active, 0);
    expect(active(after) - active(before)).toBe(2);
    const commands = after.commands.map(({ name, count, failed }) => [name, count, failed]);
    expect(commands.sort()).toEqual([
      ['balance', 4, 0],
      ['none', 1, 1],
      ['send', 1, 1],
    ]);
    const errors = after.errors.map(({ kind, name, count }) => [kind, name, count]);
    expect(errors.sort()).toEqual([
      ['command', 'none', 1],
      ['command', 'send', 1],
      ['job', 'notification', 4],
    ]);
    expect(after.errors.every(({ hourMs }) => hourMs % HOUR_MS === 0)).toBe(true);
    // Who is not told on counts nothing.
    noteCommand(one, all.bossId, 'balance', 'ok');
    await tellTally(one);
    expect((await fresh(2)).commands).toEqual(after.commands);
  });

  test('is forgotten when it is old: the names after days, the counts after months', async () => {
    const { db } = place.world;
    await addPeople(db, at(10), [all.bossId]);
    const old = { kind: 'command', name: 'balance', result: 'ok', count: 1 } as const;
    await addCounts(db, [
      { ...old, hourMs: at(126, 0) },
      { ...old, hourMs: at(120, 0) },
    ]);
    await keepHouse(place.world);
    const left = async (text: string) => Number((await all.asOwner(text))[0]?.count);
    expect(await left(`select count(*) from activity_days where day < '${day(4)}'`)).toBe(0);
    expect(await left(`select count(*) from activity_cohorts where day = '${day(10)}'`)).toBe(1);
    expect(await left(`select count(*) from activity_hours where hour < '${day(119)}'`)).toBe(1);
  });
});

describe('the exports', () => {
  test.each([
    ['plain', 'plain'],
    ['', ''],
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+31', "'+31"],
    ['-2', "'-2"],
    ['\t=1', "'\t=1"],
    ['  =1', "'  =1"],
    ['\r=1', `"'\r=1"`],
    ['=cmd|"/c calc"!A0', `"'=cmd|""/c calc""!A0"`],
    ['a,b', '"a,b"'],
    ['a"b\n', '"a""b\n"'],
  ])('a cell %j is written %j', (text, cell) => expect(csvCell(text)).toBe(cell));

  test('hold what the page shows; a name that would be a formula is a text', async () => {
    const cookie = await cookieOf(place.world, all.bossId);
    await addCounts(place.world.db, [
      { hourMs: at(1, 0), kind: 'command', name: '=HYPERLINK("http://x")', result: 'fault', count: 5 },
    ]);
    const csv = await get(place, '/admin/analytics.csv?days=30', cookie);
    const lines = (await csv.text()).split('\r\n');
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(csv.headers.get('content-disposition')).toMatch(/^attachment; filename="satfleet-[\d-]+-30-days\.csv"$/);
    expect(lines[0]).toBe('what,when,name,count,msat');
    expect(lines).toContain(`moved,${day(3)},out,1,30000`);
    expect(lines).toContain(`cohort,${day(9)},returned_day_1,2,`);
    expect(lines).toContain(`command,${day(1)},"'=HYPERLINK(""http://x"")",5,`);
    expect(lines.filter((line) => /(^|,)"?[=@+-]/.test(line))).toEqual([]);
    const json = (await (await get(place, '/admin/analytics.json?days=30', cookie)).json()) as {
      days: { day: string; in: unknown }[];
    };
    expect(json.days.find(({ day: of }) => of === day(3))?.in).toEqual({ count: 2, msat: '20000' });
    expect(json).toMatchObject({ askedDays: 30, countedSince: day(10) });
    const page = await (await get(place, '/admin/analytics?days=30', cookie)).text();
    expect(page).not.toMatch(/<script|src=|undefined|NaN|\$\{/);
    expect(page).toContain(`<title>${day(3)}: 30</title>`);
    expect(page).toContain('=HYPERLINK(&#34;');
    expect(page).not.toContain('HYPERLINK("');
    expect(Buffer.byteLength(page)).toBeLessThan(60_000);
    expect(analyticsCsv(await fresh(1)).split('\r\n').length).toBeGreaterThan(5);
  });

  test('are in the words of who looks', async () => {
    await all.asOwner("update users set language = 'sw' where id = $1", [all.bossId]);
    const cookie = await cookieOf(place.world, all.bossId);
    const page = await (await get(place, '/admin/analytics', cookie)).text();
    expect(page).toContain('<html lang="sw">');
    expect(page).toContain('Takwimu');
    expect(await (await get(place, '/admin', cookie)).text()).toContain('Satfleet kwa wasimamizi');
    expect(await (await get(place, '/admin', '', { 'accept-language': 'sw' })).text()).toContain('Hujaingia');
  });
});
