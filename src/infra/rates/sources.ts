// The list of price sources, and asking them all at once. Each stands alone: one that hangs, lies, blocks us or
// answers nonsense costs only its own quotes. A new source is its file and one entry here.
import type { Clock } from '../../base/clock.ts';
import type { OutsideEvent } from '../../base/outside.ts';
import { CURRENCIES, type CurrencyCode } from '../../domain/currencies.ts';
import type { Pair, RateQuote } from '../../domain/fx.ts';
import { binance } from './binance.ts';
import { coinbase } from './coinbase.ts';
import { coingecko } from './coingecko.ts';
import { fetchJsonFor } from './fetch-json.ts';
import { frankfurter } from './frankfurter.ts';
import { openErApi } from './open-er-api.ts';
import type { Source } from './source.ts';

const MINUTE_MS = 60_000;
const ALL = CURRENCIES.map(({ code }) => code);

type SourceEntry = {
  name: string;
  /** The operator's variable that names another address. */
  variable: string;
  baseUrl: string;
  ask: Source;
  currencies: readonly CurrencyCode[];
  /** What a full answer holds; what lacks of it is reported. */
  pairs: readonly Pair[];
  /** It is not asked more often; in between, its last answer stands with its age. */
  everyMs: number;
  tooManyMs?: number;
};

const usdPairs = ALL.map((code): Pair => `USD/${code}`);
const COINGECKO_HAS = ['KES', 'NGN', 'ZAR', 'ZMW'] as const;

/** All price sources. */
export const SOURCES = [
  {
    name: 'coingecko',
    variable: 'RATES_COINGECKO_URL',
    baseUrl: 'https://api.coingecko.com/api/v3',
    ask: coingecko,
    currencies: COINGECKO_HAS,
    pairs: ['BTC/USD', ...COINGECKO_HAS.map((code): Pair => `BTC/${code}`)],
    everyMs: MINUTE_MS,
  },
  {
    name: 'binance',
    variable: 'RATES_BINANCE_URL',
    baseUrl: 'https://data-api.binance.vision',
    ask: binance,
    currencies: [],
    pairs: ['BTC/USD'],
    everyMs: 10_000,
  },
  {
    name: 'coinbase',
    variable: 'RATES_COINBASE_URL',
    baseUrl: 'https://api.coinbase.com',
    ask: coinbase,
    currencies: ALL,
    pairs: ['BTC/USD', ...usdPairs],
    everyMs: 10_000,
  },
  {
    name: 'open-er-api',
    variable: 'RATES_OPEN_ER_API_URL',
    baseUrl: 'https://open.er-api.com',
    ask: openErApi,
    currencies: ALL,
    pairs: usdPairs,
    everyMs: 60 * MINUTE_MS,
    tooManyMs: 20 * MINUTE_MS,
  },
  {
    name: 'frankfurter',
    variable: 'RATES_FRANKFURTER_URL',
    baseUrl: 'https://api.frankfurter.dev',
    ask: frankfurter,
    currencies: ALL,
    pairs: usdPairs,
    everyMs: 60 * MINUTE_MS,
  },
] as const satisfies readonly SourceEntry[];

export type SourceName = (typeof SOURCES)[number]['name'];

/** What a source did not give: a pair it should have, or (without pair) anything at all. */
export type SourceFailure = { source: SourceName; pair?: Pair; error: Error };

/** Everything the sources said, and what they failed to say. */
export type Fetched = { quotes: RateQuote[]; failures: SourceFailure[] };

export type RateSources = {
  /** Asks every source whose turn it is, at once, within the deadline. Never throws. */
  fetchAll(): Promise<Fetched>;
};

export type RateSourcesOptions = {
  clock: Clock;
  /** Other addresses than the public ones, by source. */
  urls?: Partial<Record<SourceName, string>>;
  deadlineMs?: number;
  onEvent?: (event: OutsideEvent) => void;
};

/** Prepares all sources, each with a circuit breaker of its own. Keeps nothing open that would need closing. */
export function createRateSources(options: RateSourcesOptions): RateSources {
  const { clock, urls = {}, ...fetchOptions } = options;
  const askers = SOURCES.map((entry) => askerOf(entry, urls[entry.name] ?? entry.baseUrl, clock, fetchOptions));
  return {
    async fetchAll() {
      const answers = await Promise.all(askers.map((ask) => ask()));
      return {
        quotes: answers.flatMap(({ quotes }) => quotes),
        failures: answers.flatMap(({ failures }) => failures),
      };
    },
  };
}

function askerOf(
  entry: SourceEntry & { name: SourceName },
  url: string,
  clock: Clock,
  options: { deadlineMs?: number; onEvent?: (event: OutsideEvent) => void },
): () => Promise<Fetched> {
  const { name: source, currencies, pairs, everyMs, tooManyMs } = entry;
  const fetchJson = fetchJsonFor(source, { clock, ...options, ...(tooManyMs && { tooManyMs }) });
  const baseUrl = url.replace(/\/+$/, '');
  let last: { atMs: number; fetched: Fetched } | undefined;
  return async () => {
    const nowMs = clock.nowMs();
    // A little early is in time: ticks do not come to the millisecond.
    if (last && nowMs - last.atMs < everyMs * 0.9) return last.fetched;
    try {
      const quotes = await entry.ask(fetchJson, { baseUrl, currencies, nowMs });
      const missing = pairs.filter((pair) => !quotes.some((quote) => quote.pair === pair));
      const failures = missing.map((pair) => ({ source, pair, error: new Error(`${source} has no ${pair}`) }));
      last = { atMs: nowMs, fetched: { quotes, failures } };
      return last.fetched;
    } catch (error) {
      last = undefined;
      return { quotes: [], failures: [{ source, error: error instanceof Error ? error : new Error(String(error)) }] };
    }
  };
}
