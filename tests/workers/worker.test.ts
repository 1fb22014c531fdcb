// The worker as its operator runs it: a process of its own that refuses to start where money could be lost, works off
// the queues, ends in good order when asked to, and when it is killed in mid-payment leaves everything to the next one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RatesSandbox, startRates } from '../../sandbox/rates/server.ts';
import { startTelegram, type Telegram } from '../../sandbox/telegram/server.ts';
import { Daemon, freePorts, Guard } from '../../scripts/process.ts';
import { shown } from '../../src/flows/fx.ts';
import { listInstances } from '../../src/infra/redis/instances.ts';
import { durableDatabase } from '../support/flow-durable.ts';
import { ask, available, ended, held, hold, paymentOf, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const TOKEN = '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
const folder = mkdtempSync(join(tmpdir(), 'satfleet-worker-'));
const guard = new Guard(folder);
let redis: TestRedis;
let rates: RatesSandbox;
let telegram: Telegram;
let house: House;
let asha: Person;
let baraka: Person;
const running: Daemon[] = [];

beforeAll(async () => {
  const [database, own] = await Promise.all([durableDatabase(), startRedis()]);
  redis = own;
  rates = await startRates({ stepMs: 0 });
  const bots = [{ token: TOKEN, username: 'satfleet_bot', first_name: 'Satfleet' }];
  telegram = await startTelegram({ bots, limits: 'off' });
  const variables = Object.entries(rates.urls).map(([name, url]) => [
    `RATES_${name.toUpperCase().replaceAll('-', '_')}_URL`,
    url,
  ]);
  const environment = {
    TELEGRAM_API_ROOT: telegram.url,
    TELEGRAM_PACE_BOT: '0',
    TELEGRAM_PACE_CHAT: '0',
    ...Object.fromEntries(variables),
  };
  house = await openHouse({ database, redis, environment });
  asha = await house.person('asha', 100_000n);
  baraka = await house.person('baraka', 100_000n);
});
afterAll(async () => {
  for (const each of running) if (each.running) await each.kill();
  await house.close();
  await Promise.all([rates.stop(), telegram.stop(), redis.kill()]);
  await guard.finish();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const each of running.splice(0)) if (each.running) await each.kill();
  await booksAreRight(house.world);
});

let count = 0;

async function startWorker(env: Record<string, string | undefined> = {}): Promise<{ daemon: Daemon; port: number }> {
  const [port = 0] = await freePorts(1);
  const logFile = join(folder, `worker-${++count}.log`);
  const environment = { ...house.environment, PORT: String(port), ...env };
  const daemon = new Daemon({
    name: 'worker',
    file: process.execPath,
    args: ['workers/worker.ts'],
    logFile,
    guard,
    env: environment,
  });
  running.push(daemon);
  daemon.start();
  return { daemon, port };
}

async function readyWorker(): Promise<{ daemon: Daemon; port: number }> {
  const worker = await startWorker();
  const isReady = async () => (await fetch(`http://127.0.0.1:${worker.port}/ready`)).ok;
  await worker.daemon.until('is ready', 20_000, isReady);
  return worker;
}

const up = (vital: boolean) => expect.objectContaining({ state: 'up', vital, since: expect.any(String) });
const PARTS = {
  database: up(true),
  'session-redis': up(true),
  'queue-redis': up(true),
  'cache-redis': up(false),
  'lightning/alice': up(false),
  'lightning/bob': up(false),
  schedule: up(false),
  telegram: up(false),
  prices: expect.objectContaining({ vital: false }),
};

async function death(daemon: Daemon): Promise<number | null> {
  const died = new Promise<number | null>((resolve) => {
    daemon.onDeath = ({ code }) => resolve(code);
  });
  return daemon.running ? died : 1;
}

describe('refuses to start', () => {
  test('I4: on a queue Redis that may throw jobs away', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const { daemon } = await startWorker();
    expect(await death(daemon)).toBe(1);
    expect(readFileSync(daemon.logFile, 'utf8')).toContain('maxmemory-policy noeviction');
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  });

  test('on a database that may forget', async () => {
    const forgetful = await (await import('../support/database.ts')).testDatabase();
    const { daemon } = await startWorker({ DATABASE_URL: forgetful.appUrl });
    expect(await death(daemon)).toBe(1);
    expect(readFileSync(daemon.logFile, 'utf8')).toMatch(/may forget money: switch on .*fsync/);
    await forgetful.drop();
  });

  test('with a macaroon that can do more than is needed, before it takes any work', async () => {
    const { daemon, port } = await startWorker({ LND_BOB_MACAROON_FILE: house.lightning.nodes.bob?.macaroonFile });
    expect(await death(daemon)).toBe(1);
    const said = readFileSync(daemon.logFile, 'utf8');
    expect(said).toMatch(/The macaroon of node bob can also send coins on the chain.*\nlncli bakemacaroon/);
    expect(said).not.toContain('worker ready');
    await expect(fetch(`http://127.0.0.1:${port}/ready`)).rejects.toThrow();
  });

  test('without its variables, naming all of them and no value', async () => {
    const { daemon } = await startWorker({
      APP_SECRET: 'short secret',
      LND_BOB_SOCKET: '',
      REDIS_QUEUE_URL: undefined,
    });
    expect(await death(daemon)).toBe(1);
    const said = readFileSync(daemon.logFile, 'utf8');
    for (const name of ['APP_SECRET', 'LND_BOB_SOCKET', 'REDIS_QUEUE_URL']) expect(said).toContain(name);
    expect(said).not.toContain('short secret');
  });
});

