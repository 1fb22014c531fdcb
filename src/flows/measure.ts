// The gauges that are looked up when they are read: what is left to do and how old it is, who lives, what the pools, caches
// and servers do. Set at a tick they would go on telling of the last time that tick ran; what is found at a tick all the
// same is told by every worker as the newest of the fleet found it, or not at all.
import { outside } from '../base/outside.ts';
import { PROMISES } from '../domain/promises.ts';
import { countNewPeople, unknownByAge } from '../infra/db/house-counts.ts';
import { databaseLife } from '../infra/db/life.ts';
import { countOutbox } from '../infra/db/outbox.ts';
import { unfinished } from '../infra/db/payments.ts';
import { countPeople } from '../infra/db/stats.ts';
import { readSending } from '../infra/db/switches.ts';
import { QUEUE_NAMES } from '../infra/queue/jobs.ts';
import { SOURCES } from '../infra/rates/sources.ts';
import { redisSettings } from '../infra/redis/connection.ts';
import { listInstances } from '../infra/redis/instances.ts';
import { countSeen } from '../infra/redis/seen.ts';
import type { WorkerWorld, World } from '../world.ts';
import { readFound } from './found.ts';
import { measureAges } from './fx.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** For what costs a server more than a moment; Prometheus comes every fifteen seconds, and not alone. */
const REST_MS = 10_000;
/** Counting all people reads a week of what they did: once for the whole fleet within this time. */
const PEOPLE_MS = 5 * MINUTE_MS;
const UP_MS = 1_000;

/** What every process tells of itself, and of what it reaches. */
export function measureProcess(world: World): void {
  const { metrics, db, cache } = world;
  metrics.beforeRead(() => {
    const { total, idle, waiting, max } = db.poolStats();
    metrics.poolUsed.set(total - idle);
    metrics.poolWaiting.set(waiting);
    metrics.poolSize.set(max);
    metrics.cache.reset();
    for (const [name, { hits, misses }] of Object.entries(cache.counts())) {
      metrics.cache.inc({ name, result: 'hit' }, hits);
      metrics.cache.inc({ name, result: 'miss' }, misses);
    }
  });
  measureServers(world);
}

/** What a worker tells of the whole house. */
export function measureHouse(world: WorkerWorld): void {
  measurePayments(world);
  measureMoney(world);
  measureNodes(world);
  measureJobs(world);
  measurePeople(world);
}

function measurePayments(world: WorkerWorld): void {
  const { metrics, db } = world;
  metrics.beforeRead(async () => {
    const { held, sending, oldestMs } = await unfinished(db);
    metrics.unfinished.set({ state: 'held' }, held);
    metrics.unfinished.set({ state: 'sending' }, sending);
    metrics.unfinishedAgeSeconds.set(ageOf(world, oldestMs));
  });
  metrics.beforeRead(async () => {
    const { under_1m, under_10m, under_1h, under_1d, older } = await unknownByAge(db, world.clock.nowMs());
    metrics.paymentsUnknown.set({ age: 'under_1m' }, under_1m);
    metrics.paymentsUnknown.set({ age: 'under_10m' }, under_10m);
    metrics.paymentsUnknown.set({ age: 'under_1h' }, under_1h);
    metrics.paymentsUnknown.set({ age: 'under_1d' }, under_1d);
    metrics.paymentsUnknown.set({ age: 'older' }, older);
  });
}

function measureMoney(world: WorkerWorld): void {
  const { metrics, db } = world;
  for (const { name: source } of SOURCES) {
    for (const result of ['ok', 'failed'] as const) metrics.rateFetches.inc({ source, result }, 0);
  }
  metrics.beforeRead(() => measureAges(world));
  metrics.beforeRead(async () => {
    const { sinceMs, keptAtMs, verifiedAtMs } = await databaseLife(db);
    // Where there never was one, the time without counts from the beginning.
    metrics.backupKeptAgeSeconds.set(ageOf(world, keptAtMs ?? sinceMs));
    metrics.backupVerifiedAgeSeconds.set(ageOf(world, verifiedAtMs ?? sinceMs));
  });
  metrics.beforeRead(async () => {
    const { isOn, known } = await readSending(db);
    metrics.sendingOn.set(isOn ? 1 : 0);
    for (const promise of PROMISES) metrics.promiseKept.set({ promise }, known.includes(promise) ? 0 : 1);
  });
  metrics.beforeRead(async () => {
    const found = await readFound(world, 'books_off');
    metrics.booksOff.reset();
    for (const [currency, sum] of Object.entries(found)) metrics.booksOff.set({ currency }, sum);
  });
  metrics.beforeRead(async () => {
    const { assets, liabilities, over, suspense } = await readFound(world, 'solvency');
    tell(metrics.assetsMsat, assets);
    tell(metrics.liabilitiesMsat, liabilities);
    tell(metrics.solvencyMsat, over);
    tell(metrics.suspenseMsat, suspense);
  });
}

/** One number, or nothing. */
function tell(level: { set(value: number): void; remove(): void }, found: number | undefined): void {
  if (found === undefined) level.remove();
  else level.set(found);
}

