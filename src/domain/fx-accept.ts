// Which of the prices just fetched to believe. Sources lie, freeze, drop digits and disagree: so nonsense and
// outliers go, the rest give a median, and a price that jumps waits for a second opinion before anyone sees it.
import { CURRENCIES, type CurrencyCode, currencyOf, USD } from './currencies.ts';
import { compose, isStale, type Leg, type Pair, type RateQuote, type Rates } from './fx.ts';

export type Rejection = {
  quote: RateQuote;
  /**
   * implausible: outside the currency's band, zero or negative. future: dated ahead of now. stale: too old.
   * superseded: an older quote by the same source. outlier: other sources agree on something else.
   * depegged: a stablecoin price away from the dollar's. undecided: sources contradict and nothing decides.
   */
  reason: 'implausible' | 'future' | 'stale' | 'superseded' | 'outlier' | 'depegged' | 'undecided';
};

export type Acceptance = Rates & { rejected: Rejection[] };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const BPS = 10_000n;

/** How far quotes may lie apart and still agree: 2 % for BTC/USD, 5 % for all that holds another currency. */
const AGREE_BPS = { btc: 200n, fiat: 500n } as const;
/** A stablecoin's price counts as the dollar's only while they are this near. */
const PEG_BPS = 100n;
/**
 * How far a leg may move by the word of one source: `stepBps` for every started `stepMs` since it was last accepted,
 * at most `mostBps`. Beyond that it waits; a later quote that confirms it is believed up to `confirmBps`, and beyond
 * that only another source is. Waiting ends after `patienceMs`.
 */
const JUMP = {
  btc: { stepBps: 1_000n, stepMs: 10 * MINUTE_MS, mostBps: 3_000n, confirmBps: 3_000n, patienceMs: 10 * MINUTE_MS },
  fiat: { stepBps: 800n, stepMs: DAY_MS, mostBps: 4_000n, confirmBps: 6_000n, patienceMs: 4 * DAY_MS },
} as const;
/** Clocks differ a little; a source further ahead than this is wrong. */
const AHEAD_MS = 2 * MINUTE_MS;
/** With nothing fresh, a fiat fixing this old is still kept, to be shown as stale. */
const KEEP_STALE_FIAT_MS = 14 * DAY_MS;

/**
 * Takes what was believed before and what was fetched now, gives what to believe from now on (with all former legs
 * that got no better price), what waits, and what was turned down and why. Pure: the result is the next call's
 * `previous`.
 */
export function acceptQuotes(previous: Rates, quotes: readonly RateQuote[], nowMs: number): Acceptance {
  const result: { legs: Leg[]; waiting: Leg[]; rejected: Rejection[] } = {
    legs: [...previous.legs],
    waiting: [],
    rejected: [],
  };
  // Direct pairs last: they are checked against what the two legs give.
  const pairs: Pair[] = [
    'BTC/USD',
    ...CURRENCIES.map(({ code }): Pair => `USD/${code}`),
    ...CURRENCIES.map(({ code }): Pair => `BTC/${code}`),
  ];
  for (const pair of pairs) {
    const former = previous.legs.find((leg) => leg.pair === pair);
    const waiting = previous.waiting.find((leg) => leg.pair === pair && stillWaits(leg, nowMs));
    const composed = composedMicro(result.legs, pair, nowMs);
    const usable = usableQuotes(pair, quotes, former, nowMs, result.rejected);
    const opinion = agreement(pair, usable, composed ?? former?.micro, composed !== undefined, nowMs, result.rejected);
    const verdict = opinion ? judge(opinion, former, waiting, nowMs) : 'keep';
    if (opinion && verdict === 'accept') result.legs = [...result.legs.filter((leg) => leg.pair !== pair), opinion];
    else if (opinion && verdict === 'wait') result.waiting.push(opinion);
    else if (waiting && usable.length === 0) result.waiting.push(waiting);
  }
  return result;
}

function limitsOf(pair: Pair) {
  return pair.startsWith('BTC/') ? JUMP.btc : JUMP.fiat;
}

function agreeBps(pair: Pair): bigint {
  return pair === 'BTC/USD' ? AGREE_BPS.btc : AGREE_BPS.fiat;
}

