// The sandbox's deliveries, pace and faults: order and retries of webhooks, answers that carry a call, long polling and its
// conflicts, 429, cut connections, and a start from what was kept on disk.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Telegraf } from 'telegraf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { startTelegram, type Telegram, type TelegramOptions } from '../../sandbox/telegram/server.ts';
import type { Update } from '../../sandbox/telegram/wire.ts';

const TOKEN = '700100:abcdefghijklmnopqrstuvwxyzABCDEFGHI';
const BOTS = [{ token: TOKEN, username: 'sat_bot', first_name: 'Sats' }];

interface Delivered {
  update: Update;
  atMs: number;
  headers: http.IncomingHttpHeaders;
}
type Reply = { status?: number; headers?: http.OutgoingHttpHeaders; body?: string; afterMs?: number };

let telegram: Telegram;
let hook: http.Server;
let delivered: Delivered[];
let reply: (delivery: Delivered, earlier: number) => Reply;
let asha: Phone;
const folders: string[] = [];

beforeEach(async () => {
  delivered = [];
  reply = () => ({});
  hook = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const update = JSON.parse(Buffer.concat(chunks).toString()) as Update;
    const delivery = { update, atMs: performance.now(), headers: request.headers };
    const earlier = delivered.filter((one) => one.update.update_id === update.update_id).length;
    delivered.push(delivery);
    const { status = 200, headers = {}, body = '', afterMs = 0 } = reply(delivery, earlier);
    setTimeout(() => response.writeHead(status, headers).end(body), afterMs);
  });
  hook.listen(0, '127.0.0.1');
  await once(hook, 'listening');
});
afterEach(async () => {
  await telegram.stop();
  hook.closeAllConnections();
  hook.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function start(options: Partial<TelegramOptions> = {}): Promise<void> {
  telegram = await startTelegram({ bots: BOTS, limits: 'off', retryClock: 0.02, ...options });
  asha = telegram.person({ id: 4242, first_name: 'Asha' });
}

async function call<T = Record<string, unknown>>(method: string, body: object = {}): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  return (await fetch(`${telegram.url}/bot${TOKEN}/${method}`, init)).json() as Promise<T>;
}

function setWebhook(more: object = {}): Promise<unknown> {
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`;
  return call('setWebhook', { url, secret_token: 's3cret', ...more });
}

const soon = <T>(look: () => T) => expect.poll(look, { timeout: 10_000 });
const texts = () => delivered.map(({ update }) => update.message?.text ?? update.callback_query?.data);
const card = { reply_markup: { inline_keyboard: [[{ text: 'Yes', callback_data: 'yes' }]] } };

describe('webhook', () => {
  it('keeps the order of a chat, runs chats beside each other, shows the secret', async () => {
    await start();
    reply = () => ({ afterMs: 40 });
    await setWebhook();
    const baraka = telegram.person({ id: 4343, first_name: 'Baraka' });
    for (const text of ['1', '2', '3']) asha.say(text);
    baraka.say('b');
    await soon(() => delivered.length).toBe(4);
    expect(texts().filter((text) => text !== 'b')).toEqual(['1', '2', '3']);
    expect(texts().indexOf('b')).toBe(1);
    expect(delivered[0]?.headers['x-telegram-bot-api-secret-token']).toBe('s3cret');
  });

  it('tries again at once, then after 2, 4, 8 (compressed) seconds; a press does not wait behind it', async () => {
    await start({ retryClock: 0.1 });
    reply = ({ update }, earlier) => (update.message && earlier < 4 ? { status: 500 } : {});
    await setWebhook();
    const sent = await call<{ result: { message_id: number } }>('sendMessage', { chat_id: 4242, text: 'x', ...card });
    expect(sent).toMatchObject({ ok: false });
    asha.say('stuck');
    asha.say('behind');
    await call('sendMessage', { chat_id: 4242, text: 'x', ...card });
    asha.press('Yes');
    await soon(() => texts().filter((text) => text === 'stuck').length).toBe(2);
    await soon(() => texts()).toContain('yes');
    expect(texts()).not.toContain('behind');
    expect(await call('getWebhookInfo')).toMatchObject({
      result: {
        pending_update_count: 2,
        last_error_message: 'Wrong response from the webhook: 500 Internal Server Error',
      },
    });
    await soon(() => texts().at(-1)).toBe('behind');
    const at = delivered.filter(({ update }) => update.message?.text === 'stuck').map(({ atMs }) => atMs);
    const waits = at.slice(1).map((ms, index) => ms - (at[index] ?? 0));
    // Lower bounds only: a busy machine may add to every wait.
    expect(waits.map((ms, index) => ms > [-1, 195, 395, 795][index]!)).toEqual([true, true, true, true]);
  });

  it('honours Retry-After and drops what has expired', async () => {
    await start();
    reply = (_, earlier) => (earlier === 0 ? { status: 503, headers: { 'retry-after': '5' } } : {});
    await setWebhook();
    asha.say('later');
    await soon(() => delivered.length).toBe(2);
    expect((delivered[1]?.atMs ?? 0) - (delivered[0]?.atMs ?? 0)).toBeGreaterThan(95);
    reply = () => ({ status: 500 });
    void asha.inline('500');
    expect(telegram.bot('sat_bot').pending.size).toBe(1);
    await soon(() => telegram.bot('sat_bot').pending.size).toBe(0);
  });

  it('executes the call in an answer, sends copies, ends after the answer limit', async () => {
    await start({ answerLimitMs: 500 });
    telegram.faults.duplicate = 2;
    const body = JSON.stringify({ method: 'sendMessage', chat_id: 4242, text: 'by answer' });
    reply = (_, earlier) => (earlier === 0 ? { body, headers: { 'content-type': 'application/json' } } : {});
    await setWebhook();
    await asha.ask('hi', 'by answer');
    await soon(() => delivered.length).toBe(3);
    telegram.faults.duplicate = 0;
    reply = (_, earlier) => (earlier === 0 ? { afterMs: 1500 } : {});
    asha.say('slow');
    await soon(() => texts().filter((text) => text === 'slow').length).toBe(2);
    expect(telegram.bot('sat_bot').webhook?.lastErrorMessage).toBe('Read timeout expired');
  });

  it('delivers presses out of order when told so; stale ones only when told so', async () => {
    await start();
    await setWebhook();
    asha.say('/start');
    await call('sendMessage', {
      chat_id: 4242,
      text: 'x',
      reply_markup: {
        inline_keyboard: [
          [
            { text: 'A', callback_data: 'a' },
            { text: 'B', callback_data: 'b' },
          ],
        ],
      },
    });
    telegram.faults.shuffleCallbacks = true;
    const id = asha.last()?.message_id ?? 0;
    const { query_id, answered } = asha.press('A');
    asha.press('B');
    await soon(() => texts()).toEqual(['/start', 'b', 'a']);
    await call('answerCallbackQuery', { callback_query_id: query_id, text: 'Done' });
    expect(await answered).toEqual({ text: 'Done', show_alert: false });
    await call('editMessageText', { chat_id: 4242, message_id: id, text: 'y' });
    expect(() => asha.press('A')).toThrow('there is no button A');
    expect(() => asha.pressData(id, 'a')).toThrow('there is no button');
    asha.pressData(id, 'a', { stale: true });
    await soon(() => texts().length).toBe(4);
  });
});

describe('getUpdates', () => {
  it('polls, confirms by offset, and excludes a second poller and the webhook', async () => {
    await start();
    const first = call<{ error_code: number }>('getUpdates', { timeout: 5 });
    await soon(() => telegram.bot('sat_bot').poll !== undefined).toBe(true);
    const second = call<{ result: Update[] }>('getUpdates', { timeout: 5 });
    expect((await first).error_code).toBe(409);
    asha.say('one');
    const [update] = (await second).result;
    expect(update?.message?.text).toBe('one');
    expect((await call<{ result: Update[] }>('getUpdates')).result).toHaveLength(1);
    expect((await call<{ result: Update[] }>('getUpdates', { offset: (update?.update_id ?? 0) + 1 })).result).toEqual(
      [],
    );
    await setWebhook();
    expect(await call('getUpdates')).toMatchObject({
      error_code: 409,
      description:
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    });
  });

  it('serves telegraf', async () => {
    await start();
    const bot = new Telegraf(TOKEN, { telegram: { apiRoot: telegram.url } });
    bot.on('message', (ctx) => ctx.reply('here'));
    const running = bot.launch();
    await asha.ask('anyone?', 'here');
    bot.stop();
    await running;
  });
});

describe('limits and faults', () => {
  it('429 after a burst in a chat and over all chats, with the seconds to wait', async () => {
    await start({ limits: 'real' });
    asha.say('/start');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => call('sendMessage', { chat_id: 4242, text: 'x' })),
    );
    const passed = answers.filter(({ ok }) => ok).length;
    expect(passed).toBeGreaterThanOrEqual(5);
    expect(passed).toBeLessThan(8);
    expect(answers.find(({ ok }) => !ok)).toEqual({
      ok: false,
      error_code: 429,
      description: 'Too Many Requests: retry after 1',
      parameters: { retry_after: 1 },
    });
    const people = Array.from({ length: 60 }, (_, index) => telegram.person({ id: 9000 + index, first_name: 'P' }));
    for (const person of people) person.say('/start');
    const all = await Promise.all(people.map(({ id }) => call('sendMessage', { chat_id: id, text: 'x' })));
    expect(all.filter(({ ok }) => ok).length).toBeLessThan(60);
    const hooks = ['http://127.0.0.1:1/', 'http://127.0.0.1:2/'].map((url) => call('setWebhook', { url }));
    expect(await Promise.all(hooks)).toMatchObject([{ ok: true }, { parameters: { retry_after: 1 } }]);
  });

  it('cuts after executing, answers broken pages, 429 and late on demand', async () => {
    await start();
    asha.say('/start');
    telegram.faults.cut = { method: 'sendMessage', times: 1 };
    await expect(call('sendMessage', { chat_id: 4242, text: 'sent' })).rejects.toThrow();
    expect(asha.last()?.text).toBe('sent');
    telegram.faults.fail = { status: 502, times: 1 };
    await expect(call('sendMessage', { chat_id: 4242, text: 'not sent' })).rejects.toThrow('JSON');
    telegram.faults.tooMany = { retryAfter: 7, times: 1 };
    expect(await call('sendMessage', { chat_id: 4242, text: 'not sent' })).toMatchObject({
      parameters: { retry_after: 7 },
    });
    telegram.faults.delayMs = 60;
    const before = performance.now();
    await call('getMe');
    expect(performance.now() - before).toBeGreaterThan(55);
    expect(asha.last()?.text).toBe('sent');
  });

  it('413 for a body beyond 50 MB; groups show the bot only what is meant for it; few messages are kept', async () => {
    await start({ keep: 3 });
    const big = await fetch(`${telegram.url}/bot${TOKEN}/sendDocument`, {
      method: 'POST',
      body: Buffer.alloc(52_500_000),
    });
    expect(big.status).toBe(413);
    const group = telegram.group('Family', [asha]);
    asha.say('hello all', { chat: group });
    asha.say('/balance@sat_bot', { chat: group });
    expect(telegram.bot('sat_bot').pending.size).toBe(1);
    for (let index = 0; index < 6; index++) asha.say(`${index}`);
    expect(asha.transcript().map(({ text }) => text)).toEqual(['3', '4', '5']);
  });

  it('keeps everything on disk, and gives no number twice', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'telegram-'));
    folders.push(dir);
    await start({ dir });
    asha.say('/start');
    await call('sendMessage', { chat_id: 4242, text: '<b>Karibu</b>', parse_mode: 'HTML', ...card });
    const next = telegram.bot('sat_bot').nextUpdateId;
    await telegram.stop();
    await start({ dir });
    expect(asha.transcript().map(({ html }) => html)).toEqual([
      '<span class="bot_command">/start</span>',
      '<b>Karibu</b>',
    ]);
    expect(telegram.bot('sat_bot').pending.size).toBe(1);
    expect(telegram.bot('sat_bot').nextUpdateId).toBeGreaterThan(next);
    asha.press('Yes');
  });
});
