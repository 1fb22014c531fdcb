// What a bot does at its start and end: tells Telegram where its updates go, polls where there is no address, by lease,
// and as a process ends well.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { poll } from '../../src/channels/telegram/polling.ts';
import { setUp } from '../../src/channels/telegram/setup.ts';
import { handle as converse } from '../../src/chat/router.ts';
import { type Ground, ground, type Instance, post } from './instances.ts';
import { SECRET, TOKENS } from './support.ts';

let shared: Ground;

beforeAll(async () => {
  shared = await ground();
});
afterEach(() => {
  shared.handle = converse;
});
afterAll(() => shared.close());

async function botOf(instance: Instance, id = '110001') {
  const bot = await instance.bots.byId(id);
  if (!bot) throw new Error('no bot');
  return bot;
}
async function ask<T>(instance: Instance, method: string, payload: object): Promise<T> {
  const answer = await (await botOf(instance)).api.call<T>(method, payload);
  if (answer.state !== 'done') throw new Error(JSON.stringify(answer));
  return answer.result;
}

it('sets the webhook, the menus and what is said of itself, once for all instances', async () => {
  const one = await shared.start({ PUBLIC_URL: 'http://127.0.0.1:3000/' });
  const two = await shared.start({ PUBLIC_URL: 'http://127.0.0.1:3000/' });
  await Promise.all([one, two].map(async (instance) => setUp(instance.world, await botOf(instance))));
  expect(await ask(one, 'getWebhookInfo', {})).toMatchObject({
    url: 'http://127.0.0.1:3000/telegram/110001',
    max_connections: 100,
    allowed_updates: ['message', 'callback_query', 'my_chat_member'],
  });
  const names = async (scope: object) =>
    (await ask<{ command: string }[]>(one, 'getMyCommands', scope)).map(({ command }) => command);
  expect(await names({})).toContain('balance');
  expect((await names({ language_code: 'sw' })).length).toBeGreaterThan(5);
  for (const [language, word] of [
    ['', 'wallet'],
    ['sw', 'pochi'],
  ]) {
    const scope = language ? { language_code: language } : {};
    const { description } = await ask<{ description: string }>(one, 'getMyDescription', scope);
    const short = await ask<{ short_description: string }>(one, 'getMyShortDescription', scope);
    expect([description.length > 200, description.includes(word ?? '?')]).toEqual([true, true]);
    expect(short.short_description.toLowerCase()).toContain(word);
  }
  expect([...one.lines, ...two.lines].filter((line) => line.includes('"telegram set up"'))).toHaveLength(1);
});

it('begins also when Telegram takes no text about us', async () => {
  const instance = await shared.start({ PUBLIC_URL: 'http://127.0.0.1:3001/' });
  const bot = await botOf(instance);
  const call: typeof bot.api.call = (method, payload, ...rest) =>
    /Description$/.test(method)
      ? Promise.resolve({ state: 'refused', reason: 'other', description: 'no' })
      : bot.api.call(method, payload, ...rest);
  await setUp(instance.world, { ...bot, api: { call } });
  expect(instance.lines.some((line) => line.includes('did not take a text about us'))).toBe(true);
});

