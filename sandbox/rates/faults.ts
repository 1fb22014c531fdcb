// What can go wrong with a price source, switched on one source at a time: refusals in the source's own words, HTML,
// silence, and the quiet ones, where the answer looks right and is not.
import type { CurrencyCode } from '../../src/domain/currencies.ts';
import type { MarketPair } from './market.ts';
import type { Answer, PriceOf, SandboxSource } from './sources.ts';

export type Fault =
  | { kind: 'rate_limited'; retryAfterSeconds?: number }
  | { kind: 'banned'; retryAfterSeconds?: number }
  | { kind: 'blocked_place' }
  | { kind: 'blocked_html' }
  | { kind: 'html' }
  | { kind: 'broken_json' }
  | { kind: 'server_error' }
  | { kind: 'hang' }
  | { kind: 'endless' }
  | { kind: 'missing'; pair: MarketPair }
  /** Says for ever what it says now. */
  | { kind: 'frozen' }
  | { kind: 'zero' }
  | { kind: 'negative' }
  /** Every price times `by`: 10 for a slipped point, 1000 for a currency's old code. */
  | { kind: 'multiplied'; by: number; only?: CurrencyCode | 'BTC' }
  /** Dates everything this much earlier. */
  | { kind: 'old'; byMs: number };

const HTML =
  '<!DOCTYPE html><html><head><title>Attention Required!</title></head><body>Sorry, you have been blocked</body></html>';

const RATE_LIMITED: Record<SandboxSource, unknown> = {
  coingecko: {
    status: {
      error_code: 429,
      error_message:
        "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API plans for higher rate limits.",
    },
  },
  binance: {
    code: -1003,
    msg: 'Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.',
  },
  coinbase: { errors: [{ id: 'rate_limit_exceeded', message: 'Too many requests' }] },
  'open-er-api': { result: 'error', 'error-type': 'quota-reached' },
  frankfurter: { status: 429, message: 'too many requests' },
};

const BLOCKED_PLACE = {
  code: 0,
  msg: "Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms. Please contact customer service if you believe you received this message in error.",
};

export type FaultyAnswer = Answer & { headers?: Record<string, string>; html?: boolean };

/** The answer of a fault that refuses outright; undefined for those that only bend the prices or say nothing at all. */
export function refusalOf(source: SandboxSource, fault: Fault | undefined): FaultyAnswer | undefined {
  const retryAfter = (seconds: number | undefined) => (seconds === undefined ? {} : { 'retry-after': String(seconds) });
  switch (fault?.kind) {
    case 'rate_limited':
      return { status: 429, body: RATE_LIMITED[source], headers: retryAfter(fault.retryAfterSeconds) };
    case 'banned':
      return {
        status: 418,
        body: {
          code: -1003,
          msg: 'Way too much request weight used; IP banned until 1659146400000. Please use WebSocket Streams for live updates to avoid bans.',
        },
        headers: retryAfter(fault.retryAfterSeconds),
      };
    case 'blocked_place':
      return { status: 451, body: BLOCKED_PLACE };
    case 'blocked_html':
      return { status: 403, body: HTML, html: true };
    case 'html':
      return { status: 200, body: HTML, html: true };
    case 'server_error':
      return { status: 503, body: { status: 503, message: 'deadline exceeded' } };
    default:
      return undefined;
  }
}

/** The prices as a source with this fault sees them. */
export function bend(price: PriceOf, fault: Fault | undefined): PriceOf {
  switch (fault?.kind) {
    case 'missing':
      return (pair) => (pair === fault.pair ? undefined : price(pair));
    case 'zero':
      return () => 0;
    case 'negative':
      return (pair) => -(price(pair) ?? 0);
    case 'multiplied':
      return (pair) => {
        const value = price(pair);
        const hit = fault.only === undefined || pair === (fault.only === 'BTC' ? 'BTC/USD' : `USD/${fault.only}`);
        return value !== undefined && hit ? value * fault.by : value;
      };
    default:
      return price;
  }
}
