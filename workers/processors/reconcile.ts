// Queue `reconcile`: every row without an end is asked about. Payments at every tick, invoices once a minute, since
// their stream is rarely wrong and there may be many.
import { sweepAsked, sweepInvoices, sweepPayments, sweepPeople } from '../../src/flows/reconcile.ts';
import type { Processor } from './processor.ts';

const TICKS_A_MINUTE = 12;

export const reconcile: Processor = async ({ world }, job) => {
  await sweepPayments(world);
  const tick = Number(job.id.split('-').at(-1));
  if (tick % TICKS_A_MINUTE !== 0) return undefined;
  await sweepAsked(world);
  await sweepInvoices(world);
  await sweepPeople(world);
  return undefined;
};
