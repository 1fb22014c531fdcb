// One screen of the whole fleet: who lives, what waits, how much moved, whether the books are right. What costs the
// database something is looked up at most once in two seconds, however often the button is pressed.
import { DAY_MS, INVOICE_LIFE_MS } from '../domain/limits.ts';
import { unfinished } from '../infra/db/payments.ts';
import { readRails } from '../infra/db/rails.ts';
import { countPeople, type People, type Volume, volumeSince, type Worth, worthNow } from '../infra/db/stats.ts';
import { readSending } from '../infra/db/switches.ts';
import { type Instance, listInstances } from '../infra/redis/instances.ts';
import { readLoads } from '../infra/redis/loads.ts';
import type { World } from '../world.ts';
import { mayLook, type QueueState, queueStates } from './admin.ts';
import { checkLightly } from './books.ts';
import { shown } from './fx.ts';

const FRESH_MS = 2_000;

export type Stats = People & {
  /** When all of it was looked up. */
  atMs: number;
  /** Who lives; `memoryBytes` where it was told. */
  instances: readonly (Instance & { readonly memoryBytes?: number })[];
  /** From 0 to 1, over all that live; undefined while none was asked. */
  cacheHitRate: number | undefined;
  queues: readonly QueueState[];
  volume24h: Volume;
  payments: { held: number; sending: number };
  worth: Worth;
  booksOk: boolean;
  /** Of the two legs; undefined when there is no rate at all. */
  rate: { btcAgeMs: number; fiatAgeMs: number } | undefined;
  /** What is off: `sending`, or a rail's name. */
  off: readonly string[];
};

const last = new WeakMap<World, { readonly atMs: number; readonly stats: Promise<Stats> }>();

/** The state of the house, two seconds old at most. Throws Refusal not_allowed. */
export async function stats(world: World, userId: string): Promise<Stats> {
  await mayLook(world, userId, 'stats');
  const nowMs = world.clock.nowMs();
  const known = last.get(world);
  if (known && Math.abs(nowMs - known.atMs) < FRESH_MS) return known.stats;
  const found = lookUp(world, nowMs);
  last.set(world, { atMs: nowMs, stats: found });
  // What could not be looked up is looked up again by the next who asks.
  found.catch(() => last.delete(world));
  return found;
}

async function lookUp(world: World, nowMs: number): Promise<Stats> {
  const { db } = world;
  const today = nowMs - (nowMs % DAY_MS);
  const [fleet, queues, people, volume24h, { held, sending }, worth, books, rate, off] = await Promise.all([
    fleetOf(world),
    queueStates(world),
    countPeople(db, today),
    volumeSince(db, nowMs - DAY_MS, INVOICE_LIFE_MS),
    unfinished(db),
    worthNow(db),
    checkLightly(world),
    shown(world, 'KES'),
    offOf(world),
  ]);
  return {
    atMs: nowMs,
    ...fleet,
    queues,
    ...people,
    volume24h,
    payments: { held, sending },
    ...{ worth, booksOk: books.ok, off },
    rate: rate && { btcAgeMs: rate.btcAgeMs, fiatAgeMs: rate.fiatAgeMs },
  };
}

async function fleetOf({ sessions }: World): Promise<Pick<Stats, 'instances' | 'cacheHitRate'>> {
  const [alive, loads] = await Promise.all([listInstances(sessions), readLoads(sessions)]);
  const told = alive.flatMap(({ id }) => loads.get(id) ?? []);
  const hits = told.reduce((sum, each) => sum + each.hits, 0);
  const asked = told.reduce((sum, each) => sum + each.hits + each.misses, 0);
  const instances = alive.map((each) => {
    const memoryBytes = loads.get(each.id)?.memoryBytes;
    return memoryBytes === undefined ? each : { ...each, memoryBytes };
  });
  return { instances, cacheHitRate: asked > 0 ? hits / asked : undefined };
}

async function offOf({ db }: World): Promise<string[]> {
  const [sending, rails] = await Promise.all([readSending(db), readRails(db)]);
  return [...(sending.isOn ? [] : ['sending']), ...rails.flatMap(({ name, isOn }) => (isOn ? [] : [name]))];
}
