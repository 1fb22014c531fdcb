// Notices to people: on the right card, at the right pace, never twice once marked, and truthful about who cannot be told.
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Unavailable } from '../../src/base/errors.ts';
import { showReply } from '../../src/channels/cards.ts';
import type { Channel } from '../../src/channels/channel.ts';
import { deliver } from '../../src/channels/deliver.ts';
import { sendReply } from '../../src/channels/telegram/send.ts';
import { rich } from '../../src/chat/rich.ts';
import type { Notice } from '../../src/domain/notice.ts';
import { insertNotice } from '../../src/infra/db/notices.ts';
import { keys } from '../../src/infra/redis/keys.ts';
import { countTry } from '../../src/infra/redis/tries.ts';
import { openTelling, PAID, PENDING, type Telling } from './telling.ts';

let { shared, instance, newPerson, tell, run, seenBy, stateOf } = {} as Telling;

beforeAll(async () => {
  const telling = await openTelling();
  ({ shared, instance, newPerson, tell, run, seenBy, stateOf } = telling);
});
afterEach(() => {
  Object.assign(shared.telegram.faults, { cut: undefined, lost: undefined, fail: undefined, tooMany: undefined });
});
afterAll(() => shared.close());

it('a notice is told once, however often its job runs', async () => {
  const { phone, person } = await newPerson();
  const { id } = await tell(person.userId, PAID);
  expect(await run(id)).toEqual({ state: 'sent' });
  expect(await run(id)).toEqual({ state: 'sent' });
  expect(seenBy(phone)).toHaveLength(1);
  expect(phone.last()?.text).toContain('5,000');
  expect(await stateOf(id)).toBe('sent');
});

it('old news does not overwrite new news', async () => {
  const { phone, person } = await newPerson();
  const pending = await tell(person.userId, PENDING);
  const paid = await tell(person.userId, PAID, pending.subjectId);
  await run(paid.id);
  expect(await run(pending.id)).toEqual({ state: 'sent' });
  expect(seenBy(phone).map(({ text }) => text)).toEqual([expect.stringContaining('Paid')]);
});

it('the end is told though it was numbered before the news that it takes long', async () => {
  const { phone, person } = await newPerson();
  const { world } = instance;
  const [endId, subjectId] = [world.ids.next(), world.ids.next()];
  const pending = await tell(person.userId, PENDING, subjectId);
  await run(pending.id);
  await insertNotice(world.db, {
    id: endId,
    userId: person.userId,
    subjectId,
    notice: PAID,
    nowMs: world.clock.nowMs(),
  });
  expect(await run(endId)).toEqual({ state: 'sent' });
  expect(seenBy(phone).map(({ text }) => text)).toContainEqual(expect.stringContaining('Paid 5,000'));
  const late = await tell(person.userId, { kind: 'invoice_late' });
  const ready: Notice = { kind: 'invoice_paid', receivedMsat: '7000', memo: null };
  expect(endId < late.id).toBe(true);
  const before = seenBy(phone).length;
  await tell(person.userId, ready, late.subjectId);
  expect(await run(late.id)).toEqual({ state: 'sent' });
  expect(seenBy(phone)).toHaveLength(before);
});

it('what could not even be put into words counts as no copy', async () => {
  const { phone, person } = await newPerson();
  const { id } = await tell(person.userId, PAID);
  const broken = { ...instance.world, cache: { getOrLoad: () => Promise.reject(new Unavailable('cache')) } };
  for (let at = 0; at < 3; at++) await expect(run(id, broken as never)).rejects.toThrow('cache');
  expect(await run(id)).toEqual({ state: 'sent' });
  expect(seenBy(phone)).toHaveLength(1);
});

