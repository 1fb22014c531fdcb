// Millisatoshi and how they are shown. Nothing in the ledger is ever rounded; only what people read is: what they have
// is rounded down, what they pay is rounded up, so that no sum of displayed amounts exceeds the truth.

export const MSAT_PER_SAT = 1_000n;
export const MSAT_PER_BTC = 100_000_000_000n;
/** All bitcoin there will ever be: no amount above it can be meant. */
export const MAX_MSAT = 21_000_000n * MSAT_PER_BTC;

/** Whole sats as millisatoshi. */
export function satToMsat(sat: bigint): bigint {
  return sat * MSAT_PER_SAT;
}

/** Whole sats in an amount of ours to show as a balance. Throws on a negative amount. */
export function floorSat(amountMsat: bigint): bigint {
  if (amountMsat < 0n) throw new RangeError('a balance to show is never negative');
  return amountMsat / MSAT_PER_SAT;
}

/** Whole sats that cover an amount, to show as a cost. Throws on a negative amount. */
export function ceilSat(amountMsat: bigint): bigint {
  if (amountMsat < 0n) throw new RangeError('a cost to show is never negative');
  return (amountMsat + MSAT_PER_SAT - 1n) / MSAT_PER_SAT;
}
