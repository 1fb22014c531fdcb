// Paying a Lightning invoice. `quote` reads and checks, `start` holds the sats, `execute` gives the payment to one node
// for ever, `finish` books what the node says. The hold is committed before anything leaves; only an answer on the
// allow-list releases it, and whatever is unknown stays held and is asked about again.
import { Refusal } from '../base/errors.ts';
import { currentTrace } from '../base/trace.ts';
import { feeCeiling } from '../domain/fees.ts';
import { outgoingCode } from '../domain/ledger.ts';
import { LARGEST_MSAT, LONGEST_MEMO, OPEN_PAYMENTS_PER_USER, SMALLEST_MSAT } from '../domain/limits.ts';
import type { PaymentState } from '../domain/states.ts';
import { accountId } from '../infra/db/accounts.ts';
import { isUniqueViolation, LedgerRefused } from '../infra/db/client.ts';
import { dealings } from '../infra/db/dealings.ts';
import { findByHash, type InvoiceRow } from '../infra/db/invoices.ts';
import { balanceOf } from '../infra/db/ledger.ts';
import { findLiveByHash, findPayment, startPayment } from '../infra/db/payments.ts';
import { type DecodedInvoice, decodeInvoice, findInvoice } from '../infra/lightning/decode.ts';
import type { World } from '../world.ts';
import { fastPath, RELAY_AFTER_MS } from './outbox.ts';
import { refusalFor } from './rails.ts';
import { mostSendable } from './sendable.ts';

export type PayDraft = {
  readonly kind: 'pay';
  /** Becomes the payment's id: confirming twice is paying once. */
  readonly id: string;
  readonly userId: string;
  readonly walletId: string;
  readonly request: string;
  readonly paymentHash: string;
  readonly destination: string;
  readonly amountMsat: string;
  readonly feeCeilingMsat: string;
  readonly description: string | null;
  readonly expiresAtMs: number;
  /** Set when a user of ours made the invoice: then it costs no fee and never leaves the house. */
  readonly ownInvoiceId: string | null;
  readonly paidBefore: boolean;
  /** A pending payment to the same payee of the same amount: paying again may be paying twice. */
  readonly twinId: string | null;
};

/**
 * Reads an invoice as pasted and says what paying it would mean. Changes nothing.
 * @param given.amountMsat only for an invoice that leaves the amount to the payer.
 * @throws Refusal invoice_unreadable, invoice_wrong_network, invoice_expired, invoice_paid, invoice_in_flight,
 *   invoice_closed, invoice_amount_missing, own_invoice, amount_too_small, amount_too_large, balance_low,
 *   lightning_too_small.
 */
export async function quote(
  world: World,
  given: { userId: string; walletId: string; raw: string; amountMsat?: bigint },
): Promise<PayDraft> {
  const found = findInvoice(given.raw);
  if (!found) throw new Refusal('invoice_unreadable');
  const invoice = decodeInvoice(found, world.config.LIGHTNING_NETWORK);
  if (invoice.expiresAtMs <= world.clock.nowMs()) throw new Refusal('invoice_expired');
  const [own, live] = await Promise.all([
    findByHash(world.db, invoice.paymentHash),
    findLiveByHash(world.db, invoice.paymentHash),
  ]);
  if (live) throw new Refusal(live.state === 'paid' ? 'invoice_paid' : 'invoice_in_flight');
  if (own) checkOwn(own, invoice, given.userId);
  const amountMsat = invoice.amountMsat ?? given.amountMsat;
  if (amountMsat === undefined) throw new Refusal('invoice_amount_missing');
  if (amountMsat < SMALLEST_MSAT) throw new Refusal('amount_too_small', { leastMsat: String(SMALLEST_MSAT) });
  if (amountMsat > LARGEST_MSAT) throw new Refusal('amount_too_large', { mostMsat: String(LARGEST_MSAT) });
  const feeCeilingMsat = own ? 0n : feeCeiling(amountMsat);
  const [known, { availableMsat }, sendableMsat] = await Promise.all([
    dealings(world.db, { userId: given.userId, destination: invoice.destination, amountMsat }),
    balanceOf(world.db, BigInt(given.walletId)),
    own ? undefined : mostSendable(world),
  ]);
  const neededMsat = amountMsat + feeCeilingMsat;
  if (availableMsat < neededMsat) throw balanceLow(neededMsat, availableMsat);
  if (sendableMsat !== undefined && sendableMsat < neededMsat) throw new Refusal('lightning_too_small');
  return {
    kind: 'pay',
    id: world.ids.next(),
    userId: given.userId,
    walletId: given.walletId,
    request: invoice.request,
    paymentHash: invoice.paymentHash,
    destination: invoice.destination,
    amountMsat: String(amountMsat),
    feeCeilingMsat: String(feeCeilingMsat),
    description: invoice.description?.slice(0, LONGEST_MEMO) ?? null,
    expiresAtMs: invoice.expiresAtMs,
    ownInvoiceId: own?.id ?? null,
    ...known,
  };
}

