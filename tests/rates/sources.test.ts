// All price sources at once against the sandbox that speaks their wire formats: the good day, and each way in which
// one of them goes wrong while the others go on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../sandbox/rates/faults.ts';
import { MARKET_PAIRS, startMarket } from '../../sandbox/rates/market.ts';
import { type RatesSandbox, startRates } from '../../sandbox/rates/server.ts';
import type { SandboxSource } from '../../sandbox/rates/sources.ts';
import { hostClock } from '../../src/base/clock.ts';
import type { OutsideEvent } from '../../src/base/outside.ts';
import { CURRENCIES } from '../../src/domain/currencies.ts';
import { displayRate, type Pair, type Rates } from '../../src/domain/fx.ts';
import { acceptQuotes } from '../../src/domain/fx-accept.ts';
import { createRateSources, SOURCES } from '../../src/infra/rates/sources.ts';

const NOTHING: Rates = { legs: [], waiting: [] };
const DAY = 24 * 60 * 60_000;
/** Long enough for a busy machine: whoever misses it hangs. */
const DEADLINE_MS = 3_000;
const WEDNESDAY = Date.parse('2026-03-25T12:00:00Z');

let sandbox: RatesSandbox;
let nowMs = WEDNESDAY;
const clock = { ...hostClock(), nowMs: () => nowMs };

beforeEach(async () => {
  nowMs = WEDNESDAY;
  sandbox = await startRates({ seed: 7, stepMs: 0, nowMs: () => nowMs });
});
afterEach(() => sandbox.stop());

function open(events: OutsideEvent[] = []) {
  return createRateSources({
    clock,
    urls: sandbox.urls,
    deadlineMs: DEADLINE_MS,
    onEvent: (event) => void events.push(event),
  });
}
const micro = (rates: Rates, pair: Pair) => rates.legs.find((leg) => leg.pair === pair)?.micro;

describe('a good day', () => {
  it('gives every pair of every source, and all ten rates', async () => {
    const { quotes, failures } = await open().fetchAll();
    expect(failures).toEqual([]);
    for (const { name, pairs } of SOURCES) {
      expect(quotes.filter(({ source }) => source === name).map(({ pair }) => pair)).toEqual(pairs);
    }
    const rates = acceptQuotes(NOTHING, quotes, nowMs);
    expect(rates.rejected).toEqual([]);
    for (const { code } of CURRENCIES) {
      const rate = displayRate(rates.legs, code, nowMs);
      expect(rate).toMatchObject({ stale: false });
      const expected = sandbox.price('BTC/USD') * sandbox.price(`USD/${code}`);
      expect(Number(rate?.microPerBtc) / 1_000_000 / expected).toBeCloseTo(1, 4);
    }
  });

  it('asks each source no more often than it wants', async () => {
    const sources = open();
    await sources.fetchAll();
    nowMs += 60_000;
    const { quotes } = await sources.fetchAll();
    expect(sandbox.asked()).toEqual({ coingecko: 2, binance: 2, coinbase: 2, 'open-er-api': 1, frankfurter: 1 });
    expect(quotes.filter(({ source }) => source === 'open-er-api')).toHaveLength(10);
    nowMs += 60 * 60_000;
    await sources.fetchAll();
    expect(sandbox.asked()).toMatchObject({ 'open-er-api': 2, frankfurter: 2 });
  });

  it('shows all ten on the daily sources alone', async () => {
    sandbox.fault('coinbase', { kind: 'server_error' });
    sandbox.fault('coingecko', { kind: 'server_error' });
    const { quotes } = await open().fetchAll();
    const { legs } = acceptQuotes(NOTHING, quotes, nowMs);
    for (const { code } of CURRENCIES)
      expect(displayRate(legs, code, nowMs)).toMatchObject({ stale: false, btcAgeMs: 0 });
  });
});

