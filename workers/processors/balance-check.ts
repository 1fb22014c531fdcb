// Queue `balance-check`: holds the ledger against itself and every node against the ledger, for gauges and alerts, and
// watches over the promises: a broken one stops sending.
import { checkLightly } from '../../src/flows/books.ts';
import { checkNodes } from '../../src/flows/node-books.ts';
import { MINUTES_A_DAY } from '../../src/flows/promises.ts';
import { watchPromises } from '../../src/flows/watch-promises.ts';
import type { Processor } from './processor.ts';

export const balanceCheck: Processor = async ({ world }, job) => {
  await checkLightly(world);
  await checkNodes(world);
  // The job's id ends with its minute since 1970: each has its slice of what is looked at.
  await watchPromises(world, Number(job.id.split('-').at(-1)) % MINUTES_A_DAY);
  return undefined;
};