// Only the very text we issued is ours: a forged one with our hash and another amount must not find the row.
function checkOwn(own: InvoiceRow, invoice: DecodedInvoice, userId: string): void {
  if (own.request?.toLowerCase() !== invoice.request.toLowerCase()) throw new Refusal('invoice_unreadable');
  if (own.userId === userId) throw new Refusal('own_invoice');
  if (own.state === 'settled') throw new Refusal('invoice_paid');
  if (own.state !== 'open') throw new Refusal('invoice_closed');
}

/** The refusal that names what is missing. */
export function balanceLow(neededMsat: bigint, availableMsat: bigint): Refusal {
  return new Refusal('balance_low', { neededMsat: String(neededMsat), availableMsat: String(availableMsat) });
}

/**
 * Confirms a draft: payment row, hold and job in one transaction. Doing it again gives the same payment.
 * Crash points: before the commit nothing happened; after it the job runs, by the queue or by the relay.
 * @throws Refusal balance_low, invoice_in_flight, invoice_expired, too_many_open, sending_stopped, pay_paused,
 *   wallet_frozen.
 */
export async function start(
  world: World,
  draft: PayDraft,
): Promise<{ id: string; state: PaymentState; queued: boolean }> {
  const nowMs = world.clock.nowMs();
  const expired = draft.expiresAtMs <= nowMs;
  if (expired && !(await findPayment(world.db, draft.id))) throw new Refusal('invoice_expired');
  const amountMsat = BigInt(draft.amountMsat);
  const feeCeilingMsat = BigInt(draft.feeCeilingMsat);
  const walletId = BigInt(draft.walletId);
  const started = await startPayment(world.db, {
    ...draft,
    memo: draft.description,
    amountMsat,
    feeCeilingMsat,
    walletId,
    outgoingId: await accountId(world.db, outgoingCode('BTC')),
    mostOpen: OPEN_PAYMENTS_PER_USER,
    nowMs,
    dueAtMs: nowMs + RELAY_AFTER_MS,
  }).catch(async (error: unknown) => {
    if (isUniqueViolation(error)) {
      // Of two taps at once, the later may meet the earlier one's hash before its id.
      if (await findPayment(world.db, draft.id)) return 'exists' as const;
      throw new Refusal('invoice_in_flight');
    }
    if (!(error instanceof LedgerRefused && error.results.includes('insufficient_funds'))) throw error;
    throw balanceLow(amountMsat + feeCeilingMsat, (await balanceOf(world.db, walletId)).availableMsat);
  });
  switch (started) {
    case 'stopped':
    case 'paused':
    case 'frozen':
      throw refusalFor(world, 'pay', started);
    case 'too_many':
      throw new Refusal('too_many_open', { most: String(OPEN_PAYMENTS_PER_USER) });
    case 'exists':
      world.metrics.repeats.inc({ kind: 'payment' });
      return { id: draft.id, state: (await findPayment(world.db, draft.id))?.state ?? 'held', queued: true };
    case 'created':
      world.db.onPost('statement', 1);
      return {
        id: draft.id,
        state: 'held',
        queued: await fastPath(world, [{ queue: 'payment', id: draft.id, traceId: currentTrace() }]),
      };
  }
}