it('without a public address one instance polls, in order per chat, and another takes over', async () => {
  const [one, two] = await Promise.all([shared.start(), shared.start()]);
  const heard: { instance: Instance; text: string }[] = [];
  const listen = (instance: Instance, signal: AbortSignal) =>
    botOf(instance).then((bot) =>
      poll(
        instance.world,
        async (_world, { body }, session) => {
          heard.push({ instance, text: body.kind === 'text' ? body.text : '' });
          return { answer: { replies: [] }, session };
        },
        bot,
        signal,
      ),
    );
  const first = new AbortController();
  const second = new AbortController();
  const running = [listen(one, first.signal)];
  await expect.poll(() => one.lines.some((line) => line.includes('polling begins'))).toBe(true);
  running.push(listen(two, second.signal));
  const phone = shared.telegram.person({ first_name: 'Asha' });
  for (let at = 0; at < 5; at++) phone.say(`a${at}`, { bot: 'satfleet1_bot' });
  await expect.poll(() => heard.length).toBe(5);
  expect(heard.map(({ text }) => text)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  first.abort();
  await running[0];
  phone.say('b0');
  await expect.poll(() => heard.length, { timeout: 8_000 }).toBe(6);
  expect(new Set(heard.slice(0, 5).map(({ instance }) => instance))).toEqual(new Set([one]));
  expect(heard[5]?.instance).toBe(two);
  second.abort();
  await Promise.all(running);
});

it('stopped: what comes is left to others, what runs is finished', async () => {
  const instance = await shared.start();
  let ended = false;
  shared.handle = async (_world, _incoming, session) => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    ended = true;
    return { answer: { replies: [] }, session };
  };
  const message = (id: number) => ({
    update_id: id,
    message: {
      message_id: id,
      from: { id: 5, is_bot: false, first_name: 'A' },
      chat: { id: 5, type: 'private' },
      date: 1,
      text: 'x',
    },
  });
  const running = post(instance, message(1));
  await new Promise((resolve) => setTimeout(resolve, 100));
  instance.webhook.stop();
  expect(await post(instance, message(2))).toEqual({ status: 503, retryAfter: '1' });
  await instance.webhook.idle();
  expect(ended).toBe(true);
  expect((await running).status).toBe(200);
});

it('as a process: serves, is ready and healthy, and on SIGTERM closes its door, lingers behind it and ends with 0', async () => {
  const entry = fileURLToPath(new URL('../../src/bot.ts', import.meta.url));
  const child = spawn(process.execPath, [entry], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: shared.database.appUrl,
      REDIS_QUEUE_URL: shared.redis.queueUrl,
      REDIS_SESSION_URL: shared.redis.sessionUrl,
      REDIS_CACHE_URL: shared.redis.cacheUrl,
      APP_SECRET: SECRET,
      TELEGRAM_BOTS: TOKENS.join(','),
      TELEGRAM_API_ROOT: shared.telegram.url,
      PORT: '0',
      LINGER_MS: '2000',
      LIGHTNING_NETWORK: 'regtest',
    },
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    await expect.poll(() => /"port":(\d+)/.exec(output)?.[1], { timeout: 15_000 }).toBeDefined();
    const url = `http://127.0.0.1:${/"port":(\d+)/.exec(output)?.[1]}`;
    const health = async () => {
      const answer = await fetch(`${url}/health`);
      return [answer.status, await answer.json()];
    };
    // Also Telegram must have answered once.
    await expect
      .poll(health, { timeout: 10_000 })
      .toMatchObject([
        200,
        { state: 'healthy', components: { database: { state: 'up' }, 'session-redis': { state: 'up' } } },
      ]);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('satfleet_messages_total');
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    const phone = shared.telegram.person({ first_name: 'Baraka', language_code: 'sw' });
    phone.say('/start', { bot: 'satfleet2_bot' });
    expect((await phone.waitFor(/./, 12_000)).buttons.length).toBeGreaterThan(0);
  } finally {
    child.kill('SIGTERM');
  }
  const started = performance.now();
  const port = Number(/"port":(\d+)/.exec(output)?.[1]);
  await expect.poll(() => isRefused(port), { timeout: 5_000 }).toBe(true);
  // Whoever is sent here now is refused by somebody, and not left waiting for nobody.
  expect(child.exitCode).toBeNull();
  expect(await exited).toBe(0);
  expect(performance.now() - started).toBeGreaterThan(1_900);
  expect(performance.now() - started).toBeLessThan(10_000);
  for (const secret of [SECRET, ...TOKENS]) expect(output.includes(secret)).toBe(false);
});

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });
}
