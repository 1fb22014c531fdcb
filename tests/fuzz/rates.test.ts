// What a price source could answer, from broken bytes to prices in every notation: each is asked through the real asker,
// and what it makes of the answer is compared with a computation of its own; then the whole is offered for belief.
import fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { CURRENCIES } from '../../src/domain/currencies.ts';
import type { RateQuote, Rates } from '../../src/domain/fx.ts';
import { acceptQuotes, isPlausible } from '../../src/domain/fx-accept.ts';
import { binance } from '../../src/infra/rates/binance.ts';
import { coinbase } from '../../src/infra/rates/coinbase.ts';
import { coingecko } from '../../src/infra/rates/coingecko.ts';
import { fetchJsonFor } from '../../src/infra/rates/fetch-json.ts';
import { frankfurter } from '../../src/infra/rates/frankfurter.ts';
import { openErApi } from '../../src/infra/rates/open-er-api.ts';
import { LONGEST_MS, quick, RUNS } from './fuzz.ts';

afterAll(() => vi.unstubAllGlobals());

const NOW = Date.parse('2026-03-25T15:00:00Z');
const currencies = CURRENCIES.map(({ code }) => code);
const clock = { ...hostClock(), nowMs: () => NOW };
const SOURCES = { binance, coinbase, coingecko, frankfurter, openErApi };

/** A price as JSON may write it, and its millionths, computed by moving the point in the text. */
const price = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 14n }), fc.nat(9), fc.integer({ min: -6, max: 6 }), fc.boolean())
  .map(([units, decimals, exponent, isQuoted]) => {
    const padded = units.toString().padStart(decimals + 1, '0');
    const cut = padded.length - decimals;
    const plain = decimals > 0 ? `${padded.slice(0, cut)}.${padded.slice(cut)}` : padded;
    const text = exponent === 0 ? plain : `${plain}e${exponent}`;
    const point = 6 - decimals + exponent;
    const micro = BigInt(point >= 0 ? `${units}${'0'.repeat(point)}` : units.toString().slice(0, point) || '0');
    return { text, micro, json: isQuoted ? `"${text}"` : text };
  });
const wrong = fc.constantFrom('null', '"NaN"', '-5', '"1,000"', '[]', '{}', '"0x10"', '" 1"', 'true', '1e99', '""');
const written = fc.oneof({ weight: 5, arbitrary: price }, { weight: 1, arbitrary: wrong.map((json) => ({ json })) });

type Written = { json: string; micro?: bigint };
const BODIES: Record<keyof typeof SOURCES, (usd: Written, kes: Written) => string> = {
  binance: (usd) => `{"symbol":"BTCUSDT","price":${usd.json}}`,
  coinbase: (usd, kes) => `{"data":{"currency":"BTC","rates":{"USD":${usd.json},"KES":${kes.json}}}}`,
  coingecko: (usd, kes) => `{"bitcoin":{"usd":${usd.json},"kes":${kes.json},"last_updated_at":1774450000}}`,
  frankfurter: (_, kes) => `[{"date":"2026-03-25","base":"USD","quote":"KES","rate":${kes.json}}]`,
  openErApi: (_, kes) =>
    `{"result":"success","base_code":"USD","time_last_update_unix":1774450000,"rates":{"KES":${kes.json}}}`,
};
const names = Object.keys(SOURCES) as (keyof typeof SOURCES)[];

async function ask(name: keyof typeof SOURCES, body: string | Uint8Array<ArrayBuffer>, init: ResponseInit = {}) {
  const headers = { 'content-type': 'application/json', ...init.headers };
  vi.stubGlobal('fetch', async () => new Response(body, { ...init, headers }));
  const fetchJson = fetchJsonFor(name, { clock });
  return SOURCES[name](fetchJson, { baseUrl: 'http://source', currencies, nowMs: NOW });
}