function composedMicro(legs: readonly Leg[], pair: Pair, nowMs: number): bigint | undefined {
  if (pair === 'BTC/USD' || pair.startsWith('USD/')) return undefined;
  const parts = [legs.find((leg) => leg.pair === 'BTC/USD'), legs.find((leg) => leg.pair === `USD/${pair.slice(4)}`)];
  const [btc, fiat] = parts.filter((leg) => leg && !isStale(leg.pair, leg.asOfMs, nowMs));
  return btc && fiat && compose(btc.micro, fiat.micro);
}

/** The quotes of a pair that are plausible and recent, the newest of each source, dates ahead of us set to now. */
function usableQuotes(
  pair: Pair,
  quotes: readonly RateQuote[],
  former: Leg | undefined,
  nowMs: number,
  rejected: Rejection[],
): RateQuote[] {
  const newest = new Map<string, RateQuote>();
  for (const quote of quotes) {
    if (quote.pair !== pair) continue;
    const kept = newest.get(quote.source);
    if (!isPlausible(pair, quote.micro)) rejected.push({ quote, reason: 'implausible' });
    else if (quote.asOfMs > nowMs + AHEAD_MS) rejected.push({ quote, reason: 'future' });
    else if (kept && kept.asOfMs >= quote.asOfMs) rejected.push({ quote, reason: 'superseded' });
    else {
      if (kept) rejected.push({ quote: kept, reason: 'superseded' });
      newest.set(quote.source, { ...quote, asOfMs: Math.min(quote.asOfMs, nowMs) });
    }
  }
  const all = [...newest.values()];
  const fresh = all.filter((quote) => !isStale(pair, quote.asOfMs, nowMs));
  const old = all.filter((quote) => isStale(pair, quote.asOfMs, nowMs));
  // Only when nobody has anything fresh is an old fixing better than none, and only if it is newer than ours.
  const keepsOld = fresh.length === 0 && pair.startsWith('USD/');
  const kept = keepsOld
    ? old.filter(({ asOfMs }) => nowMs - asOfMs <= KEEP_STALE_FIAT_MS && asOfMs > (former?.asOfMs ?? 0))
    : [];
  for (const quote of old) if (!kept.includes(quote)) rejected.push({ quote, reason: 'stale' });
  return fresh.length > 0 ? fresh : kept;
}

/** Whether a price is of the right order of magnitude at all. */
export function isPlausible(pair: Pair, micro: bigint): boolean {
  const inBand = (low: number, high: number) => micro >= BigInt(low) * 1_000_000n && micro <= BigInt(high) * 1_000_000n;
  if (pair === 'BTC/USD') return inBand(USD.perBtc.low, USD.perBtc.high);
  const { perUsd } = currencyOf(pair.slice(4) as CurrencyCode);
  return pair.startsWith('USD/')
    ? inBand(perUsd.low, perUsd.high)
    : inBand(USD.perBtc.low * perUsd.low, USD.perBtc.high * perUsd.high);
}

/**
 * The opinion of the largest group of quotes that agree with each other: their median, dated as the quote it was
 * taken from. Where two groups are equally large, `reference` (what we know already) decides; where it is `binding`,
 * a quote must agree with it.
 */
function agreement(
  pair: Pair,
  quotes: readonly RateQuote[],
  reference: bigint | undefined,
  binding: boolean,
  nowMs: number,
  rejected: Rejection[],
): Leg | undefined {
  const limit = agreeBps(pair);
  const pegged = withoutDepegged(quotes, rejected);
  const candidates = pegged.filter(
    ({ micro }) => !binding || reference === undefined || agree(micro, reference, limit),
  );
  const groups = candidates
    .map(({ micro }) => candidates.filter((other) => agree(micro, other.micro, limit)))
    .sort((a, b) => b.length - a.length || distance(a, reference) - distance(b, reference));
  const [best, ...others] = groups;
  const rival =
    best && reference === undefined && others.find((group) => group.length === best.length && !sameQuotes(group, best));
  // Two sources contradict, nothing known decides: agreeing neighbours are no contradiction, strangers are.
  const undecided = rival && !agree(median(rival).micro, median(best).micro, limit);
  const group = undecided ? [] : (best ?? []);
  for (const quote of pegged) {
    if (!group.includes(quote)) rejected.push({ quote, reason: undecided ? 'undecided' : 'outlier' });
  }
  if (group.length === 0) return undefined;
  return { pair, ...median(group), acceptedAtMs: nowMs, sources: group.map(({ source }) => source).sort() };
}

