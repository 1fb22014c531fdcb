// Queue `invoice`: makes an invoice at a node. The second failure in a row is worth a word to the person who waits.
import { create, sayLate } from '../../src/flows/receive-node.ts';
import type { Processor } from './processor.ts';

const SAY_LATE_AT_ATTEMPT = 3;

export const invoice: Processor = async ({ world }, job) => {
  if (job.attempt === SAY_LATE_AT_ATTEMPT) await sayLate(world, job.id);
  await create(world, job.id);
  return undefined;
};
