// Under pressure: people are told that nothing happened, in their language, and what they were doing stays as it was; who
// pays reads an honest place in the line; a broadcast waits as long as any process of the fleet is pressed.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { CALM, type Level, rankOf, WORKS } from '../../src/base/pressure.ts';
import { lagMeter } from '../../src/base/process.ts';
import { COMMANDS } from '../../src/chat/commands/index.ts';
import { draftBroadcast, startBroadcast, stepBroadcasts } from '../../src/flows/broadcast.ts';
import { keepWatchingLine, lineAgeMs, lookAtLine, placeInLine } from '../../src/flows/line.ts';
import { keepFeelingPressure } from '../../src/flows/pressure.ts';
import { beat, leave } from '../../src/infra/redis/instances.ts';
import type { World } from '../../src/world.ts';
import { ask } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';
import { freshRates, RICH_FACE, someone } from './phone.ts';

const BUSY = 'We are very busy just now. Your money is safe and nothing was done. Please try again in a minute.';

let house: House;

beforeAll(async () => {
  house = await openHouse();
  await freshRates(house);
  await someone(house, 'asha');
});
afterAll(() => house.close());
afterEach(async () => {
  pressed('calm');
  await booksAreRight(house.world);
});

function pressed(level: Level): void {
  house.world.pressure.felt = { ...CALM, level };
}

const shed = async (work: string) => {
  const found = new RegExp(`^satfleet_shed_total\\{work="${work}"\\} (\\d+)$`, 'm').exec(
    await house.world.metrics.text(),
  );
  return Number(found?.[1]);
};

test('every command says what it is, so that none is forgotten', () => {
  const always = COMMANDS.filter(({ work }) => work === undefined);
  expect(always.filter(({ role }) => role !== 'admin').map(({ name }) => name)).toEqual(['help', 'cancel', 'drop']);
  expect(new Set(COMMANDS.flatMap(({ work }) => work ?? []))).toEqual(
    new Set(WORKS.filter((work) => work !== 'broadcast')),
  );
});

test('prices wait before balances, balances before payments, and everybody gets an answer', async () => {
  const phone = await someone(house, 'orderly', RICH_FACE, 500);
  const answers = async () => [await phone.say('/rate'), await phone.say('/balance'), await phone.say('/send 1 @asha')];
  const [price, balance, card] = [/1 BTC/, /You have/, /Send this\?/];
  const busy = /very busy/;
  for (const [level, ...expected] of [
    ['raised', price, balance, card],
    ['high', busy, balance, card],
    ['severe', busy, busy, card],
    ['extreme', busy, busy, busy],
  ] as const) {
    pressed(level);
    const said = await answers();
    for (const [at, each] of expected.entries()) expect(said[at], level).toMatch(each);
    expect(await phone.say('/help'), level).toContain('What you can do here');
  }
  expect(await Promise.all(['prices', 'looking', 'money'].map(shed))).toEqual([3, 2, 1]);
});

test('what somebody was doing stays: the card with its buttons, the question, what yes means', async () => {
  const phone = await someone(house, 'patient', RICH_FACE, 500);
  await phone.say('/send 20 @asha');
  const card = phone.last.replies;
  pressed('extreme');
  expect(await phone.press('Send', card)).toBe(BUSY);
  expect(phone.last.replies[0]?.edit).toBeUndefined();
  expect(await phone.say('yes')).toBe(BUSY);
  pressed('calm');
  expect(await phone.say('yes')).toContain('Sent 20 sats');
  expect(await phone.press('Send', card)).toBe('');
  await phone.say('/send');
  pressed('extreme');
  expect(await phone.say('@asha')).toBe(BUSY);
  pressed('calm');
  await phone.say('@asha');
  expect(await phone.say('7')).toMatch(/Send this\?[\s\S]*7 sats[\s\S]*@asha/);
});

test('in Kiswahili, and in a group only as a note to who pressed', async () => {
  const phone = await someone(house, 'mzee');
  await phone.say('/settings kiswahili');
  pressed('severe');
  expect(await phone.say('salio')).toContain('hakuna kilichofanyika');
  expect(await phone.say('/settings', { isPrivate: false, chatId: '-100' })).not.toContain('Lugha');
  pressed('extreme');
  await phone.pressData(`confirm:${house.world.ids.next()}`, { isPrivate: false, chatId: '-100' });
  expect(phone.last).toMatchObject({ replies: [], toast: expect.stringContaining('hakuna kilichofanyika') });
});

test('admins are never too many: what steers the house is always done', async () => {
  const boss = await someone(house, 'boss');
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.session?.userId]);
  await boss.say('/settings english');
  pressed('extreme');
  expect(await boss.say('/sending')).not.toContain('busy');
});

