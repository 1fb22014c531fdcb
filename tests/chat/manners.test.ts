// How the conversation treats those who err, those in a group, those who run it, and everyone when a part is away.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Unavailable } from '../../src/base/errors.ts';
import { toPlain } from '../../src/chat/rich.ts';
import { apologize, slowDown } from '../../src/chat/router.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';
import { freshRates, Phone, PLAIN_FACE, RICH_FACE, someone } from './phone.ts';

let house: House;

beforeAll(async () => {
  house = await openHouse();
  await freshRates(house);
  await someone(house, 'asha');
});
afterAll(() => house.close());
afterEach(() => booksAreRight(house.world));

describe('understanding people', () => {
  test('a typo gets the nearest commands, to tap on', async () => {
    const phone = await someone(house, 'typo');
    expect(await phone.say('/balnce')).toContain('Did you mean /balance');
    expect(await phone.press('/balance')).toContain('You have 0 sats');
    expect(await phone.say('qwertyuiop')).toContain('/help');
    expect(await phone.say('/stts')).not.toContain('/stats');
  });

  test('a command leaves an open question, and so does /cancel', async () => {
    const phone = await someone(house, 'wizard');
    await phone.say('/send');
    expect(await phone.say('/balance')).toContain('You have');
    expect(phone.session?.wizard).toBeUndefined();
    await phone.say('/request');
    expect(await phone.say('/cancel')).toContain('left it there');
    expect(await phone.say('/cancel')).toContain('nothing to cancel');
  });

  test('forwarded text is never a command; voices are answered', async () => {
    const phone = await someone(house, 'forward');
    expect(await phone.say('/send 5 @asha', { forwarded: true })).toContain('no Lightning invoice');
    expect(await phone.speak()).toContain('only read text');
  });

  test('an old card, a forged button and a stranger’s card change nothing', async () => {
    const phone = await someone(house, 'forger', RICH_FACE, 500);
    const other = await someone(house, 'stranger');
    await phone.say('/send 100 @stranger');
    const card = phone.last.replies;
    expect(await other.press('Send', card)).toContain('This card is too old, nothing happened');
    expect(await phone.pressData(`confirm:${house.world.ids.next()}`)).toContain('too old');
    for (const data of ['confirm:', 'history:open:x', 'request:pay:1', 'send:retract:', 'what', 'start:cur:XXX', '']) {
      expect((await phone.pressData(data)).length + (phone.last.toast ?? '').length).toBeGreaterThan(0);
    }
    expect(await phone.press('Send', card)).toContain('Sent 100 sats');
  });

  test('a new name or chat is noticed, so that people are found by the name they carry now', async () => {
    const phone = await someone(house, 'oldname');
    const payer = await someone(house, 'payer', RICH_FACE, 1_000);
    phone.username = 'newname';
    await phone.say('/balance');
    expect(await payer.say('/send 10 @newname')).toContain('To: @newname\n⚠️ They are new here');
    expect(await payer.say('/send 10 @oldname')).toContain('They are not here yet');
    expect(await payer.say('/send 10 @payer')).toContain('That is you');
  });

  test('a request can be declined by one side and cancelled by the other', async () => {
    const [asker, asked] = [await someone(house, 'asker'), await someone(house, 'asked')];
    await asker.say('/request 50 @asked rent');
    const mine = asker.last.replies;
    const card = await asked.news('request_received');
    expect(await asked.press('Decline', [card])).toContain('You declined. No money has moved');
    expect(asked.last.replies[0]?.edit).toBe(true);
    expect(toPlain((await asker.news('request_declined')).text)).toContain('@asked declined to pay 50 sats');
    expect(await asker.press('Cancel the request', mine)).toContain('This request is closed');
    await asker.say('/request 60 @asked');
    expect(await asker.press('Cancel the request')).toContain('can no longer be paid');
    expect(await asker.say('/request 60 @who_is_that')).toContain('do not know that person');
    expect(await asker.say('/request all @asked')).toContain('cannot read that amount');
  });

  test('a button under a picture is answered below it', async () => {
    const phone = await someone(house, 'painter', RICH_FACE, 40);
    await phone.say('/history');
    const [first] = (phone.last.replies[0]?.buttons ?? []).flat();
    const data = first && 'data' in first ? first.data : '';
    const body = { kind: 'press', data, messageId: '9', photo: true } as const;
    expect(await phone.pressData(data, { body })).toContain('+40 sats');
    expect(phone.last.replies[0]?.edit).toBeUndefined();
  });

  test('sats that are gone by the time of the tap: the card says so and loses its buttons', async () => {
    const phone = await someone(house, 'spender', RICH_FACE, 100);
    await phone.say('/send 80 @asha');
    const first = phone.last.replies;
    await phone.say('/send 90 @asha');
    await phone.press('Send');
    expect(await phone.press('Send', first)).toMatch(/Not enough sats, so nothing was sent.*80 sats.*you have 10 sats/);
    expect(phone.last.replies).toMatchObject([{ edit: true }]);
    expect(phone.last.replies[0]?.buttons).toBeUndefined();
  });

  test('settings, rate and help', async () => {
    const phone = await someone(house, 'curious');
    expect(await phone.say('/rate')).toMatch(/1 BTC = KSh 13,000,000\n1,000 sats = KSh 130\nKSh 100 = 769 sats\n/);
    expect(await phone.say('/rate 200 bob')).toContain('1,538 sats = KSh 200');
    expect(await phone.say('/rate 1k kes')).toContain('KSh 1,000');
    expect(await phone.say('/rate 1k sats kes')).toContain('1,000 sats = KSh 130');
    expect(await phone.say('/rate tzs')).toContain('no rate for TZS');
    expect(await phone.say('/rate gold')).toContain('do not know that currency');
    expect(await phone.say('/receive TZS 500')).toContain('no fresh exchange rate');
    expect(await phone.say('/settings UGX')).toContain('UGX');
    expect(await phone.say('/balance')).toContain('no exchange rate just now');
    expect(await phone.say('/mipangilio kiswahili')).toContain('Kiswahili');
    expect(await phone.say('/msaada')).toContain('Unachoweza kufanya hapa');
    expect(await phone.press('Usalama')).toContain('Kamwe siulizi PIN');
    expect(await phone.press('Rudi')).toContain('Unachoweza');
    expect(await phone.press('Salio')).toContain('Una 0 sats');
    await phone.say('/mipangilio');
    await phone.press('Lugha');
    expect(await phone.press('English')).toContain('I speak English');
  });

  test('history in pages', async () => {
    const phone = await someone(house, 'busy', RICH_FACE, 1_000);
    expect(await (await someone(house, 'empty')).say('/history')).toContain('Nothing has come in');
    for (let sent = 0; sent < 11; sent++) {
      await phone.say('/send 1 @asha');
      await phone.press('Send');
    }
    await phone.say('/history');
    expect(await phone.press('Older')).toContain('+1,000 sats · Received');
    expect(phone.last.replies[0]?.edit).toBe(true);
    expect(await phone.press('Newest')).toContain('10. −1 sat');
  });
});

