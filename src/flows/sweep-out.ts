// Closing the house: everybody gets theirs. A person names where it shall go by an invoice without an amount from a wallet
// of their own, the only form that can be paid today without asking them again. It is paid like every payment: quoted,
// held, sent by a worker; the invoice's hash is what keeps it from being paid twice.
import { Refusal } from '../base/errors.ts';
import { feeCeiling } from '../domain/fees.ts';
import { LARGEST_MSAT, SMALLEST_MSAT } from '../domain/limits.ts';
import { findByHash } from '../infra/db/invoices.ts';
import { findLiveByHash } from '../infra/db/payments.ts';
import { type Balance, balances, saveTarget } from '../infra/db/sweep.ts';
import { decodeInvoice, findInvoice } from '../infra/lightning/decode.ts';
import type { World } from '../world.ts';
import * as pay from './pay.ts';

const PAGE = 500;

/**
 * Remembers where somebody's sats shall go, in the place of what they said before.
 * @returns until when it can be paid; undefined when the invoice names an amount, and nothing was remembered.
 * @throws Refusal invoice_unreadable, invoice_wrong_network, invoice_expired, invoice_paid, own_invoice.
 */
export async function nameTarget(world: World, given: { userId: string; raw: string }): Promise<number | undefined> {
  const found = findInvoice(given.raw);
  if (!found) throw new Refusal('invoice_unreadable');
  const { request, paymentHash, amountMsat, expiresAtMs } = decodeInvoice(found, world.config.LIGHTNING_NETWORK);
  const nowMs = world.clock.nowMs();
  if (expiresAtMs <= nowMs) throw new Refusal('invoice_expired');
  if (await findByHash(world.db, paymentHash)) throw new Refusal('own_invoice');
  if (await findLiveByHash(world.db, paymentHash)) throw new Refusal('invoice_paid');
  if (amountMsat !== undefined) return undefined;
  await saveTarget(world.db, { userId: given.userId, request, paymentHash, expiresAtMs, nowMs });
  return expiresAtMs;
}

/** Why somebody cannot be paid now. `used`: a payment to what they named is under way or done. */
export type SweepHindrance = 'not_named' | 'ran_out' | 'used' | 'too_little';

export type SweepLine = Balance & {
  /** What would be sent, its fee ceiling left out; zero when there is a hindrance. */
  readonly amountMsat: bigint;
  readonly hindrance: SweepHindrance | undefined;
};

/** Everybody who has anything, and what would be sent to them now. */
export async function* sweepLines(world: World): AsyncGenerator<SweepLine> {
  for (let afterId: string | null = null; ; ) {
    const page: Balance[] = await balances(world.db, { afterId, limit: PAGE });
    for (const balance of page) yield lineOf(balance, world.clock.nowMs());
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    afterId = last.userId;
  }
}

function lineOf(balance: Balance, nowMs: number): SweepLine {
  const amountMsat = mostPayable(balance.availableMsat);
  const hindrance = hindranceOf(balance, amountMsat, nowMs);
  return { ...balance, amountMsat: hindrance ? 0n : amountMsat, hindrance };
}

function hindranceOf(balance: Balance, amountMsat: bigint, nowMs: number): SweepHindrance | undefined {
  if (balance.request === null) return 'not_named';
  if (balance.isUsed) return 'used';
  if ((balance.expiresAtMs ?? 0) <= nowMs) return 'ran_out';
  return amountMsat < SMALLEST_MSAT ? 'too_little' : undefined;
}

/** The most whole sats that, with the highest fee they may cost, fit what is there. */
export function mostPayable(availableMsat: bigint): bigint {
  let sats = (availableMsat < LARGEST_MSAT ? availableMsat : LARGEST_MSAT) / 1_000n;
  // The ceiling is a hundredth, ten sats at least: from above it is reached in a few steps.
  while (sats > 0n) {
    const overMsat = sats * 1_000n + feeCeiling(sats * 1_000n) - availableMsat;
    if (overMsat <= 0n) break;
    const step = (overMsat * 100n) / 102n / 1_000n;
    sats -= step > 0n ? step : 1n;
  }
  return sats > 0n ? sats * 1_000n : 0n;
}

/**
 * Starts the payment of one line without a hindrance; a worker sends it. Gives its id.
 * @throws Refusal as `pay.quote` and `pay.start`.
 */
export async function sweepOne(world: World, line: SweepLine): Promise<string> {
  const { userId, walletId, request, amountMsat } = line;
  if (request === null) throw new Refusal('invoice_unreadable');
  const draft = await pay.quote(world, { userId, walletId: String(walletId), raw: request, amountMsat });
  return (await pay.start(world, draft)).id;
}