test('it works: invoices, credits, payments, news, rates; and ends with 0 when asked to', async () => {
  const { daemon } = await readyWorker();
  telegram.person({ id: Number(asha.externalId), first_name: 'Asha' });
  const { id } = await hold(house, asha, { amountMsat: 4_000_000n });
  expect(await ended(house.world, id)).toMatchObject({ state: 'paid' });
  expect((await listInstances(house.world.sessions)).map(({ kind }) => kind)).toEqual(['worker']);
  const invoice = await house.invoice(baraka, 50n);
  await house.outside.pay({ request: invoice.request });
  await vi.waitFor(
    async () => expect(await told(house.world, invoice.id)).toEqual(['invoice_paid', 'invoice_ready']),
    8_000,
  );
  await vi.waitFor(async () => {
    expect(await ask(house.world, "select kind from notices where state = 'waiting'")).toEqual([]);
    expect(await shown(house.world, 'KES')).toMatchObject({ stale: false });
  }, 10_000);
  const begun = performance.now();
  expect(await daemon.stop('SIGTERM', 25_000)).toEqual({ code: 0, signal: null });
  expect(performance.now() - begun).toBeLessThan(20_000);
  expect(await listInstances(house.world.sessions)).toEqual([]);
  const log = readFileSync(daemon.logFile, 'utf8');
  for (const secret of [TOKEN, String(house.environment.APP_SECRET)]) expect(log).not.toContain(secret);
  expect(log).toContain('"message":"ended"');
}, 60_000);

test('I7: killed by force in mid-payment: the next one finds what became of it, both ways', async () => {
  const first = await readyWorker();
  const before = await available(house.world, asha);
  const two = await Promise.all([1, 2].map(() => hold(house, asha, { amountMsat: 3_000_000n, hold: true })));
  await vi.waitFor(async () => {
    const states = (await house.outside.invoices()).filter(({ hash }) => two.some((each) => each.hash === hash));
    expect(states.map(({ state }) => state)).toEqual(['held', 'held']);
  }, 10_000);
  await first.daemon.kill();
  await house.outside.settle(two[0]!.hash);
  await house.outside.cancel(two[1]!.hash);
  expect((await paymentOf(house.world, two[0]!.id)).state).toBe('sending');
  expect(await held(house.world, asha)).toBe(6_060_000n);
  // Its last try belongs to the dead one for half a minute: here that is over.
  await ask(house.world, "update payments set due_at = created_at, sent_at = created_at where state = 'sending'");
  await readyWorker();
  expect(await ended(house.world, two[0]!.id, 60_000)).toMatchObject({ state: 'paid', attempts: 1 });
  expect(await ended(house.world, two[1]!.id, 60_000)).toMatchObject({ state: 'failed', failure: 'refused_by_payee' });
  expect(before - (await available(house.world, asha))).toBe(3_000_000n);
  for (const [i, kind] of ['payment_paid', 'payment_failed'].entries()) {
    expect((await told(house.world, two[i]!.id)).filter((each) => each !== 'payment_pending')).toEqual([kind]);
  }
}, 90_000);

test('SIGTERM in mid-payment: it does not wait for the payee, exits 0, and loses nothing', async () => {
  const { daemon } = await readyWorker();
  const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n, hold: true });
  await vi.waitFor(async () => expect((await paymentOf(house.world, id)).state).toBe('sending'), 8_000);
  const begun = performance.now();
  expect(await daemon.stop('SIGTERM', 25_000)).toEqual({ code: 0, signal: null });
  expect(performance.now() - begun).toBeLessThan(20_000);
  await house.outside.settle(hash);
  await ask(house.world, 'update payments set due_at = created_at where id = $1', [id]);
  await readyWorker();
  expect(await ended(house.world, id, 60_000)).toMatchObject({ state: 'paid' });
}, 90_000);

test('in this process: it answers for its health, and its signal ends every part of it', async () => {
  const [port = 0] = await freePorts(1);
  for (const [name, value] of Object.entries({ ...house.environment, PORT: String(port), LOG_LEVEL: 'error' }))
    vi.stubEnv(name, value);
  const known = (await listInstances(house.world.sessions)).map(({ id }) => id);
  const exits: unknown[] = [];
  const exit = vi.spyOn(process, 'exit').mockImplementation((code) => void exits.push(code) as never);
  const before = (['SIGTERM', 'SIGINT'] as const).map((signal) => process.listeners(signal));
  await import('../../workers/worker.ts');
  const answer = async (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await vi.waitFor(async () => expect((await answer('/ready')).status).toBe(200), 15_000);
  const health = await answer('/health');
  expect([health.status, await health.json()]).toMatchObject([200, { components: expect.objectContaining(PARTS) }]);
  const metrics = await (await answer('/metrics')).text();
  expect(metrics).toMatch(/satfleet_node_up\{node="alice"\} 1/);
  expect((await listInstances(house.world.sessions)).length).toBeGreaterThan(0);
  const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n, hold: true });
  await vi.waitFor(async () => expect((await paymentOf(house.world, id)).state).toBe('sending'), 8_000);
  await house.outside.settle(hash);
  expect(await ended(house.world, id, 30_000)).toMatchObject({ state: 'paid' });
  const [end] = process.listeners('SIGTERM').filter((each) => !before[0]?.includes(each));
  end?.('SIGTERM');
  await vi.waitFor(() => expect(exits).toEqual([0]), 20_000);
  // Those that were killed are on the list for a while; this one took itself off it.
  for (const { id } of await listInstances(house.world.sessions)) expect(known).toContain(id);
  await expect(answer('/health')).rejects.toThrow();
  process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT');
  for (const each of before[0] ?? []) process.on('SIGTERM', each);
  for (const each of before[1] ?? []) process.on('SIGINT', each);
  exit.mockRestore();
  vi.unstubAllEnvs();
}, 60_000);