describe('in a group', () => {
  const group = { isPrivate: false, chatId: '-100' };

  test('H14: in a group nothing private is said, and nothing at all unless addressed', async () => {
    const phone = await someone(house, 'public', RICH_FACE, 700);
    expect(await phone.say('/balance', group)).toContain('between you and me');
    expect(await phone.say('balance', group)).toBe('');
    expect(await phone.say('/balance@other_bot', group)).toBe('');
    expect(await phone.say('/Balance@Satfleet_bot', group)).toContain('between you and me');
    expect(await phone.say('hello all', group)).toBe('');
    expect(await phone.say('/rate', group)).toContain('1 BTC = KSh');
    await phone.pressData('history:newest', group);
    expect(phone.last.replies).toEqual([]);
    expect(await new Phone(house, 'passer', RICH_FACE).say('/balance', group)).toContain(
      'private chat with @satfleet_bot',
    );
  });

  test('H14: in a group an answer sends to its writer; only the sender’s tap counts, and no balance shows', async () => {
    const [phone, other] = [await someone(house, 'tipper', RICH_FACE, 700), await someone(house, 'tipped')];
    const replyTo = { externalId: other.externalId, name: 'tipped', isBot: false };
    expect(await phone.say('/send 100 nice', { ...group, replyTo })).toContain('To: @tipped');
    const card = phone.last.replies;
    expect(card[0]?.subjectId).toBeUndefined();
    await other.press('Send', card, group);
    expect(other.last).toMatchObject({ replies: [], toast: expect.stringContaining('too old') });
    expect(await phone.press('Send', card, group)).toContain('Sent 100 sats');
    expect(await phone.say('/send 9999 @tipped', group)).not.toMatch(/600|700/);
    expect(await phone.say('/send all @tipped', group)).not.toMatch(/600|700/);
    expect(await phone.say('/send', group)).toContain('answer a message');
    expect(await phone.say('/send 5 @nobody_here', group)).toContain('no wallet here yet');
  });
});

