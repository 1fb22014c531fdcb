// Running jobs. A job may run twice, at once, and may be marked failed though its work was done; so handlers look at
// their row before they act, and nothing about money hangs on a queue event. A Refusal ends a job well: it was right.
import { DelayedError, Worker } from 'bullmq';
import type { Clock } from '../../base/clock.ts';
import { Refusal } from '../../base/errors.ts';
import { type Job, mostStallsOf, QUEUES, type QueueName } from './jobs.ts';
import { reconnectMs } from './reconnect.ts';

/** `attempt` counts from 1. Gives `laterMs` to be run again at that moment, which costs no attempt. */
export type Handler = (job: Job & { attempt: number; last: boolean }) => Promise<{ laterMs: number } | undefined>;

export type ConsumerEvents = {
  onDone(queue: QueueName, result: 'done' | 'refused' | 'later' | 'fault', ms: number): void;
  /** A job threw. `final`: it will not be tried again by itself. */
  onFault(queue: QueueName, job: Job | undefined, error: unknown, final: boolean): void;
};

/**
 * Consumes one queue until closed.
 * @returns `close(graceMs)`: takes no new job, waits for the running ones up to `graceMs`.
 */
export function consume(options: {
  url: string;
  queue: QueueName;
  handler: Handler;
  events: ConsumerEvents;
  clock: Clock;
}): { close(graceMs: number): Promise<void> } {
  const { queue, handler, events } = options;
  const worker = new Worker<Job>(
    queue,
    async (job, token) => {
      const begunMs = options.clock.monotonicMs();
      const report = (result: 'done' | 'refused' | 'later' | 'fault') =>
        events.onDone(queue, result, options.clock.monotonicMs() - begunMs);
      let later: { laterMs: number } | undefined;
      try {
        const attempt = job.attemptsMade + 1;
        later = await handler({ ...job.data, attempt, last: attempt >= QUEUES[queue].attempts });
      } catch (error) {
        if (error instanceof Refusal) return report('refused');
        report('fault');
        throw error;
      }
      if (!later) return report('done');
      await job.moveToDelayed(hostMs() + later.laterMs - options.clock.nowMs(), token);
      report('later');
      throw new DelayedError();
    },
    {
      connection: { url: options.url, maxRetriesPerRequest: null, retryStrategy: reconnectMs },
      concurrency: QUEUES[queue].concurrency,
      maxStalledCount: mostStallsOf(queue),
      removeOnComplete: { count: 0 },
      // How many jobs it did, by the minute: what `Queues.rates` reads.
      metrics: { maxDataPoints: 2 },
    },
  );
  worker.on('error', (error) => events.onFault(queue, undefined, error, false));
  worker.on('failed', (job, error) => {
    events.onFault(queue, job?.data, error, job !== undefined && job.attemptsMade >= QUEUES[queue].attempts);
  });
  return {
    async close(graceMs) {
      await Promise.race([worker.close(), options.clock.sleep(graceMs)]);
    },
  };
}

// BullMQ holds a job's moment against the host's clock, which may be minutes away from ours: too late a moment would
// keep people waiting, one that is past already would bring the job back without a pause.
function hostMs(): number {
  return Math.round(performance.timeOrigin + performance.now());
}
