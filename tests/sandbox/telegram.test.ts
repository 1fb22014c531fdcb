// The sandbox's Bot API refuses what Telegram refuses, in Telegram's words, and does what it documents: the happy paths
// are driven by telegraf, the refusals by raw HTTP.
import { Telegraf } from 'telegraf';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { startTelegram, type Telegram } from '../../sandbox/telegram/server.ts';
import { png } from './png.ts';

const TOKEN = '700100:abcdefghijklmnopqrstuvwxyzABCDEFGHI';
const OTHER = '700200:abcdefghijklmnopqrstuvwxyzABCDEFGHI';

let telegram: Telegram;
let bot: Telegraf;
let asha: Phone;
let nextPerson = 5000;

beforeAll(async () => {
  telegram = await startTelegram({
    bots: [
      { token: TOKEN, username: 'sat_bot', first_name: 'Sats' },
      { token: OTHER, username: 'other_bot', first_name: 'Other' },
    ],
    limits: 'off',
  });
  bot = new Telegraf(TOKEN, { telegram: { apiRoot: telegram.url } });
});
afterAll(() => telegram.stop());
beforeEach(() => {
  asha = telegram.person({ id: ++nextPerson, first_name: 'Asha', username: 'asha', language_code: 'sw' });
  asha.say('/start');
});

interface Answer {
  ok: boolean;
  result?: unknown;
  error_code?: number;
  description?: string;
  parameters?: { retry_after?: number };
}

