// The market behind the sandbox's price sources: one price per leg, walking at random but always the same way from
// the same seed, and a handle for each leg to set it, shift it or hold it still.
import { CURRENCIES, type CurrencyCode } from '../../src/domain/currencies.ts';

export type MarketPair = 'BTC/USD' | `USD/${CurrencyCode}`;

/** Where the walk starts, in whole units and fractions as people quote them. */
const START: Record<MarketPair, number> = {
  'BTC/USD': 94_000,
  'USD/KES': 129.1,
  'USD/TZS': 2_590,
  'USD/UGX': 3_620,
  'USD/NGN': 1_520,
  'USD/ZAR': 17.9,
  'USD/GHS': 12.4,
  'USD/ETB': 138.5,
  'USD/MWK': 1_736,
  'USD/ZMW': 24.6,
  'USD/BWP': 13.7,
};

export const MARKET_PAIRS: readonly MarketPair[] = [
  'BTC/USD',
  ...CURRENCIES.map(({ code }): MarketPair => `USD/${code}`),
];

export type Market = {
  price(pair: MarketPair): number;
  set(pair: MarketPair, price: number): void;
  /** Moves the price by hundredths of a percent, up or down. */
  shift(pair: MarketPair, bps: number): void;
  freeze(pair: MarketPair, frozen: boolean): void;
  /** Walks one step: bitcoin by up to 0.05 %, fiat by up to 0.005 %. */
  step(): void;
};

/** A market at its starting prices. */
export function startMarket(seed: number): Market {
  const random = mulberry32(seed);
  const prices = new Map(MARKET_PAIRS.map((pair) => [pair, START[pair]]));
  const frozen = new Set<MarketPair>();
  const price = (pair: MarketPair) => prices.get(pair) ?? START[pair];
  return {
    price,
    set: (pair, value) => void prices.set(pair, value),
    shift: (pair, bps) => void prices.set(pair, price(pair) * (1 + bps / 10_000)),
    freeze: (pair, still) => void (still ? frozen.add(pair) : frozen.delete(pair)),
    step() {
      for (const pair of MARKET_PAIRS) {
        const swing = (random() - 0.5) * (pair === 'BTC/USD' ? 0.001 : 0.0001);
        if (!frozen.has(pair)) prices.set(pair, price(pair) * (1 + swing));
      }
    },
  };
}

/** A small, well-known generator: the same numbers from the same seed on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
