// Adding jobs, and looking at what became of them. The queue Redis may be away or wiped at any moment: adding then
// throws Unavailable within two seconds, and the outbox row brings the job back later. Nothing here decides about money.
import { type JobsOptions, Queue } from 'bullmq';
import type { Clock } from '../../base/clock.ts';
import { Unavailable } from '../../base/errors.ts';
import { gather } from '../../base/gather.ts';
import type { QueueBoard } from './board.ts';
import { type Job, QUEUE_NAMES, QUEUES, type QueuedJob, type QueueName } from './jobs.ts';
import { reconnectMs } from './reconnect.ts';

export type QueueCounts = { name: QueueName; waiting: number; active: number; delayed: number; failed: number };

/** How many jobs a queue ended well in its last whole minute. */
export type QueueRate = { name: QueueName; perMinute: number };

/** Jobs that wait, how long the oldest of them does, and how many were ended well since the queue was made. */
export type QueueLine = { readonly waiting: number; readonly oldestMs: number; readonly done: number };

export type FailedJob = {
  queue: QueueName;
  id: string;
  reason: string;
  traceId: string;
  attempts: number;
  atMs: number;
};

export type Queues = {
  /** Adds jobs, one per id; an id that waits, runs or has failed is left as it is. Throws Unavailable within 2 s. */
  add(jobs: readonly QueuedJob[]): Promise<void>;
  /** How many jobs each queue has, by state. Throws Unavailable. */
  counts(): Promise<QueueCounts[]>;
  /** How many jobs each queue did in the last whole minute. Throws Unavailable. */
  rates(): Promise<QueueRate[]>;
  /** How long ago the job was made that waits longest in each queue; 0 where none waits. Throws Unavailable. */
  oldest(): Promise<{ name: QueueName; ageMs: number }[]>;
  /** How long the line of one queue is, cheaply. Throws Unavailable. */
  line(name: QueueName): Promise<QueueLine>;
  /** The newest failed jobs of one queue or of all. Throws Unavailable. */
  failed(only: QueueName | undefined, limit: number): Promise<FailedJob[]>;
  /** Puts up to `limit` failed jobs of each queue back. The rows they speak of are not touched. Throws Unavailable. */
  retryFailed(only: QueueName | undefined, limit: number): Promise<{ queue: QueueName; retried: number }[]>;
  /**
   * The queues as a page; loaded at its first use.
   * @param clean takes secrets out of what went wrong.
   */
  board(clean: (text: string) => string): Promise<QueueBoard>;
  close(): Promise<void>;
};

const ANSWER_MS = 2_000;
const BACKOFF_JITTER = 0.5;
const MINUTE_MS = 60_000;

/**
 * @param options.url the queue Redis; BullMQ alone uses it.
 * @param options.onError hears of connection trouble.
 * @param options.onAdd hears how long it took to add what was added together, also in vain. Must not throw.
 */
export function createQueues(options: {
  url: string;
  clock: Clock;
  onError: (error: unknown) => void;
  onAdd?: (ms: number) => void;
}): Queues {
  const opened = new Map<QueueName, Queue<Job>>();
  const queue = (name: QueueName) => {
    const found = opened.get(name) ?? open(name, options);
    opened.set(name, found);
    return found;
  };
  const within = <T>(run: Promise<T>) => answered(options.clock, run);
  // One write carries the jobs of all who add in the same moment.
  const add = gather<readonly QueuedJob[], undefined>({
    largest: 100,
    inFlight: 4,
    async run(calls) {
      const groups = [...Map.groupBy(calls.flat(), (job) => job.queue)];
      const begunMs = options.clock.monotonicMs();
      await within(Promise.all(groups.map(([name, group]) => addTo(queue(name), name, group)))).finally(() =>
        options.onAdd?.(options.clock.monotonicMs() - begunMs),
      );
      return calls.map(() => undefined);
    },
  });
  const chosen = (only: QueueName | undefined) => (only ? [only] : QUEUE_NAMES);
  return {
    add: (jobs) => add(jobs),
    counts: () => within(Promise.all(QUEUE_NAMES.map((name) => countsOf(queue(name), name)))),
    rates: () => within(Promise.all(QUEUE_NAMES.map((name) => rateOf(queue(name), name, options.clock.nowMs())))),
    oldest: () => within(Promise.all(QUEUE_NAMES.map((name) => oldestOf(queue(name), name)))),
    line: (name) => within(lineOf(queue(name), name)),
    async failed(only, limit) {
      const lists = await within(Promise.all(chosen(only).map((name) => queue(name).getFailed(0, limit - 1))));
      const all = lists.flat().map((job) => ({
        queue: job.queueName as QueueName,
        id: job.data.id,
        reason: job.failedReason,
        traceId: job.data.traceId,
        attempts: job.attemptsMade,
        atMs: job.finishedOn ?? 0,
      }));
      return all.sort((a, b) => b.atMs - a.atMs).slice(0, limit);
    },
    async retryFailed(only, limit) {
      const done: { queue: QueueName; retried: number }[] = [];
      for (const name of chosen(only)) {
        const jobs = await within(queue(name).getFailed(0, limit - 1));
        for (const job of jobs) await within(job.retry('failed', { resetAttemptsMade: true }));
        if (jobs.length) done.push({ queue: name, retried: jobs.length });
      }
      return done;
    },
    async board(clean) {
      const { openBoard } = await import('./board.ts');
      const board = openBoard(QUEUE_NAMES.map(queue), clean);
      return { ...board, answer: (request) => within(board.answer(request)) };
    },
    async close() {
      await Promise.allSettled([...opened.values()].map((each) => each.close()));
    },
  };
}

