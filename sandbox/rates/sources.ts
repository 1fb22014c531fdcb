// How each price source words its answers: paths, shapes, number or string, and its own refusals. Kept to what the
// real ones were seen to send, because the product's parsers are tested against this.
import { CURRENCIES, type CurrencyCode } from '../../src/domain/currencies.ts';
import type { MarketPair } from './market.ts';

export const SOURCE_NAMES = ['coingecko', 'binance', 'coinbase', 'open-er-api', 'frankfurter'] as const;
export type SandboxSource = (typeof SOURCE_NAMES)[number];

/** A price after the source's faults were applied; undefined where the key is to be missing. */
export type PriceOf = (pair: MarketPair) => number | undefined;

export type Answer = { status: number; body: unknown };

/** Gives the answer to a path (without the source's own prefix), prices and the time the source claims. */
export type Speaker = (path: string, query: URLSearchParams, price: PriceOf, nowMs: number) => Answer;

const COINGECKO_FIAT = ['KES', 'NGN', 'ZAR', 'ZMW'] as const;

const btcIn = (price: PriceOf, code: CurrencyCode): number | undefined => {
  const [usd, fiat] = [price('BTC/USD'), price(`USD/${code}`)];
  return usd === undefined || fiat === undefined ? undefined : usd * fiat;
};

const coingecko: Speaker = (path, query, price, nowMs) => {
  if (path === '/ping') return { status: 200, body: { gecko_says: '(V3) To the Moon!' } };
  if (path !== '/simple/price') return { status: 404, body: { error: 'coin not found' } };
  if (query.get('ids') !== 'bitcoin') return { status: 200, body: {} };
  const wanted = (query.get('vs_currencies') ?? '').split(',');
  const prices: Record<string, number | undefined> = {};
  if (wanted.includes('usd')) prices.usd = price('BTC/USD');
  for (const code of COINGECKO_FIAT)
    if (wanted.includes(code.toLowerCase())) prices[code.toLowerCase()] = btcIn(price, code);
  if (query.get('include_last_updated_at') === 'true') prices.last_updated_at = Math.floor(nowMs / 1_000);
  return { status: 200, body: { bitcoin: prices } };
};

const binance: Speaker = (path, query, price) => {
  if (path === '/api/v3/ping') return { status: 200, body: {} };
  if (path !== '/api/v3/ticker/price') return { status: 404, body: { code: -1, msg: 'Not found' } };
  const symbol = query.get('symbol');
  // Delisted in 2024; it still answers with its last price unless asked for trading markets only.
  if (symbol === 'BTCNGN') {
    return query.get('symbolStatus') === 'TRADING'
      ? { status: 400, body: { code: -1220, msg: 'The symbol does not match the requested status.' } }
      : { status: 200, body: { symbol, price: '99822596.00000000' } };
  }
  if (symbol !== 'BTCUSDT') return { status: 400, body: { code: -1121, msg: 'Invalid symbol.' } };
  return { status: 200, body: { symbol, price: price('BTC/USD')?.toFixed(8) } };
};

const coinbase: Speaker = (path, query, price) => {
  if (path !== '/v2/exchange-rates')
    return { status: 404, body: { errors: [{ id: 'not_found', message: 'Not found' }] } };
  const currency = query.get('currency') ?? 'USD';
  if (currency !== 'BTC' && currency !== 'USD') {
    return { status: 400, body: { errors: [{ id: 'invalid_request', message: 'Currency is invalid' }] } };
  }
  const rates: Record<string, string | undefined> = { AED: '3.6725', BTC: currency === 'BTC' ? '1.0' : undefined };
  rates.USD = currency === 'BTC' ? price('BTC/USD')?.toFixed(3) : '1.0';
  for (const { code, minorDigits } of CURRENCIES) {
    rates[code] = (currency === 'BTC' ? btcIn(price, code) : price(`USD/${code}`))?.toFixed(minorDigits);
  }
  return { status: 200, body: { data: { currency, rates } } };
};

const openErApi: Speaker = (path, _query, price, nowMs) => {
  if (!path.startsWith('/v6/latest/'))
    return { status: 404, body: { result: 'error', 'error-type': 'malformed-request' } };
  if (path !== '/v6/latest/USD') return { status: 404, body: { result: 'error', 'error-type': 'unsupported-code' } };
  const dayMs = 86_400_000;
  const updatedMs = Math.floor(nowMs / dayMs) * dayMs + 152_000;
  // Before the day's update yesterday's still stands.
  const lastMs = updatedMs > nowMs ? updatedMs - dayMs : updatedMs;
  const rates = Object.fromEntries(CURRENCIES.map(({ code }) => [code, round(price(`USD/${code}`), 6)]));
  return {
    status: 200,
    body: {
      result: 'success',
      provider: 'https://www.exchangerate-api.com',
      documentation: 'https://www.exchangerate-api.com/docs/free',
      terms_of_use: 'https://www.exchangerate-api.com/terms',
      time_last_update_unix: lastMs / 1_000,
      time_last_update_utc: new Date(lastMs).toUTCString().replace('GMT', '+0000'),
      time_next_update_unix: (lastMs + dayMs) / 1_000,
      time_next_update_utc: new Date(lastMs + dayMs).toUTCString().replace('GMT', '+0000'),
      time_eol_unix: 0,
      base_code: 'USD',
      rates: { USD: 1, AED: 3.6725, ...rates },
    },
  };
};

const frankfurter: Speaker = (path, query, price, nowMs) => {
  if (path !== '/v2/rates') return { status: 404, body: { status: 404, message: 'not found' } };
  const wanted = (query.get('quotes') ?? CURRENCIES.map(({ code }) => code).join(',')).split(',');
  const unknown = wanted.find((code) => code !== 'USD' && !CURRENCIES.some((currency) => currency.code === code));
  if (unknown) return { status: 422, body: { status: 422, message: `invalid currency: ${unknown}` } };
  const rows = CURRENCIES.filter(({ code }) => wanted.includes(code)).flatMap(({ code }) => {
    const rate = round(price(`USD/${code}`), 4);
    return rate === undefined
      ? []
      : [{ date: lastWorkingDay(nowMs), base: query.get('base') ?? 'EUR', quote: code, rate }];
  });
  return { status: 200, body: rows };
};

function lastWorkingDay(nowMs: number): string {
  const day = new Date(nowMs);
  while (day.getUTCDay() === 0 || day.getUTCDay() === 6) day.setUTCDate(day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}

function round(value: number | undefined, digits: number): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(digits));
}

/** Where each source lives under the sandbox's address, and how it speaks. */
export const SPEAKERS: Record<SandboxSource, { prefix: string; speak: Speaker }> = {
  coingecko: { prefix: '/coingecko/api/v3', speak: coingecko },
  binance: { prefix: '/binance', speak: binance },
  coinbase: { prefix: '/coinbase', speak: coinbase },
  'open-er-api': { prefix: '/open-er-api', speak: openErApi },
  frankfurter: { prefix: '/frankfurter', speak: frankfurter },
};
