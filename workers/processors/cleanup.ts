// Queue `cleanup`: makes the ledger's months ahead and forgets the text of what was told long ago.
import { keepHouse } from '../../src/flows/housekeeping.ts';
import type { Processor } from './processor.ts';

export const cleanup: Processor = async ({ world }) => {
  await keepHouse(world);
  return undefined;
};
