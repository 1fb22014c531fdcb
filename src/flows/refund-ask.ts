// Asking for a payment to be given back by hand: what an admin does in a chat. The worker's part is flows/refund.ts, which
// looks at the node; a bot knows no node, so the two stand apart.
import { Refusal } from '../base/errors.ts';
import { insertAudit } from '../infra/db/audit.ts';
import { findPayment } from '../infra/db/payments.ts';
import type { World } from '../world.ts';
import { mustBeAdmin } from './admin.ts';
import { commit, type Step } from './outbox.ts';

/** `refund_asked`: an admin did. `refund_agreed`: their look found nothing against it. The rest are how it went on. */
type Deed = 'refund_asked' | 'refund_agreed' | 'refund_refused' | 'refund_made';

/**
 * Asks for a payment to be given back. The answer comes as the notice `refund_answer`.
 * @throws Refusal not_allowed, not_found.
 */
export async function ask(world: World, given: { userId: string; paymentId: string }): Promise<{ queued: boolean }> {
  await mustBeAdmin(world, given.userId, 'refund');
  const payment = await findPayment(world.db, given.paymentId);
  if (!payment) throw new Refusal('not_found');
  const id = world.ids.next();
  const { queued } = await commit(world, 'refund.ask', async (step) => {
    await writeDeed(step, { id, actorId: given.userId, deed: 'refund_asked', payment: payment.id });
    await step.enqueue('refund', id);
  });
  return { queued };
}

/** Writes down what an admin did about a payment, in the transaction in which it is done. */
export async function writeDeed(
  { tx, nowMs }: Step,
  given: { id: string; actorId: string; deed: Deed; payment: string; details?: object },
): Promise<void> {
  const { id, actorId, deed, payment, details } = given;
  await insertAudit(tx, { id, actorId, action: deed, details: { payment, ...details }, nowMs });
}
