// Rates: fetched by the worker, believed only as domain/fx-accept.ts allows, kept as rows, shown to everyone with their
// age. A source that is down or lies changes nothing but the age; no rate is ever guessed.
import { CURRENCIES, isCurrencyCode } from '../domain/currencies.ts';
import { type DisplayRate, displayRate, type Leg, type Pair, type Rates, ratesFromRows } from '../domain/fx.ts';
import { acceptQuotes, spreads } from '../domain/fx-accept.ts';
import type { Queryable } from '../infra/db/client.ts';
import { insertRates, newestRates, type RateRow } from '../infra/db/rates.ts';
import type { RateSources } from '../infra/rates/sources.ts';
import type { Cache } from '../infra/redis/cache.ts';
import type { World } from '../world.ts';
import { keepFound, readFound } from './found.ts';

const PAIRS: readonly Pair[] = ['BTC/USD', ...CURRENCIES.flatMap(({ code }): Pair[] => [`USD/${code}`, `BTC/${code}`])];
/** Older rows say nothing about now. */
const LOOK_BACK_MS = 7 * 24 * 60 * 60_000;
const CACHED_MS = 5_000;
const CACHE_KEY = 'rates:newest';

/** Asks every source and keeps what is believed. Called once a minute. */
export async function refresh(world: World, sources: RateSources): Promise<void> {
  const [{ quotes, failures }, before] = await Promise.all([sources.fetchAll(), load(world, world.db)]);
  for (const { source } of quotes) world.metrics.rateFetches.inc({ source, result: 'ok' });
  for (const { source, error } of failures) {
    world.metrics.rateFetches.inc({ source, result: 'failed' });
    world.log.warn('price source failed', { source, error });
  }
  const nowMs = world.clock.nowMs();
  const after = acceptQuotes(before, quotes, nowMs);
  for (const { quote, reason } of after.rejected) {
    if (reason !== 'superseded')
      world.log.warn('price not believed', { source: quote.source, pair: quote.pair, reason });
  }
  await keepFound(world, 'rate_spread', spreads(quotes, after.rejected));
  const rows = [
    ...changed(before.legs, after.legs, 'accepted'),
    ...changed(before.waiting, after.waiting, 'waiting'),
    ...settled(before, after),
  ];
  await insertRates(
    world.db,
    rows.map((row) => ({ ...row, id: world.ids.next(), atMs: nowMs })),
  );
  await world.cache.clear(CACHE_KEY);
  readings.delete(world.cache);
}

function changed(
  before: readonly Leg[],
  after: readonly Leg[],
  state: RateRow['state'],
): Omit<RateRow, 'id' | 'atMs'>[] {
  return after
    .filter((leg) => {
      const former = before.find((each) => each.pair === leg.pair);
      return former?.micro !== leg.micro || former.asOfMs !== leg.asOfMs;
    })
    .map((leg) => ({
      leg: leg.pair,
      micro: leg.micro,
      sources: [...leg.sources],
      state,
      sourceAtMs: leg.asOfMs,
    }));
}

// A price that no longer waits, though nothing took its place: saying the present one again makes its row history.
function settled(before: Rates, after: Rates): Omit<RateRow, 'id' | 'atMs'>[] {
  const gone = before.waiting.filter(({ pair }) => !after.waiting.some((leg) => leg.pair === pair));
  const legs = after.legs.filter((leg) => gone.some(({ pair }) => pair === leg.pair));
  return changed([], legs, 'accepted');
}

async function load(world: World, q: Queryable): Promise<Rates> {
  const rows = await newestRates(q, PAIRS, world.clock.nowMs() - LOOK_BACK_MS);
  const asRow = (row: RateRow) => ({
    pair: row.leg,
    state: row.state,
    micro: String(row.micro),
    asOfMs: row.sourceAtMs,
    acceptedAtMs: row.atMs,
    sources: row.sources,
  });
  const accepted = new Map(rows.filter(({ state }) => state === 'accepted').map((row) => [row.leg, row.atMs]));
  // A waiting price that was decided since is history.
  const live = rows.filter((row) => row.state === 'accepted' || row.atMs > (accepted.get(row.leg) ?? 0));
  return ratesFromRows(live.map(asRow));
}

/** Sets the gauges of each leg's age and of how far its sources lie apart. */
export async function measureAges(world: World): Promise<void> {
  const nowMs = world.clock.nowMs();
  for (const leg of await newest(world)) {
    world.metrics.rateAgeSeconds.set({ leg: leg.pair }, (nowMs - leg.asOfMs) / 1_000);
  }
  const found = await readFound(world, 'rate_spread');
  world.metrics.rateSpread.reset();
  for (const [leg, spread] of Object.entries(found)) world.metrics.rateSpread.set({ leg }, spread);
}

/** What a bitcoin is worth in a currency, with the age of each leg; undefined when we cannot say at all. */
export async function shown(world: World, currency: string): Promise<DisplayRate | undefined> {
  if (currency !== 'USD' && !isCurrencyCode(currency)) return undefined;
  return displayRate(await newest(world), currency, world.clock.nowMs());
}

/** Of what one process shows within this time, all is worked out from one reading: each has thirty legs to be read. */
const READ_MS = 500;
const readings = new WeakMap<Cache, { readonly legs: Promise<readonly Leg[]>; readonly untilMs: number }>();

function newest(world: World): Promise<readonly Leg[]> {
  const nowMs = world.clock.monotonicMs();
  const last = readings.get(world.cache);
  if (last && nowMs < last.untilMs) return last.legs;
  const legs = read(world);
  readings.set(world.cache, { legs, untilMs: nowMs + READ_MS });
  // What could not be read is read again by the next who asks.
  legs.catch(() => readings.delete(world.cache));
  return legs;
}

async function read(world: World): Promise<readonly Leg[]> {
  const legs = await world.cache.getOrLoad(CACHE_KEY, CACHED_MS, async () => {
    const { legs: loaded } = await load(world, world.db);
    return loaded.map((leg) => ({ ...leg, micro: String(leg.micro) }));
  });
  return legs.map((leg) => ({ ...leg, micro: BigInt(leg.micro) }));
}
