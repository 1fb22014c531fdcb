// Every way in which money moves here, as the transfers that make it up. One place to read what a hold, a payment, a
// credit or a claim does to which account; every leg's id is derived from the subject's id, so that doing any of them
// again is doing nothing.
import { legId } from '../base/ids.ts';
import type { Transfer } from './ledger.ts';

type Accounts = { readonly walletId: bigint; readonly outgoingId: bigint };

/** Reserves sats of a wallet: amount and fee ceiling of a payment, or the amount of a send that waits for its claim. */
export function hold(
  subjectId: string,
  accounts: Accounts,
  amountMsat: bigint,
  code: 'hold' | 'claim_hold',
): Transfer[] {
  return [
    {
      id: subjectId,
      kind: 'pending',
      code,
      debitId: accounts.walletId,
      creditId: accounts.outgoingId,
      amount: amountMsat,
      currency: 'BTC',
      subjectId,
    },
  ];
}

/**
 * Ends a hold: `spentMsat` of it leaves the house through a node or reaches another wallet, the rest goes back.
 * @param to.subjectId what the receiving side sees it as: the invoice it pays; the hold's own subject if not given.
 */
export function spendHold(
  subjectId: string,
  to: { readonly outgoingId: bigint; readonly toId: bigint; readonly subjectId?: string },
  spentMsat: bigint,
  codes: { readonly post: 'pay' | 'claim'; readonly out: 'outflow' | 'deposit' | 'claim' | 'suspense' },
): Transfer[] {
  return [
    {
      id: legId(subjectId, 'post'),
      kind: 'post',
      code: codes.post,
      pendingId: subjectId,
      amount: spentMsat,
      subjectId,
      linked: true,
    },
    {
      id: legId(subjectId, 'out'),
      kind: 'single',
      code: codes.out,
      debitId: to.outgoingId,
      creditId: to.toId,
      amount: spentMsat,
      currency: 'BTC',
      subjectId: to.subjectId ?? subjectId,
    },
  ];
}

/** Ends a hold with everything going back. */
export function releaseHold(subjectId: string, code: 'release' | 'return'): Transfer[] {
  return [{ id: legId(subjectId, 'void'), kind: 'void', code, pendingId: subjectId, subjectId }];
}

/**
 * Ends a hold by hand: all of it to suspense, and from there back to its wallet, so that both stand in the books for
 * ever. What its node should pay after all is booked against suspense too.
 */
export function freeHold(
  subjectId: string,
  to: { readonly outgoingId: bigint; readonly suspenseId: bigint; readonly walletId: bigint },
  heldMsat: bigint,
): Transfer[] {
  const [post, out] = spendHold(subjectId, { outgoingId: to.outgoingId, toId: to.suspenseId }, heldMsat, {
    post: 'pay',
    out: 'suspense',
  });
  if (!post || !out) throw new Error('a spent hold is two transfers');
  return [
    post,
    { ...out, linked: true },
    {
      id: legId(subjectId, 'back'),
      kind: 'single',
      code: 'adjust',
      debitId: to.suspenseId,
      creditId: to.walletId,
      amount: heldMsat,
      currency: 'BTC',
      subjectId,
    },
  ];
}

/** What LND received for an invoice of ours, to its owner. The id is made with the invoice: once per payment hash. */
export function credit(
  invoiceId: string,
  accounts: { readonly nodeId: bigint; readonly walletId: bigint },
  receivedMsat: bigint,
): Transfer[] {
  return [
    {
      id: legId(invoiceId, 'credit'),
      kind: 'single',
      code: 'deposit',
      debitId: accounts.nodeId,
      creditId: accounts.walletId,
      amount: receivedMsat,
      currency: 'BTC',
      subjectId: invoiceId,
    },
  ];
}

/** A transfer inside the house, at once. */
export function give(
  sendId: string,
  accounts: { readonly fromId: bigint; readonly toId: bigint },
  amountMsat: bigint,
): Transfer[] {
  return [
    {
      id: sendId,
      kind: 'single',
      code: 'send',
      debitId: accounts.fromId,
      creditId: accounts.toId,
      amount: amountMsat,
      currency: 'BTC',
      subjectId: sendId,
    },
  ];
}

/** Money a node has got that no invoice of ours explains, kept apart until a person looks at it. */
export function park(
  id: string,
  { nodeId, suspenseId }: { readonly nodeId: bigint; readonly suspenseId: bigint },
  amountMsat: bigint,
): Transfer[] {
  return apart(id, { debitId: nodeId, creditId: suspenseId }, amountMsat);
}

/** Money that left a node for a payment that the books do not know, kept apart until a person looks at it. */
export function parkOut(
  id: string,
  { nodeId, suspenseId }: { readonly nodeId: bigint; readonly suspenseId: bigint },
  amountMsat: bigint,
): Transfer[] {
  return apart(id, { debitId: suspenseId, creditId: nodeId }, amountMsat);
}

function apart(
  id: string,
  sides: { readonly debitId: bigint; readonly creditId: bigint },
  amountMsat: bigint,
): Transfer[] {
  return [{ id, kind: 'single', code: 'suspense', ...sides, amount: amountMsat, currency: 'BTC', subjectId: id }];
}

/** A node's money of our own, when its books become ours. */
export function bringCapital(
  id: string,
  accounts: { readonly nodeId: bigint; readonly capitalId: bigint },
  amountMsat: bigint,
): Transfer[] {
  return [
    {
      id,
      kind: 'single',
      code: 'capital',
      debitId: accounts.nodeId,
      creditId: accounts.capitalId,
      amount: amountMsat,
      currency: 'BTC',
      subjectId: id,
    },
  ];
}
