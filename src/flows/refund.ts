// Giving a payment back by hand, when its node keeps it in flight for good. An admin asks in a chat; a worker looks at
// the node and answers: with an end when the node names one, with what stands against it when anything does, and with
// the money only when a second admin asks after the first and both looks found nothing (domain/refund.ts). Nothing is
// edited: the hold goes to suspense and from there back, and a success heard of later is booked as the loss it is.
import { outgoingCode, suspenseCode } from '../domain/ledger.ts';
import { freeHold } from '../domain/movements.ts';
import type { RefundAnswer } from '../domain/notice.ts';
import {
  CONSENT_MS,
  type FirstLook,
  firstLookOf,
  hindrances,
  hindrancesBetween,
  type StuckEvidence,
} from '../domain/refund.ts';
import { accountId } from '../infra/db/accounts.ts';
import { type AuditRow, auditsAbout, findAudit } from '../infra/db/audit.ts';
import { deleteOutbox } from '../infra/db/outbox.ts';
import { findPayment, lockPayment, markFailed, type PaymentRow, takeFreed } from '../infra/db/payments.ts';
import { findUser } from '../infra/db/users.ts';
import { stuckEvidence } from '../infra/lightning/stuck.ts';
import type { WorkerWorld, World } from '../world.ts';
import { commit, type Step } from './outbox.ts';
import { hear } from './pay-execute.ts';
import { sweepPayments } from './reconcile.ts';
import { writeDeed } from './refund-ask.ts';

/** A payment given back by hand is asked about so often, ever after. */
const FREED_LOOK_MS = 60 * 60_000;
const PAGE = 100;

/**
 * Looks at the payment that an admin asked about, and answers. Run again it looks again and tells nobody twice.
 * @throws Unavailable and faults of the node: the job comes back.
 */
export async function decide(world: WorkerWorld, askedId: string): Promise<void> {
  const asked = await findAudit(world.db, askedId);
  const payment = asked && (await findPayment(world.db, asked.payment));
  if (!asked || !payment) return deleteOutbox(world.db, [askedId]);
  // The allow-list of ends is the sweep's, and so is the time from which they are believed.
  await sweepPayments(world, payment.id);
  const now = (await findPayment(world.db, payment.id)) ?? payment;
  if (now.state !== 'sending') return answer(world, asked, { result: 'ended', state: now.state });
  if (now.node === null || now.ownInvoiceId !== null) return answer(world, asked, { result: 'under_way' });
  const look = await stuckEvidence(world.lightning.node(now.node), now.paymentHash);
  if (!look) return answer(world, asked, { result: 'under_way' });
  const against = hindrances(look, { expiresAtMs: now.expiresAtMs, nowMs: world.clock.nowMs() });
  if (against.length > 0) return answer(world, asked, { result: 'refused', against });
  await agree(world, asked, now, look);
}

/** One look found nothing against it: the consent of this admin, and with an earlier one of another, the money. */
async function agree(world: WorkerWorld, asked: AuditRow, payment: PaymentRow, look: StuckEvidence): Promise<void> {
  const nowMs = world.clock.nowMs();
  const first = await consentOfAnother(world, asked, nowMs);
  const against = first ? hindrancesBetween(first.look, look, nowMs) : [];
  if (first && against.length === 0) return free(world, { asked, payment, firstAdminId: first.actorId });
  // A consent that is only too young stays as it is; one that was broken begins anew with this look.
  if (against.includes('too_soon')) return answer(world, asked, { result: 'refused', against });
  await commit(world, 'refund.agree', async (step) => {
    const details = { look: firstLookOf(look, nowMs) };
    await writeDeed(step, {
      id: world.ids.next(),
      actorId: asked.actorId,
      deed: 'refund_agreed',
      payment: payment.id,
      details,
    });
    await tell(step, asked, against.length > 0 ? { result: 'refused', against } : { result: 'agreed' });
  });
}

/** The newest consent of another admin, unless it is old or a look after it found something. */
async function consentOfAnother(
  world: World,
  asked: AuditRow,
  nowMs: number,
): Promise<{ actorId: string; look: FirstLook } | undefined> {
  for (const row of await auditsAbout(world.db, asked.payment)) {
    if (row.action === 'refund_refused') return undefined;
    if (row.action !== 'refund_agreed' || row.actorId === asked.actorId) continue;
    const look = row.details.look as FirstLook;
    return look.atMs + CONSENT_MS > nowMs ? { actorId: row.actorId, look } : undefined;
  }
  return undefined;
}

/** The hold to suspense and from there back to the person; state, money, news and the names of both in one step. */
async function free(
  world: WorkerWorld,
  given: { asked: AuditRow; payment: PaymentRow; firstAdminId: string },
): Promise<void> {
  const { asked, payment, firstAdminId } = given;
  const [outgoingId, suspenseId] = await Promise.all([
    accountId(world.db, outgoingCode('BTC')),
    accountId(world.db, suspenseCode('BTC')),
  ]);
  const { id, userId } = payment;
  await commit(world, 'refund.free', async (step) => {
    const now = await lockPayment(step.tx, id);
    const owner = await findUser(step.tx, userId);
    const admins = await Promise.all([asked.actorId, firstAdminId].map((each) => findUser(step.tx, each)));
    // Another try, another end, or an admin who is none any more: then this look speaks of the past.
    const isStill = now?.state === 'sending' && now.attempts === payment.attempts;
    if (!isStill || !owner || admins.some((admin) => admin?.role !== 'admin')) {
      return tell(step, asked, { result: 'under_way' });
    }
    const details = { first: firstAdminId };
    await writeDeed(step, { id: world.ids.next(), actorId: asked.actorId, deed: 'refund_made', payment: id, details });
    await markFailed(step.tx, { id, failure: 'not_sent', cause: `admin:${asked.actorId}`, nowMs: step.nowMs });
    await step.tell(userId, id, { kind: 'payment_failed', amountMsat: String(payment.amountMsat), reason: 'not_sent' });
    await tell(step, asked, { result: 'freed' });
    const heldMsat = payment.amountMsat + payment.feeCeilingMsat;
    await step.tx.post(freeHold(id, { outgoingId, suspenseId, walletId: owner.walletId }, heldMsat));
  });
  const names = { payment: payment.id, node: payment.node, first: firstAdminId, second: asked.actorId };
  world.log.warn('a payment was given back by hand', names);
}

async function answer(world: World, asked: AuditRow, given: RefundAnswer): Promise<void> {
  await commit(world, 'refund.answer', async (step) => {
    if (given.result === 'refused' && !given.against.includes('too_soon')) {
      const details = { against: given.against };
      await writeDeed(step, {
        id: world.ids.next(),
        actorId: asked.actorId,
        deed: 'refund_refused',
        payment: asked.payment,
        details,
      });
    }
    await tell(step, asked, given);
  });
}

async function tell(step: Step, { id, actorId, payment }: AuditRow, given: RefundAnswer): Promise<void> {
  await deleteOutbox(step.tx, [id]);
  await step.tell(actorId, id, { kind: 'refund_answer', paymentId: payment, answer: given });
}

/** Payments given back by hand, asked about again: one that was paid after all is booked and rings. Gives how many. */
export async function sweepFreed(world: WorkerWorld): Promise<number> {
  const nowMs = world.clock.nowMs();
  const due = await takeFreed(world.db, { nowMs, nextMs: nowMs + FREED_LOOK_MS, limit: PAGE });
  for (const { id, paymentHash } of due) {
    await hear(world, paymentHash).catch((error: unknown) => {
      world.log.warn('a payment given back by hand could not be asked about', { payment: id, error });
    });
  }
  return due.length;
}
