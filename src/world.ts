// Everything that touches the outside, made once per process and passed to every flow: no container, no globals. A bot
// has no Lightning node and no macaroon; a worker has both. A test builds a World of its own from the same factories.
import { type Clock, followingClock, hostClock } from './base/clock.ts';
import { type Config, type ProcessKind, secretsOf } from './base/config.ts';
import { type Ids, type Random, systemRandom, uuidIds } from './base/ids.ts';
import { createLog, type Log } from './base/logger.ts';
import { createMetrics, type Metrics } from './base/metrics.ts';
import type { OutsideEvent } from './base/outside.ts';
import { CALM, type Pressure } from './base/pressure.ts';
import { VERSION } from './base/process.ts';
import { withoutTrace } from './base/trace.ts';
import { createDb, type Db } from './infra/db/client.ts';
import { connectionsAllowed } from './infra/db/durability.ts';
import { nodeRows } from './infra/db/nodes.ts';
import type { LightningPool, NodeEvent } from './infra/lightning/pool.ts';
import type { QueuedJob } from './infra/queue/jobs.ts';
import { createQueues, type Queues } from './infra/queue/queues.ts';
import { type Cache, createCache } from './infra/redis/cache.ts';
import { connectRedis, type Redis } from './infra/redis/connection.ts';
import { listInstances } from './infra/redis/instances.ts';

export type World = {
  readonly config: Config;
  /** This process among its replicas, made by itself. Begins with its kind. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** How hard this process is pressed; calm where nobody watches. */
  readonly pressure: Pressure;
  readonly db: Db;
  /** The session Redis: sessions, drafts, claims, locks, pace, heartbeats. Every key has a time to live. */
  readonly sessions: Redis;
  readonly cache: Cache;
  readonly queues: Queues;
  /** Where this process does some jobs itself: begins one that was made this moment, or gives `false`. */
  readonly takeAtHand?: (job: QueuedJob) => boolean;
  /** Asks a channel how the person of a chat calls themselves now, null when by no name; undefined when it cannot say. */
  readonly nameNow?: (chat: { readonly bot: string; readonly chatId: string }) => Promise<string | null | undefined>;
};

export type WorkerWorld = World & { readonly lightning: LightningPool };

/** Ends what a world has open, in the order in which nothing is missed. */
export type Closing = { close(): Promise<void> };

/** How long a person's answer waits for a database connection, so that it is with them in two seconds; and a job. */
const ACQUIRE_MS: Record<ProcessKind, number> = { bot: 1_500, worker: 30_000 };
const MEASURE_CLOCK_MS = 10_000;

/**
 * Opens everything a process needs.
 * @param write where log lines go; the console unless given.
 * @throws Unavailable when PostgreSQL or the session Redis cannot be reached.
 */
export async function makeWorld(
  kind: ProcessKind,
  config: Config,
  write?: (line: string) => void,
): Promise<World & Closing> {
  const random = systemRandom();
  const instanceId = `${kind}-${random.bytes(4).toString('hex')}`;
  const log = createLog({
    level: config.LOG_LEVEL,
    service: kind,
    instance: instanceId,
    secrets: secretsOf(config),
    ...(write ? { write } : {}),
  });
  const metrics = createMetrics();
  const stopSpans = await startSpans(kind, instanceId, { config, log, metrics });
  const db = openDb(kind, instanceId, { config, log, metrics, random });
  const clock = followingClock(() => db.nowMs());
  await clock.measure();
  const stopMeasuring = clock.every(
    MEASURE_CLOCK_MS,
    () => clock.measure(),
    (error) => log.warn('the clock was not measured', { error }),
  );
  const sessions = await connectRedis({
    url: config.REDIS_SESSION_URL,
    name: 'session',
    log,
    onAnswer: (ms) => metrics.redisSeconds.observe({ store: 'session' }, ms / 1_000),
  });
  await checkPools(config, db, sessions, log);
  const cache = await createCache({ url: config.REDIS_CACHE_URL, log, onEvent: (event) => tellCache(metrics, event) });
  // Its connections are made by whoever comes first, and stay.
  const onError = (error: unknown) => withoutTrace(() => log.warn('queue connection', { error }));
  const queues = createQueues({
    url: config.REDIS_QUEUE_URL,
    clock,
    onError,
    onAdd: (ms) => metrics.redisSeconds.observe({ store: 'queue' }, ms / 1_000),
  });
  return {
    config,
    instanceId,
    clock,
    ids: uuidIds(clock, random),
    random,
    log,
    metrics,
    pressure: { felt: CALM },
    db,
    sessions,
    cache,
    queues,
    async close() {
      stopMeasuring();
      await queues.close();
      await cache.close();
      sessions.disconnect();
      await db.close();
      await stopSpans();
    },
  };
}

