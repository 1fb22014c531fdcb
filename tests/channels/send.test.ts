// Replies sent by the real client to a strict Bot API: what a person then sees, and what we are told when it fails.
import jsqr from 'jsqr';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Telegram } from '../../sandbox/telegram/server.ts';
import { createApi } from '../../src/channels/telegram/api.ts';
import type { Bot } from '../../src/channels/telegram/registry.ts';
import { lengthOf, sendReply, split } from '../../src/channels/telegram/send.ts';
import type { Reply } from '../../src/chat/message.ts';
import { bold, code, rich, toPlain } from '../../src/chat/rich.ts';
import { botsAt, pixelsOf, TOKENS, telegramWithBots } from './support.ts';

const readQr = jsqr as unknown as typeof jsqr.default;
let telegram: Telegram;
let bot: Bot;

beforeAll(async () => {
  telegram = await telegramWithBots();
  const found = await botsAt(telegram.url).byId('110001');
  if (!found) throw new Error('no bot');
  bot = found;
});
afterAll(() => telegram.stop());

function newPhone() {
  const phone = telegram.person({ first_name: 'Asha' });
  phone.say('/start');
  return phone;
}
type Phone = ReturnType<typeof newPhone>;
const send = (phone: Phone, reply: Reply, shown?: { messageId: string; photo: boolean }) =>
  sendReply(bot.api, String(phone.id), reply, shown);
async function shownBy(outcome: ReturnType<typeof send>) {
  const done = await outcome;
  if (done.state !== 'done') throw new Error(`expected done, is ${JSON.stringify(done)}`);
  return done.result;
}

describe('a new message', () => {
  it('keeps forms and buttons', async () => {
    const phone = newPhone();
    const buttons = [
      [
        { label: 'Confirm', data: 'pay:1' },
        { label: 'Copy', copy: 'lnbc1short' },
      ],
      [{ label: 'Share', url: 'https://t.me/satfleet1_bot?start=abc' }],
    ];
    await shownBy(send(phone, { text: rich`You have ${bold('5,000 sats')}. Id ${code('a<b')}`, buttons }));
    expect(phone.last()).toMatchObject({
      text: 'You have 5,000 sats. Id a<b',
      entities: [
        { type: 'bold', offset: 9, length: 10 },
        { type: 'code', offset: 24, length: 3 },
      ],
    });
    expect(phone.last()?.buttons.map((row) => row.map(({ text }) => text))).toEqual([['Confirm', 'Copy'], ['Share']]);
  });

  test.each([
    ['<b>unclosed'],
    ['</b><a href="https://evil.example">click</a>'],
    ['&lt;b&gt; &amp; &unknown; &#0;'],
    ['<<<>>>&&&"\'`*_[]()~#+-=|{}.!\\'],
    ['\ud800 lone surrogate \udc00'],
    ['\u202e reversed \u200b zero \u0000 nul'],
    ['👩‍👩‍👧‍👦 é 日本'],
  ])('cannot be broken by %j', async (text) => {
    const phone = newPhone();
    expect((await send(phone, { text: [{ text: `memo: ${text} end`, form: 'italic' }] })).state).toBe('done');
    expect(phone.last()?.entities.every(({ type }) => type === 'italic' || type === 'url')).toBe(true);
  });

  it('leaves out a copy button that is too long, and the row with it', async () => {
    const phone = newPhone();
    await shownBy(send(phone, { text: rich`x`, buttons: [[{ label: 'Copy', copy: 'l'.repeat(300) }]] }));
    expect(phone.last()?.buttons).toEqual([]);
  });

  it('refuses data beyond 64 bytes before Telegram does, without telling it', async () => {
    const buttons = [[{ label: 'Pay', data: `pay:${'é'.repeat(31)}` }]];
    await expect(send(newPhone(), { text: rich`x`, buttons })).rejects.toThrow('64 bytes: pay');
  });

  it('too long is cut into several, nothing lost, buttons under the last', async () => {
    const phone = newPhone();
    const lines = Array.from({ length: 400 }, (_, at) => `line ${at} & <some> more words`).join('\n');
    await shownBy(send(phone, { text: [{ text: lines }], buttons: [[{ label: 'More', data: 'history:2' }]] }));
    const parts = phone.transcript().filter(({ from }) => from === 'bot');
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.map(({ text }) => text).join('\n')).toBe(lines);
    expect(parts.map(({ buttons }) => buttons.length)).toEqual([...Array(parts.length - 1).fill(0), 1]);
  });
});

