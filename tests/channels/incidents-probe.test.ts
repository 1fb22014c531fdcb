// The synthetic user: answered is what the Bot API has taken, the very answer and not an apology; late and lost are told
// apart; it leaves one silent message; and one worker asks at a time.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { loadConfig, secretsOf } from '../../src/base/config.ts';
import { Unavailable } from '../../src/base/errors.ts';
import { keepProbing, probeOnce } from '../../src/channels/telegram/probing.ts';
import { handle as converse } from '../../src/chat/router.ts';
import { probe } from '../../src/flows/probe.ts';
import type { World } from '../../src/world.ts';
import { ask } from '../support/flow-help.ts';
import { environmentOf, type Ground, ground, type Instance } from './instances.ts';

const PROBE_CHAT_ID = '770001';

let shared: Ground;
let bot: Instance;
let worker: World;
let phone: ReturnType<Ground['telegram']['person']>;

beforeAll(async () => {
  shared = await ground();
  phone = shared.telegram.person({ id: Number(PROBE_CHAT_ID), first_name: 'Probe', language_code: 'en' });
  phone.say('/start', { bot: 'satfleet1_bot' });
  const env = { PROBE_CHAT_ID, PROBE_URL: 'http://127.0.0.1:1/telegram/110001' };
  bot = await shared.start(env);
  const other = await shared.start(env);
  worker = withUrl(other.world, `${bot.url}/telegram/110001`);
});
afterEach(() => {
  shared.handle = converse;
  Object.assign(shared.telegram.faults, { fail: undefined, lost: undefined });
});
afterAll(() => shared.close());

