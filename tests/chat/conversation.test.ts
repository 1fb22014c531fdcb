// The whole first day in the conversation, over the real flows: once on a face with nothing but text, in both languages,
// and once with buttons.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { toPlain } from '../../src/chat/rich.ts';
import { shortId } from '../../src/flows/history.ts';
import { booksAreRight, creditFrom, type House, openHouse } from '../support/house.ts';
import { freshRates, Phone, PLAIN_FACE, RICH_FACE, someone } from './phone.ts';

let house: House;

beforeAll(async () => {
  house = await openHouse();
  await freshRates(house);
});
afterAll(() => house.close());
afterEach(() => booksAreRight(house.world));

describe('the first day in plain text', () => {
  let asha: Phone;
  let baraka: Phone;
  beforeAll(() => {
    asha = new Phone(house, 'asha', PLAIN_FACE);
    baraka = new Phone(house, 'baraka', PLAIN_FACE);
  });

  test('the first message opens a wallet and asks two things', async () => {
    const welcome = await asha.say('hello');
    expect(welcome).toContain('1. English');
    expect(welcome).toContain('2. Kiswahili');
    expect(asha.last.replies[0]?.buttons).toBeUndefined();
    expect(await asha.say('1')).toContain('1. KES (KSh)');
    expect(await asha.say('1')).toContain('You have 0 sats (≈ KSh 0)');
    expect(asha.session).toMatchObject({ language: 'en', currency: 'KES', onboarded: true });
    expect(await asha.say('start')).toContain('Hello, asha');
    await baraka.say('/start');
    await baraka.say('2');
    expect(await baraka.say('1')).toContain('Tayari');
  });

  test('receiving: a plain word, an amount in shillings, the invoice as news, paid from outside', async () => {
    await asha.say('receive KES 6500 school fees');
    expect(asha.last.awaited).toBeDefined();
    await asha.work();
    const ready = await asha.news('invoice_ready');
    expect(toPlain(ready.text)).toMatch(/To be paid 50,000 sats \(≈ KSh 6,500\)[\s\S]*Note: school fees/);
    await house.outside.pay({ request: ready.qr?.replace('LIGHTNING:', '').toLowerCase() ?? '' });
    await creditFrom(house.world, ready.subjectId ?? '');
    expect(toPlain((await asha.news('invoice_paid')).text)).toContain('Received 50,000 sats');
    expect(await asha.say('balance')).toMatch(/You have 50,000 sats \(≈ KSh 6,500\)\nRate \d+ s old\./);
  });

  test('sending asks for just what is missing, shows a card, and yes confirms', async () => {
    expect(await asha.say('send')).toContain('Who shall get it?');
    expect(await asha.say('not a name')).toContain('not a username');
    expect(await asha.say('@baraka')).toContain('How much');
    expect(await asha.say('a lot')).toContain('cannot read that amount');
    expect(await asha.say('1.000')).toMatch(/1\. 1,000 sats\n2\. 1 sat/);
    const card = await asha.say('1');
    expect(card).toMatch(/Send this\?\nAmount: 1,000 sats \(≈ KSh 130\)\nTo: @baraka/);
    expect(card).toContain('They are new here');
    expect(card).toMatch(/1\. ✅ Send\n2\. Cancel/);
    expect(await asha.say('yes')).toContain('✅ Sent 1,000 sats (≈ KSh 130) to @baraka');
    expect(await asha.say('yes')).not.toContain('Sent');
    expect(toPlain((await baraka.news('send_received')).text)).toContain('Umepokea 1,000 sats');
    expect(await baraka.say('salio')).toContain('Una 1,000 sats');
  });

  test('a request is asked, paid on a card of its own, and both hear of it', async () => {
    expect(await baraka.say('omba 300 @asha nauli')).toContain('Nimemwomba @asha akulipe 300 sats');
    const asked = await asha.news('request_received');
    expect(toPlain(asked.text)).toMatch(/@baraka asks you for 300 sats[\s\S]*Note: nauli/);
    await asha.press('Pay', [asked]);
    expect(await asha.say('2')).toContain('The request is still open');
    await asha.press('Pay', [asked]);
    expect(await asha.say('1')).toContain('Sent 300 sats');
    expect(toPlain((await baraka.news('request_paid')).text)).toContain('Ombi lako limelipwa: 300 sats');
    expect(toPlain((await asha.news('request_closed')).text)).toContain('You paid @baraka the 300 sats');
    expect(await asha.press('Decline', [asked])).toContain('This request is closed');
  });

  test('a request taken back ends the card of who was asked', async () => {
    await baraka.say('omba 40 @asha');
    expect(await baraka.say('1')).toContain('Ombi limeghairiwa');
    const closed = await asha.news('request_closed');
    expect(toPlain(closed.text)).toContain('Taken back: @baraka no longer asks you for 40 sats');
    expect(closed.buttons).toBeUndefined();
  });

  test('a phone number is kindly refused, and a name goes on from there', async () => {
    expect(await asha.say('/send 7 +254712345678 chai')).toMatch(/cannot send to a phone number yet.*nothing was sent/);
    expect(await asha.say('0712 345 678')).toContain('cannot send to a phone number yet');
    expect(await asha.say('@baraka')).toMatch(/Send this\?\nAmount: 7 sats .*\nTo: @baraka[\s\S]*Note: chai/);
    expect(await asha.say('no')).toContain('Nothing was sent');
    expect(await baraka.say('/omba 0712-345-678 7')).toContain('kwa namba ya simu');
    expect(await baraka.say('/ghairi')).toContain('Hakuna kilichotumwa');
    expect(await asha.say('/send 7 2500 thanks')).toContain('Who shall get it?');
    expect(await asha.say('/cancel')).toContain('Nothing was sent');
    const answered = { externalId: baraka.externalId, username: 'baraka', name: 'baraka', isBot: false };
    const card = await asha.say('/send 7 +254712345678', { replyTo: answered });
    expect(card).toMatch(/To: @baraka[\s\S]*Note: \+254712345678/);
    expect(await asha.say('no')).toContain('Nothing was sent');
    const group = { isPrivate: false, chatId: '-100' };
    expect(await asha.say('/send 7 +254712345678', group)).toContain('In a group, answer a message');
  });

  test('history shows it all and opens each line', async () => {
    const text = await asha.say('history');
    expect(text).toMatch(
      /1\. −300 sats · Sent · @baraka[\s\S]*2\. −1,000 sats · Sent[\s\S]*3\. \+50,000 sats · Received/,
    );
    const detail = await asha.say('3');
    expect(detail).toMatch(/Received\nWhen: .*\nAmount: \+50,000 sats \(≈ KSh 6,500\)/);
    expect(detail).toContain('Note: school fees');
    expect(await asha.say('1')).toContain('Your history');
  });
});

