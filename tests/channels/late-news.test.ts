// News that come long after their card: a phone makes no sound for an edit, so they are messages of their own, and the old
// card is ended; and cards that end without being news, which nobody may press any more.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { showReply } from '../../src/channels/cards.ts';
import { sendReply } from '../../src/channels/telegram/send.ts';
import type { Reply } from '../../src/chat/message.ts';
import { rich } from '../../src/chat/rich.ts';
import type { Notice } from '../../src/domain/notice.ts';
import { openTelling, PAID, PENDING, type Telling } from './telling.ts';

let { shared, instance, newPerson, tell, run, seenBy } = {} as Telling;

beforeAll(async () => {
  const telling = await openTelling();
  ({ shared, instance, newPerson, tell, run, seenBy } = telling);
});
afterEach(() => {
  Object.assign(shared.telegram.faults, { cut: undefined, fail: undefined, tooMany: undefined });
});
afterAll(() => shared.close());

type Phone = Awaited<ReturnType<Telling['newPerson']>>['phone'];

/** The answer to the tap on Pay, which every payment begins with. */
async function answerWith(
  phone: Phone,
  person: { userId: string; chatRowId: string },
  subjectId: string,
  reply: Reply,
) {
  const bot = await instance.bots.byId('110001');
  if (!bot) throw new Error('no bot');
  await showReply(instance.world, { ...person, subjectId }, { ...reply, subjectId }, (given) =>
    sendReply(bot.api, String(phone.id), given),
  );
}

it('a payment that ends promptly stays one card, edited', async () => {
  const { phone, person } = await newPerson();
  const subjectId = instance.world.ids.next();
  await answerWith(phone, person, subjectId, { text: rich`⏳ Paying` });
  const paid = await tell(person.userId, PAID, subjectId);
  await run(paid.id);
  expect(seenBy(phone)).toMatchObject([{ edits: 1, text: expect.stringContaining('Paid 5,000') }]);
});

const FAILED: Notice = { kind: 'payment_failed', amountMsat: '5000000', reason: 'no_route' };
it.each([
  ['paid', PAID, '✅ Paid. See below.', 'Paid 5,000 sats'],
  ['failed', FAILED, '↩️ This payment did not go through. See below.', 'All of your sats are back'],
])('who was told that it takes long hears how it ended by a new message: %s', async (_name, end, below, text) => {
  const { phone, person } = await newPerson();
  const { id, subjectId } = await tell(person.userId, PENDING);
  await run(id);
  const ended = await tell(person.userId, end, subjectId);
  await run(ended.id);
  await run(ended.id);
  expect(seenBy(phone)).toMatchObject([
    { edits: 1, text: below, buttons: [] },
    { edits: 0, text: expect.stringContaining(text) },
  ]);
});

it('the old card is ended before the news, and again when the news could not be sent then', async () => {
  const { phone, person } = await newPerson();
  const { id, subjectId } = await tell(person.userId, PENDING);
  await run(id);
  const { id: paid } = await tell(person.userId, PAID, subjectId);
  shared.telegram.faults.fail = { method: 'sendMessage', times: 1, status: 502 };
  expect(await run(paid)).toMatchObject({ state: 'later' });
  expect(seenBy(phone)).toMatchObject([{ edits: 1, text: expect.stringContaining('See below') }]);
  expect(await run(paid)).toEqual({ state: 'sent' });
  expect(seenBy(phone)).toMatchObject([{ edits: 1 }, { text: expect.stringContaining('Paid 5,000') }]);
  const next = await tell(person.userId, PENDING);
  await run(next.id);
  shared.telegram.faults.fail = { method: 'editMessageText', times: 1, status: 502 };
  const failed = await tell(person.userId, FAILED, next.subjectId);
  expect(await run(failed.id)).toMatchObject({ state: 'later' });
  expect(seenBy(phone)).toHaveLength(3);
  await run(failed.id);
  expect(seenBy(phone)).toHaveLength(4);
});

it('a long wait that was never shown counts for nothing: the end edits the card', async () => {
  const { phone, person } = await newPerson();
  const subjectId = instance.world.ids.next();
  await answerWith(phone, person, subjectId, { text: rich`⏳ Paying` });
  const pending = await tell(person.userId, PENDING, subjectId);
  const paid = await tell(person.userId, PAID, subjectId);
  await run(pending.id);
  await run(paid.id);
  expect(seenBy(phone)).toMatchObject([{ edits: 1, text: expect.stringContaining('Paid 5,000') }]);
});

it('a late end whose job runs three times at once is one message', async () => {
  const { phone, person } = await newPerson();
  const { id, subjectId } = await tell(person.userId, PENDING);
  await run(id);
  const paid = await tell(person.userId, PAID, subjectId);
  await Promise.all([run(paid.id), run(paid.id), run(paid.id)]);
  expect(seenBy(phone)).toHaveLength(2);
});