it('news that overtook our answer stays on the card that the answer would have taken', async () => {
  const { phone, person } = await newPerson();
  const bot = await instance.bots.byId('110001');
  if (!bot) throw new Error('no bot');
  const chatId = String(phone.id);
  const card = await sendReply(bot.api, chatId, { text: rich`Pay?`, buttons: [[{ label: 'Yes', data: 'y' }]] });
  if (card.state !== 'done') throw new Error('not sent');
  const paid = await tell(person.userId, PAID);
  await run(paid.id);
  const reply = { text: rich`Sending…`, edit: true, subjectId: paid.subjectId };
  await showReply(instance.world, { ...person, subjectId: paid.subjectId }, reply, (given) =>
    sendReply(bot.api, chatId, given, card.result),
  );
  expect(seenBy(phone).some(({ text }) => text.includes('Sending'))).toBe(false);
  expect(seenBy(phone)[0]).toMatchObject({ edits: 1, buttons: expect.not.arrayContaining([['Yes']]) });
});

it('two workers and a bot at once about one subject leave the last word on one card', async () => {
  const { phone, person } = await newPerson();
  const pending = await tell(person.userId, PENDING);
  const paid = await tell(person.userId, PAID, pending.subjectId);
  await Promise.all([run(pending.id), run(paid.id), run(paid.id), run(pending.id)]);
  const shown = seenBy(phone).filter(({ deleted }) => !deleted);
  expect(shown.map(({ text }) => text)).toEqual([expect.stringContaining('Paid')]);
});

it('who blocked us here is told in another of our chats, or is unreachable', async () => {
  const { phone, person } = await newPerson(['satfleet2_bot', 'satfleet1_bot']);
  phone.block({ bot: 'satfleet1_bot' });
  const first = await tell(person.userId, PAID);
  expect(await run(first.id)).toEqual({ state: 'sent' });
  expect(seenBy(phone, 'satfleet2_bot')).toHaveLength(1);
  phone.block({ bot: 'satfleet2_bot' });
  const second = await tell(person.userId, PAID);
  expect(await run(second.id)).toEqual({ state: 'unreachable' });
  expect(await stateOf(second.id)).toBe('unreachable');
  expect(await run(second.id)).toEqual({ state: 'unreachable' });
});

it('H3: a lost answer leads to two messages at most', async () => {
  const { phone, person } = await newPerson();
  shared.telegram.faults.cut = { method: 'sendMessage', times: 9 };
  const { id } = await tell(person.userId, PAID);
  expect(await run(id)).toMatchObject({ state: 'later' });
  expect(await run(id)).toMatchObject({ state: 'later' });
  expect(await run(id)).toEqual({ state: 'sent' });
  expect(seenBy(phone)).toHaveLength(2);
});

it('H3: the second message waits until Telegram answers again, however long that takes', async () => {
  const { phone, person } = await newPerson();
  const { faults } = shared.telegram;
  faults.lost = { times: 9 };
  const { id } = await tell(person.userId, PAID);
  for (let at = 0; at < 9; at++) expect(await run(id)).toMatchObject({ state: 'later' });
  expect(seenBy(phone)).toHaveLength(0);
  expect(await run(id)).toEqual({ state: 'sent' });
  expect(seenBy(phone)).toHaveLength(1);
});

const RECEIVED: Notice = { kind: 'send_received', amountMsat: '7000', fromName: 'Baraka', memo: null };

it('H3: two processes that died on the way told nobody: a third one does', async () => {
  const { phone, person } = await newPerson();
  const { id } = await tell(person.userId, RECEIVED);
  const { world } = instance;
  const begun = keys.tries('telegram', String(phone.id), id);
  const never = new Promise<never>(() => {});
  const probe: Channel['probe'] = async () => ({ state: 'done', result: { messageId: '1', photo: false } });
  const dying: Channel = { send: () => never, close: () => never, probe };
  for (let at = 1; at <= 2; at++) {
    void deliver(world, id, { telegram: dying });
    await vi.waitFor(async () => expect(await world.sessions.scard(begun)).toBe(at));
  }
  expect(seenBy(phone)).toHaveLength(0);
  expect(await run(id)).toEqual({ state: 'sent' });
  expect(seenBy(phone)).toHaveLength(1);
});