function open(name: QueueName, options: { url: string; onError: (error: unknown) => void }): Queue<Job> {
  const { attempts, backoffMs, ...kept } = QUEUES[name];
  const queue = new Queue<Job>(name, {
    // Once connected, a command fails at once while Redis is away instead of waiting for it.
    connection: { url: options.url, enableOfflineQueue: false, maxRetriesPerRequest: 1, retryStrategy: reconnectMs },
    defaultJobOptions: {
      attempts,
      backoff: { type: 'exponential', delay: backoffMs, jitter: BACKOFF_JITTER },
      // A finished job's id must be free again, or re-adding it would do nothing; a failed one is kept to be looked at.
      removeOnComplete: true,
      removeOnFail: 'keepFailed' in kept ? { count: kept.keepFailed } : false,
    },
  });
  queue.on('error', options.onError);
  return queue;
}

async function answered<T>(clock: Clock, run: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const late = clock.sleep(ANSWER_MS, ended.signal).then((): never => {
    throw new Error('no answer');
  });
  late.catch(() => {});
  try {
    return await Promise.race([run, late]);
  } catch (error) {
    throw new Unavailable('queue Redis', error);
  } finally {
    ended.abort('ended');
  }
}

async function addTo(queue: Queue<Job>, name: QueueName, jobs: readonly QueuedJob[]): Promise<void> {
  const entries = jobs.map(({ id, traceId }) => {
    const opts: JobsOptions = { jobId: `${name}-${id}` };
    return { name, data: { id, traceId }, opts };
  });
  const [first, ...others] = entries;
  if (first && others.length === 0) await queue.add(name, first.data, first.opts);
  else await queue.addBulk(entries);
}

async function countsOf(queue: Queue<Job>, name: QueueName): Promise<QueueCounts> {
  const { waiting = 0, active = 0, delayed = 0, failed = 0 } = await queue.getJobCounts();
  return { name, waiting, active, delayed, failed };
}

// Workers count what they end by the minute. What no job ended since is not written on, so the list may be of long ago.
async function rateOf(queue: Queue<Job>, name: QueueName, nowMs: number): Promise<QueueRate> {
  const { meta, data } = await queue.getMetrics('completed', 0, 0);
  const isNow = nowMs - meta.prevTS < 2 * MINUTE_MS;
  return { name, perMinute: isNow ? (data[0] ?? 0) : 0 };
}

// BullMQ dates a job by the clock of the host that adds it.
async function oldestOf(queue: Queue<Job>, name: QueueName): Promise<{ name: QueueName; ageMs: number }> {
  const hostMs = performance.timeOrigin + performance.now();
  const waiting = await queue.getWaiting(0, 0);
  return { name, ageMs: Math.max(0, ...waiting.map(({ timestamp }) => hostMs - timestamp)) };
}

async function lineOf(queue: Queue<Job>, name: QueueName): Promise<QueueLine> {
  const [waiting, { meta }] = await Promise.all([queue.getWaitingCount(), queue.getMetrics('completed', 0, 0)]);
  return { waiting, oldestMs: waiting > 0 ? (await oldestOf(queue, name)).ageMs : 0, done: meta.count };
}
