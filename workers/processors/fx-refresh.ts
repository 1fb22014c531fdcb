// Queue `fx-refresh`: asks every price source and keeps what is believed.
import { refresh } from '../../src/flows/fx.ts';
import type { Processor } from './processor.ts';

export const fxRefresh: Processor = async ({ world, sources }) => {
  await refresh(world, sources);
  return undefined;
};
