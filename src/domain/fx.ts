// What a bitcoin is worth in a person's money, as integers. A rate is made of legs (BTC/USD and USD/XXX, or a direct
// BTC/XXX), each with its own age taken from its source; a stale leg makes the rate stale, and no rate is ever zero.
import { CURRENCIES, type CurrencyCode, type FiatCode, MSAT_PER_BTC, minorDigitsOf } from './currencies.ts';

/** What a source quotes: the price of one unit of the left in units of the right. */
export type Pair = 'BTC/USD' | `USD/${CurrencyCode}` | `BTC/${CurrencyCode}`;

/** One price by one source, not yet believed. */
export type RateQuote = {
  source: string;
  pair: Pair;
  /** Millionths of the right side's major unit for one of the left. */
  micro: bigint;
  /** When the source says this was the price; the moment of fetching where it does not say. */
  asOfMs: number;
  /** Set when the right side is really a stablecoin standing in for the dollar. */
  standIn?: 'USDT';
};

/** A price we believe, from the sources named. */
export type Leg = {
  pair: Pair;
  micro: bigint;
  /** Age counts from here: the time of the quote that the number was taken from. */
  asOfMs: number;
  /** When we took it. */
  acceptedAtMs: number;
  sources: readonly string[];
};

/** All we know of rates: what is believed, and what jumped and waits for a second opinion. At most one of each a pair. */
export type Rates = { legs: readonly Leg[]; waiting: readonly Leg[] };

/** A leg as a database row or a wire carries it. */
export type RateRow = {
  pair: string;
  state: 'accepted' | 'waiting';
  micro: string;
  asOfMs: number;
  acceptedAtMs: number;
  sources: string[];
};

