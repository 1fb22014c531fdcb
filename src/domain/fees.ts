// What a payment over Lightning may cost its sender at the most. The ceiling is held before the payment leaves and what
// is not used of it comes back; the real fee is passed on as it is, so nobody can make money by routing to themselves.

const CEILING_PARTS_PER_MILLION = 10_000n;
const SMALLEST_CEILING_MSAT = 10_000n;

/**
 * The fee ceiling for a payment: 1 % of the amount, and at least 10 sats so that small payments find a route.
 * Rounded up to whole sats: what is shown is what is held. Rising with the amount.
 */
export function feeCeiling(amountMsat: bigint): bigint {
  const share = (amountMsat * CEILING_PARTS_PER_MILLION + 999_999n) / 1_000_000n;
  const ceiling = share > SMALLEST_CEILING_MSAT ? share : SMALLEST_CEILING_MSAT;
  return ((ceiling + 999n) / 1_000n) * 1_000n;
}
