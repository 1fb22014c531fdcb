// What stands before the bots, asked as the outside asks it: it shows little, believes nobody's word about where it comes
// from, slows strangers down and Telegram never, and nobody notices a bot that is gone.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NginxSettings } from '../../scripts/demo/nginx.ts';
import { find } from '../../scripts/needs.ts';
import { freePorts, Guard, until } from '../../scripts/process.ts';
import { type Bot, type Front, startBot, startFront, startSilence } from './front.ts';

const SECRET = { 'x-telegram-bot-api-secret-token': 'some-secret' };
const TELEGRAM = '149.154.167.220';
const OUTSIDER = '203.0.113.9';
const PARTNER = '198.51.100.7';
// The test stands where a proxy of the operator would, and may so say who calls.
const BEHIND: NginxSettings = { REAL_IP: 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;' };

const folder = mkdtempSync(join(tmpdir(), 'satfleet-nginx-'));
const guard = new Guard(folder);
let bots: Bot[];
let front: Front;
let fronts = 0;

async function start(ports: readonly number[], settings: NginxSettings = {}): Promise<Front> {
  const place = join(folder, String(++fronts));
  mkdirSync(place);
  return startFront({ folder: place, guard }, ports, settings);
}

const post = (to: Front, headers: Record<string, string> = SECRET, body = '{}') =>
  fetch(`${to.url}/telegram/7000000001`, { method: 'POST', headers, body });
/** Asks so often, a hundred at once. */
async function statuses(times: number, ask: () => Promise<Response>): Promise<number[]> {
  const all: number[] = [];
  while (all.length < times) {
    const answers = await Promise.all(Array.from({ length: Math.min(100, times - all.length) }, ask));
    await Promise.all(answers.map((answer) => answer.text()));
    all.push(...answers.map(({ status }) => status));
  }
  return all;
}
const count = (all: readonly number[], status: number) => all.filter((each) => each === status).length;

describe.skipIf(!find('nginx'))('nginx', () => {
  beforeAll(async () => {
    bots = [await startBot(), await startBot()];
    front = await start(bots.map(({ port }) => port));
  });
  afterEach(() => {
    for (const bot of bots) bot.asked.length = 0;
  });
  afterAll(async () => {
    for (const bot of bots) bot.close();
    await guard.finish();
    rmSync(folder, { recursive: true, force: true });
  });

  test('shows the webhooks and the page for everybody, each by its own method, and nothing else', async () => {
    for (const path of ['/', '/metrics', '/health', '/ready', '/alerts', '/admin', '/admin/queues', '/status/x']) {
      expect((await fetch(front.url + path)).status, path).toBe(404);
    }
    expect((await fetch(`${front.url}/telegram/../metrics`, { method: 'POST' })).status).toBe(404);
    expect((await fetch(`${front.url}/telegram/7000000001`)).status).toBe(403);
    expect((await fetch(`${front.url}/status`, { method: 'POST', body: '{}' })).status).toBe(403);
    expect(bots.flatMap(({ asked }) => asked)).toEqual([]);
    for (const path of ['/status', '/status.json']) expect((await fetch(front.url + path)).status).toBe(200);
    expect((await post(front)).status).toBe(200);
  });

  test('replaces what a caller says of itself; its log and the bot know the request by one trace id', async () => {
    const claims = {
      'x-forwarded-for': '149.154.167.220',
      'x-real-ip': '149.154.167.220',
      forwarded: 'for=149.154.167.220',
      'x-request-id': '01020304-0000-7000-8000-000000000000',
    };
    expect((await post(front, { ...SECRET, ...claims })).status).toBe(200);
    const [heard] = bots.flatMap(({ asked }) => asked);
    expect(heard).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', ...SECRET });
    expect(heard).not.toHaveProperty('forwarded');
    const trace = heard?.['x-request-id'];
    expect(trace).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(trace).not.toBe(claims['x-request-id']);
    const line = await until('the line', 5_000, async () => front.lines().find((each) => each.trace === trace));
    expect(line).toMatchObject({ status: 200, path: '/telegram/7000000001', client: '127.0.0.1' });
    expect(JSON.stringify(front.lines())).not.toContain('some-secret');
  });

  test('takes no body over 1 MB and no header over 8 KB', async () => {
    expect((await post(front, SECRET, 'x'.repeat(1_048_577))).status).toBe(413);
    expect((await post(front, { ...SECRET, 'x-long': 'x'.repeat(9_000) })).status).toBe(400);
    expect((await post(front, SECRET, 'x'.repeat(1_000_000))).status).toBe(200);
  });

  test('slows down by address whoever brings no secret, and nobody who brings one', async () => {
    const strangers = await statuses(60, () => post(front, {}));
    expect(count(strangers, 429)).toBeGreaterThan(30);
    expect(count(strangers, 200)).toBeGreaterThan(5);
    const known = await statuses(300, () => post(front));
    expect(count(known, 200)).toBe(300);
  });

  test('lets one address read a few pages, not many', async () => {
    const read = await statuses(80, () => fetch(`${front.url}/status`));
    expect(count(read, 200)).toBeGreaterThan(5);
    expect(count(read, 429)).toBeGreaterThan(30);
  });

  test('a caller from somewhere else has a limit of its own, Telegram none', async () => {
    const behind = await start([bots[0]?.port ?? 0], BEHIND);
    const from = (address: string) => () => post(behind, { ...SECRET, 'x-forwarded-for': address });
    const begunMs = performance.now();
    const outsiders = await statuses(1_500, from(OUTSIDER));
    const mayPass = 400 + (200 * (performance.now() - begunMs)) / 1_000;
    expect(count(outsiders, 200)).toBeLessThanOrEqual(mayPass + 1);
    expect(count(outsiders, 200)).toBeGreaterThanOrEqual(400);
    expect(count(outsiders, 200) + count(outsiders, 429)).toBe(1_500);
    expect(count(await statuses(600, from(TELEGRAM)), 200)).toBe(600);
    expect(bots[0]?.asked.at(-1)).toMatchObject({ 'x-real-ip': TELEGRAM, 'x-forwarded-for': TELEGRAM });
    await behind.stop();
  });

  test('with the switch on, webhooks are open to Telegram and who is named, and to nobody else', async () => {
    const named = { ...BEHIND, ALLOW_LIST: 'on' as const, ALLOWED: '198.51.100.0/24 1;' };
    const closed = await start([bots[0]?.port ?? 0], named);
    const status = async (address: string) => (await post(closed, { ...SECRET, 'x-forwarded-for': address })).status;
    expect(await Promise.all([TELEGRAM, PARTNER, OUTSIDER, '10.0.0.1'].map(status))).toEqual([200, 200, 403, 403]);
    expect((await fetch(`${closed.url}/status`)).status).toBe(200);
    await closed.stop();
    const unnamed = await start([bots[0]?.port ?? 0], { ALLOW_LIST: 'on' });
    const saysItIs = await post(unnamed, { ...SECRET, 'x-forwarded-for': TELEGRAM });
    expect(saysItIs.status).toBe(403);
    await unnamed.stop();
  });

  test('shows the pages of admins to the networks that are named, and to nobody else that there are any', async () => {
    const open = await start([bots[0]?.port ?? 0], { ...BEHIND, ADMIN_NETWORKS: '10.8.0.0/24 1;' });
    const paths = ['/admin', '/admin/in?key=x', '/admin/analytics.csv', '/admin/queues/static/js/main.js'];
    const status = async (path: string, address: string, method = 'GET') =>
      (await fetch(open.url + path, { method, headers: { 'x-forwarded-for': address } })).status;
    for (const path of paths) {
      expect(await status(path, '10.8.0.7'), path).toBe(200);
      for (const address of [OUTSIDER, TELEGRAM, '127.0.0.1']) expect(await status(path, address), path).toBe(404);
    }
    expect(await status('/administrator', '10.8.0.7')).toBe(404);
    expect(await status('/metrics', '10.8.0.7')).toBe(404);
    expect(await status('/admin', '10.8.0.7', 'DELETE')).toBe(403);
    expect(open.lines().some((line) => JSON.stringify(line).includes('key=x'))).toBe(false);
    const files = await statuses(60, () =>
      fetch(`${open.url}/admin/x`, { headers: { 'x-forwarded-for': '10.8.0.7' } }),
    );
    expect(count(files, 200)).toBe(60);
    await open.stop();
  });

  test('speaks TLS from files, and then tells browsers to stay with it', async () => {
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const options = { host: 'localhost', port: front.tlsPort, ca: front.certificate, path: '/' };
      const asked = request(options, (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode, ...answer.headers });
      });
      asked.once('error', reject).end();
    });
    expect(headers).toMatchObject({ status: 404, 'strict-transport-security': expect.stringMatching(/max-age=\d+/) });
    expect((await fetch(front.url)).headers.get('strict-transport-security')).toBeNull();
  });

  describe('among several bots', () => {
    test('nobody notices those that are gone or not yet there', async () => {
      const nobody = await freePorts(3);
      const some = await start([...nobody, bots[0]?.port ?? 0]);
      expect(count(await statuses(100, () => post(some)), 200)).toBe(100);
      await until('one of them was tried', 5_000, async () =>
        some.lines().some(({ upstream }) => nobody.some((port) => upstream.includes(`:${port}`))),
      );
      await some.stop();
    });

    test('an address at which nobody answers at all costs whoever is sent there half a second, and others nothing', async () => {
      const silence = await startSilence(guard, folder);
      const some = await start([silence.port, bots[0]?.port ?? 0]);
      const times = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const begunMs = performance.now();
          expect((await post(some)).status).toBe(200);
          return performance.now() - begunMs;
        }),
      );
      expect(some.lines().filter(({ upstream }) => upstream.includes(`:${silence.port}`)).length).toBeGreaterThan(0);
      expect(Math.max(...times)).toBeLessThan(2_000);
      const afterwards = await statuses(20, () => post(some));
      expect(count(afterwards, 200)).toBe(20);
      expect(
        some
          .lines()
          .slice(-20)
          .filter(({ upstream }) => upstream.includes(`:${silence.port}`)),
      ).toEqual([]);
      await some.stop();
      await silence.end();
    });

    test('an update whose bot dies under it is brought to a neighbour', async () => {
      const dying = await startBot((asked) => asked.socket.destroy());
      const mixed = await start([dying.port, bots[0]?.port ?? 0]);
      expect(count(await statuses(20, () => post(mixed)), 200)).toBe(20);
      expect(dying.asked.length).toBeGreaterThan(0);
      dying.close();
      await mixed.stop();
    });

    test('a bot that says "later" is not asked over by its neighbour: Telegram brings it again', async () => {
      const busy = await startBot((asked, answer) => {
        asked.resume();
        answer.writeHead(503, { 'retry-after': '1' }).end();
      });
      const both = await start([busy.port, bots[0]?.port ?? 0]);
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(both)));
      const later = answers.filter(({ status }) => status === 503);
      expect(later.length).toBeGreaterThan(0);
      expect(busy.asked).toHaveLength(later.length);
      expect(later.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
      busy.close();
      await both.stop();
    });
  });
});
