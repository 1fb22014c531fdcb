// The one move of a request that happens inside another flow's transaction: a send pays it.
import { Refusal } from '../base/errors.ts';
import { closeRequest } from '../infra/db/requests.ts';
import type { Step } from './outbox.ts';

/**
 * `open → paid`, with the news for who asked and the end of the payer's card. Throws Refusal request_closed, and with it
 * the send.
 */
export async function closeRequestBySend(
  step: Step,
  requestId: string,
  { byName, fromName }: { byName: string; fromName: string },
): Promise<void> {
  const request = await closeRequest(step.tx, { id: requestId, state: 'paid', nowMs: step.nowMs });
  if (!request) throw new Refusal('request_closed');
  const amountMsat = String(request.amountMsat);
  await step.tell(request.fromUserId, requestId, { kind: 'request_paid', amountMsat, byName });
  await step.tell(request.toUserId, requestId, { kind: 'request_closed', how: 'paid', amountMsat, fromName });
}
