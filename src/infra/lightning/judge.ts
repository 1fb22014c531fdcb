// How LND's answers are read: a payment's record becomes an outcome, a version or network becomes yes or no. Pure.
// `failed` is granted only here, and only to a record that LND itself marks as failed for one of six named reasons
// while no part of it is under way; whatever is new or contradicts itself is `unknown`.
import { createHash } from 'node:crypto';
import type { FailureReason, PayOutcome } from '../../domain/states.ts';
import { wholeOf } from './whole.ts';
import type { WireInfo, WirePayment } from './wire.ts';

/** LND's final reasons, ours, and whether trying again on the same node can help. A map: an object also knows "toString". */
const FINAL: ReadonlyMap<string, { reason: FailureReason; transient: boolean }> = new Map([
  ['FAILURE_REASON_TIMEOUT', { reason: 'timed_out', transient: true }],
  ['FAILURE_REASON_NO_ROUTE', { reason: 'no_route', transient: true }],
  ['FAILURE_REASON_INCORRECT_PAYMENT_DETAILS', { reason: 'refused_by_payee', transient: false }],
  ['FAILURE_REASON_INSUFFICIENT_BALANCE', { reason: 'node_balance', transient: false }],
  ['FAILURE_REASON_ERROR', { reason: 'rejected', transient: false }],
  ['FAILURE_REASON_CANCELED', { reason: 'rejected', transient: false }],
]);

/**
 * The outcome that LND's record of a payment proves.
 * @param paymentHash the one that was asked for; a record of another hash proves nothing.
 */
export function outcomeOf(payment: WirePayment, paymentHash: string): PayOutcome {
  try {
    return judge(payment, paymentHash);
  } catch {
    return unknown('answer not readable');
  }
}

function judge(payment: WirePayment, paymentHash: string): PayOutcome {
  if (payment.payment_hash.toLowerCase() !== paymentHash) return unknown('answer about another payment');
  switch (payment.status) {
    case 'SUCCEEDED':
      return paidOf(payment, paymentHash);
    case 'FAILED':
      return failedOf(payment);
    case 'IN_FLIGHT':
      return unknown('in flight');
    case 'INITIATED':
      return unknown('started');
    default:
      return unknown('status not known');
  }
}

function paidOf(payment: WirePayment, paymentHash: string): PayOutcome {
  const preimage = payment.payment_preimage.toLowerCase();
  const proof = createHash('sha256').update(Buffer.from(preimage, 'hex')).digest('hex');
  if (preimage.length !== 64 || proof !== paymentHash) return unknown('success without its proof');
  return { state: 'paid', preimage, feeMsat: wholeOf(payment.fee_msat), amountMsat: wholeOf(payment.value_msat) };
}

function failedOf(payment: WirePayment): PayOutcome {
  const final = FINAL.get(payment.failure_reason);
  if (!final) return unknown('failed for a reason not known');
  // LND calls a payment failed once no attempt is out; a version that did not would cost us the payment.
  if (payment.htlcs.some((htlc) => htlc.status !== 'FAILED')) return unknown('failed with an attempt still out');
  return { state: 'failed', ...final };
}

/** Nothing is proven; `why` is for logs and never holds a secret. */
export function unknown(why: string): PayOutcome & { state: 'unknown' } {
  return { state: 'unknown', why };
}

/** Nothing is proven of the payment; this try of it left nothing behind. */
export function unsent(why: string): PayOutcome & { state: 'unknown' } {
  return { state: 'unknown', why, isUnsent: true };
}

/** LND before 0.19.0 can be robbed by its peers (excessive failback, replacement stalling, infinite inbox). */
export function versionMayPay(version: string): boolean {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 0 || minor >= 19;
}

/** The network a node says it is on, by the name this house uses. */
export function networkOf(info: WireInfo): string {
  const network = info.chains[0]?.network ?? 'none';
  return network === 'mainnet' ? 'bitcoin' : network;
}
