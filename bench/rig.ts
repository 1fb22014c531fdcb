// The whole house for a bench: durable PostgreSQL, Redis, a Lightning network, price sources, the bots and a worker as
// processes of their own, with Telegram's sandbox inside the bench, which plays the people. Telegram's pace is switched
// off by the operators' variables, since it would be all that is measured.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LightningNetwork, readyLine } from '../sandbox/lnd/lightning-network.ts';
import { type SandboxLightning, startSandboxLightning } from '../sandbox/lnd/network.ts';
import { OutsideWallet } from '../sandbox/lnd/outside.ts';
import { startRealLightning } from '../sandbox/lnd/real/network.ts';
import { startRates } from '../sandbox/rates/server.ts';
import type { Phone } from '../sandbox/telegram/person.ts';
import { startTelegram, type Telegram } from '../sandbox/telegram/server.ts';
import { type Fleet, startFleet, workerEnvironment } from '../scripts/demo/fleet.ts';
import type { Data } from '../scripts/demo/options.ts';
import { type Programs, programs } from '../scripts/demo/programs.ts';
import { startDatabase, startRedisServers } from '../scripts/demo/stores.ts';
import { Guard, until } from '../scripts/process.ts';
import { hostClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/ids.ts';
import { checkBooks } from '../src/infra/db/books.ts';
import { createDb, type Db } from '../src/infra/db/client.ts';

const TOKEN = '7000000001:bench-AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
export const BOT = 'satfleet_bot';

export type Rig = {
  telegram: Telegram;
  lightning: LightningNetwork;
  /** The same network with its faults, where it is the sandbox's. */
  sandbox: SandboxLightning | undefined;
  outside: OutsideWallet;
  db: Db;
  environment: Record<string, string>;
  /** The addresses of the processes: each tells its measures under /metrics. */
  fleet: Fleet;
  /** People who have said /start and answered its two questions. */
  people(count: number): Promise<Phone[]>;
  /** Throws unless the books are clean. */
  checkBooks(): Promise<void>;
  end(): Promise<void>;
};

export type RigOptions = { bots?: number; lightning?: 'sandbox' | 'real' };

function dataIn(folder: string): Data {
  const kept = { appSecret: 'a secret of the bench, long enough for its use', botToken: TOKEN, adopted: ['kept'] };
  return { folder, kept, path: (...parts) => join(folder, ...parts), keep: () => {} };
}

const START_WAIT_MS = 30_000;
const AT_ONCE = 32;

async function newPeople(telegram: Telegram, count: number): Promise<Phone[]> {
  const first = telegram.state.people.size + 1;
  const phones = Array.from({ length: count }, (_, i) => {
    const username = `person${first + i}`;
    return telegram.person({ id: 10_000 + first + i, first_name: username, username, language_code: 'en' });
  });
  await inTurn(phones, AT_ONCE, async (phone) => {
    await phone.ask('/start', /./, START_WAIT_MS);
    await answerFirstQuestions(phone);
  });
  return phones;
}

// Language, then currency: any answer will do.
async function answerFirstQuestions(phone: Phone): Promise<void> {
  for (const label of [/English/, /KES/]) {
    phone.press(label);
    await phone.waitFor(/./, START_WAIT_MS);
  }
}

/** Runs `work` for every item, `atOnce` at a time. */
export async function inTurn<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const run = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, run));
}

/** Resident memory of a process, in MB, as it says itself. */
export async function residentMb(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = /^process_resident_memory_bytes (\S+)/m.exec(text)?.[1];
  return Number(value) / 1_048_576;
}

