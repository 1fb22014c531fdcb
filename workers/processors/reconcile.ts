// Queue `reconcile`: every row without an end is asked about. Payments and invoices not made yet at every tick, for
// somebody waits for each; open invoices once a minute, since their stream is rarely wrong and there may be many. Last of
// all a broadcast goes on, if one does.
import { stepBroadcasts } from '../../src/flows/broadcast.ts';
import { sweepAsked, sweepInvoices, sweepPayments, sweepPeople } from '../../src/flows/reconcile.ts';
import { sweepFreed } from '../../src/flows/refund.ts';
import type { Processor } from './processor.ts';

const TICKS_A_MINUTE = 12;

export const reconcile: Processor = async ({ world }, job) => {
  await Promise.all([sweepPayments(world), sweepAsked(world)]);
  const tick = Number(job.id.split('-').at(-1));
  if (tick % TICKS_A_MINUTE === 0) {
    await sweepInvoices(world);
    await sweepPeople(world);
    await sweepFreed(world);
  }
  await stepBroadcasts(world);
  return undefined;
};
