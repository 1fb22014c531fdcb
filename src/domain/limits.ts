// The bounds of one movement and of what may be open at a time. Each keeps one person's mistake or flood from becoming
// everybody's: no amount, list or wait is without an end.
import { satToMsat } from './money.ts';

/** The least that can be received, paid or sent: one sat. */
export const SMALLEST_MSAT = satToMsat(1n);
/** The most in one movement: what a channel of common size can carry. */
export const LARGEST_MSAT = satToMsat(10_000_000n);

/** What the nodes must hold beyond what is owed to people, or sending stops. */
export const SOLVENCY_LEAST_MSAT = 0n;

export const LONGEST_MEMO = 120;
export const OPEN_INVOICES_PER_USER = 50;
export const OPEN_PAYMENTS_PER_USER = 100;
export const OPEN_REQUESTS_PER_USER = 20;

const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
export const INVOICE_LIFE_MS = DAY_MS;
export const DRAFT_LIFE_MS = 15 * MINUTE_MS;
export const CLAIM_LIFE_MS = 21 * DAY_MS;
export const REQUEST_LIFE_MS = 7 * DAY_MS;
