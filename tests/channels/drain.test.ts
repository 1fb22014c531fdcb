// Bots that come and go behind a real nginx while people write: who is told to end loses nothing and fails nothing, who
// is killed is off every list within fifteen seconds, and one id names a message in nginx's log and in the bot's.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { writeNginx } from '../../scripts/demo/nginx.ts';
import { find } from '../../scripts/needs.ts';
import { Daemon, freePorts, Guard, until } from '../../scripts/process.ts';
import { webhookSecret } from '../../src/channels/telegram/registry.ts';
import { connectRedis, type Redis } from '../../src/infra/redis/connection.ts';
import { listInstances } from '../../src/infra/redis/instances.ts';
import { silentLog } from '../redis/support.ts';
import { environmentOf, type Ground, ground } from './instances.ts';
import { SECRET } from './support.ts';

const ENTRY = fileURLToPath(new URL('../../src/bot.ts', import.meta.url));
const PEOPLE = 24;
const nginxFile = find('nginx');
const folder = mkdtempSync(join(tmpdir(), 'satfleet-drain-'));
const guard = new Guard(folder);
const running: Daemon[] = [];
let shared: Ground;
let redis: Redis;
let front: string;
let nginx: Daemon;
let bots: { daemon: Daemon; url: string }[];

beforeAll(async () => {
  if (!nginxFile) return;
  shared = await ground();
  redis = await connectRedis({ url: shared.redis.sessionUrl, name: 'test', log: silentLog });
  const [port = 0, ...ports] = await freePorts(5);
  front = `http://127.0.0.1:${port}`;
  const args = writeNginx(join(folder, 'nginx'), port, ports.slice(0, 3));
  nginx = start(new Daemon({ name: 'nginx', file: nginxFile, args, logFile: join(folder, 'nginx.log'), guard }));
  bots = ports.map((each) => startBot(each));
  await Promise.all(
    bots.map(({ daemon, url }) =>
      daemon.until('is ready', 40_000, async () => {
        return (await fetch(`${url}/ready`)).ok;
      }),
    ),
  );
  await until('the webhook is set', 20_000, async () => hasWebhook());
});
afterAll(async () => {
  for (const each of running) if (each.running) await each.kill();
  redis?.disconnect();
  await shared?.close();
  await guard.finish();
  rmSync(folder, { recursive: true, force: true });
});

function start(daemon: Daemon): Daemon {
  running.push(daemon);
  daemon.start();
  return daemon;
}

function startBot(port: number): { daemon: Daemon; url: string } {
  const env = { ...environmentOf(shared), PORT: String(port), HOST: '127.0.0.1', PUBLIC_URL: front };
  const logFile = join(folder, `bot-${port}.log`);
  const daemon = new Daemon({ name: 'bot', file: process.execPath, args: [ENTRY], logFile, guard, env });
  return { daemon: start(daemon), url: `http://127.0.0.1:${port}` };
}

function hasWebhook(): boolean {
  return [...shared.telegram.state.bots.values()].every(({ webhook }) => webhook !== undefined);
}

type Line = { trace: string; status: number; path: string; upstream: string };

function accessLog(): Line[] {
  const lines = readFileSync(nginx.logFile, 'utf8').split('\n');
  return lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
}

function idOf({ daemon }: { daemon: Daemon }): string {
  return /"instance":"(bot-[0-9a-f]+)"/.exec(readFileSync(daemon.logFile, 'utf8'))?.[1] ?? '';
}

const ids = async () => (await listInstances(redis)).map(({ id }) => id).sort();

test.skipIf(!nginxFile)('one id names a message in the log of nginx and in the log of the bot', async () => {
  const traceId = '00000000-0000-4000-8000-00000000beef';
  const answer = await fetch(`${front}/telegram/110001`, {
    method: 'POST',
    // What a caller says about the id is not believed.
    headers: { 'x-telegram-bot-api-secret-token': webhookSecret(SECRET, '110001'), 'x-request-id': traceId },
    body: 'not JSON',
  });
  expect(answer.status).toBe(200);
  const line = await until('the line', 5_000, async () => accessLog().find(({ path }) => path === '/telegram/110001'));
  expect(line.trace).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(line.trace).not.toBe(traceId);
  const said = bots.flatMap(({ daemon }) => readFileSync(daemon.logFile, 'utf8').split('\n'));
  const about = said.filter((each) => each.includes(line.trace)).map((each) => JSON.parse(each));
  expect(about).toMatchObject([{ message: 'telegram sent what we cannot read', trace: line.trace }]);
});

