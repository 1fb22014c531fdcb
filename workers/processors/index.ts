// Every queue and who works it: adding a queue is one processor and one line here.
import type { QueueName } from '../../src/infra/queue/jobs.ts';
import { balanceCheck } from './balance-check.ts';
import { cleanup } from './cleanup.ts';
import { fxRefresh } from './fx-refresh.ts';
import { invoice } from './invoice.ts';
import { notification } from './notification.ts';
import { payment } from './payment.ts';
import type { Processor } from './processor.ts';
import { reconcile } from './reconcile.ts';

export const PROCESSORS: Readonly<Record<QueueName, Processor>> = {
  invoice,
  payment,
  notification,
  'balance-check': balanceCheck,
  'fx-refresh': fxRefresh,
  reconcile,
  cleanup,
};
