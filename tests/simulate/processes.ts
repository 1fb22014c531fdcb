// The processes of a run: bots that answer updates and workers that do the jobs, put together from the house's own parts
// as their entries do it, over the run's clock, chance, database, queues, nodes and chats.
import type { Config } from '../../src/base/config.ts';
import { loadConfig } from '../../src/base/config.ts';
import { uuidIds } from '../../src/base/ids.ts';
import type { Log } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { CALM } from '../../src/base/pressure.ts';
import { pausingRelay } from '../../src/flows/outbox.ts';
import { hear } from '../../src/flows/pay-execute.ts';
import { createDb } from '../../src/infra/db/client.ts';
import { createLightningPool } from '../../src/infra/lightning/pool.ts';
import { QUEUE_NAMES, type QueueName } from '../../src/infra/queue/jobs.ts';
import type { Cache, Json } from '../../src/infra/redis/cache.ts';
import type { WorkerWorld, World } from '../../src/world.ts';
import { atHand } from '../../workers/at-hand.ts';
import { watchNodes } from '../../workers/lightning-events.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import type { Tools } from '../../workers/processors/processor.ts';
import { randomOf } from './dice.ts';
import type { Life } from './life.ts';
import { doors } from './lnd-connection.ts';
import type { LndNode } from './lnd-node.ts';
import type { Machine } from './machine.ts';
import { type Server, severAllOf } from './postgres.ts';
import type { Broker } from './queues.ts';
import type { SessionStore } from './redis.ts';
import type { Telegram } from './telegram.ts';

/** All that is outside of the processes. */
export type Surroundings = {
  readonly machine: Machine;
  readonly server: Server;
  readonly broker: Broker;
  readonly redis: SessionStore;
  readonly telegram: Telegram;
  readonly nodes: readonly LndNode[];
  /** What a process would have written at the level `error`. */
  readonly errors: { event: string; fields: string }[];
};

export type Process = { readonly life: Life; readonly world: World };
export type WorkerProcess = { readonly life: Life; readonly world: WorkerWorld };

export const NODES = ['alice', 'bob'];
export const BOT = 'satfleet_bot';

const URL_OF_NOTHING = 'redis://127.0.0.1:1';
const config: Config = loadConfig('worker', {
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
  REDIS_QUEUE_URL: URL_OF_NOTHING,
  REDIS_SESSION_URL: URL_OF_NOTHING,
  REDIS_CACHE_URL: URL_OF_NOTHING,
  APP_SECRET: 'a secret of the simulator, long enough for its use',
  TELEGRAM_BOTS: '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw',
  LIGHTNING_NETWORK: 'regtest',
  LND_NODES: NODES.join(','),
  ...Object.fromEntries(
    NODES.flatMap((name) => ['SOCKET', 'CERT', 'MACAROON'].map((part) => [`LND_${name.toUpperCase()}_${part}`, '00'])),
  ),
});
const metrics = createMetrics();

/** A process that answers; it can do so from now on. */
export function startBot(around: Surroundings): Process {
  return openProcess(around, 'bot');
}

function openProcess(around: Surroundings, kind: 'bot' | 'worker'): Process {
  const { machine, server } = around;
  const life = machine.life(kind);
  const clock = machine.clock(life);
  const random = randomOf(life.dice);
  server.opening = life;
  const db = createDb({
    databaseUrl: 'postgresql://nobody@127.0.0.1:1/none',
    poolMin: config.DB_POOL_MIN,
    poolMax: config.DB_POOL_MAX,
    acquireMs: kind === 'bot' ? 1_500 : 30_000,
    clock,
    random,
    onSlow: () => {},
    onPool: () => {},
  });
  server.opening = undefined;
  life.onDeath.add(() => severAllOf(server, life));
  return {
    life,
    world: {
      config,
      instanceId: life.name,
      clock,
      ids: uuidIds(clock, random),
      random,
      log: logOf(around, life),
      metrics,
      pressure: { felt: CALM },
      db,
      sessions: around.redis.connection(life),
      cache: memoryCache(machine),
      queues: around.broker.connection(life),
    },
  };
}