const withUrl = (of: World, PROBE_URL: string): World => ({ ...of, config: { ...of.config, PROBE_URL } });
const counts = async (of: World = worker) => {
  const text = await of.metrics.text();
  const count = (result: string) => Number(new RegExp(`probe_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1]);
  return { answered: count('answered'), late: count('late'), lost: count('lost') };
};
const shown = () =>
  phone.transcript({ bot: 'satfleet1_bot' }).filter(({ from, deleted }) => from === 'bot' && !deleted);
/** A clock on which nobody waits, and a question may seem to have taken long. */
const hurried = (of: World, tookMs: number): World => {
  let looks = 0;
  return {
    ...of,
    clock: { ...of.clock, sleep: async () => {}, monotonicMs: () => performance.now() + (looks++ > 0 ? tookMs : 0) },
  };
};
/** A way in that answers by itself. */
async function standIn(status: number): Promise<{ url: string; close(): void; asked: () => number }> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/telegram/110001`;
  return { url, asked: () => asked, close: () => void server.close() };
}

test('half of what it needs, a bot of nobody’s, a token that can be guessed, no zone: refused at the start', () => {
  const given = environmentOf(shared);
  const faultsOf = (change: Record<string, string>) => {
    try {
      loadConfig('bot', { ...given, ...change });
      return '';
    } catch (error) {
      return String(error);
    }
  };
  const PROBE_URL = 'https://sats.example/telegram/110001';
  expect(faultsOf({ PROBE_URL, PROBE_CHAT_ID })).toBe('');
  expect(faultsOf({ PROBE_URL })).toContain('PROBE_CHAT_ID is missing');
  expect(faultsOf({ PROBE_CHAT_ID })).toContain('PROBE_URL is missing');
  for (const path of ['/telegram/110009', '/telegram/', '', '/telegram/110001/']) {
    expect(faultsOf({ PROBE_URL: `https://sats.example${path}`, PROBE_CHAT_ID })).toContain('PROBE_URL must end');
  }
  expect(faultsOf({ PROBE_URL, PROBE_CHAT_ID: '-100200300' })).toContain('PROBE_CHAT_ID');
  expect(faultsOf({ ALERTS_TOKEN: 'abcdefghijklmnopqrstuvwxyz' })).toMatch(/ALERTS_TOKEN can be guessed/);
  expect(faultsOf({ HOUSE_ZONE: 'Nairobi' })).toContain('HOUSE_ZONE');
  const secrets = { ALERTS_TOKEN: 'b3c1f0a97d5e42c8a6b1d9e07f345812', PAGERDUTY_KEY: 'a-key-of-pagers' };
  const ALERT_WEBHOOK_URL = 'https://hooks.example/T0/B0/x';
  expect(secretsOf(loadConfig('bot', { ...given, ...secrets, ALERT_WEBHOOK_URL }))).toEqual(
    expect.arrayContaining([...Object.values(secrets), ALERT_WEBHOOK_URL]),
  );
});

test('all three results are told from the start', async () => {
  expect(await counts()).toEqual({ answered: 0, late: 0, lost: 0 });
});

test('answered, again and again, it leaves one message, which made no sound', async () => {
  for (let at = 1; at <= 3; at++) {
    await probeOnce(worker, bot.bots);
    expect(await counts()).toEqual({ answered: at, late: 0, lost: 0 });
  }
  expect(shown()).toMatchObject([{ text: expect.stringMatching(/You have 0 sats|0 sats/), silent: true }]);
});

test('somebody else’s balance leaves no card and makes its sound', async () => {
  const asha = shared.telegram.person({ first_name: 'Asha', language_code: 'en' });
  const update = {
    update_id: 5,
    message: {
      message_id: 9,
      date: 1,
      chat: { id: asha.id, type: 'private' },
      from: { id: asha.id, is_bot: false, first_name: 'Asha' },
      text: '/balance',
    },
  };
  asha.say('hello', { bot: 'satfleet1_bot' });
  const headers = { 'x-telegram-bot-api-secret-token': bot.bots.secretOf('110001') ?? '' };
  const answer = await fetch(`${bot.url}/telegram/110001`, { method: 'POST', headers, body: JSON.stringify(update) });
  expect(answer.status).toBe(200);
  expect(asha.last({ bot: 'satfleet1_bot' })).toMatchObject({ silent: false });
  const text = 'select 1 from cards c join chats h on h.id = c.chat_row_id where h.chat_id = $1';
  expect(await ask(worker, text, [String(asha.id)])).toEqual([]);
});

test('an apology is no answer, though Telegram hears that all is done', async () => {
  const before = await counts();
  const away = () => Promise.reject(new Unavailable('database'));
  shared.handle = (world, ...given) => converse({ ...world, db: { ...world.db, query: away } }, ...given);
  await probeOnce(worker, bot.bots);
  expect(await counts()).toEqual({ ...before, lost: before.lost + 1 });
});

test('a chat that cannot be written to is not answered', async () => {
  const before = await counts();
  phone.block({ bot: 'satfleet1_bot' });
  await probeOnce(worker, bot.bots);
  expect(await counts()).toEqual({ ...before, lost: before.lost + 1 });
  phone.unblock({ bot: 'satfleet1_bot' });
  await probeOnce(worker, bot.bots);
  expect(await counts()).toMatchObject({ answered: before.answered + 1 });
});

test('a way in that is closed or busy: asked again like Telegram does, until nobody would wait any more', async () => {
  const before = await counts();
  const busy = await standIn(503);
  // Every question takes three seconds, and nobody waits for them.
  const clock = {
    ...worker.clock,
    sleep: async () => {},
    monotonicMs: () => performance.now() + busy.asked() * 3_000,
  };
  const result = await probe(
    { ...worker, clock },
    {
      bot: 'satfleet1_bot',
      chatId: PROBE_CHAT_ID,
      remove: async () => {},
      ask: async () => (await fetch(busy.url, { method: 'POST' })).status === 200,
    },
  );
  expect([result, busy.asked()]).toEqual(['lost', 4]);
  expect(await counts()).toEqual({ ...before, lost: before.lost + 1 });
  busy.close();
});

test('Telegram takes the answer at the second try: answered, only later', async () => {
  const before = await counts();
  shared.telegram.faults.fail = { method: 'sendMessage', times: 1, status: 502 };
  await probeOnce(worker, bot.bots);
  const after = await counts();
  expect(after.answered + after.late).toBe(before.answered + before.late + 1);
  await probeOnce(hurried(worker, 6_000), bot.bots);
  expect(await counts()).toEqual({ ...after, late: after.late + 1 });
});

test('one worker at a time; the next one when it has gone; off without its variable', async () => {
  const second = withUrl((await shared.start()).world, worker.config.PROBE_URL ?? '');
  const also = { ...second, config: { ...second.config, PROBE_CHAT_ID } };
  await probeOnce(worker, bot.bots);
  const before = await counts(also);
  await probeOnce(also, bot.bots);
  expect(await counts(also)).toEqual(before);
  await keepProbing(worker, bot.bots)();
  await probeOnce(also, bot.bots);
  expect((await counts(also)).answered).toBe(before.answered + 1);
  const { PROBE_URL: _url, ...config } = worker.config;
  const asked = shown().at(-1)?.message_id;
  await probeOnce({ ...worker, config }, bot.bots);
  expect(shown().at(-1)?.message_id).toBe(asked);
});
