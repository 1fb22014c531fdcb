// What is put under fire: two bots behind nginx, two workers, PostgreSQL, Redis and three real LND nodes, with a wire
// between every two parts that speak with each other and a wall clock of its own for every process of ours. All of it is
// as an operator runs it; nothing of the product knows of the wires or of the clocks.
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RealLightning } from '../../sandbox/lnd/real/network.ts';
import type { Environment } from '../../scripts/demo/fleet.ts';
import type { Postgres } from '../../scripts/postgres.ts';
import { Guard } from '../../scripts/process.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { layWire, type Wire } from '../support/fleet-wire.ts';
import type { TestRedis } from '../support/redis.ts';

export type Field = Fleet & {
  nodes: RealLightning;
  postgres: Postgres;
  redis: Record<'queue Redis' | 'session Redis' | 'cache Redis', TestRedis>;
  /** By name: "bot-1 ~ PostgreSQL". */
  wires: ReadonlyMap<string, Wire>;
  /** Sets a process' wall clock off by so many seconds; undefined where this machine has no libfaketime. */
  setClock: ((process: string, offsetS: number) => void) | undefined;
};

/** The processes of ours, by kind. */
export const BOT_NAMES = ['bot-1', 'bot-2'] as const;
export const WORKER_NAMES = ['worker', 'worker-2'] as const;

// Which variable leads to whom. Two that lead to one server share one wire.
const LEADS: readonly [RegExp, string][] = [
  [/^DATABASE_URL$/, 'PostgreSQL'],
  [/^REDIS_QUEUE_URL$/, 'queue Redis'],
  [/^REDIS_SESSION_URL$/, 'session Redis'],
  [/^REDIS_CACHE_URL$/, 'cache Redis'],
  [/^TELEGRAM_API_ROOT$/, 'Telegram'],
  [/^LND_ALICE_SOCKET$/, 'alice'],
  [/^LND_BOB_SOCKET$/, 'bob'],
];

/** Starts everything. */
export async function openField(): Promise<Field> {
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-chaos-'));
  // It goes with us, however we end.
  const guard = new Guard(folder);
  const wires = new Map<string, Wire>();
  const lay = async (from: string, to: string, target: string) => {
    const wire = await layWire(target);
    wires.set(`${from} ~ ${to}`, wire);
    return wire;
  };
  const faketime = findFaketime();
  const clockFile = (name: string) => join(folder, `clock-${name}`);
  const setClock = (name: string, offsetS: number) =>
    writeFileSync(clockFile(name), `${offsetS < 0 ? '' : '+'}${offsetS}s\n`);
  const settings = async (name: string, environment: Environment) => {
    const wired = await wire(name, environment, lay);
    if (!faketime) return wired;
    setClock(name, 0);
    return { ...wired, ...clockSettings(faketime, clockFile(name)) };
  };
  const upstream = async (bot: string, port: number) => (await lay('nginx', bot, `127.0.0.1:${port}`)).port;
  const peers = async (from: string, to: string, port: number) => (await lay(from, to, `127.0.0.1:${port}`)).port;
  const fleet = await openFleet({
    bots: BOT_NAMES.length,
    workers: WORKER_NAMES.length,
    lightning: 'real',
    between: { settings, upstream },
    peers,
  });
  const { postgres, queueRedis, sessionRedis, cacheRedis } = fleet;
  if (!fleet.fleet.nginx) throw new Error('nginx is missing: install it, then run this again.');
  if (!postgres) throw new Error('the database is not ours to break');
  return {
    ...fleet,
    nodes: fleet.lightning as RealLightning,
    postgres,
    redis: { 'queue Redis': queueRedis, 'session Redis': sessionRedis, 'cache Redis': cacheRedis },
    wires,
    setClock: faketime ? setClock : undefined,
    async end() {
      await fleet.end();
      await Promise.all([...wires.values()].map((each) => each.close()));
      await guard.finish();
    },
  };
}

type Lay = (from: string, to: string, target: string) => Promise<Wire>;

async function wire(name: string, environment: Environment, lay: Lay): Promise<Environment> {
  const wired = { ...environment };
  for (const [variable, value] of Object.entries(environment)) {
    const to = LEADS.find(([pattern]) => pattern.test(variable))?.[1];
    if (to === undefined) continue;
    const target = value.includes('://') ? new URL(value).host : value;
    const { port } = await lay(name, to, target);
    wired[variable] = value.replace(target, `${target.split(':')[0]}:${port}`);
  }
  return wired;
}

// The file is read anew every second. Timers and durations go by the steady clock, which stays as it is.
function clockSettings(library: string, file: string): Environment {
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

function findFaketime(): string | undefined {
  const folders = ['/usr/lib', '/usr/lib64'].flatMap((folder) => [folder, ...subfolders(folder)]);
  const found = folders.map((folder) => join(folder, 'faketime', 'libfaketimeMT.so.1'));
  return found.find((file) => subfolders(join(file, '..')).includes(file));
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