function logOf({ errors, machine }: Surroundings, life: Life): Log {
  const line = (level: string) => (event: string, fields?: Readonly<Record<string, unknown>>) => {
    // What nobody looks at is not put into words: the traces of errors are dear.
    if (level !== 'error' && !machine.watch) return;
    const text = `${life.name} ${JSON.stringify(fields ?? {}, (_, value) => (value instanceof Error ? said(value) : typeof value === 'bigint' ? String(value) : value))}`;
    if (level === 'error') errors.push({ event, fields: text });
    machine.watch?.(`${level}: ${event} ${text}`);
  };
  return { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') };
}

function said(error: Error): string {
  return `${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''} ${error.stack?.split('\n').slice(1, 4).join(' ') ?? ''}`;
}

/** What a process remembers; no run is about more. */
function memoryCache(machine: Machine): Cache {
  const kept = new Map<string, { value: Json; until: number }>();
  const none = () => Promise.reject(new Error('not simulated'));
  return {
    async getOrLoad<T extends Json | undefined>(key: string, ttlMs: number, load: () => Promise<T>) {
      const known = kept.get(key);
      if (known && known.until > machine.now) return known.value as T;
      const value = await load();
      if (value !== undefined) kept.set(key, { value: value as Json, until: machine.now + ttlMs });
      return value;
    },
    clear: async (...keys: string[]) => {
      for (const key of keys) kept.delete(key);
    },
    counts: () => ({}),
    close: async () => {},
    ping: async () => {},
    get: none,
    set: none,
    mget: none,
    mset: none,
    getAndDelete: none,
    increment: none,
    clearTag: none,
    clearPattern: none,
  } as Cache;
}

const RELAY_EVERY_MS = 5_000;
const TICK_MS = 5_000;
const CHECK_EVERY_MS = 60_000;

/** A worker: consumes every queue, hears its nodes' invoices, relays and ticks. */
export function startWorker(around: Surroundings): WorkerProcess {
  const { life, world: base } = openProcess(around, 'worker');
  const { machine, broker, telegram } = around;
  const events = {
    onDone: () => {},
    onFault: (queue: string, job: { id: string } | undefined, error: unknown) =>
      base.log.warn('job fault', { queue, job: job?.id, error }),
  };
  const handle = (queue: QueueName, job: Parameters<(typeof PROCESSORS)[QueueName]>[1]) => {
    if (queue !== 'notification') return PROCESSORS[queue](tools, job);
    return telegram.showing(life, job.id, (channel) =>
      PROCESSORS.notification({ ...tools, channels: { telegram: channel } }, job),
    );
  };
  const near = atHand({
    clock: base.clock,
    handler: (job) => handle('notification', job),
    queue: (job) => base.queues.add([job]),
    events,
  });
  const lightning = createLightningPool({
    nodes: around.nodes.map((node) => {
      const socket = `${life.name}@${node.name}`;
      doors.set(socket, { life, node });
      life.onDeath.add(() => void doors.delete(socket));
      return { name: node.name, socket, cert: '', macaroon: node.macaroon };
    }),
    network: 'regtest',
    connectionsPerNode: 1,
    clock: base.clock,
    random: base.random,
    log: base.log,
    onEvent(event) {
      if (event.kind !== 'late_outcome') return;
      hear(world, event.paymentHash).catch((error: unknown) => base.log.warn('left to the sweep', { error }));
    },
  });
  const world: WorkerWorld = { ...base, takeAtHand: near.take, lightning };
  const tools: Tools = {
    world,
    channels: {},
    sources: { fetchAll: () => Promise.reject(new Error('not simulated')) } as never,
  };
  const boot = async () => {
    await lightning.start();
    for (const queue of QUEUE_NAMES) broker.consume(life, queue, (job) => handle(queue, job));
    watchNodes(world);
    tickFrom(machine, world);
  };
  machine.after(
    0,
    `${life.name} starts`,
    life,
    () => void boot().catch((error: unknown) => base.log.error('no start', { error })),
  );
  return { life, world };
}

// The same ticks as in workers/schedule.ts, whose own timer knows only the host's time.
function tickFrom(machine: Machine, world: WorkerWorld): void {
  const failed = (error: unknown) => world.log.warn('tick failed', { error });
  const relay = pausingRelay(world);
  world.clock.every(RELAY_EVERY_MS, async () => void (await relay()), failed);
  const tick = (queue: QueueName, everyMs: number) => async () => {
    const period = Math.floor(machine.now / everyMs);
    await world.queues.add([{ queue, id: `period-${everyMs}-${period}`, traceId: `${queue}-${period}` }]);
  };
  world.clock.every(TICK_MS, tick('reconcile', TICK_MS), failed);
  world.clock.every(CHECK_EVERY_MS, tick('balance-check', CHECK_EVERY_MS), failed);
}