describe('a picture', () => {
  const request = `lnbcrt${'50u1p3unwfusp5t9r3yymhpfqculx78u027lxspgxcr2n2987mx2j55nnfs95nxnzq'.repeat(4)}`;

  it('shows the QR code with its text, and is edited by its caption', async () => {
    const phone = newPhone();
    const text = rich`Receive ${bold('500 sats')}\n${code(request)}`;
    const shown = await shownBy(send(phone, { text, qr: request, buttons: [[{ label: 'Cancel', data: 'c:1' }]] }));
    expect(shown.photo).toBe(true);
    const seen = phone.last();
    expect(seen?.text).toContain(request);
    const response = await fetch(seen?.photo?.url ?? '');
    const { width, height, rgba } = pixelsOf(Buffer.from(await response.arrayBuffer()));
    expect(readQr(rgba, width, height)?.data).toBe(request);

    expect(await shownBy(send(phone, { text: rich`Paid` }, shown))).toEqual(shown);
    expect(phone.last()).toMatchObject({ text: 'Paid', edits: 1, buttons: [] });
  });

  it('whose text is too long for a caption comes with the text beneath', async () => {
    const phone = newPhone();
    const long = `${request}${request}${request}${request}`;
    const shown = await shownBy(send(phone, { text: rich`Receive\n${code(long)}`, qr: request }));
    expect(shown.photo).toBe(false);
    const [picture, text] = phone.transcript().filter(({ from }) => from === 'bot');
    expect([picture?.photo !== undefined, picture?.text, text?.text]).toEqual([true, '', `Receive\n${long}`]);
  });

  it('takes the place of a text card', async () => {
    const phone = newPhone();
    const shown = await shownBy(send(phone, { text: rich`One moment` }));
    const picture = await shownBy(send(phone, { text: rich`Receive`, qr: request }, shown));
    expect(picture.photo).toBe(true);
    expect(phone.transcript().filter(({ from, deleted }) => from === 'bot' && !deleted)).toHaveLength(1);
  });
});

describe('an edit', () => {
  it('changes the message and takes its buttons away', async () => {
    const phone = newPhone();
    const shown = await shownBy(send(phone, { text: rich`Sure?`, buttons: [[{ label: 'Yes', data: 'y' }]] }));
    expect(await shownBy(send(phone, { text: rich`Sending` }, shown))).toEqual(shown);
    expect(phone.last()).toMatchObject({ text: 'Sending', buttons: [], edits: 1 });
  });

  it('into the same again is fine', async () => {
    const phone = newPhone();
    const shown = await shownBy(send(phone, { text: rich`Paid` }));
    expect(await shownBy(send(phone, { text: rich`Paid` }, shown))).toEqual(shown);
    expect(phone.last()?.edits).toBe(0);
  });

  it('of what is gone becomes a new message', async () => {
    const phone = newPhone();
    const shown = await shownBy(send(phone, { text: rich`Sending` }));
    await bot.api.call('deleteMessage', { chat_id: phone.id, message_id: Number(shown.messageId) });
    const next = await shownBy(send(phone, { text: rich`Paid` }, shown));
    expect(next.messageId).not.toBe(shown.messageId);
    expect(phone.last()?.text).toBe('Paid');
  });

  it('that mistakes a picture for a text becomes a new message', async () => {
    const phone = newPhone();
    const shown = await shownBy(send(phone, { text: rich`Receive`, qr: 'lnbc1' }));
    await shownBy(send(phone, { text: rich`Paid` }, { ...shown, photo: false }));
    expect(phone.last()?.text).toBe('Paid');
  });
});