describe('those who run it', () => {
  test('by their role in the database, whatever the session says', async () => {
    const phone = await someone(house, 'boss');
    phone.session = { ...phone.session!, role: 'admin' };
    expect(await phone.say('/stats')).toContain('only for those who run Satfleet');
    const owner = new pg.Client({ connectionString: house.database.ownerUrl });
    await owner.connect();
    await owner.query("update users set role = 'admin' where id = $1", [phone.session.userId]);
    await owner.end();
    expect(await phone.say('/stats')).toMatch(/Wallets: \d+[\s\S]*Rate \d+ s old[\s\S]*every currency sums to zero/);
    expect(await phone.say('/failed')).toContain('No failed jobs');
    expect(await phone.say('/failed nonsense')).toContain('no such queue');
    expect(await phone.say('/retryfailed payment 5')).toContain('Payments with unknown outcome: 0');
    const job = {
      queue: 'payment',
      id: 'x',
      reason: 'broken\nby test',
      traceId: 'abcdef0123',
      attempts: 2,
      atMs: 0,
    } as const;
    const queues = {
      ...house.world.queues,
      failed: async () => [job],
      retryFailed: async () => [{ queue: 'payment', retried: 1 } as const],
    };
    phone.world = { ...house.world, queues };
    expect(await phone.say('/failed payment')).toMatch(/payment · .* · 2 attempts · abcdef01\n {2}broken by test/);
    expect(await phone.say('/retryfailed')).toContain('payment: 1');
    phone.world = house.world;
    await phone.say('/settings sw');
    expect(await phone.say('/stats')).toContain('jumla ya kila sarafu ni sifuri');
  });
});

describe('trouble', () => {
  test('blocking and coming back is taken note of, without a word', async () => {
    const phone = await someone(house, 'leaver');
    expect(await phone.reach(true)).toBe('');
    expect(await phone.reach(false)).toBe('');
    expect(phone.session).toBeDefined();
  });

  test('too fast is said over a button or in a message', () => {
    const common = { channel: 'telegram', bot: 'b', chatId: '1', isPrivate: true, from: { externalId: '1' } };
    const incoming = {
      ...common,
      languageCode: 'sw',
      face: RICH_FACE,
      traceId: '01931b2c-7a00-7000-8000-0123456789ab',
    };
    const text = { kind: 'text', text: 'x', messageId: '1', forwarded: false } as const;
    const press = { kind: 'press', data: 'x', messageId: '1', photo: false } as const;
    expect(toPlain(slowDown({ ...incoming, body: text }, undefined, 1_200).replies[0]?.text ?? [])).toMatch(
      /haraka.*baada ya sekunde 2\./,
    );
    expect(slowDown({ ...incoming, body: press }, undefined, 300)).toMatchObject({
      replies: [],
      toast: expect.stringContaining('haraka'),
    });
    expect(toPlain(apologize({ ...incoming, body: text }, undefined).replies[0]?.text ?? [])).toContain('456789ab');
  });

  const unavailable = () => Promise.reject(new Unavailable('a part under test'));

  test('the queues are away: it is noted, and said', async () => {
    const phone = await someone(house, 'patient', RICH_FACE, 5_000);
    const { request } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
    phone.world = { ...house.world, queues: { ...house.world.queues, add: unavailable } };
    expect(await phone.say('/receive 5')).toContain('It comes here by itself');
    await phone.say(request);
    expect(await phone.press('Pay')).toContain('it goes out by itself');
    await phone.work();
    expect(toPlain((await phone.news('payment_paid')).text)).toContain('Paid 1,000 sats');
  });

  test('the database is away: a kind answer, and the card can be tapped again', async () => {
    const phone = await someone(house, 'cut_off', RICH_FACE, 5_000);
    await phone.say('/send 100 @asha');
    const card = phone.last.replies;
    phone.world = { ...house.world, db: { ...house.world.db, query: unavailable, transaction: unavailable } };
    expect(await phone.say('/balance')).toContain('Your money is safe');
    expect(await phone.press('Send', card)).toContain('Your money is safe');
    phone.world = house.world;
    expect(await phone.press('Send', card)).toContain('Sent 100 sats');
  });

  test('an old rate is never shown as a price, and never used', async () => {
    const phone = await someone(house, 'latecomer', PLAIN_FACE, 100);
    const later = house.world.clock.nowMs() + 10 * 60_000;
    phone.world = { ...house.world, clock: { ...house.world.clock, nowMs: () => later } };
    expect(await phone.say('/balance')).toBe('💰 You have 100 sats\nThe rate is too old, so only sats are shown.');
    expect(await phone.say('/rate')).toContain('too old to be called a price');
    expect(await phone.say('/send KES 10 @asha')).toContain('no fresh exchange rate');
  });

  test('a fault is an apology with a number to tell, and the log has it', async () => {
    const phone = await someone(house, 'unlucky');
    const before = house.lines.length;
    phone.session = { ...phone.session!, walletId: 'broken' };
    expect(await phone.say('/balance')).toMatch(/Your money is safe.*[0-9a-f]{8}/);
    expect(house.lines.slice(before).join('\n')).toContain('message failed');
    expect(phone.session).toBeDefined();
  });
});
