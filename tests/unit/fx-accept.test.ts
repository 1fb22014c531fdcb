// Which prices are believed: one source times ten, zero, old, frozen or alone; disagreement; jumps and their second
// opinions.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pair, RateQuote, Rates } from '../../src/domain/fx.ts';
import { acceptQuotes, median } from '../../src/domain/fx-accept.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse('2026-03-25T12:00:00Z');
const NOTHING: Rates = { legs: [], waiting: [] };

const quote = (source: string, pair: Pair, units: number, ageMs = 10_000, nowMs = NOW): RateQuote => ({
  source,
  pair,
  micro: BigInt(Math.round(units * 1_000_000)),
  asOfMs: nowMs - ageMs,
});
const btc = (source: string, units: number, ageMs?: number, nowMs?: number) =>
  quote(source, 'BTC/USD', units, ageMs, nowMs);
const believed = (rates: Rates, pair: Pair = 'BTC/USD') => rates.legs.find((leg) => leg.pair === pair);
const units = (rates: Rates, pair?: Pair) => Number(believed(rates, pair)?.micro ?? 0n) / 1_000_000;

describe('one round', () => {
  it('takes the median, dated as the quote it comes from', () => {
    const rates = acceptQuotes(
      NOTHING,
      [btc('a', 94_000, 1_000), btc('b', 94_100, 50_000), btc('c', 94_900, 2_000)],
      NOW,
    );
    expect(believed(rates)).toEqual({
      pair: 'BTC/USD',
      micro: 94_100_000_000n,
      asOfMs: NOW - 50_000,
      acceptedAtMs: NOW,
      sources: ['a', 'b', 'c'],
    });
  });

  it.each([
    ['times ten', 940_000],
    ['a tenth', 9_400],
    ['3 % off', 96_900],
  ])('drops one source that says %s', (_name, wrong) => {
    const rates = acceptQuotes(NOTHING, [btc('a', 94_000), btc('b', 94_050), btc('c', wrong)], NOW);
    expect(units(rates)).toBe(94_025);
    expect(rates.rejected).toMatchObject([{ quote: { source: 'c' }, reason: 'outlier' }]);
  });

  it('J1: never believes zero, less, nonsense, the past or the future', () => {
    const bad = [btc('a', 0), btc('b', -94_000), btc('c', 94), btc('d', 94_000, 6 * MINUTE), btc('e', 94_000, -HOUR)];
    const rates = acceptQuotes(NOTHING, bad, NOW);
    expect(rates.legs).toEqual([]);
    expect(rates.rejected.map(({ reason }) => reason).sort()).toEqual([
      'future',
      'implausible',
      'implausible',
      'implausible',
      'stale',
    ]);
  });

  it('catches the old kwacha at a thousand times', () => {
    const rates = acceptQuotes(NOTHING, [quote('a', 'USD/ZMW', 24_600), quote('b', 'USD/ZMW', 24.6)], NOW);
    expect(units(rates, 'USD/ZMW')).toBe(24.6);
  });

  it('lets the former leg decide between two that contradict, and nobody where there is none', () => {
    const pair = [btc('a', 94_000), btc('b', 99_000)];
    const alone = acceptQuotes(NOTHING, pair, NOW);
    expect(alone.legs).toEqual([]);
    expect(alone.rejected.map(({ reason }) => reason)).toEqual(['undecided', 'undecided']);
    const before = acceptQuotes(NOTHING, [btc('a', 94_100, 0, NOW - MINUTE)], NOW - MINUTE);
    expect(units(acceptQuotes(before, pair, NOW))).toBe(94_000);
  });

  it('leaves a stablecoin out when it is away from the dollar', () => {
    const tether = { ...btc('binance', 95_200), standIn: 'USDT' as const };
    expect(believed(acceptQuotes(NOTHING, [tether, btc('coinbase', 94_000)], NOW))).toMatchObject({
      micro: 94_000_000_000n,
      sources: ['coinbase'],
    });
    expect(units(acceptQuotes(NOTHING, [tether], NOW))).toBe(95_200);
  });

  it('checks a direct pair against the two legs', () => {
    const legs = [btc('a', 94_000), quote('b', 'USD/KES', 129.1)];
    const good = acceptQuotes(NOTHING, [...legs, quote('c', 'BTC/KES', 12_140_000)], NOW);
    expect(units(good, 'BTC/KES')).toBe(12_140_000);
    const bad = acceptQuotes(NOTHING, [...legs, quote('c', 'BTC/KES', 121_400_000)], NOW);
    expect(believed(bad, 'BTC/KES')).toBeUndefined();
    expect(bad.rejected).toMatchObject([{ reason: 'outlier' }]);
  });

  it('prefers fresh fiat, keeps an old fixing only when there is nothing else', () => {
    const old = quote('a', 'USD/GHS', 12.4, 40 * HOUR);
    const mixed = acceptQuotes(NOTHING, [old, quote('b', 'USD/GHS', 12.5, 20 * HOUR)], NOW);
    expect(believed(mixed, 'USD/GHS')?.sources).toEqual(['b']);
    const only = acceptQuotes(NOTHING, [old], NOW);
    expect(believed(only, 'USD/GHS')?.asOfMs).toBe(NOW - 40 * HOUR);
    expect(acceptQuotes(only, [old], NOW).rejected).toMatchObject([{ reason: 'stale' }]);
    expect(acceptQuotes(NOTHING, [quote('a', 'USD/GHS', 12.4, 15 * 24 * HOUR)], NOW).legs).toEqual([]);
  });

  it('keeps what it believed when one source alone has older news', () => {
    const before = acceptQuotes(NOTHING, [btc('a', 94_000, 0), btc('b', 94_000, 0)], NOW);
    expect(acceptQuotes(before, [btc('c', 94_500, 2 * MINUTE)], NOW).legs).toEqual(before.legs);
  });

  it('keeps what it believed when nobody answers', () => {
    const before = acceptQuotes(NOTHING, [btc('a', 94_000)], NOW);
    expect(acceptQuotes(before, [], NOW + HOUR).legs).toEqual(before.legs);
  });
});