describe('what cannot be sent', () => {
  it('a person who blocked us, or never wrote, is unreachable', async () => {
    const phone = newPhone();
    phone.block();
    expect(await send(phone, { text: rich`x` })).toEqual({ state: 'unreachable' });
    expect(await sendReply(bot.api, '999', { text: rich`x` })).toEqual({ state: 'unreachable' });
  });

  it('429 says how long to wait', async () => {
    telegram.faults.tooMany = { method: 'sendMessage', times: 1, retryAfter: 7 };
    expect(await send(newPhone(), { text: rich`x` })).toEqual({ state: 'wait', waitMs: 7_000 });
  });

  it('a broken server did nothing, a lost answer may have', async () => {
    telegram.faults.fail = { times: 1, status: 502 };
    expect(await send(newPhone(), { text: rich`x` })).toMatchObject({ state: 'not_sent' });
    telegram.faults.fail = { times: 1, status: 504 };
    expect(await send(newPhone(), { text: rich`x` })).toMatchObject({ state: 'unsure' });
    const phone = newPhone();
    telegram.faults.cut = { method: 'sendMessage', times: 1 };
    expect(await send(phone, { text: rich`hello` })).toMatchObject({ state: 'unsure' });
    expect(phone.last()?.text).toBe('hello');
  });

  it('nobody there: not sent, and neither token nor text is in what we know of it', async () => {
    const [token = ''] = TOKENS;
    const api = createApi({ token, apiRoot: 'http://127.0.0.1:9/' });
    const outcome = await sendReply(api, '1', { text: rich`my words` });
    expect(outcome.state).toBe('not_sent');
    expect(JSON.stringify(outcome)).not.toMatch(/satfleet-one|my words/);
    const wrong = createApi({ token: '110001:wrong-token-wrong-token-wrong-token', apiRoot: telegram.url });
    expect(await sendReply(wrong, '1', { text: rich`my words` })).toMatchObject({ state: 'refused' });
  });

  it('HTML that Telegram does not understand goes out as plain words', async () => {
    const phone = newPhone();
    const calls: string[] = [];
    const api = {
      call: <T>(method: string, payload: object) => {
        calls.push(method);
        const broken = 'parse_mode' in payload ? { ...payload, text: '<b>' } : payload;
        return bot.api.call<T>(method, broken);
      },
    };
    expect((await sendReply(api, String(phone.id), { text: rich`Paid ${bold('5')}` })).state).toBe('done');
    expect(calls).toHaveLength(2);
    expect(phone.last()).toMatchObject({ text: 'Paid 5', entities: [] });
  });
});

describe('cutting', () => {
  test.each([
    [['a'.repeat(10)], 4, ['aaaa', 'aaaa', 'aa']],
    [['one two three'], 8, ['one two', 'three']],
    [['one\ntwo three'], 8, ['one two'.slice(0, 3), 'two', 'three']],
    [['ab', 'cd', 'ef'], 4, ['abcd', 'ef']],
    [['aaa😀b'], 4, ['aaa', '😀b']],
    [['short'], 10, ['short']],
  ])('%j at %i', (texts, limit, pieces) => {
    const cut = split(
      texts.map((text) => ({ text })),
      limit,
    );
    for (const piece of cut) expect(lengthOf(piece)).toBeLessThanOrEqual(limit);
    if (texts[0] !== 'one\ntwo three') expect(cut.map(toPlain)).toEqual(pieces);
  });

  it('keeps the form on both sides', () => {
    expect(split([{ text: 'abcdef', form: 'code' }], 3)).toEqual([
      [{ text: 'abc', form: 'code' }],
      [{ text: 'def', form: 'code' }],
    ]);
  });
});
