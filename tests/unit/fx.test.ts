// Rates as integers: staleness by leg and weekend, composition for all ten currencies, and conversions that never
// make value out of nothing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CURRENCIES, currenciesSaid, currencyOfPhone } from '../../src/domain/currencies.ts';
import {
  compose,
  displayRate,
  isStale,
  type Leg,
  minorFromMsat,
  msatFromMinor,
  type Pair,
  ratesFromRows,
  ratesToRows,
} from '../../src/domain/fx.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (iso: string) => Date.parse(iso);
const WEDNESDAY = at('2026-03-25T12:00:00Z');

const leg = (pair: Pair, micro: bigint, asOfMs: number, sources = ['a']): Leg => ({
  pair,
  micro,
  asOfMs,
  acceptedAtMs: asOfMs,
  sources,
});

describe('isStale', () => {
  it.each<[Pair, string, string, boolean]>([
    ['BTC/USD', '2026-03-25T12:00:00Z', '2026-03-25T12:05:00.000Z', false],
    ['BTC/USD', '2026-03-25T12:00:00Z', '2026-03-25T12:05:00.001Z', true],
    ['BTC/KES', '2026-03-25T12:00:00Z', '2026-03-25T12:05:00.001Z', true],
    // Weekdays: 36 hours.
    ['USD/KES', '2026-03-24T12:00:00Z', '2026-03-26T00:00:00.000Z', false],
    ['USD/KES', '2026-03-24T12:00:00Z', '2026-03-26T00:00:00.001Z', true],
    // Friday noon to Monday evening: a whole weekend between, 80 hours.
    ['USD/KES', '2026-03-27T12:00:00Z', '2026-03-30T20:00:00.000Z', false],
    ['USD/KES', '2026-03-27T12:00:00Z', '2026-03-30T20:00:00.001Z', true],
    // Thursday noon to Saturday is 36 h by midnight on Friday, and stands still over the weekend.
    ['USD/KES', '2026-03-26T12:00:00Z', '2026-03-28T11:00:00Z', false],
    ['USD/KES', '2026-03-26T12:00:00Z', '2026-03-30T00:00:00.001Z', true],
    // From within the weekend only the rest of it is left out.
    ['USD/KES', '2026-03-29T20:00:00Z', '2026-03-31T12:00:00.000Z', false],
    ['USD/KES', '2026-03-29T20:00:00Z', '2026-03-31T12:00:00.001Z', true],
  ])('%s of %s at %s: %s', (pair, asOf, now, stale) => {
    expect(isStale(pair, at(asOf), at(now))).toBe(stale);
  });
});

describe('displayRate', () => {
  const btc = leg('BTC/USD', 94_000_000_000n, WEDNESDAY - 30_000, ['binance', 'coinbase']);

  it('composes the worked example', () => {
    const legs = [btc, leg('USD/KES', 129_100_000n, WEDNESDAY - 20 * HOUR, ['open-er-api'])];
    const rate = displayRate(legs, 'KES', WEDNESDAY);
    expect(rate).toEqual({
      microPerBtc: 12_135_400_000_000n,
      btcAgeMs: 30_000,
      fiatAgeMs: 20 * HOUR,
      stale: false,
      sources: ['binance', 'coinbase', 'open-er-api'],
    });
    // 1,000 KES are 8,240 sat.
    expect(msatFromMinor(100_000n, 12_135_400_000_000n, 'KES', 'down') / 1_000n).toBe(8_240n);
  });

  it('gives all ten on daily fiat sources only, fresh on a weekday and over the weekend', () => {
    const friday = at('2026-03-27T00:02:32Z');
    for (const nowMs of [friday + 20 * HOUR, at('2026-03-30T08:00:00Z')]) {
      const legs = [
        { ...btc, asOfMs: nowMs - MINUTE },
        ...CURRENCIES.map(({ code, perUsd }) => leg(`USD/${code}`, BigInt(perUsd.low + 1) * 1_000_000n, friday)),
      ];
      for (const { code } of CURRENCIES) {
        const rate = displayRate(legs, code, nowMs);
        expect(rate?.microPerBtc).toBeGreaterThan(0n);
        expect(rate).toMatchObject({ stale: false, btcAgeMs: MINUTE, fiatAgeMs: nowMs - friday });
      }
    }
  });

  it('says stale when either leg is', () => {
    const fiat = leg('USD/ETB', 138_000_000n, WEDNESDAY - HOUR);
    expect(displayRate([btc, fiat], 'ETB', WEDNESDAY + 6 * MINUTE)?.stale).toBe(true);
    const old = leg('USD/ETB', 138_000_000n, WEDNESDAY - 37 * HOUR);
    expect(displayRate([btc, old], 'ETB', WEDNESDAY)).toMatchObject({ stale: true, btcAgeMs: 30_000 });
  });

  it('takes the direct pair where it is all there is, or all that is fresh', () => {
    const direct = leg('BTC/ZMW', 2_310_000_000_000n, WEDNESDAY - MINUTE, ['coingecko']);
    const fiat = leg('USD/ZMW', 24_600_000n, WEDNESDAY - 90 * HOUR);
    expect(displayRate([direct], 'ZMW', WEDNESDAY)?.sources).toEqual(['coingecko']);
    expect(displayRate([btc, fiat, direct], 'ZMW', WEDNESDAY)).toMatchObject({ stale: false, sources: ['coingecko'] });
    const fresh = leg('USD/ZMW', 24_600_000n, WEDNESDAY - HOUR);
    expect(displayRate([btc, fresh, direct], 'ZMW', WEDNESDAY)?.microPerBtc).toBe(compose(btc.micro, fresh.micro));
  });

  it('has no rate rather than a zero one, and the dollar needs one leg', () => {
    expect(displayRate([], 'KES', WEDNESDAY)).toBeUndefined();
    expect(displayRate([btc], 'KES', WEDNESDAY)).toBeUndefined();
    expect(displayRate([btc, leg('USD/KES', 0n, WEDNESDAY)], 'KES', WEDNESDAY)).toBeUndefined();
    expect(displayRate([btc], 'USD', WEDNESDAY)).toMatchObject({ microPerBtc: btc.micro, fiatAgeMs: 0 });
  });
});

