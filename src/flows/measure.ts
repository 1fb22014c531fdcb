// The gauges that are looked up when they are read: what is left to do and how old it is, who lives, what the pools and
// caches do. Set at a tick they would go on telling of the last time that tick ran.
import { PROMISES } from '../domain/promises.ts';
import { databaseLife } from '../infra/db/life.ts';
import { oldestOutboxMs } from '../infra/db/outbox.ts';
import { unfinished } from '../infra/db/payments.ts';
import { readSending } from '../infra/db/switches.ts';
import { listInstances } from '../infra/redis/instances.ts';
import type { World } from '../world.ts';
import { measureAges } from './fx.ts';

/** What every process tells of itself. */
export function measureProcess(world: World): void {
  const { metrics, db, cache } = world;
  metrics.beforeRead(() => {
    const { total, idle, waiting } = db.poolStats();
    metrics.poolUsed.set(total - idle);
    metrics.poolWaiting.set(waiting);
    metrics.cache.reset();
    for (const [name, { hits, misses }] of Object.entries(cache.counts())) {
      metrics.cache.inc({ name, result: 'hit' }, hits);
      metrics.cache.inc({ name, result: 'miss' }, misses);
    }
  });
}

/** What a worker tells of the whole house. */
export function measureHouse(world: World): void {
  const { metrics } = world;
  const age = (sinceMs: number | null) => (sinceMs === null ? 0 : Math.max(0, world.clock.nowMs() - sinceMs) / 1_000);
  metrics.beforeRead(async () => {
    const { held, sending, oldestMs } = await unfinished(world.db);
    metrics.unfinished.set({ state: 'held' }, held);
    metrics.unfinished.set({ state: 'sending' }, sending);
    metrics.unfinishedAgeSeconds.set(age(oldestMs));
  });
  metrics.beforeRead(async () => metrics.outboxAgeSeconds.set(age(await oldestOutboxMs(world.db))));
  metrics.beforeRead(() => measureAges(world));
  metrics.beforeRead(async () => {
    const { sinceMs, keptAtMs, verifiedAtMs } = await databaseLife(world.db);
    // Where there never was one, the time without counts from the beginning.
    metrics.backupKeptAgeSeconds.set(age(keptAtMs ?? sinceMs));
    metrics.backupVerifiedAgeSeconds.set(age(verifiedAtMs ?? sinceMs));
  });
  metrics.beforeRead(async () => {
    const { isOn, known } = await readSending(world.db);
    metrics.sendingOn.set(isOn ? 1 : 0);
    for (const promise of PROMISES) metrics.promiseKept.set({ promise }, known.includes(promise) ? 0 : 1);
  });
  metrics.beforeRead(async () => {
    const kinds = (await listInstances(world.sessions)).map(({ kind }) => kind);
    for (const kind of ['bot', 'worker']) metrics.instances.set({ kind }, kinds.filter((each) => each === kind).length);
  });
  metrics.beforeRead(async () => {
    for (const { name, ...counts } of await world.queues.counts()) {
      for (const [state, count] of Object.entries(counts)) metrics.queueJobs.set({ queue: name, state }, count);
    }
  });
}