function withoutDepegged(quotes: readonly RateQuote[], rejected: Rejection[]): readonly RateQuote[] {
  const real = quotes.filter(({ standIn }) => standIn === undefined);
  if (real.length === 0) return quotes;
  return quotes.filter((quote) => {
    // Near one dollar quote is near the dollar: where these contradict, their middle is nobody's price. Far from all of
    // them it may as well be the dollar quotes that lie: the groups decide that.
    const isNear = (bps: bigint) => real.some(({ micro }) => agree(quote.micro, micro, bps));
    const depegged = quote.standIn !== undefined && !isNear(PEG_BPS) && isNear(1_000n);
    if (depegged) rejected.push({ quote, reason: 'depegged' });
    return !depegged;
  });
}

/** The middle of the quotes, or the mean of the middle two; dated as the older of those it is taken from. */
export function median(quotes: readonly RateQuote[]): { micro: bigint; asOfMs: number } {
  const sorted = [...quotes].sort((a, b) => (a.micro < b.micro ? -1 : a.micro > b.micro ? 1 : 0));
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  if (!high || !low) throw new RangeError('a median needs a quote');
  return { micro: (low.micro + high.micro) / 2n, asOfMs: Math.min(low.asOfMs, high.asOfMs) };
}

/** Says nothing about what others think of a price: it is none, or not of now, or the same source has a newer one. */
const NO_OPINION: ReadonlySet<Rejection['reason']> = new Set(['implausible', 'future', 'stale', 'superseded']);

/**
 * How far the sources lie apart, as a share of the lowest price, by pair; those that only one has a price for are left out.
 * Counts also those that were not believed because they lie apart.
 */
export function spreads(quotes: readonly RateQuote[], rejected: readonly Rejection[]): Record<string, number> {
  const ignored = new Set(rejected.filter(({ reason }) => NO_OPINION.has(reason)).map(({ quote }) => quote));
  const found: Record<string, number> = {};
  for (const [pair, all] of Map.groupBy(quotes, (quote) => quote.pair)) {
    const prices = all.filter((quote) => !ignored.has(quote)).map(({ micro }) => Number(micro));
    if (prices.length < 2) continue;
    const lowest = Math.min(...prices);
    found[pair] = (Math.max(...prices) - lowest) / lowest;
  }
  return found;
}

/** Whether two prices lie within `limitBps` hundredths of a percent of the smaller one. */
export function agree(a: bigint, b: bigint, limitBps: bigint): boolean {
  return differenceBps(a, b) <= limitBps;
}

function differenceBps(a: bigint, b: bigint): bigint {
  const [low, high] = a < b ? [a, b] : [b, a];
  return ((high - low) * BPS + low - 1n) / low;
}

function distance(group: readonly RateQuote[], reference: bigint | undefined): number {
  return reference === undefined ? 0 : Number(differenceBps(median(group).micro, reference));
}

function sameQuotes(a: readonly RateQuote[], b: readonly RateQuote[]): boolean {
  return a.length === b.length && a.every((quote) => b.includes(quote));
}

/** Believe it, keep what we have, or let it wait for a second opinion. */
function judge(
  opinion: Leg,
  former: Leg | undefined,
  waiting: Leg | undefined,
  nowMs: number,
): 'accept' | 'keep' | 'wait' {
  if (!former || opinion.sources.length > 1) return 'accept';
  // One source with older news than ours, the others being away for a moment, teaches nothing.
  if (opinion.asOfMs < former.asOfMs) return 'keep';
  const limits = limitsOf(opinion.pair);
  const jumpBps = differenceBps(opinion.micro, former.micro);
  if (jumpBps <= allowedBps(former, nowMs)) return 'accept';
  if (!waiting || !agree(opinion.micro, waiting.micro, agreeBps(opinion.pair))) return 'wait';
  const another = opinion.sources.some((source) => !waiting.sources.includes(source));
  // The same source repeating the same statement confirms nothing; a later statement does, up to a point.
  const confirmed = opinion.asOfMs > waiting.asOfMs && jumpBps <= limits.confirmBps;
  return another || confirmed ? 'accept' : 'wait';
}

function allowedBps(former: Leg, nowMs: number): bigint {
  const { stepBps, stepMs, mostBps } = limitsOf(former.pair);
  const steps = BigInt(Math.max(1, Math.ceil((nowMs - former.acceptedAtMs) / stepMs)));
  const allowed = stepBps * steps;
  return allowed < mostBps ? allowed : mostBps;
}

function stillWaits(waiting: Leg, nowMs: number): boolean {
  return nowMs - waiting.acceptedAtMs <= limitsOf(waiting.pair).patienceMs;
}
