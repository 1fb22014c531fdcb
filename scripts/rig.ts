// The whole house for a bench or a test: durable PostgreSQL, Redis, a Lightning network, price sources, the bots and
// workers as processes of their own, with Telegram's sandbox inside the caller, which plays the people. Telegram's pace
// is switched off by the operators' variables unless the caller sets them.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LightningNetwork, readyLine } from '../sandbox/lnd/lightning-network.ts';
import { type SandboxLightning, startSandboxLightning } from '../sandbox/lnd/network.ts';
import { OutsideWallet } from '../sandbox/lnd/outside.ts';
import { type PeerPort, startRealLightning } from '../sandbox/lnd/real/network.ts';
import { startRates } from '../sandbox/rates/server.ts';
import type { Phone } from '../sandbox/telegram/person.ts';
import { startTelegram, type Telegram } from '../sandbox/telegram/server.ts';
import { hostClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/ids.ts';
import { checkBooks } from '../src/infra/db/books.ts';
import { createDb, type Db } from '../src/infra/db/client.ts';
import {
  type Between,
  commonEnvironment,
  type Environment,
  type Fleet,
  startFleet,
  workerEnvironment,
} from './demo/fleet.ts';
import type { Data } from './demo/options.ts';
import { buildRealPrograms } from './demo/outside.ts';
import { type Programs, programs } from './demo/programs.ts';
import { type RedisUrls, startDatabase, startRedisServers } from './demo/stores.ts';
import type { Postgres } from './postgres.ts';
import { type Daemon, Guard, until } from './process.ts';

/** The bots' tokens and names; the first is the one that people write to unless told otherwise. */
export const BOTS = [
  { token: '7000000001:bench-AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw', username: 'satfleet_bot', first_name: 'Satfleet' },
  { token: '7000000002:bench-AAGk0mR2s7vXq1NfYtLzWb8uPjHcEoDiTg', username: 'satfleet2_bot', first_name: 'Satfleet 2' },
] as const;
const APP_SECRET = 'a secret of the bench, long enough for its use';

export type Rig = {
  telegram: Telegram;
  lightning: LightningNetwork;
  /** The same network with its faults, where it is the sandbox's. */
  sandbox: SandboxLightning | undefined;
  outside: OutsideWallet;
  db: Db;
  /** What a worker is told. */
  environment: Environment;
  /** The addresses of the processes: each tells its measures under /metrics. */
  fleet: Fleet;
  /** Everything the programs write, one file each. */
  logs: string;
  databaseOwnerUrl: string;
  postgres: Postgres | undefined;
  /** One of the fleet's programs by name, to be ended and started again. */
  daemon(name: string): Daemon;
  /** One more bot, on this port, to which Telegram sends nothing; it ends with the rig. */
  startBot(name: string, settings: Environment & { PORT: string }): Daemon;
  /** People who have said /start and answered its two questions. */
  people(count: number): Promise<Phone[]>;
  /** Throws unless the books are clean. */
  checkBooks(): Promise<void>;
  end(): Promise<void>;
};

export type RigOptions = {
  bots?: number;
  workers?: number;
  /** `false`: Telegram calls the first bot itself, without nginx between. */
  front?: boolean;
  /** How many bot names there are. */
  names?: 1 | 2;
  /** Or a network that runs already and outlives the rig. */
  lightning?: 'sandbox' | 'real' | LightningNetwork;
  /** More variables of an operator, for every process. */
  settings?: Environment;
  /** Servers of the caller's own, so that it can end them. */
  redis?: RedisUrls;
  /** Telegram's own limits; without this it lets everything through. */
  limits?: 'real' | 'off';
  /** How many messages of a chat the phone can still press; few unless told. */
  keptMessages?: number;
  /** What our worker is told instead of a node's address, when something stands between. */
  through?: (socket: string) => Promise<string>;
  /** What stands between other parts. */
  between?: Between;
  /** What stands between real nodes. */
  peers?: PeerPort;
};

function dataIn(folder: string, names: number): Data {
  const kept = {
    appSecret: APP_SECRET,
    botToken: BOTS.slice(0, names)
      .map(({ token }) => token)
      .join(),
    adopted: ['kept'],
  };
  return { folder, kept, path: (...parts) => join(folder, ...parts), keep: () => {} };
}

const START_WAIT_MS = 30_000;
const AT_ONCE = 32;
const KEPT_MESSAGES = 10;

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

const QUIET = { TELEGRAM_PACE_BOT: '0', TELEGRAM_PACE_CHAT: '0', LOG_LEVEL: 'warn' };

/** Starts it all. Call `end`, also after an error. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-rig-'));
  // PostgreSQL runs as another user when we are root.
  chmodSync(folder, 0o755);
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const guard = new Guard(folder);
  const all = programs(logs, guard, (line) => console.error(line));
  const { telegram, parts, lightning, stop } = await startParts(folder, guard, all, options);
  const environment = workerEnvironment(parts);
  const aliases = parts.outside.lightning.ours.map(({ alias }) => alias);
  await all.run({ name: 'adopt', file: 'scripts/adopt.ts', args: aliases, env: environment });
  const fleet = await startFleet(parts, all, { bots: 1, ...options });
  await Promise.all([...fleet.bots, ...fleet.workers].map(isReady));
  for (const { token } of BOTS.slice(0, options.names ?? 1)) {
    await until('the webhook is set', START_WAIT_MS, async () => telegram.bot(token).webhook !== undefined);
  }
  const db = openDb(parts.database.ownerUrl);
  return {
    telegram,
    lightning,
    sandbox: 'setFaults' in lightning ? (lightning as SandboxLightning) : undefined,
    outside: new OutsideWallet(carolOf(lightning), folder),
    db,
    environment,
    fleet,
    logs,
    databaseOwnerUrl: parts.database.ownerUrl,
    postgres: parts.database.server,
    daemon(name) {
      const daemon = fleet.daemons.get(name);
      if (!daemon) throw new Error(`nothing of the fleet is called ${name}`);
      return daemon;
    },
    startBot(name, settings) {
      // Without the address of the others it would take the webhook away from them.
      const PUBLIC_URL = fleet.nginx ?? fleet.bots[0] ?? '';
      return all.start({ name, file: 'src/bot.ts', env: { ...commonEnvironment(parts), PUBLIC_URL, ...settings } });
    },
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

/** Waits until a process says that it is ready for work. */
export async function isReady(url: string): Promise<void> {
  await until(`${url} is ready`, START_WAIT_MS, async () => (await fetch(`${url}/ready`)).ok);
}

async function startParts(folder: string, guard: Guard, all: Programs, options: RigOptions) {
  const { names = 1, limits = 'off', through = async (socket: string) => socket } = options;
  const data = dataIn(folder, names);
  const dir = join(folder, 'lightning');
  const [telegram, database, redis, rates, lightning] = await Promise.all([
    startTelegram({
      bots: BOTS.slice(0, names).map((bot) => ({ ...bot })),
      limits,
      keep: options.keptMessages ?? KEPT_MESSAGES,
    }),
    startDatabase(data, guard, false),
    options.redis ?? startRedisServers(data, all),
    startRates({}),
    startLightning(options, dir),
  ]);
  const ready = readyLine(lightning) as {
    nodes: { alias: string; rpc: string; cert: string; payerMacaroon: string }[];
  };
  const ours = await Promise.all(
    ready.nodes
      .filter(({ alias }) => alias !== 'carol')
      .map(async ({ alias, rpc, cert, payerMacaroon }) => {
        return { alias, socket: await through(rpc), cert, macaroon: payerMacaroon };
      }),
  );
  const { kind, bitcoinNetwork: network } = lightning;
  const nodes = { kind, network, ours, control: '', stop: async () => {} };
  const outside = { telegramUrl: telegram.url, ratesUrls: rates.urls, lightning: nodes };
  const settings = { ...QUIET, ...options.settings };
  const stop = async () => {
    await Promise.all([telegram.stop(), rates.stop(), options.lightning === lightning ? undefined : lightning.stop()]);
    await database.stop();
  };
  return { telegram, lightning, parts: { data, database, redis, outside, settings }, stop };
}

async function startLightning({ lightning, peers }: RigOptions, dir: string): Promise<LightningNetwork> {
  if (lightning === 'real') {
    await buildRealPrograms((line) => console.error(line));
    return startRealLightning({ dir, ...(peers ? { peers } : {}) });
  }
  return lightning === undefined || lightning === 'sandbox' ? startSandboxLightning({ dir }) : lightning;
}

function openDb(databaseUrl: string): Db {
  return createDb({ databaseUrl, clock: hostClock(), random: systemRandom(), onSlow: () => {}, onPool: () => {} });
}

function carolOf(lightning: LightningNetwork) {
  const carol = lightning.nodes.carol;
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