describe('one source goes wrong, the others go on', () => {
  it.each<[SandboxSource, Fault]>([
    ['coingecko', { kind: 'rate_limited', retryAfterSeconds: 60 }],
    ['binance', { kind: 'banned', retryAfterSeconds: 120 }],
    ['binance', { kind: 'blocked_place' }],
    ['coingecko', { kind: 'blocked_html' }],
    ['coinbase', { kind: 'html' }],
    ['coinbase', { kind: 'broken_json' }],
    ['open-er-api', { kind: 'server_error' }],
    ['frankfurter', { kind: 'hang' }],
    ['coinbase', { kind: 'endless' }],
  ])('J1: %s: %j', async (source, fault) => {
    sandbox.fault(source, fault);
    const { quotes, failures } = await open().fetchAll();
    expect(failures).toMatchObject([{ source }]);
    expect(new Set(quotes.map((quote) => quote.source)).size).toBe(SOURCES.length - 1);
    const { legs } = acceptQuotes(NOTHING, quotes, nowMs);
    for (const { code } of CURRENCIES) expect(displayRate(legs, code, nowMs)?.stale).toBe(false);
  });

  it.each<[SandboxSource, Fault]>([
    ['binance', { kind: 'zero' }],
    ['coinbase', { kind: 'zero' }],
    ['coinbase', { kind: 'negative' }],
    ['coingecko', { kind: 'multiplied', by: 10 }],
    ['coinbase', { kind: 'multiplied', by: 10, only: 'BTC' }],
    ['open-er-api', { kind: 'multiplied', by: 1_000, only: 'ZMW' }],
    ['frankfurter', { kind: 'multiplied', by: 1.2 }],
    ['coingecko', { kind: 'old', byMs: DAY }],
    ['open-er-api', { kind: 'old', byMs: 3 * DAY }],
  ])('J1: %s lies: %j', async (source, fault) => {
    sandbox.fault(source, fault);
    const { quotes } = await open().fetchAll();
    const { legs, rejected } = acceptQuotes(NOTHING, quotes, nowMs);
    // A negative source gives no fiat prices at all; every other lie is turned down by name.
    expect(rejected.length).toBeGreaterThan(0);
    expect(rejected.every(({ quote }) => quote.source === source)).toBe(true);
    for (const { code } of CURRENCIES) {
      const expected = sandbox.price('BTC/USD') * sandbox.price(`USD/${code}`);
      const rate = displayRate(legs, code, nowMs);
      expect(rate?.stale).toBe(false);
      expect(Number(rate?.microPerBtc) / 1_000_000 / expected).toBeCloseTo(1, 3);
    }
  });

  it('a missing currency costs only itself', async () => {
    sandbox.fault('coinbase', { kind: 'missing', pair: 'USD/BWP' });
    const { quotes, failures } = await open().fetchAll();
    expect(failures).toMatchObject([{ source: 'coinbase', pair: 'USD/BWP' }]);
    expect(quotes.filter(({ source }) => source === 'coinbase')).toHaveLength(10);
  });

  // A dollar's stand-in has to be near the dollar; for a price in dollars itself only the others speak.
  it.each(['binance', 'coinbase', 'coingecko'] as const)(
    'J1: a frozen %s is left behind as the market moves on',
    async (source) => {
      const sources = open();
      const before = acceptQuotes(NOTHING, (await sources.fetchAll()).quotes, nowMs);
      sandbox.fault(source, { kind: 'frozen' });
      sandbox.shift('BTC/USD', -400);
      nowMs += 60_000;
      const { quotes } = await sources.fetchAll();
      const { legs, rejected } = acceptQuotes(before, quotes, nowMs);
      expect(rejected.filter(({ quote }) => quote.pair === 'BTC/USD').map(({ quote }) => quote.source)).toEqual([
        source,
      ]);
      expect(Number(micro({ legs, waiting: [] }, 'BTC/USD')) / 1e6).toBeCloseTo(sandbox.price('BTC/USD'), 0);
    },
  );
});

describe('a source that wants to be left alone', () => {
  const asked = () => sandbox.asked().coingecko;

  it('is asked again after its Retry-After and not before', async () => {
    const events: OutsideEvent[] = [];
    const sources = open(events);
    sandbox.fault('coingecko', { kind: 'rate_limited', retryAfterSeconds: 1 });
    await sources.fetchAll();
    sandbox.fault('coingecko');
    await sources.fetchAll();
    await sources.fetchAll();
    expect(asked()).toBe(1);
    expect(events.some(({ kind, name }) => kind === 'opened' && name === 'rates coingecko')).toBe(true);
    await clock.sleep(1_050);
    const { failures } = await sources.fetchAll();
    expect(failures).toEqual([]);
    expect(asked()).toBe(2);
  });

  it('J1: all stale: the last rate stands, and says that it is stale', async () => {
    const sources = open();
    const before = acceptQuotes(NOTHING, (await sources.fetchAll()).quotes, nowMs);
    for (const { name } of SOURCES) sandbox.fault(name, { kind: 'server_error' });
    nowMs += 6 * 60_000;
    const after = acceptQuotes(before, (await sources.fetchAll()).quotes, nowMs);
    expect(displayRate(after.legs, 'KES', nowMs)).toMatchObject({ stale: true, btcAgeMs: 6 * 60_000 });
  });
});

describe('the sandbox', () => {
  it('walks the same way from the same seed, and only then', () => {
    const walk = (seed: number) => {
      const market = startMarket(seed);
      for (let step = 0; step < 100; step += 1) market.step();
      return MARKET_PAIRS.map(market.price);
    };
    expect(walk(1)).toEqual(walk(1));
    expect(walk(1)).not.toEqual(walk(2));
  });

  it('runs as a program with a line that says it is ready', async () => {
    const child = spawn(process.execPath, ['sandbox/rates/main.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = await once(createInterface(child.stdout), 'line');
      const { ready, url } = JSON.parse(line);
      expect(ready).toBe(true);
      const body = JSON.stringify({ pair: 'BTC/USD', price: 50_000 });
      await fetch(`${url}/control/freeze`, { method: 'POST', body });
      const state = await (await fetch(`${url}/control/set`, { method: 'POST', body })).json();
      expect(state).toMatchObject({ prices: { 'BTC/USD': 50_000 } });
      expect((await fetch(`${url}/control/set`, { method: 'POST', body: '{}' })).status).toBe(400);
    } finally {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      expect((await exited)[0]).toBe(0);
    }
  });
});