test('a price is the one that was written, or none', { timeout: LONGEST_MS }, async () => {
  let told = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), written, written, async (name, usd: Written, kes: Written) => {
      const quotes = await ask(name, BODIES[name](usd, kes)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Error);
        return [];
      });
      for (const { pair, micro } of quotes) {
        told++;
        const isNegative = (pair.endsWith('USD') ? usd : kes).json === '-5';
        const isHuge = (pair.endsWith('USD') ? usd : kes).json === '1e99';
        if (isNegative || isHuge) expect(isPlausible(pair, micro)).toBe(false);
        else if (name === 'coinbase' && pair === 'USD/KES') expect(micro).toBe(divided(kes, usd));
        else expect(micro).toBe((pair.endsWith('USD') ? usd : kes).micro);
      }
    }),
    { numRuns: RUNS },
  );
  expect(told).toBeGreaterThan(RUNS / 10);
});

/** Millionths of one price over another, where neither has more than fifteen decimals. */
function divided(kes: Written, usd: Written): bigint {
  const exact = ({ json }: Written) => {
    const [mantissa = '', exponent = '0'] = json.replaceAll('"', '').split('e');
    const [whole = '', decimals = ''] = mantissa.split('.');
    return BigInt(whole + decimals) * 10n ** BigInt(18 - decimals.length + Number(exponent));
  };
  return (exact(kes) * 1_000_000n) / exact(usd);
}

test('broken answers cost an error and nothing else', { timeout: LONGEST_MS }, async () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes)),
    fc.json({ maxDepth: 4 }),
    fc
      .tuple(fc.constantFrom(...names), fc.nat(60))
      .map(([name, cut]) => BODIES[name]({ json: '1' }, { json: '2' }).slice(0, cut)),
    fc.constantFrom('[['.repeat(400), '{"bitcoin":{"__proto__":{"usd":5}}}', `{"a":${'1'.repeat(3_000)}}`),
  );
  const init = fc.record(
    {
      status: fc.constantFrom(200, 200, 200, 418, 429, 451, 500),
      headers: fc.record(
        {
          'content-type': fc.constantFrom('application/json', 'text/html', ''),
          'retry-after': fc.constantFrom('5', '-1', 'soon'),
          date: fc.constantFrom('x', new Date(NOW).toUTCString()),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), body, init, async (name, text, given) => {
      const begun = performance.now();
      const quotes = await ask(name, text, given as ResponseInit).catch((error: unknown) => {
        if (!(error instanceof Error)) throw new Error('not an error');
        return [];
      });
      const sound = quotes.every(({ micro, asOfMs }) => typeof micro === 'bigint' && Number.isFinite(asOfMs));
      return sound && performance.now() - begun < 1_000;
    }),
    { numRuns: RUNS },
  );
});

test('what is believed is plausible and lies among what was said or believed before', { timeout: LONGEST_MS }, () => {
  const quote: fc.Arbitrary<RateQuote> = fc.record({
    source: fc.constantFrom('a', 'b', 'c', 'd'),
    pair: fc.constantFrom('BTC/USD' as const, 'USD/KES' as const, 'BTC/KES' as const),
    micro: fc.oneof(
      fc.bigInt({ min: -5n, max: 10n ** 20n }),
      fc.bigInt({ min: 90_000_000_000n, max: 110_000_000_000n }),
      fc.bigInt({ min: 120_000_000n, max: 140_000_000n }),
    ),
    asOfMs: fc.oneof(fc.integer({ min: NOW - 600_000, max: NOW + 600_000 }), fc.integer()),
  });
  const EMPTY: Rates = { legs: [], waiting: [] };
  fc.assert(
    fc.property(fc.array(quote, { maxLength: 8 }), fc.array(quote, { maxLength: 8 }), (first, second) => {
      const before = acceptQuotes(EMPTY, first, NOW);
      const after = quick(() => acceptQuotes(before, second, NOW + 60_000));
      for (const { pair, micro, asOfMs } of after.legs) {
        const said = [...first, ...second].filter((each) => each.pair === pair).map((each) => each.micro);
        const isAmong = said.some((each) => each <= micro) && said.some((each) => each >= micro);
        if (!isPlausible(pair, micro) || !isAmong || asOfMs > NOW + 60_000) return false;
      }
      return true;
    }),
    { numRuns: RUNS },
  );
});