function measureNodes(world: WorkerWorld): void {
  const { metrics, lightning } = world;
  metrics.beforeRead(() => {
    for (const { name: node, state, spendableMsat, inboundMsat, activeChannels } of lightning.health()) {
      metrics.nodeUp.set({ node }, state === 'up' ? 1 : 0);
      metrics.nodeOutboundMsat.set({ node }, Number(spendableMsat));
      metrics.nodeInboundMsat.set({ node }, Number(inboundMsat));
      metrics.nodeChannels.set({ node }, activeChannels);
    }
  });
  metrics.beforeRead(async () => {
    const found = await Promise.all(lightning.names().map((name) => readFound(world, `node_off_${name}`)));
    metrics.nodeOffMsat.reset();
    for (const [node, offMsat] of found.flatMap(Object.entries<number>)) metrics.nodeOffMsat.set({ node }, offMsat);
  });
}

function measureJobs(world: WorkerWorld): void {
  const { metrics, queues } = world;
  for (const queue of QUEUE_NAMES) {
    for (const result of ['done', 'refused', 'later', 'fault'] as const) metrics.jobs.inc({ queue, result }, 0);
  }
  metrics.beforeRead(async () => {
    const { jobs, oldestMs } = await countOutbox(world.db);
    metrics.outboxJobs.set(jobs);
    metrics.outboxAgeSeconds.set(ageOf(world, oldestMs));
  });
  metrics.beforeRead(async () => {
    for (const { name: queue, waiting, active, delayed, failed } of await queues.counts()) {
      metrics.queueJobs.set({ queue, state: 'waiting' }, waiting);
      metrics.queueJobs.set({ queue, state: 'active' }, active);
      metrics.queueJobs.set({ queue, state: 'delayed' }, delayed);
      metrics.queueJobs.set({ queue, state: 'failed' }, failed);
    }
  });
  metrics.beforeRead(async () => {
    for (const { name: queue, ageMs } of await queues.oldest()) {
      metrics.queueOldestSeconds.set({ queue }, ageMs / 1_000);
    }
  }, REST_MS);
}

function measureServers(world: World): void {
  const { metrics, config } = world;
  const database = outside('look at the database', { deadlineMs: UP_MS });
  metrics.beforeRead(async () => {
    const isUp = await database(() => world.db.health()).then(
      () => true,
      () => false,
    );
    metrics.databaseUp.set(isUp ? 1 : 0);
  });
  const urls = { session: config.REDIS_SESSION_URL, cache: config.REDIS_CACHE_URL, queue: config.REDIS_QUEUE_URL };
  const server = outside('look at a Redis', { deadlineMs: UP_MS });
  const look = (store: keyof typeof urls) =>
    server(() => redisSettings(urls[store], store)).then(
      (found) => ({ store, found }),
      () => ({ store, found: undefined }),
    );
  metrics.beforeRead(async () => {
    const looks = await Promise.all([look('session'), look('cache'), look('queue')]);
    metrics.redisMemoryBytes.reset();
    metrics.redisMemoryMaxBytes.reset();
    metrics.redisEvictions.reset();
    for (const { store, found } of looks) {
      metrics.redisUp.set({ store }, found ? 1 : 0);
      if (!found) continue;
      metrics.redisMemoryBytes.set({ store }, found.usedBytes);
      if (found.mostBytes > 0) metrics.redisMemoryMaxBytes.set({ store }, found.mostBytes);
      metrics.redisEvictions.inc({ store }, found.evicted);
    }
  }, REST_MS);
}

type People = { users: number; newDay: number; newWeek: number; activeDay: number; activeWeek: number };

function measurePeople(world: WorkerWorld): void {
  const { metrics, sessions, clock } = world;
  metrics.beforeRead(async () => {
    const kinds = (await listInstances(sessions)).map(({ kind }) => kind);
    for (const kind of ['bot', 'worker'] as const) {
      metrics.instances.set({ kind }, kinds.filter((each) => each === kind).length);
    }
  });
  metrics.beforeRead(async () => metrics.sessionsLive.set(await countSeen(sessions, clock.nowMs())));
  metrics.beforeRead(async () => {
    const people = await world.cache.getOrLoad<People>('house:people', PEOPLE_MS, () => lookAtPeople(world));
    metrics.users.set(people.users);
    metrics.usersNew.set({ window: 'day' }, people.newDay);
    metrics.usersNew.set({ window: 'week' }, people.newWeek);
    metrics.usersActive.set({ window: 'day' }, people.activeDay);
    metrics.usersActive.set({ window: 'week' }, people.activeWeek);
  }, REST_MS);
}

async function lookAtPeople({ db, clock }: World): Promise<People> {
  const [day, week] = [clock.nowMs() - DAY_MS, clock.nowMs() - 7 * DAY_MS];
  const [ofDay, ofWeek, newDay, newWeek] = await Promise.all([
    countPeople(db.read, day),
    countPeople(db.read, week),
    countNewPeople(db.read, day),
    countNewPeople(db.read, week),
  ]);
  return { users: ofWeek.users, newDay, newWeek, activeDay: ofDay.active, activeWeek: ofWeek.active };
}

function ageOf({ clock }: World, sinceMs: number | null): number {
  return sinceMs === null ? 0 : Math.max(0, clock.nowMs() - sinceMs) / 1_000;
}