describe('conversion', () => {
  const msat = fc.bigInt({ min: 0n, max: 2_100_000_000_000_000_000n });
  const minor = fc.bigInt({ min: 0n, max: 10n ** 15n });
  const rate = fc.bigInt({ min: 10n ** 9n, max: 5n * 10n ** 16n });
  const code = fc.constantFrom(...CURRENCIES.map((currency) => currency.code));

  it('J6: never creates value on the way there and back', () => {
    fc.assert(
      fc.property(msat, rate, code, (amountMsat, microPerBtc, currency) => {
        const worth = minorFromMsat(amountMsat, microPerBtc, currency, 'down');
        expect(msatFromMinor(worth, microPerBtc, currency, 'down')).toBeLessThanOrEqual(amountMsat);
      }),
    );
    fc.assert(
      fc.property(minor, rate, code, (amount, microPerBtc, currency) => {
        const bought = msatFromMinor(amount, microPerBtc, currency, 'down');
        expect(minorFromMsat(bought, microPerBtc, currency, 'down')).toBeLessThanOrEqual(amount);
      }),
    );
  });

  it('J6: rounds up never below, down never above, and by less than one unit', () => {
    fc.assert(
      fc.property(msat, rate, code, (amountMsat, microPerBtc, currency) => {
        const down = minorFromMsat(amountMsat, microPerBtc, currency, 'down');
        const up = minorFromMsat(amountMsat, microPerBtc, currency, 'up');
        expect(up - down === 0n || up - down === 1n).toBe(true);
        expect(msatFromMinor(up, microPerBtc, currency, 'up')).toBeGreaterThanOrEqual(amountMsat);
      }),
    );
  });

  it('J6: splitting an amount never makes it worth more', () => {
    fc.assert(
      fc.property(msat, msat, rate, code, (a, b, microPerBtc, currency) => {
        const parts = minorFromMsat(a, microPerBtc, currency, 'down') + minorFromMsat(b, microPerBtc, currency, 'down');
        expect(parts).toBeLessThanOrEqual(minorFromMsat(a + b, microPerBtc, currency, 'down'));
      }),
    );
  });

  it('J6: knows that UGX has no cents and refuses a rate of nothing', () => {
    expect(minorFromMsat(100_000_000_000n, 340_000_000_000_000n, 'UGX', 'down')).toBe(340_000_000n);
    expect(minorFromMsat(100_000_000_000n, 12_000_000_000_000n, 'KES', 'down')).toBe(1_200_000_000n);
    expect(() => msatFromMinor(1n, 0n, 'KES', 'down')).toThrow(RangeError);
    expect(() => minorFromMsat(-1n, 1n, 'KES', 'down')).toThrow(RangeError);
  });
});

describe('rows', () => {
  it('keep rates exactly and survive a wire', () => {
    const rates = {
      legs: [leg('BTC/USD', 2n ** 63n + 1n, WEDNESDAY)],
      waiting: [leg('USD/NGN', 1_520_000_000n, WEDNESDAY)],
    };
    expect(ratesFromRows(JSON.parse(JSON.stringify(ratesToRows(rates))))).toEqual(rates);
  });

  it('leave out what cannot be a rate', () => {
    const [row] = ratesToRows({ legs: [leg('BTC/USD', 1n, 0)], waiting: [] });
    if (!row) throw new Error('no row');
    expect(
      ratesFromRows([
        { ...row, micro: '0' },
        { ...row, micro: '' },
        { ...row, pair: 'USD/XXX' },
      ]).legs,
    ).toEqual([]);
  });
});

describe('currencies', () => {
  it('are ten, each complete', () => {
    expect(CURRENCIES.map(({ code }) => code).join(' ')).toBe('KES TZS UGX NGN ZAR GHS ETB MWK ZMW BWP');
    for (const { timeZone, code, words } of CURRENCIES) {
      expect(() => new Intl.DateTimeFormat('en', { timeZone })).not.toThrow();
      expect(words).toContain(code.toLowerCase());
    }
  });

  it('are said in one word or in an ambiguous one', () => {
    expect(currenciesSaid('Bob')).toEqual(['KES']);
    expect(currenciesSaid('shilingi')).toEqual(['KES', 'TZS', 'UGX']);
    expect(currenciesSaid('kwacha')).toEqual(['MWK', 'ZMW']);
    expect(currenciesSaid('₦')).toEqual(['NGN']);
    expect(currenciesSaid('$')).toEqual(['USD']);
    expect(currenciesSaid('doubloon')).toEqual([]);
  });

  it('follow the phone', () => {
    expect(currencyOfPhone('+254700000000')).toBe('KES');
    expect(currencyOfPhone('27820000000')).toBe('ZAR');
    expect(currencyOfPhone('26771000000')).toBe('BWP');
    expect(currencyOfPhone('4915100000000')).toBeUndefined();
  });
});
