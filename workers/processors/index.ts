// Every queue and who works it: adding a queue is one processor and one line here. The first five have a row in the
// outbox for each job, which a refusal ends as well; the others are ticks.
import { endNotice } from '../../src/infra/db/notices.ts';
import { deleteOutbox } from '../../src/infra/db/outbox.ts';
import type { QueueName } from '../../src/infra/queue/jobs.ts';
import type { World } from '../../src/world.ts';
import { balanceCheck } from './balance-check.ts';
import { cleanup } from './cleanup.ts';
import { digest } from './digest.ts';
import { escalation } from './escalation.ts';
import { fxRefresh } from './fx-refresh.ts';
import { invoice } from './invoice.ts';
import { notification } from './notification.ts';
import { payment } from './payment.ts';
import type { Processor } from './processor.ts';
import { reconcile } from './reconcile.ts';
import { refund } from './refund.ts';
import { endedByRefusal } from './refused.ts';

// An invoice or a payment without an end is the sweep's, whatever became of its job.
const endJob = (world: World, id: string) => deleteOutbox(world.db, [id]);

const endTelling = (world: World, id: string) =>
  endNotice(world.db, { id, state: 'unreachable', nowMs: world.clock.nowMs() });

export const PROCESSORS: Readonly<Record<QueueName, Processor>> = {
  invoice: endedByRefusal('invoice', invoice, endJob),
  payment: endedByRefusal('payment', payment, endJob),
  notification: endedByRefusal('notification', notification, endTelling),
  refund: endedByRefusal('refund', refund, endJob),
  escalation: endedByRefusal('escalation', escalation, endJob),
  'balance-check': endedByRefusal('balance-check', balanceCheck),
  'fx-refresh': endedByRefusal('fx-refresh', fxRefresh),
  reconcile: endedByRefusal('reconcile', reconcile),
  cleanup: endedByRefusal('cleanup', cleanup),
  digest: endedByRefusal('digest', digest),
};
