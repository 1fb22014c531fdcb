// Queue `balance-check`: holds the ledger against itself and every node against the ledger, for gauges and alerts.
import { check } from '../../src/flows/books.ts';
import { checkNode, solvency } from '../../src/flows/node-books.ts';
import type { Processor } from './processor.ts';

export const balanceCheck: Processor = async ({ world }) => {
  await check(world);
  for (const name of world.lightning.names()) {
    const { offMsat } = await checkNode(world, name);
    if (offMsat !== 0n) world.log.error('a node differs from the ledger', { node: name, offMsat });
  }
  await solvency(world);
  return undefined;
};
