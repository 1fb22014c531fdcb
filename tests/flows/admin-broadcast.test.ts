// News to all: everybody once, whatever breaks in between; nobody who muted them, blocked the bot or came later; behind the
// news of payments, and no further once it is stopped.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  areNewsMuted,
  broadcastNow,
  broadcasts,
  draftBroadcast,
  muteNews,
  startBroadcast,
  stepBroadcasts,
  stopBroadcast,
} from '../../src/flows/broadcast.ts';
import { settings } from '../../src/flows/wallets.ts';
import type { World } from '../../src/world.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask } from '../support/flow-help.ts';
import { type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let boss: Person;
let people: Person[];

beforeAll(async () => {
  // One at each tick.
  house = await openHouse({ environment: { TELEGRAM_PACE_BOT: '1' } });
  boss = await house.person('boss');
  people = [];
  for (let at = 0; at < 6; at++) people.push(await house.person(`person${at}`));
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.userId]);
});
afterAll(() => house.close());

const toldOf = async (id: string) => {
  const text = "select user_id from notices where kind = 'broadcast' and subject_id = $1 order by user_id";
  return (await ask<{ user_id: string }>(house.world, text, [id])).map((row) => row.user_id);
};
const all = () => [boss, ...people].map(({ userId }) => userId).sort();
const begin = async (given: { text: string; language?: string }) => {
  const { id, total } = await draftBroadcast(house.world, boss.userId, given);
  await startBroadcast(house.world, boss.userId, id);
  return { id, total };
};
/** Ticks until nothing goes on. */
async function finish(world: World = house.world): Promise<number[]> {
  const steps: number[] = [];
  for (let at = 0; at < 20; at++) {
    steps.push(await stepBroadcasts(world));
    if ((await ask(house.world, "select 1 from broadcasts where state = 'running'")).length === 0) return steps;
  }
  throw new Error('the broadcast has no end');
}

test('a draft is told to nobody; confirmed, it is given to everybody once, a handful at a time', async () => {
  const { id, total } = await draftBroadcast(house.world, boss.userId, { text: 'Hello\nall' });
  expect(total).toBe(7);
  expect(await stepBroadcasts(house.world)).toBe(0);
  expect(await toldOf(id)).toEqual([]);
  await startBroadcast(house.world, boss.userId, id);
  await startBroadcast(house.world, boss.userId, id);
  const later = await house.person('later');
  expect(Math.max(...(await finish()))).toBe(1);
  expect(await toldOf(id)).toEqual(all());
  expect(await broadcastNow(house.world, boss.userId, id)).toMatchObject({ state: 'done', told: 7, total: 7 });
  const [notice] = await ask(house.world, 'select details from notices where subject_id = $1 limit 1', [id]);
  expect(notice).toEqual({ details: { text: 'Hello\nall' } });
  const jobs = 'select count(*)::int4 as count from outbox o join notices n on n.id = o.id where n.subject_id = $1';
  expect(await ask(house.world, jobs, [id])).toEqual([{ count: 7 }]);
  await expect(startBroadcast(house.world, boss.userId, id)).rejects.toMatchObject({ code: 'card_expired' });
  await ask(house.world, 'update chats set blocked = true where chat_id = $1', [later.externalId]);
});

test('who muted them, reads another language or blocked the bot is left out', async () => {
  const [mute, swahili] = people as [Person, Person];
  await muteNews(house.world, mute.userId, true);
  expect(await areNewsMuted(house.world, mute.userId)).toBe(true);
  await settings(house.world, swahili.userId, { language: 'sw' });
  const toAll = await begin({ text: 'to all' });
  await finish();
  expect(await toldOf(toAll.id)).toEqual(all().filter((id) => id !== mute.userId));
  const toSome = await begin({ text: 'kwa wote', language: 'sw' });
  expect(toSome.total).toBe(1);
  await finish();
  expect(await toldOf(toSome.id)).toEqual([swahili.userId]);
  await muteNews(house.world, mute.userId, false);
  await settings(house.world, swahili.userId, { language: 'en' });
});