test('a broadcast waits while any process is pressed', async () => {
  const boss = await someone(house, 'speaker');
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.session?.userId]);
  const userId = boss.session?.userId ?? '';
  const { id } = await draftBroadcast(house.world, userId, { text: 'hello' });
  await startBroadcast(house.world, userId, id);
  const before = await shed('broadcast');
  pressed('raised');
  expect(await stepBroadcasts(house.world)).toBe(0);
  pressed('calm');
  await beat(house.world.sessions, 'bot-0a0b0c0d', { version: '9.9.9', busyPercent: 99, pressure: 'raised' });
  expect(await stepBroadcasts(house.world)).toBe(0);
  expect((await shed('broadcast')) - before).toBe(2);
  expect(await boss.say('/stats')).toMatch(/bot-0a0b0c0d: .* · 99 % busy · 9\.9\.9 · ⚠️ pressed: raised/);
  await leave(house.world.sessions, 'bot-0a0b0c0d');
  expect(await stepBroadcasts(house.world)).toBeGreaterThan(0);
});

/** The same world, whose line of payments is as told, look by look. */
function withLine(...lines: { waiting: number; oldestMs: number; done: number }[]): World {
  const rest = [...lines];
  let nowMs = 0;
  const clock = { ...house.world.clock, monotonicMs: () => nowMs };
  const line = async () => {
    nowMs += 2_000;
    const next = rest.shift();
    if (!next) throw new Error('no more looks');
    return next;
  };
  return { ...house.world, clock, queues: { ...house.world.queues, line } };
}

test('the place in the line: nothing while it is short or unknown, then how many, and how long as it moves', async () => {
  const world = withLine(
    { waiting: 9, oldestMs: 500, done: 100 },
    { waiting: 62, oldestMs: 1_500, done: 100 },
    { waiting: 42, oldestMs: 3_500, done: 108 },
  );
  expect(placeInLine(world)).toBeUndefined();
  await lookAtLine(world);
  expect(placeInLine(world)).toBeUndefined();
  await lookAtLine(world);
  expect(placeInLine(world)).toEqual({ ahead: 62 });
  await lookAtLine(world);
  expect(placeInLine(world)).toEqual({ ahead: 42, waitMs: 21_000 });
  expect(lineAgeMs(world)).toBe(3_500);
  // Not seen for a while: nobody knows.
  expect(placeInLine({ ...world, clock: { ...world.clock, monotonicMs: () => 60_000 } })).toBeUndefined();
});

test('who pays reads it on the card and after the tap, in both languages', async () => {
  const phone = await someone(house, 'payer', RICH_FACE, 900);
  const traceId = 'trace';
  const ids = Array.from({ length: 42 }, () => house.world.ids.next());
  await house.world.queues.add(ids.map((id) => ({ queue: 'payment' as const, id, traceId })));
  const { request } = await house.outside.makeInvoice({ amountMsat: 7_000n });
  expect(await phone.say(request)).not.toContain('ahead of yours');
  const stop = keepWatchingLine(house.world);
  try {
    await vi.waitFor(() => expect(placeInLine(house.world)).toEqual({ ahead: 42 }), 5_000);
    expect(await phone.say(request)).toContain('42 payments are ahead of yours.');
    expect(lineAgeMs(house.world)).toBeGreaterThan(0);
    phone.world = withLine({ waiting: 42, oldestMs: 0, done: 1 }, { waiting: 42, oldestMs: 0, done: 5 });
    await lookAtLine(phone.world);
    await lookAtLine(phone.world);
    await phone.say('/settings kiswahili');
    expect(await phone.say(request)).toContain('malipo 42 yako mbele ya yako, kama sekunde 25.');
    await phone.say('/settings english');
    expect(await phone.say(request)).toContain('42 payments are ahead of yours, about 25 s.');
    expect(await phone.press('Pay')).toContain('42 payments are ahead of yours, about 25 s.');
  } finally {
    stop();
  }
  phone.world = house.world;
  const [row] = await ask<{ id: string }>(house.world, "select id from payments where state = 'held'");
  expect(row).toBeDefined();
});

test('the pressure is felt by looking: updates in hand, and turns of the event loop that take long', async () => {
  let inHand = 0;
  const stop = keepFeelingPressure(house.world, () => inHand);
  try {
    inHand = 400;
    await vi.waitFor(
      () => expect(rankOf(house.world.pressure.felt.level)).toBeGreaterThanOrEqual(rankOf('high')),
      8_000,
    );
    expect(await house.world.metrics.text()).toMatch(/^satfleet_pressure_level [2-4]$/m);
  } finally {
    stop();
  }
  const lag = lagMeter();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const until = performance.now() + 1_200;
  while (performance.now() < until) {
    const turn = performance.now() + 300;
    while (performance.now() < turn);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(lag()).toBeGreaterThan(150);
});

test('a line that cannot be seen is nobody’s to wait for', () => {
  const away: World = { ...house.world, queues: { ...house.world.queues, line: () => new Promise(() => {}) } };
  const stop = keepWatchingLine(away);
  expect(placeInLine(away)).toBeUndefined();
  expect(lineAgeMs(away)).toBe(0);
  stop();
});