describe('paying', () => {
  test('a pasted invoice, a card, one tap, the receipt with fee and proof', async () => {
    const phone = await someone(house, 'pat', RICH_FACE, 50_000);
    const { request } = await house.outside.makeInvoice({ amountMsat: 20_000_000n, memo: 'tea' });
    const card = await phone.say(`please: lightning:${request.toUpperCase()}`);
    expect(card).toMatch(/Pay this\?\nAmount: 20,000 sats \(≈ KSh 2,600\)\nFee: at most 200 sats/);
    expect(card).toContain('For: tea');
    expect(card).toContain('for the first time');
    const [shown] = phone.last.replies;
    expect(await phone.press('Pay')).toContain('⏳ Paying 20,000 sats');
    expect(phone.last.replies[0]).toMatchObject({ edit: true, subjectId: shown?.subjectId });
    expect(phone.last.replies[0]?.buttons).toBeUndefined();
    // A second tap on the same card: nothing more, and the card stays what it is.
    await phone.press('Pay', [shown!]);
    expect(phone.last.replies).toEqual([]);
    expect(phone.last.toast).toContain('Nothing was done twice');
    await phone.work();
    const paid = await phone.news('payment_paid');
    expect(toPlain(paid.text)).toMatch(/✅ Paid 20,000 sats .*Fee: \d+ sats?\.\nProof of payment: [0-9a-f]{64}/);
    expect(paid.subjectId).toBe(shown?.subjectId);
    expect(await phone.press('Details', [paid])).toContain('Proof of payment');
    expect(await phone.say(request)).toContain('paid already');
  });

  test('B11: stuck, and then a second invoice of the same payee: the card warns and names the one under way', async () => {
    const phone = await someone(house, 'stuck', RICH_FACE, 60_000);
    const [first, second] = await Promise.all(
      [true, false].map((hold) => house.outside.makeInvoice({ amountMsat: 20_000_000n, hold })),
    );
    expect(await phone.say(first!.request)).not.toContain('still under way');
    await phone.press('Pay');
    await phone.work();
    const pending = await phone.news('payment_pending');
    const number = shortId(pending.subjectId ?? '');
    expect(toPlain(pending.text)).toContain('Please do not pay again');
    expect(toPlain(pending.text)).toContain(number);
    const card = await phone.say(second!.request);
    expect(card).toContain(`⚠️ A payment of this amount to this payee is still under way: no. ${number}`);
    expect(await phone.press('Cancel')).toContain('Nothing was sent');
    // The same invoice again is the same payment.
    expect(await phone.say(first!.request)).toContain('nothing more was sent');
    await house.outside.cancel(first!.hash);
    await phone.news('payment_failed');
    expect(await phone.say(second!.request)).not.toContain('still under way');
  });

  test('an invoice without amount asks for it, also when the answer is too much', async () => {
    const phone = await someone(house, 'open', RICH_FACE, 5_000);
    const { request } = await house.outside.makeInvoice({ memo: 'gift' });
    expect(await phone.say(`/pay ${request}`)).toContain('leaves the amount to you');
    expect(await phone.say('1m')).toContain('Not enough sats');
    expect(await phone.say('KES 130')).toContain('Amount: 1,000 sats');
    expect(await phone.press('Cancel')).toContain('Nothing was sent');
    expect(await phone.say(`/pay ${request} 2k`)).toContain('Amount: 2,000 sats');
  });

  test('what cannot be paid is refused in words', async () => {
    const phone = await someone(house, 'refused');
    const { request } = await house.outside.makeInvoice({ amountMsat: 20_000_000n });
    expect(await phone.say(request)).toMatch(/Not enough sats.*20,200 sats .*you have 0 sats/);
    expect(await phone.say('/pay nonsense')).toContain('cannot read this invoice');
    expect(await phone.say('/pay')).toContain('Paste the Lightning invoice');
    expect(await phone.say('lnbc?')).toContain('cannot read this invoice');
    await phone.say('/receive 100');
    await phone.work();
    const { qr = '' } = await phone.news('invoice_ready');
    expect(await phone.say(qr)).toContain('your own invoice');
  });
});