it('H3: what was shown and could not be marked is shown twice at most', async () => {
  const { phone, person } = await newPerson();
  const { id } = await tell(person.userId, RECEIVED);
  const { world } = instance;
  const unmarked = { ...world, db: { ...world.db, call: () => Promise.reject(new Unavailable('database')) } };
  for (let at = 0; at < 3; at++) await expect(run(id, unmarked)).rejects.toThrow('database');
  expect(await run(id)).toEqual({ state: 'sent' });
  expect(seenBy(phone)).toHaveLength(2);
});

it('a notice at which one process after the other dies is given up, and not called told', async () => {
  const { phone, person } = await newPerson();
  const { id } = await tell(person.userId, RECEIVED);
  const line = { channel: 'telegram', bot: 'satfleet1_bot', chatId: String(phone.id) };
  for (let at = 1; at <= 6; at++) await countTry(instance.world.sessions, line, id, `dead ${at}`);
  expect(await run(id)).toEqual({ state: 'unreachable' });
  expect(seenBy(phone)).toHaveLength(0);
});

it('429 moves the job to the moment that Telegram named', async () => {
  const { phone, person } = await newPerson();
  shared.telegram.faults.tooMany = { method: 'sendMessage', times: 1, retryAfter: 30 };
  const { id } = await tell(person.userId, PAID);
  const nowMs = instance.world.clock.nowMs();
  const later = await run(id);
  expect(later.state === 'later' ? later.atMs - nowMs : 0).toBeGreaterThan(29_000);
  const next = await tell(person.userId, PENDING);
  expect(await run(next.id)).toMatchObject({ state: 'later' });
  expect(seenBy(phone)).toHaveLength(0);
});

it('Telegram away: later, as often as it takes, and then one message', async () => {
  const { phone, person } = await newPerson();
  shared.telegram.faults.fail = { times: 5, status: 502 };
  const { id } = await tell(person.userId, PAID);
  for (let at = 0; at < 5; at++) expect(await run(id)).toMatchObject({ state: 'later' });
  expect(await run(id)).toEqual({ state: 'sent' });
  expect(seenBy(phone)).toHaveLength(1);
});

it('beyond the pace of a chat: later, and the kept slot is used then', async () => {
  const paced = await shared.start({ TELEGRAM_PACE_CHAT: '1', TELEGRAM_PACE_BOT: '30' });
  const { person } = await newPerson();
  const notices = await Promise.all(Array.from({ length: 6 }, () => tell(person.userId, PAID)));
  const results = await Promise.all(notices.map(({ id }) => run(id, paced.world)));
  const moved = notices.filter((_, at) => results[at]?.state === 'later');
  expect([results.filter(({ state }) => state === 'sent').length, moved.length]).toEqual([4, 2]);
  const started = performance.now();
  expect(await run(moved[0]?.id ?? '', paced.world)).toEqual({ state: 'sent' });
  expect(performance.now() - started).toBeLessThan(500);
});

it('money from another person is a message of its own', async () => {
  const { phone, person } = await newPerson();
  const { id } = await tell(person.userId, {
    kind: 'send_received',
    amountMsat: '7000',
    fromName: '<b>@evil</b>',
    memo: 'x\n✅ Received 1,000,000 sats',
  });
  expect(await run(id)).toEqual({ state: 'sent' });
  expect(phone.last()?.text).toContain('Received 7 sats');
  expect(phone.last()?.text).not.toMatch(/^✅ Received 1,000,000/m);
  const cards = await instance.world.db.query(
    'test.cards',
    'select 1 from cards c join chats h on h.id = c.chat_row_id where h.chat_id = $1',
    [String(phone.id)],
  );
  expect(cards).toEqual([]);
});

it('a notice that is not there is nobody’s', async () => {
  expect(await run(instance.world.ids.next())).toEqual({ state: 'unreachable' });
});