export type DisplayRate = {
  /** Millionths of the currency's major unit for one BTC. */
  microPerBtc: bigint;
  btcAgeMs: number;
  /** Zero for the dollar, which has no second leg. */
  fiatAgeMs: number;
  /** Some leg is too old to be called the present price. Must be said wherever the rate is shown. */
  stale: boolean;
  sources: string[];
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A bitcoin price older than this is not the present one. */
export const BTC_STALE_AFTER_MS = 5 * MINUTE_MS;
/** Most of the ten have daily sources only: a day, and half of one for being late. */
export const FIAT_STALE_AFTER_MS = 36 * HOUR_MS;
/** The same when nobody fixed a rate over a weekend. */
export const FIAT_STALE_OVER_WEEKEND_MS = 80 * HOUR_MS;

const MICRO = 1_000_000n;

const PAIRS: ReadonlySet<string> = new Set<Pair>([
  'BTC/USD',
  ...CURRENCIES.flatMap(({ code }): Pair[] => [`USD/${code}`, `BTC/${code}`]),
]);

/** Whether the text names a pair that we know. */
export function isPair(text: string): text is Pair {
  return PAIRS.has(text);
}

/** BTC/XXX from BTC/USD and USD/XXX, in millionths; rounded down by less than one of them. */
export function compose(microUsdPerBtc: bigint, microFiatPerUsd: bigint): bigint {
  return (microUsdPerBtc * microFiatPerUsd) / MICRO;
}

/**
 * Whether a price of `pair` dated `asOfMs` is too old at `nowMs`. A bitcoin price after 5 minutes. A fiat one after
 * 36 hours not counting Saturday and Sunday (UTC), and after 80 hours in any case.
 */
export function isStale(pair: Pair, asOfMs: number, nowMs: number): boolean {
  const ageMs = nowMs - asOfMs;
  if (!pair.startsWith('USD/')) return ageMs > BTC_STALE_AFTER_MS;
  if (ageMs > FIAT_STALE_OVER_WEEKEND_MS) return true;
  return ageMs - weekendMs(asOfMs, nowMs) > FIAT_STALE_AFTER_MS;
}

/** How much of the time between two moments is Saturday or Sunday, UTC. Meant for spans of a few days. */
function weekendMs(fromMs: number, toMs: number): number {
  // 1970-01-03 was a Saturday: weeks counted from there begin with their weekend.
  const firstSaturday = 2 * DAY_MS;
  let total = 0;
  let saturday = Math.floor((fromMs - firstSaturday) / (7 * DAY_MS)) * 7 * DAY_MS + firstSaturday;
  for (; saturday < toMs; saturday += 7 * DAY_MS) {
    total += Math.max(0, Math.min(toMs, saturday + 2 * DAY_MS) - Math.max(fromMs, saturday));
  }
  return total;
}

/**
 * The rate to show at `nowMs`: composed of two legs, or the direct one where that is all we have or all that is fresh.
 * Undefined when some leg was never seen; never zero; `stale` when any part of it is too old.
 */
export function displayRate(legs: readonly Leg[], currency: FiatCode, nowMs: number): DisplayRate | undefined {
  const btc = legs.find(({ pair }) => pair === 'BTC/USD');
  if (currency === 'USD') return btc && rateOf([btc], btc.micro, nowMs);
  const fiat = legs.find(({ pair }) => pair === `USD/${currency}`);
  const direct = legs.find(({ pair }) => pair === `BTC/${currency}`);
  const composed = btc && fiat && rateOf([btc, fiat], compose(btc.micro, fiat.micro), nowMs);
  const quoted = direct && rateOf([direct], direct.micro, nowMs);
  if (composed && quoted) return composed.stale && !quoted.stale ? quoted : composed;
  return composed ?? quoted;
}

function rateOf(legs: readonly Leg[], microPerBtc: bigint, nowMs: number): DisplayRate | undefined {
  if (microPerBtc <= 0n) return undefined;
  const age = (first: 'BTC/' | 'USD/') =>
    Math.max(0, ...legs.filter(({ pair }) => pair.startsWith(first)).map(({ asOfMs }) => nowMs - asOfMs));
  return {
    microPerBtc,
    btcAgeMs: age('BTC/'),
    fiatAgeMs: age('USD/'),
    stale: legs.some(({ pair, asOfMs }) => isStale(pair, asOfMs, nowMs)),
    sources: [...new Set(legs.flatMap(({ sources }) => sources))],
  };
}

/** Down for what a person has or gets, up for what something costs them. */
export type Rounding = 'down' | 'up';

/** What `amountMsat` (not negative) is worth in minor units of the currency. */
export function minorFromMsat(amountMsat: bigint, microPerBtc: bigint, currency: FiatCode, rounding: Rounding): bigint {
  return divide(amountMsat * microPerBtc * minorPerMajor(currency), MSAT_PER_BTC * MICRO, rounding);
}

/** How many millisatoshi `minor` units (not negative) of the currency are worth. */
export function msatFromMinor(minor: bigint, microPerBtc: bigint, currency: FiatCode, rounding: Rounding): bigint {
  return divide(minor * MSAT_PER_BTC * MICRO, microPerBtc * minorPerMajor(currency), rounding);
}

function minorPerMajor(currency: FiatCode): bigint {
  return 10n ** BigInt(minorDigitsOf(currency));
}

function divide(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  if (dividend < 0n || divisor <= 0n) throw new RangeError('conversion needs an amount >= 0 and a rate > 0');
  return rounding === 'up' ? (dividend + divisor - 1n) / divisor : dividend / divisor;
}

/** The rows that hold these rates. */
export function ratesToRows(rates: Rates): RateRow[] {
  const row = (state: RateRow['state']) => (leg: Leg) => ({
    ...leg,
    state,
    micro: leg.micro.toString(),
    sources: [...leg.sources],
  });
  return [...rates.legs.map(row('accepted')), ...rates.waiting.map(row('waiting'))];
}

/** The rates that rows hold. Rows of a currency no longer in the list, or with a rate that is not above zero, are left out. */
export function ratesFromRows(rows: readonly RateRow[]): Rates {
  const legsIn = (wanted: RateRow['state']): Leg[] =>
    rows.flatMap(({ state, pair, micro, ...rest }) =>
      state === wanted && isPair(pair) && /^[1-9]\d*$/.test(micro) ? [{ ...rest, pair, micro: BigInt(micro) }] : [],
    );
  return { legs: legsIn('accepted'), waiting: legsIn('waiting') };
}