it('a request that is over leaves no button at either side, and who was asked hears no sound', async () => {
  const [payer, asker] = [await newPerson(), await newPerson()];
  const asked: Notice = { kind: 'request_received', amountMsat: '7000', fromName: '@b', memo: null, expiresAtMs: 2e12 };
  for (const how of ['paid', 'canceled', 'expired'] as const) {
    const received = await tell(payer.person.userId, asked);
    await run(received.id);
    expect(payer.phone.last()?.buttons.flat()).toHaveLength(2);
    const before = seenBy(payer.phone).length;
    const closed: Notice = { kind: 'request_closed', how, amountMsat: '7000', fromName: '@b' };
    await run((await tell(payer.person.userId, closed, received.subjectId)).id);
    expect(seenBy(payer.phone)).toHaveLength(before);
    expect(payer.phone.last()).toMatchObject({ edits: 1, buttons: [], text: expect.stringContaining('@b') });
  }
  const news: [Notice, number][] = [
    [{ kind: 'request_paid', amountMsat: '7000', byName: '@a' }, 2],
    [{ kind: 'request_declined', amountMsat: '7000', byName: '@a' }, 2],
    [{ kind: 'request_expired', amountMsat: '7000', toName: '@a' }, 1],
  ];
  for (const [notice, messages] of news) {
    const subjectId = instance.world.ids.next();
    const before = seenBy(asker.phone).length;
    const buttons = [[{ label: 'Cancel the request', data: `request:cancel:${subjectId}` }]];
    await answerWith(asker.phone, asker.person, subjectId, { text: rich`I asked @a`, buttons });
    await run((await tell(asker.person.userId, notice, subjectId)).id);
    const seen = seenBy(asker.phone).slice(before);
    expect(seen).toHaveLength(messages);
    expect(seen[0]).toMatchObject({ edits: 1, buttons: [] });
    expect(seen.at(-1)?.text).toContain('@a');
  }
});

it('the end of a card that was never shown is no news', async () => {
  const { phone, person } = await newPerson();
  const asked: Notice = { kind: 'request_received', amountMsat: '7000', fromName: '@b', memo: null, expiresAtMs: 2e12 };
  const received = await tell(person.userId, asked);
  const closed: Notice = { kind: 'request_closed', how: 'canceled', amountMsat: '7000', fromName: '@b' };
  const { id } = await tell(person.userId, closed, received.subjectId);
  expect([await run(id), await run(received.id)]).toEqual([{ state: 'sent' }, { state: 'sent' }]);
  expect(seenBy(phone)).toEqual([]);
});

it('an invoice becomes a picture in the place of the text, which its payment takes away', async () => {
  const { phone, person } = await newPerson();
  const late = await tell(person.userId, { kind: 'invoice_late' });
  await run(late.id);
  const request = `lnbcrt${'q'.repeat(260)}`;
  const ready: Notice = { kind: 'invoice_ready', request, amountMsat: '1000', memo: null, expiresAtMs: 2e12 };
  await run((await tell(person.userId, ready, late.subjectId)).id);
  expect(seenBy(phone).filter(({ deleted }) => !deleted)).toMatchObject([{ photo: expect.anything() }]);
  const paid: Notice = { kind: 'invoice_paid', receivedMsat: '1000', memo: null };
  await run((await tell(person.userId, paid, late.subjectId)).id);
  const left = seenBy(phone).filter(({ deleted }) => !deleted);
  expect(left).toMatchObject([{ edits: 0, text: expect.stringContaining('Received 1 sat') }]);
  expect(left[0]?.photo).toBeUndefined();
});

it('an invoice that ran out takes its picture away without a sound; paid after all, it is told', async () => {
  const { phone, person } = await newPerson();
  const request = `lnbcrt${'q'.repeat(260)}`;
  const ready: Notice = { kind: 'invoice_ready', request, amountMsat: '1000', memo: null, expiresAtMs: 2e12 };
  const { id, subjectId } = await tell(person.userId, ready);
  await run(id);
  const expired = await tell(person.userId, { kind: 'invoice_expired', amountMsat: '1000' }, subjectId);
  await run(expired.id);
  const left = () => seenBy(phone).filter(({ deleted }) => !deleted);
  expect(left()).toMatchObject([{ silent: true, text: expect.stringContaining('Nobody paid your invoice for 1 sat') }]);
  expect(left()[0]?.photo).toBeUndefined();
  const paid = await tell(person.userId, { kind: 'invoice_paid', receivedMsat: '1000', memo: null }, subjectId);
  await run(paid.id);
  expect(left().map(({ silent, text }) => [silent, text.split('.')[0]])).toEqual([
    [true, '✅ This invoice is paid'],
    [false, '✅ Received 1 sat'],
  ]);
});