async function call(method: string, body: unknown, token = TOKEN): Promise<Answer & { status: number }> {
  const response = await fetch(`${telegram.url}/bot${token}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, ...((await response.json()) as Answer) };
}

async function refusal(method: string, body: Record<string, unknown>): Promise<string> {
  const answer = await call(method, { chat_id: asha.id, ...body });
  expect(answer.ok).toBe(false);
  expect(answer.status).toBe(answer.error_code);
  return `${answer.error_code} ${answer.description}`;
}

const keyboard = (button: object) => ({ reply_markup: { inline_keyboard: [[button]] } });
const card = { reply_markup: { inline_keyboard: [[{ text: 'Yes', callback_data: 'y:1' }]] } };
const entities = (text: string) => `400 Bad Request: can't parse entities: ${text}`;

describe('refuses, in the words of the server,', () => {
  const cases: [string, string, Record<string, unknown>, string][] = [
    ['no text', 'sendMessage', {}, '400 Bad Request: message text is empty'],
    ['blanks only', 'sendMessage', { text: ' \n ' }, '400 Bad Request: text must be non-empty'],
    ['no chat', 'sendMessage', { chat_id: '', text: 'x' }, '400 Bad Request: chat_id is empty'],
    ['a stranger', 'sendMessage', { chat_id: 1, text: 'x' }, '400 Bad Request: chat not found'],
    ['4,097 units', 'sendMessage', { text: 'x'.repeat(4097) }, '400 Bad Request: message is too long'],
    ['32,769 bytes', 'sendMessage', { text: 'x'.repeat(32_769) }, '400 Bad Request: text is too long'],
    ['a parse mode', 'sendMessage', { text: 'x', parse_mode: 'wiki' }, '400 Bad Request: unsupported parse_mode'],
    [
      'an unknown reply',
      'sendMessage',
      { text: 'x', reply_parameters: { message_id: 9999 } },
      '400 Bad Request: message to be replied not found',
    ],
    [
      '65 bytes of data',
      'sendMessage',
      { text: 'x', ...keyboard({ text: 'a', callback_data: 'é'.repeat(33) }) },
      '400 Bad Request: BUTTON_DATA_INVALID',
    ],
    [
      'a button without use',
      'sendMessage',
      { text: 'x', ...keyboard({ text: 'a' }) },
      "400 Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ],
    [
      'a local link',
      'sendMessage',
      { text: 'x', ...keyboard({ text: 'a', url: 'http://localhost:1' }) },
      "400 Bad Request: inline keyboard button URL 'http://localhost:1' is invalid: Wrong HTTP URL",
    ],
    [
      'a foreign protocol',
      'sendMessage',
      { text: 'x', ...keyboard({ text: 'a', url: 'ftp://example.com' }) },
      "400 Bad Request: inline keyboard button URL 'ftp://example.com' is invalid: Unsupported URL protocol",
    ],
    ['no photo', 'sendPhoto', {}, '400 Bad Request: there is no photo in the request'],
    ['a wrong file id', 'sendPhoto', { photo: 'AgAC' }, '400 Bad Request: wrong file identifier/HTTP URL specified'],
    [
      'a long caption',
      'sendPhoto',
      { photo: 'AgAC', caption: 'x'.repeat(1025) },
      '400 Bad Request: message caption is too long',
    ],
    [
      'an unknown edit',
      'editMessageText',
      { message_id: 9999, text: 'x' },
      '400 Bad Request: message to edit not found',
    ],
    ["a person's message", 'editMessageText', { message_id: 1, text: 'x' }, "400 Bad Request: message can't be edited"],
    ['no message', 'editMessageText', { text: 'x' }, '400 Bad Request: message identifier is not specified'],
    ['an unknown deletion', 'deleteMessage', { message_id: 9999 }, '400 Bad Request: message to delete not found'],
    [
      'an unknown query',
      'answerCallbackQuery',
      { callback_query_id: '1' },
      '400 Bad Request: query is too old and response timeout expired or query ID is invalid',
    ],
    [
      'a long toast',
      'answerCallbackQuery',
      { callback_query_id: '1', text: 'x'.repeat(201) },
      '400 Bad Request: MESSAGE_TOO_LONG',
    ],
    [
      'a command in capitals',
      'setMyCommands',
      { commands: [{ command: 'Pay', description: 'x' }] },
      '400 Bad Request: BOT_COMMAND_INVALID',
    ],
    [
      'a language of three letters',
      'setMyCommands',
      { commands: [], language_code: 'swa' },
      '400 Bad Request: invalid language code specified',
    ],
    [
      'a long description',
      'setMyDescription',
      { description: 'x'.repeat(513) },
      '400 Bad Request: description is too long',
    ],
    [
      'a long short description',
      'setMyShortDescription',
      { short_description: 'x'.repeat(121), language_code: 'sw' },
      '400 Bad Request: short description is too long',
    ],
    [
      'a secret with blanks',
      'setWebhook',
      { url: 'http://127.0.0.1:1/', secret_token: 'a b' },
      '400 Bad Request: secret token contains unallowed characters',
    ],
    ['no URL', 'setWebhook', { url: 'nonsense' }, '400 Bad Request: invalid webhook URL specified'],
    ['an unknown method', 'sendMoney', {}, '404 Not Found: method not found'],
  ];
  it.each(cases)('%s (%s)', async (_what, method, body, expected) => {
    expect(await refusal(method, body)).toBe(expected);
  });

  it.each([
    ['HTML', '<b>x', entities('Can\'t find end tag corresponding to start tag "b"')],
    ['HTML', 'é<x>', entities('Unsupported start tag "x" at byte offset 2')],
    ['HTML', 'a<br>b', entities('Unsupported start tag "br" at byte offset 1')],
    ['HTML', '<b><i>test</b></i>', entities('Unmatched end tag at byte offset 10, expected "</i>", found "</b>"')],
    ['HTML', 'x</b>', entities('Unexpected end tag at byte offset 1')],
    ['HTML', '1 < 2', entities('Unsupported start tag "" at byte offset 2')],
    ['MarkdownV2', '1.50', entities("Character '.' is reserved and must be escaped with the preceding '\\'")],
    ['MarkdownV2', '*open', entities("Can't find end of Bold entity at byte offset 0")],
    ['Markdown', 'é_open', entities("Can't find end of the entity starting at byte offset 2")],
  ])('%s %s', async (parse_mode, text, expected) => {
    expect(await refusal('sendMessage', { text, parse_mode })).toBe(expected);
  });

  it('an edit that changes nothing, but not one that changes only the keyboard', async () => {
    const { message_id } = await bot.telegram.sendMessage(asha.id, '<b>hi</b>', { parse_mode: 'HTML', ...card });
    const again = { message_id, text: '<b>hi</b>', parse_mode: 'HTML', ...card };
    expect(await refusal('editMessageText', again)).toMatch(/^400 Bad Request: message is not modified: specified new/);
    expect((await call('editMessageText', { chat_id: asha.id, ...again, reply_markup: undefined })).ok).toBe(true);
    expect(asha.transcript().at(-1)).toMatchObject({ edits: 1, buttons: [] });
  });

  it('bad tokens, bad bodies, blocked and closed accounts', async () => {
    expect((await call('getMe', {}, '123')).description).toBe('Unauthorized: invalid token specified');
    expect(await call('getMe', {}, '1:abcdefghijklmnopqrstuvwxyzABCDEFGHI')).toMatchObject({
      status: 401,
      description: 'Unauthorized',
    });
    expect((await call('getMe', '{')).description).toBe("Bad Request: can't parse JSON object");
    asha.block();
    expect(await refusal('sendMessage', { text: 'x' })).toBe('403 Forbidden: bot was blocked by the user');
    asha.unblock();
    expect((await call('sendMessage', { chat_id: asha.id, text: 'x' })).ok).toBe(true);
    asha.change({ deactivated: true });
    expect(await refusal('sendMessage', { text: 'x' })).toBe('403 Forbidden: user is deactivated');
  });
});

describe('telegraf meets what it expects:', () => {
  it('texts, marks and keyboards', async () => {
    const text =
      '<b>Balance</b>: 1 &lt; 2 &amp; <code class="language-ln">lnbc1</code> <a href="https://a.ke/x">more</a> /help';
    const sent = await bot.telegram.sendMessage(asha.id, text, { parse_mode: 'HTML', ...card });
    expect(sent.text).toBe('Balance: 1 < 2 & lnbc1 more /help');
    expect(sent.entities).toEqual([
      { type: 'bold', offset: 0, length: 7 },
      { type: 'code', offset: 17, length: 5, language: 'ln' },
      { type: 'text_link', offset: 23, length: 4, url: 'https://a.ke/x' },
      { type: 'bot_command', offset: 28, length: 5 },
    ]);
    expect(sent.reply_markup).toEqual(card.reply_markup);
    expect(asha.last()?.html).toContain('<b>Balance</b>: 1 &lt; 2 &amp; <code>lnbc1</code>');
    const plain = await bot.telegram.sendMessage(asha.id, 'x', { reply_markup: { keyboard: [[{ text: 'A' }]] } });
    expect(plain).not.toHaveProperty('reply_markup');
    const md = await bot.telegram.sendMessage(asha.id, '*1\\.50* _sats_ ||x||', { parse_mode: 'MarkdownV2' });
    expect(md.entities?.map(({ type, offset, length }) => [type, offset, length])).toEqual([
      ['bold', 0, 4],
      ['italic', 5, 4],
      ['spoiler', 10, 1],
    ]);
  });

  it('pictures by multipart, by id and in edits; files can be fetched', async () => {
    const photo = { source: png(64, 64), filename: 'qr.png' };
    const sent = await bot.telegram.sendPhoto(asha.id, photo, { caption: '<i>QR</i>', parse_mode: 'HTML', ...card });
    expect(sent).toMatchObject({
      caption: 'QR',
      caption_entities: [{ type: 'italic' }],
      reply_markup: card.reply_markup,
    });
    const id = sent.photo.at(-1)?.file_id ?? '';
    const link = await bot.telegram.getFileLink(id);
    expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(png(64, 64))).toBe(true);
    expect((await bot.telegram.sendPhoto(asha.id, id)).photo.at(-1)?.file_id).toBe(id);
    await bot.telegram.editMessageCaption(asha.id, sent.message_id, undefined, 'Paid');
    await bot.telegram.editMessageMedia(asha.id, sent.message_id, undefined, {
      type: 'photo',
      media: { source: png(32, 32) },
      caption: 'New',
    });
    expect(asha.transcript().find((message) => message.message_id === sent.message_id)).toMatchObject({
      text: 'New',
      edits: 2,
      photo: { width: 32 },
    });
    await bot.telegram.sendDocument(asha.id, { source: Buffer.from('a,b'), filename: 'history.csv' });
    expect(asha.last()?.document?.name).toBe('history.csv');
    const thin = bot.telegram.sendPhoto(asha.id, { source: png(2100, 100) });
    await expect(thin).rejects.toThrow('PHOTO_INVALID_DIMENSIONS');
    const fat = bot.telegram.sendPhoto(asha.id, { source: Buffer.alloc(10_485_761) });
    await expect(fat).rejects.toThrow(
      'file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes',
    );
    const other = new Telegraf(OTHER, { telegram: { apiRoot: telegram.url } });
    asha.say('/start', { bot: 'other_bot' });
    await expect(other.telegram.sendPhoto(asha.id, id)).rejects.toThrow('wrong file identifier');
  });

  it('menus by scope and language, names and descriptions', async () => {
    await bot.telegram.setMyCommands([{ command: 'pay', description: 'Pay' }]);
    await bot.telegram.setMyCommands([{ command: 'pay', description: 'Lipa' }], { language_code: 'sw' });
    await bot.telegram.callApi('setMyDescription' as never, { description: 'A wallet' } as never);
    const view = (await (await fetch(`${telegram.url}/people/${asha.id}/chat/sat_bot`)).json()) as {
      menu: unknown;
      bot: unknown;
    };
    expect(view.menu).toEqual([{ command: 'pay', description: 'Lipa' }]);
    expect(view.bot).toMatchObject({ description: 'A wallet' });
    expect(await bot.telegram.getMyCommands()).toEqual([{ command: 'pay', description: 'Pay' }]);
    const tell = (method: string, payload: object) => bot.telegram.callApi(method as never, payload as never);
    // As long as it may be; in the person's language where there is one, until it is emptied.
    await tell('setMyDescription', { description: 'x'.repeat(512), language_code: 'sw' });
    await tell('setMyShortDescription', { short_description: 'y'.repeat(120) });
    expect(await tell('getMyDescription', { language_code: 'sw' })).toEqual({ description: 'x'.repeat(512) });
    expect(await tell('getMyDescription', { language_code: 'en' })).toEqual({ description: 'A wallet' });
    expect(await tell('getMyShortDescription', { language_code: 'sw' })).toEqual({
      short_description: 'y'.repeat(120),
    });
    await tell('setMyDescription', { description: '', language_code: 'sw' });
    expect(await tell('getMyDescription', { language_code: 'sw' })).toEqual({ description: 'A wallet' });
  });

  it('urlencoded bodies and query strings, any letter case', async () => {
    const markup = JSON.stringify(card.reply_markup);
    const body = new URLSearchParams({ chat_id: String(asha.id), text: 'hi', reply_markup: markup });
    const form = await fetch(`${telegram.url}/bot${TOKEN}/SENDMESSAGE`, { method: 'POST', body });
    expect(await form.json()).toMatchObject({ ok: true, result: { text: 'hi', reply_markup: card.reply_markup } });
    const got = await fetch(`${telegram.url}/bot${TOKEN}/sendMessage?chat_id=${asha.id}&text=query`);
    expect(await got.json()).toMatchObject({ ok: true, result: { text: 'query' } });
  });
});
