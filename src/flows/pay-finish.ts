// The end of a payment: state, ledger and news in one transaction, whoever brings the answer (the call itself, a late
// event, the sweep). Only the first to find the payment unfinished does anything; a success for a payment that had been
// called failed must never happen, so it is booked apart and rings.
import { legId } from '../base/ids.ts';
import { currentTrace } from '../base/trace.ts';
import { lightningCode, outgoingCode, suspenseCode } from '../domain/ledger.ts';
import { releaseHold, spendHold } from '../domain/movements.ts';
import type { FailureReason, PaymentCause, PayOutcome } from '../domain/states.ts';
import { accountId } from '../infra/db/accounts.ts';
import { lockInvoice, markSettled } from '../infra/db/invoices.ts';
import { deleteOutbox } from '../infra/db/outbox.ts';
import {
  findLiveByHash,
  finishPaidPayment,
  lockPayment,
  markFailed,
  markPaid,
  type PaymentRow,
} from '../infra/db/payments.ts';
import { findUser } from '../infra/db/users.ts';
import type { World } from '../world.ts';
import { commit, fastPath, RELAY_AFTER_MS, type Step } from './outbox.ts';

type Paid = Extract<PayOutcome, { state: 'paid' }>;
/** A payment that was given to a node. */
export type Sent = PaymentRow & { readonly node: string };

/** Books a payment that its node says is paid: the amount and the real fee leave, the rest of the ceiling comes back. */
export async function finishPaid(world: World, payment: Sent, outcome: Paid, cause: PaymentCause): Promise<void> {
  const { id, node } = payment;
  const [outgoingId, nodeId] = await Promise.all([
    accountId(world.db, outgoingCode('BTC')),
    accountId(world.db, lightningCode(node)),
  ]);
  const nowMs = world.clock.nowMs();
  const noticeId = world.ids.next();
  const found = await finishPaidPayment(world.db, {
    id,
    feeMsat: outcome.feeMsat,
    preimage: outcome.preimage,
    cause,
    outgoingId,
    nodeId,
    postId: legId(id, 'post'),
    outId: legId(id, 'out'),
    noticeId,
    nowMs,
    dueAtMs: nowMs + RELAY_AFTER_MS,
  });
  if (found === 'failed') return bookOfFailed(world, payment, outcome, cause);
  if (found !== 'sending') return;
  await fastPath(world, [{ queue: 'notification', id: noticeId, traceId: currentTrace() }]);
  world.db.onPost('statement', 2);
  measure(world, payment, 'paid');
  world.metrics.paymentMsat.observe({ way: 'lightning' }, Number(outcome.amountMsat));
  world.metrics.paymentFeeMsat.observe(Number(outcome.feeMsat));
}

/**
 * Gives everything back for a payment that ended without paying.
 * @param cause what brought the answer.
 * @param attempts the number of tries that the answer speaks of (0: it was never sent). When another try has begun since,
 *   the answer is old and nothing is done: that try's own end decides.
 */
export async function finishFailed(
  world: World,
  id: string,
  reason: FailureReason,
  attempts: number,
  cause: PaymentCause,
): Promise<void> {
  const { result } = await commit(world, 'pay.finish_failed', async (step) => {
    const payment = await lockPayment(step.tx, id);
    if (payment?.attempts !== attempts) return undefined;
    if (payment.state === 'paid') return payment;
    if (payment.state === 'failed') return undefined;
    await deleteOutbox(step.tx, [id]);
    await markFailed(step.tx, { id, failure: reason, cause, nowMs: step.nowMs });
    await step.tell(payment.userId, id, { kind: 'payment_failed', amountMsat: String(payment.amountMsat), reason });
    await step.tx.post(releaseHold(id, 'release'));
    return payment;
  });
  if (result?.state === 'paid') contradicted(world, result);
  else if (result) measure(world, result, 'failed');
}

// The very try that was booked as paid is called failed: one of the two is not true. Of a payment inside the house it is
// only the slower of two runs, which finds its invoice taken by the faster.
function contradicted(world: World, { id, node, ownInvoiceId }: PaymentRow): void {
  if (ownInvoiceId !== null) return;
  world.metrics.payments.inc({ outcome: 'contradicted' });
  world.log.error('a payment that is paid was called failed by its node', { payment: id, node });
}