describe('a jump', () => {
  const before = acceptQuotes(NOTHING, [btc('a', 94_000), btc('b', 94_000)], NOW);
  const later = NOW + MINUTE;

  it('within the band is taken at once', () => {
    expect(units(acceptQuotes(before, [btc('a', 86_000, 0, later)], later))).toBe(86_000);
  });

  it('beyond it waits, then a later word of the same source is enough up to 30 %', () => {
    const first = acceptQuotes(before, [btc('a', 80_000, 0, later)], later);
    expect(units(first)).toBe(94_000);
    expect(first.waiting).toMatchObject([{ micro: 80_000_000_000n }]);
    const again = later + MINUTE;
    expect(units(acceptQuotes(first, [btc('a', 80_100, 0, again)], again))).toBe(80_100);
    expect(units(acceptQuotes(first, [btc('a', 80_000, MINUTE, again)], again))).toBe(94_000);
  });

  it('is taken at once when two sources agree, and soon when another one does', () => {
    const two = acceptQuotes(before, [btc('a', 80_000, 0, later), btc('b', 80_200, 0, later)], later);
    expect(units(two)).toBe(80_100);
    const first = acceptQuotes(before, [btc('a', 80_000, 0, later)], later);
    expect(units(acceptQuotes(first, [btc('b', 80_000, 0, later)], later + 1_000))).toBe(80_000);
  });

  it('J1: times ten by one source alone is never taken, however often it is said', () => {
    let rates: Rates = before;
    for (let minute = 1; minute < 300; minute += 1) {
      const nowMs = NOW + minute * MINUTE;
      rates = acceptQuotes(rates, [btc('a', 940_000, 0, nowMs)], nowMs);
    }
    expect(units(rates)).toBe(94_000);
  });

  it('is forgotten when the next price is back, or after its patience', () => {
    const first = acceptQuotes(before, [btc('a', 80_000, 0, later)], later);
    expect(acceptQuotes(first, [btc('a', 94_050, 0, later + MINUTE)], later + MINUTE).waiting).toEqual([]);
    expect(acceptQuotes(first, [], later + 9 * MINUTE).waiting).toHaveLength(1);
    expect(acceptQuotes(first, [], later + 11 * MINUTE).waiting).toEqual([]);
    const much = later + 11 * MINUTE;
    expect(acceptQuotes(first, [btc('a', 76_000, 0, much)], much).waiting).toHaveLength(1);
  });

  it('of a fiat leg may be 8 % a day; a float of the currency needs two or a new fixing', () => {
    const fiat = acceptQuotes(NOTHING, [quote('er', 'USD/NGN', 470, HOUR)], NOW);
    const day = NOW + 24 * HOUR;
    expect(units(acceptQuotes(fiat, [quote('er', 'USD/NGN', 505, HOUR, day)], day), 'USD/NGN')).toBe(505);
    const floated = acceptQuotes(fiat, [quote('er', 'USD/NGN', 660, HOUR, day)], day);
    expect(units(floated, 'USD/NGN')).toBe(470);
    // The same fixing fetched again an hour later confirms nothing.
    const hour = day + HOUR;
    const same = acceptQuotes(floated, [quote('er', 'USD/NGN', 660, 2 * HOUR, hour)], hour);
    expect(units(same, 'USD/NGN')).toBe(470);
    const next = day + 24 * HOUR;
    expect(units(acceptQuotes(same, [quote('er', 'USD/NGN', 665, HOUR, next)], next), 'USD/NGN')).toBe(665);
    expect(units(acceptQuotes(floated, [quote('fr', 'USD/NGN', 655, 3 * HOUR, hour)], hour), 'USD/NGN')).toBe(655);
  });
});

describe('always', () => {
  it('the believed price lies within what its sources said, and is above zero', () => {
    const quotes = fc.array(
      fc.record({
        source: fc.constantFrom('a', 'b', 'c', 'd'),
        price: fc.double({ min: -1e6, max: 6e6, noNaN: true }),
        age: fc.nat(400_000),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(quotes, quotes, (first, second) => {
        const round = (list: typeof first, nowMs: number) =>
          list.map(({ source, price, age }) => btc(source, price, age, nowMs));
        const before = acceptQuotes(NOTHING, round(first, NOW), NOW);
        const all = round(second, NOW + MINUTE);
        const after = acceptQuotes(before, all, NOW + MINUTE);
        const leg = believed(after);
        if (!leg || leg === believed(before)) return;
        const said = all.filter(({ source }) => leg.sources.includes(source)).map(({ micro }) => micro);
        expect(leg.micro).toBeGreaterThan(0n);
        expect(said.some((micro) => micro <= leg.micro) && said.some((micro) => micro >= leg.micro)).toBe(true);
      }),
    );
  });

  it('the median lies in the middle', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1 }), (prices) => {
        const { micro } = median(prices.map((price, index) => btc(String(index), price)));
        const below = prices.filter((price) => BigInt(price) * 1_000_000n < micro).length;
        const above = prices.filter((price) => BigInt(price) * 1_000_000n > micro).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(prices.length / 2);
      }),
    );
  });
});