/** Starts it all. Call `end`, also after an error. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-bench-'));
  // PostgreSQL runs as another user when we are root.
  chmodSync(folder, 0o755);
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const guard = new Guard();
  const all = programs(logs, guard, (line) => console.error(line));
  const { telegram, parts, lightning, stop } = await startParts(folder, guard, all, options);
  Object.assign(process.env, { TELEGRAM_PACE_BOT: '0', TELEGRAM_PACE_CHAT: '0', LOG_LEVEL: 'warn' });
  const environment = workerEnvironment(parts);
  for (const { alias } of parts.outside.lightning.ours) {
    await all.run({ name: 'adopt', file: 'scripts/adopt.ts', args: [alias], env: environment });
  }
  const fleet = await startFleet(parts, all, options.bots ?? 1);
  for (const url of [...fleet.bots, fleet.worker]) {
    await until(`${url} is ready`, START_WAIT_MS, async () => (await fetch(`${url}/ready`)).ok);
  }
  await until('the webhook is set', START_WAIT_MS, async () => telegram.bot(BOT).webhook !== undefined);
  const db = openDb(parts.database.ownerUrl);
  return {
    telegram,
    lightning,
    sandbox: 'setFaults' in lightning ? lightning : undefined,
    outside: new OutsideWallet(carolOf(lightning), folder),
    db,
    environment,
    fleet,
    people: (count) => newPeople(telegram, count),
    async checkBooks() {
      const books = await checkBooks(db);
      if (!books.ok) throw new Error(`the books are off: ${JSON.stringify(books, (_, value) => String(value))}`);
    },
    async end() {
      await db.close();
      await all.stopAll();
      await stop();
      await guard.finish();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startParts(folder: string, guard: Guard, all: Programs, options: RigOptions) {
  const data = dataIn(folder);
  const bots = [{ token: TOKEN, username: BOT, first_name: 'Satfleet' }];
  const dir = join(folder, 'lightning');
  const [telegram, database, redis, rates, lightning] = await Promise.all([
    startTelegram({ bots, limits: 'off', keep: 10 }),
    startDatabase(data, guard, false),
    startRedisServers(data, all),
    startRates({}),
    options.lightning === 'real' ? startRealLightning({ dir }) : startSandboxLightning({ dir }),
  ]);
  const ready = readyLine(lightning) as {
    nodes: { alias: string; rpc: string; cert: string; payerMacaroon: string }[];
  };
  const ours = ready.nodes
    .filter(({ alias }) => alias !== 'carol')
    .map(({ alias, rpc, cert, payerMacaroon }) => ({ alias, socket: rpc, cert, macaroon: payerMacaroon }));
  const { kind, bitcoinNetwork: network } = lightning;
  const nodes = { kind, network, ours, control: '', stop: async () => {} };
  const outside = { telegramUrl: telegram.url, ratesUrls: rates.urls, lightning: nodes };
  const stop = async () => {
    await Promise.all([telegram.stop(), rates.stop(), lightning.stop()]);
    await database.stop();
  };
  return { telegram, lightning, parts: { data, database, redis, outside }, stop };
}

function openDb(databaseUrl: string): Db {
  return createDb({ databaseUrl, clock: hostClock(), random: systemRandom(), onSlow: () => {}, onPool: () => {} });
}

function carolOf(lightning: LightningNetwork) {
  const carol = lightning.nodes['carol'];
  if (!carol) throw new Error('the network has no carol');
  return carol;
}

/** Gives each of them sats by a payment from the wallet elsewhere. */
export async function fund(rig: Rig, phones: readonly Phone[], sats: bigint): Promise<void> {
  await inTurn(phones, 8, async (phone) => {
    const invoice = await phone.ask(`/receive ${sats}`, /ln[a-z]+1?[0-9a-z]{100}/i, START_WAIT_MS);
    const request = /ln[0-9a-z]{100,}/i.exec(invoice.text)?.[0];
    if (!request) throw new Error('there is no invoice in the message');
    const paid = phone.waitFor(/Received/, START_WAIT_MS);
    const outcome = await rig.outside.pay({ request: request.toLowerCase() });
    if (outcome.state !== 'paid') throw new Error(`the wallet elsewhere could not pay: ${JSON.stringify(outcome)}`);
    await paid;
  });
}
