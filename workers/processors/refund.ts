// Queue `refund`: looks at a payment that an admin wants to give back, and answers them.
import { decide } from '../../src/flows/refund.ts';
import type { Processor } from './processor.ts';

export const refund: Processor = async ({ world }, job) => {
  await decide(world, job.id);
  return undefined;
};
