// Queue `notification`: tells one person one thing, at the pace the channel allows. The one processor that calls a
// channel and no flow.
import { deliver } from '../../src/channels/deliver.ts';
import type { Processor } from './processor.ts';

export const notification: Processor = async ({ world, channels }, job) => {
  const result = await deliver(world, job.id, channels);
  return result.state === 'later' ? { laterMs: result.atMs } : undefined;
};
