// What becomes of a job that is refused. A refusal is an answer, not a failure: the same job would be refused again, so
// its outbox row ends with it, or the relay would bring it back for ever. Nothing is refused in silence: the log has an
// error, and the count of jobs says `refused`.
import { Refusal } from '../../src/base/errors.ts';
import type { QueueName } from '../../src/infra/queue/jobs.ts';
import type { World } from '../../src/world.ts';
import type { Processor } from './processor.ts';

/**
 * A processor whose refusals end what the job stands for. When the end cannot be written the job is tried again.
 * @param end ends the job's row; a tick has none.
 */
export function endedByRefusal(
  queue: QueueName,
  processor: Processor,
  end: (world: World, id: string) => Promise<void> = async () => {},
): Processor {
  return async (tools, job) => {
    try {
      return await processor(tools, job);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { world } = tools;
      world.log.error('job refused', { queue, job: job.id, code: error.code });
      await end(world, job.id);
      throw error;
    }
  };
}