/** Spans go out only where an operator has said whereto; until then nothing of it is loaded. */
async function startSpans(
  service: ProcessKind,
  instance: string,
  { config, log, metrics }: Omit<Parts, 'random'>,
): Promise<() => Promise<void>> {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return async () => {};
  const { exportSpans } = await import('./base/otel.ts');
  const onSpans = (result: 'sent' | 'dropped', count: number) => metrics.traceSpans.inc({ result }, count);
  const { close } = await exportSpans({ endpoint, service, instance, version: VERSION, log, onSpans });
  return close;
}

function tellCache(metrics: Metrics, event: OutsideEvent): void {
  metrics.breaker(event);
  if ('durationMs' in event) metrics.redisSeconds.observe({ store: 'cache' }, event.durationMs / 1_000);
}

// A rolling deploy doubles the processes for a moment, so all pools together must fit twice.
async function checkPools(config: Config, db: Db, sessions: Redis, log: Log): Promise<void> {
  const [allowed, others] = await Promise.all([connectionsAllowed(db), listInstances(sessions)]);
  const processes = others.length + 1;
  if (2 * processes * config.DB_POOL_MAX <= allowed) return;
  const advice = 'raise max_connections or lower DB_POOL_MAX';
  log.warn('all pools together do not fit the database twice', { processes, allowed, advice });
}

type Parts = { config: Config; log: Log; metrics: Metrics; random: Random };

function openDb(kind: ProcessKind, name: string, { config, log, metrics, random }: Parts): Db {
  return createDb({
    name,
    databaseUrl: config.DATABASE_URL,
    readUrl: config.DATABASE_READ_URL,
    poolMin: config.DB_POOL_MIN,
    poolMax: config.DB_POOL_MAX,
    acquireMs: ACQUIRE_MS[kind],
    clock: hostClock(),
    random,
    onSlow(name, ms) {
      metrics.slowQueries.inc({ name });
      log.warn('slow query', { query: name, ms: Math.round(ms) });
    },
    onPool: (event) => log.warn('database pool', { ...event }),
    onPost: (way, transfers) => metrics.ledgerBatch.observe({ way }, transfers),
  });
}

/**
 * Opens the Lightning nodes beside a world; those that are adopted may take work. The module is loaded only here, since a bot has no use for its memory.
 * @param onEvent hears of nodes that come and go, and of payments that end after their caller stopped listening.
 */
export async function withLightning(
  world: World & Closing,
  onEvent: (event: NodeEvent) => void,
): Promise<WorkerWorld & Closing> {
  const { createLightningPool } = await import('./infra/lightning/pool.ts');
  const { config, clock, random, log, metrics } = world;
  const lightning = createLightningPool({
    nodes: config.lndNodes,
    network: config.LIGHTNING_NETWORK,
    connectionsPerNode: config.LND_CONNECTIONS,
    clock,
    random,
    log,
    metrics,
    onEvent,
  });
  await lightning.start();
  const adopted = (await nodeRows(world.db)).map(({ name }) => name);
  for (const name of adopted) lightning.admit(name);
  for (const node of lightning.names().filter((name) => !adopted.includes(name))) {
    log.warn('a node is not adopted and gets no work', { node, advice: 'run "npm run adopt -- <node>"' });
  }
  return {
    ...world,
    lightning,
    async close() {
      await lightning.close();
      await world.close();
    },
  };
}