test.skipIf(!nginxFile)('the page for everybody is public, the rest of a bot is not', async () => {
  const page = await fetch(`${front}/status`);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  for (const path of ['/health', '/ready', '/metrics']) expect((await fetch(`${front}${path}`)).status).toBe(404);
});

test.skipIf(!nginxFile)(
  'what nginx brings to a second instance under one id is claimed by each in its own name',
  async () => {
    const instances = await Promise.all([shared.start(), shared.start()]);
    const held = Promise.withResolvers<void>();
    shared.handle = async (_world, _incoming, session) => {
      await held.promise;
      return { answer: { replies: [] }, session };
    };
    const headers = {
      'x-telegram-bot-api-secret-token': webhookSecret(SECRET, '110001'),
      'x-request-id': '9f86d081-884c-4d65-9a2f-eaa0c55ad015',
    };
    const bring = (url: string, from: number) => {
      const person = { id: from, is_bot: false, first_name: 'A' };
      const message = { message_id: from, from: person, chat: { id: from, type: 'private' }, date: 1, text: 'x' };
      const body = JSON.stringify({ update_id: from, message });
      return fetch(`${url}/telegram/110001`, { method: 'POST', headers, body });
    };
    const answers = instances.map(({ url }, at) => bring(url, 7_001 + at));
    const locks = await until('both claims', 5_000, async () => {
      const found = await redis.mget('lock:{telegram:7001}', 'lock:{telegram:7002}');
      return found.every(Boolean) && found;
    });
    held.resolve();
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    expect(locks[0]).not.toBe(locks[1]);
  },
);

/** People who write one message after the other, each as soon as the last was answered, until told to stop. */
function crowd(phones: readonly Phone[]) {
  let answered = 0;
  let isOver = false;
  const talking = phones.map(async (phone) => {
    while (!isOver) {
      await phone.ask('/help', /./, 20_000, { bot: 'satfleet1_bot' });
      answered++;
    }
  });
  return {
    answered: () => answered,
    more: (count: number) => {
      const goal = answered + count;
      return until(`${count} more answers`, 40_000, async () => answered >= goal);
    },
    async end() {
      isOver = true;
      await Promise.all(talking);
    },
  };
}

test.skipIf(!nginxFile)(
  'one killed is gone in 15 s; two told to end at once, under load: no update fails',
  async () => {
    const [one, two, three, four] = bots;
    if (!one || !two || !three || !four) throw new Error('no bots');
    const all = bots.map(idOf).sort();
    await vi.waitFor(async () => expect(await ids()).toEqual(all), 10_000);
    for (const { about } of await listInstances(redis)) {
      expect(about).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+/), busyPercent: expect.any(Number) });
    }
    await four.daemon.kill();
    const killed = performance.now();
    const gone = until('it is gone', 20_000, async () => {
      const status = (await (await fetch(`${three.url}/status.json`)).json()) as { instances: { bots: number } };
      return !(await ids()).includes(idOf(four)) && status.instances.bots === 1;
    }).then(() => performance.now() - killed);

    const phones = Array.from({ length: PEOPLE }, () =>
      shared.telegram.person({ first_name: 'Asha', language_code: 'en' }),
    );
    const people = crowd(phones);
    await people.more(200);
    const endings = await Promise.all([one, two].map(({ daemon }) => daemon.stop('SIGTERM', 29_000)));
    expect(endings).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    // Off the list at once, not when their time is over.
    expect(await ids()).not.toEqual(expect.arrayContaining([idOf(one)]));
    expect(await ids()).not.toEqual(expect.arrayContaining([idOf(two)]));
    await people.more(200);
    await people.end();
    // A line is written when the bot has told nginx that it is done, which is a little after the answer.
    const updates = await until('a line for each answer', 10_000, async () => {
      const lines = accessLog().filter(({ path }) => path.startsWith('/telegram/'));
      return lines.length >= people.answered() && lines;
    });
    expect(updates.filter(({ status }) => status !== 200)).toEqual([]);
    // It is the two that met the load, and the third that was left with it.
    const ports = [one, two, three].map(({ url }) => new URL(url).host);
    for (const host of ports) expect(updates.some(({ upstream }) => upstream.includes(host))).toBe(true);
    expect(updates.at(-1)?.upstream.endsWith(ports[2] ?? '')).toBe(true);
    expect(await gone).toBeLessThan(15_000);
  },
  90_000,
);
