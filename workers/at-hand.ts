// News that this worker's own flows have just made, told by this worker at once: the way through the queue costs a dozen
// round trips to Redis and finds no better process. Whatever cannot be told here and now goes the ordinary way, and what
// dies with this process comes back by the relay, since the outbox row lives until the news is told.
import type { Clock } from '../src/base/clock.ts';
import { Refusal } from '../src/base/errors.ts';
import type { ConsumerEvents, Handler } from '../src/infra/queue/consumer.ts';
import type { QueuedJob } from '../src/infra/queue/jobs.ts';

/** Beyond so many at once the queue shares them out among all workers. */
const MOST_AT_ONCE = 20;

export type AtHand = {
  /** Begins a job here, or gives `false`: it must be queued. Only for a job that was made this moment, once. */
  take(job: QueuedJob): boolean;
  /** Takes no more; waits up to `graceMs` for what runs. */
  close(graceMs: number): Promise<void>;
};

/**
 * @param options.handler does the job; must not throw synchronously.
 * @param options.queue is given what could not be done now.
 */
export function atHand(options: {
  clock: Clock;
  handler: Handler;
  queue: (job: QueuedJob) => Promise<void>;
  events: ConsumerEvents;
}): AtHand {
  const running = new Set<Promise<void>>();
  let isClosed = false;
  const { clock, events } = options;
  const begin = async (job: QueuedJob) => {
    const begunMs = clock.monotonicMs();
    const report = (result: 'done' | 'refused' | 'later' | 'fault') =>
      events.onDone(job.queue, result, clock.monotonicMs() - begunMs);
    try {
      const later = await options.handler({ ...job, attempt: 1, last: false });
      report(later ? 'later' : 'done');
      return later === undefined;
    } catch (error) {
      report(error instanceof Refusal ? 'refused' : 'fault');
      if (error instanceof Refusal) return true;
      events.onFault(job.queue, job, error, false);
      return false;
    }
  };
  const run = async (job: QueuedJob) => {
    if (await begin(job)) return;
    // Redis away as well: the relay brings it back.
    await options.queue(job).catch((error: unknown) => events.onFault(job.queue, job, error, false));
  };
  return {
    take(job) {
      if (isClosed || job.queue !== 'notification' || running.size >= MOST_AT_ONCE) return false;
      const work: Promise<void> = run(job).finally(() => running.delete(work));
      running.add(work);
      return true;
    },
    async close(graceMs) {
      isClosed = true;
      await Promise.race([Promise.all(running), clock.sleep(graceMs)]);
    },
  };
}
