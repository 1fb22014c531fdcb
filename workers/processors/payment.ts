// Queue `payment`: sends a payment, or asks what became of it. Gives its place back once the payment is under way.
import { execute } from '../../src/flows/pay-execute.ts';
import type { Processor } from './processor.ts';

export const payment: Processor = async ({ world }, job) => {
  await execute(world, job.id);
  return undefined;
};