/**
 * Books a payment between two people of this house, whose invoice was cancelled at its node first: the hold goes to the
 * payee's wallet, nothing leaves. Both rows end here, or neither.
 */
export async function finishInside(world: World, id: string, invoiceId: string): Promise<void> {
  const outgoingId = await accountId(world.db, outgoingCode('BTC'));
  const { result } = await commit(world, 'pay.finish_inside', async (step) => {
    const payment = await lockPayment(step.tx, id);
    if (payment?.state !== 'sending') return undefined;
    const invoice = await lockInvoice(step.tx, invoiceId);
    if (invoice?.state !== 'closing') throw new Error('an inside payment whose invoice is not closing');
    const payeeId = await walletOf(step, invoice.userId);
    const { amountMsat } = payment;
    await markPaid(step.tx, { id, feeMsat: 0n, preimage: null, cause: 'inside', nowMs: step.nowMs });
    await markSettled(step.tx, { id: invoiceId, receivedMsat: amountMsat, cause: 'inside', nowMs: step.nowMs });
    await tellPaid(step, payment, 0n, null);
    const receivedMsat = String(amountMsat);
    await step.tell(invoice.userId, invoiceId, { kind: 'invoice_paid', receivedMsat, memo: invoice.memo });
    const to = { outgoingId, toId: payeeId, subjectId: invoiceId };
    await step.tx.post(spendHold(id, to, amountMsat, { post: 'pay', out: 'deposit' }));
    return payment;
  });
  if (!result) return;
  measure(world, result, 'paid');
  world.metrics.paymentMsat.observe({ way: 'inside' }, Number(result.amountMsat));
  world.metrics.invoices.inc({ outcome: 'inside' });
}

async function tellPaid(step: Step, payment: PaymentRow, feeMsat: bigint, preimage: string | null): Promise<void> {
  await step.tell(payment.userId, payment.id, {
    kind: 'payment_paid',
    amountMsat: String(payment.amountMsat),
    feeMsat: String(feeMsat),
    preimage,
    memo: payment.memo,
  });
}

async function walletOf(step: Step, userId: string): Promise<bigint> {
  const user = await findUser(step.tx, userId);
  if (!user) throw new Error('a payment without its person');
  return user.walletId;
}

// A failed hash may be paid anew, by another payment: then the success is that one's, and whoever still listened for the
// first heard of it too.
async function bookOfFailed(world: World, payment: Sent, outcome: Paid, cause: PaymentCause): Promise<void> {
  const { node } = payment;
  const live = await findLiveByHash(world.db, payment.paymentHash);
  if (live?.node !== node) return bookLateSuccess(world, payment, outcome);
  if (live.state === 'sending') await finishPaid(world, { ...live, node }, outcome, cause);
}

// The node paid although we had every reason to believe it never would: its money is gone, the person has theirs back.
// The loss stands in suspense until two people have looked at it.
async function bookLateSuccess(world: World, payment: Sent, outcome: Paid): Promise<void> {
  const nodeId = await accountId(world.db, lightningCode(payment.node));
  const suspenseId = await accountId(world.db, suspenseCode('BTC'));
  const [result] = await world.db.post([
    {
      id: legId(payment.id, 'late'),
      kind: 'single',
      code: 'suspense',
      debitId: suspenseId,
      creditId: nodeId,
      amount: outcome.amountMsat + outcome.feeMsat,
      currency: 'BTC',
      subjectId: payment.id,
    },
  ]);
  if (result === 'created') {
    world.metrics.payments.inc({ outcome: 'late_success' });
    world.log.error('a payment called failed was paid by its node', { payment: payment.id, node: payment.node });
  }
}

function measure(world: World, payment: PaymentRow, outcome: 'paid' | 'failed'): void {
  world.metrics.payments.inc({ outcome });
  world.metrics.paymentSeconds.observe({ outcome }, (world.clock.nowMs() - payment.createdAtMs) / 1_000);
}
