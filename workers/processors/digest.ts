// Queue `digest`: tells the admins each morning what the last day was like.
import { tellDigest } from '../../src/flows/digest.ts';
import type { Processor } from './processor.ts';

export const digest: Processor = async ({ world }) => {
  await tellDigest(world);
  return undefined;
};
