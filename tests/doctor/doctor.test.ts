// The doctor against a deployment that is well and one that is ill in every way it knows: each line says what is wrong
// and what to do, the exit code tells a script, and no secret is printed.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SandboxLightning, startSandboxLightning } from '../../sandbox/lnd/network.ts';
import { startTelegram, type Telegram } from '../../sandbox/telegram/server.ts';
import { ROOT } from '../../scripts/root.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { startRedis, type TestRedis, testRedis } from '../support/redis.ts';

const TOKEN = `4242424242:${randomBytes(26).toString('base64url').slice(0, 35)}`;
const SECRET = randomBytes(32).toString('hex');
const PUBLIC_URL = 'http://127.0.0.1:9';

const folder = mkdtempSync(join(tmpdir(), 'satfleet-doctor-'));
let database: TestDatabase;
let redis: TestRedis;
let cache: TestRedis;
let lightning: SandboxLightning;
let telegram: Telegram;

beforeAll(async () => {
  [database, redis, cache, lightning, telegram] = await Promise.all([
    testDatabase(),
    testRedis(),
    startRedis(),
    startSandboxLightning({ dir: join(folder, 'lightning') }),
    startTelegram({ bots: [{ token: TOKEN, username: 'doctor_bot', first_name: 'Doctor' }] }),
  ]);
  await cache.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query("INSERT INTO lightning_nodes (name, public_key, adopted_at) VALUES ('alice', $1, now())", [
    lightning.nodes.alice.pubkey,
  ]);
  await owner.end();
  const url = `${PUBLIC_URL}/telegram/4242424242`;
  const answer = await fetch(`${telegram.url}/bot${TOKEN}/setWebhook?url=${encodeURIComponent(url)}`);
  expect(answer.status).toBe(200);
});

afterAll(async () => {
  await Promise.all([telegram.stop(), lightning.stop(), redis.kill(), cache.kill(), database.drop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** The variables of a worker that is well, but for a database that is not durable (as all tests'). */
function variables(): Record<string, string> {
  const { alice } = lightning.nodes;
  return {
    PATH: process.env.PATH ?? '',
    DATABASE_URL: database.appUrl,
    REDIS_QUEUE_URL: redis.queueUrl,
    REDIS_SESSION_URL: redis.sessionUrl,
    REDIS_CACHE_URL: cache.cacheUrl,
    APP_SECRET: SECRET,
    PUBLIC_URL,
    TELEGRAM_BOTS: TOKEN,
    TELEGRAM_API_ROOT: telegram.url,
    LIGHTNING_NETWORK: 'regtest',
    LND_NODES: 'alice',
    LND_ALICE_SOCKET: alice.socket,
    LND_ALICE_CERT_FILE: alice.certFile,
    LND_ALICE_MACAROON_FILE: alice.payerMacaroonFile,
  };
}

/** Runs the doctor; gives its exit code, its output, and the lines of each level. */
async function doctor(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [join(ROOT, 'scripts', 'doctor.ts'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  for (const secret of [TOKEN, SECRET, new URL(database.appUrl).password]) expect(output).not.toContain(secret);
  const lines = (mark: string) => output.split('\n').filter((line) => line.startsWith(mark));
  return { code, output, faults: lines('FAULT'), warnings: lines('WARNING') };
}

test('a deployment that is well, but for what the test database is', async () => {
  const { code, faults, warnings, output } = await doctor(variables());
  expect(faults, output).toEqual(['FAULT    PostgreSQL may forget: fsync, full_page_writes, synchronous_commit off']);
  expect(warnings).toEqual([
    'WARNING  0 bot(s) and 0 worker(s) are alive',
    'WARNING  Not everything has left the machine',
    'WARNING  No backup was proven for 26 hours',
  ]);
  expect(output).toContain('It is the database we know');
  expect(output).toContain('Node alice is adopted');
  expect(output).toContain('The macaroon of alice can do no more than is needed');
  expect(output).toContain('@doctor_bot: updates come to us');
  expect(output).toMatch(/ok {6} The promises are kept: P1, P2, P3, P5, P9, P11, P12\n/);
  expect(output).toMatch(/ok {6} Sending is on\n/);
  expect(code).toBe(1);
});

test('E6: everything that can be wrong with the parts, a macaroon that can do too much among it', async () => {
  const { alice, bob } = lightning.nodes;
  const { code, faults, output } = await doctor({
    ...variables(),
    DATABASE_URL: database.ownerUrl,
    DB_POOL_MAX: '200',
    REDIS_QUEUE_URL: cache.queueUrl,
    REDIS_SESSION_URL: 'redis://127.0.0.1:9/0',
    LND_NODES: 'alice,bob',
    LND_ALICE_MACAROON_FILE: alice.macaroonFile,
    LND_BOB_SOCKET: bob.socket,
    LND_BOB_CERT_FILE: bob.certFile,
    LND_BOB_MACAROON_FILE: bob.payerMacaroonFile,
    PUBLIC_URL: 'http://127.0.0.1:10',
  });
  expect(code).toBe(1);
  for (const expected of [
    /The role satfleet_owner can change the ledger: it owns tables/,
    /The pools do not fit/,
    /The queue Redis may evict jobs \(allkeys-lru\)/,
    /The session Redis cannot be reached/,
    /The macaroon of alice can also .*send coins/,
    /Node bob is not adopted: nobody is paid or pays through it/,
    /its updates go somewhere else/,
  ]) {
    expect(
      faults.some((line) => expected.test(line)),
      `${expected} in\n${output}`,
    ).toBe(true);
  }
});

test('parts that are not there', async () => {
  const { code, faults, output } = await doctor({
    ...variables(),
    DATABASE_URL: 'postgresql://satfleet_app:wrong-password@127.0.0.1:9/none',
    LND_ALICE_SOCKET: '127.0.0.1:9',
    TELEGRAM_API_ROOT: 'http://127.0.0.1:9',
  });
  expect(code).toBe(1);
  expect(faults).toHaveLength(3);
  expect(output).not.toContain('wrong-password');
});

test('wrong variables are told all at once, without their values', async () => {
  const { code, faults, output } = await doctor({
    ...variables(),
    DATABASE_URL: 'nonsense',
    APP_SECRET: 'short',
    PORT: 'x',
  });
  expect(code).toBe(1);
  expect(faults.map((line) => line.split(/\s+/)[1]).sort()).toEqual(['APP_SECRET', 'DATABASE_URL', 'PORT']);
  expect(output).not.toContain('nonsense');
});

test('a bot needs no Lightning node', async () => {
  const { LND_NODES: _, LND_ALICE_MACAROON_FILE: __, ...bot } = variables();
  const { faults, output } = await doctor(bot, 'bot');
  expect(faults).toHaveLength(1);
  expect(output).not.toContain('alice');
});