test('a crash at any point goes on where it was, and two workers at once give to nobody twice', async () => {
  const { id } = await begin({ text: 'again' });
  await stepBroadcasts(house.world);
  // Dead between the notices and the commit: nothing of the handful stays.
  const dying: World = {
    ...house.world,
    db: {
      ...house.world.db,
      transaction: (name, run, options) =>
        house.world.db.transaction(
          name,
          async (tx) => {
            await run(tx);
            throw new Error('killed');
          },
          options,
        ),
    },
  };
  await expect(stepBroadcasts(dying)).rejects.toThrow('killed');
  expect(await toldOf(id)).toHaveLength(1);
  // The queue away: the jobs stand in the outbox.
  const add = () => Promise.reject(new Error('away'));
  const cutOff: World = { ...house.world, queues: { ...house.world.queues, add } };
  expect(await stepBroadcasts(cutOff)).toBe(1);
  while ((await ask(house.world, "select 1 from broadcasts where state = 'running'")).length > 0) {
    await Promise.all([stepBroadcasts(house.world), stepBroadcasts(house.world), stepBroadcasts(house.world)]);
  }
  expect(await toldOf(id)).toEqual(all());
  expect(await broadcastNow(house.world, boss.userId, id)).toMatchObject({ state: 'done', told: 7 });
});

test('while other news wait, it waits', async () => {
  const { id } = await begin({ text: 'patience' });
  const counts = async () =>
    (await house.world.queues.counts()).map((each) =>
      each.name === 'notification' ? { ...each, waiting: 90, delayed: 20 } : each,
    );
  const busy: World = { ...house.world, queues: { ...house.world.queues, counts } };
  expect(await stepBroadcasts(busy)).toBe(0);
  expect(await toldOf(id)).toEqual([]);
  expect(await stepBroadcasts(house.world)).toBe(1);
  await stopBroadcast(house.world, boss.userId, id);
});

test('stopped, nobody else gets it, and those who have it keep it', async () => {
  const { id } = await begin({ text: 'oh no' });
  await stepBroadcasts(house.world);
  await stepBroadcasts(house.world);
  expect(await stopBroadcast(house.world, boss.userId, id)).toMatchObject({ state: 'stopped', told: 2 });
  expect(await stepBroadcasts(house.world)).toBe(0);
  expect(await toldOf(id)).toHaveLength(2);
  await expect(startBroadcast(house.world, boss.userId, id)).rejects.toMatchObject({ code: 'card_expired' });
  expect((await broadcasts(house.world, boss.userId))[0]).toMatchObject({ id, state: 'stopped' });
});

test('a draft is its maker’s, for an hour; a stranger makes, starts, stops and sees none', async () => {
  const other = people[0] as Person;
  await ask(house.world, "update users set role = 'admin' where id = $1", [other.userId]);
  const { id } = await draftBroadcast(house.world, boss.userId, { text: 'mine' });
  await expect(startBroadcast(house.world, other.userId, id)).rejects.toMatchObject({ code: 'card_expired' });
  await ask(house.world, "update users set role = 'person' where id = $1", [other.userId]);
  const inTime = { ...house.world, clock: movableClock() };
  inTime.clock.move(61 * 60_000);
  await expect(startBroadcast(inTime, boss.userId, id)).rejects.toMatchObject({ code: 'card_expired' });
  const tries = await Promise.allSettled([
    draftBroadcast(house.world, other.userId, { text: 'x' }),
    startBroadcast(house.world, other.userId, id),
    stopBroadcast(house.world, other.userId, id),
    broadcasts(house.world, other.userId),
  ]);
  for (const each of tries) expect(each).toMatchObject({ status: 'rejected', reason: { code: 'not_allowed' } });
  expect(await stopBroadcast(house.world, boss.userId, id)).toMatchObject({ state: 'stopped' });
  await vi.waitFor(async () => expect(await stepBroadcasts(house.world)).toBe(0));
  const text = "select action from audit where details->>'broadcast' = $1 and action <> 'looked' order by id";
  expect((await ask<{ action: string }>(house.world, text, [id])).map((row) => row.action)).toEqual([
    'broadcast_drafted',
    'broadcast_dropped',
  ]);
});