describe('sending to someone who is not here', () => {
  test('waits for the link, is claimed by the first who opens it, once', async () => {
    const phone = await someone(house, 'giver', RICH_FACE, 10_000);
    expect(await phone.say('/send 2k @newcomer welcome')).toContain('They are not here yet');
    const text = await phone.press('Send');
    expect(text).toContain('2,000 sats (≈ KSh 260) are set aside for @newcomer');
    const link = /https:\/\/t\.me\/satfleet_bot\?start=([\w-]+)/.exec(text);
    expect(link?.[1]?.length).toBeLessThanOrEqual(64);
    const newcomer = new Phone(house, 'newcomer', RICH_FACE);
    const welcome = await newcomer.say(`/start ${link?.[1]}`);
    expect(welcome).toContain('2,000 sats');
    expect(welcome).toContain('from @giver');
    expect(welcome).toContain('Which language');
    expect(toPlain((await phone.news('send_claimed')).text)).toContain('with @newcomer now');
    const late = new Phone(house, 'late', RICH_FACE);
    expect(await late.say(`/start ${link?.[1]}`)).toContain('These sats are gone');
    expect(await late.say('/start 00000000')).toContain('do not know this link');
  });

  test('can be taken back', async () => {
    const phone = await someone(house, 'regret', RICH_FACE, 1_000);
    await phone.say('/send all @nobody_yet');
    await phone.press('Send');
    const held = phone.last.replies;
    expect(await phone.say('/balance')).toContain('Set aside for payments under way: 1,000 sats');
    expect(await phone.press('Take it back', held)).toContain('You took 1,000 sats');
    expect(await phone.say('/balance')).toContain('You have 1,000 sats');
    expect(await phone.press('Take it back', held)).toContain('You took');
  });
});
