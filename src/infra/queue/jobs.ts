// The catalogue of queues. A job carries the id of its row and a trace id, nothing else: amounts and secrets stay in the
// database, and a job that runs twice finds the row already moved on. Adding a queue is one line here and one processor.
// Queues have no priorities among each other: each has consumers of its own, so none can make another wait.

/**
 * Concurrency is per worker; attempts counts a job's own tries, its outbox row outlives them all. Of the failed jobs all
 * are kept, but of ticks only the newest few: the next tick does their work.
 */
export const QUEUES = {
  // Each waits for its node: with ten at once and a node 300 ms away, no more than 25 a second.
  invoice: { concurrency: 40, attempts: 8, backoffMs: 250 },
  payment: { concurrency: 50, attempts: 8, backoffMs: 500 },
  notification: { concurrency: 50, attempts: 12, backoffMs: 500 },
  refund: { concurrency: 1, attempts: 8, backoffMs: 500 },
  escalation: { concurrency: 5, attempts: 8, backoffMs: 2_000 },
  'balance-check': { concurrency: 10, attempts: 2, backoffMs: 1_000, keepFailed: 20 },
  'fx-refresh': { concurrency: 1, attempts: 2, backoffMs: 1_000, keepFailed: 20 },
  reconcile: { concurrency: 1, attempts: 2, backoffMs: 1_000, keepFailed: 20 },
  cleanup: { concurrency: 1, attempts: 2, backoffMs: 5_000, keepFailed: 20 },
  digest: { concurrency: 1, attempts: 2, backoffMs: 5_000, keepFailed: 20 },
} as const;

export type QueueName = keyof typeof QUEUES;

export const QUEUE_NAMES = Object.keys(QUEUES) as readonly QueueName[];

/**
 * How often a job is begun anew after the worker that ran it died. A job is no more to blame for that than for what it
 * throws, so it gets as many tries: whatever has failed stays where it is until somebody asks for it.
 */
export const mostStallsOf = (queue: QueueName): number => QUEUES[queue].attempts - 1;

/** Those that move money or judge it: they can be looked at by hand, and are touched by commands alone. */
export const MONEY_QUEUES: readonly QueueName[] = ['invoice', 'payment', 'refund', 'balance-check', 'reconcile'];

/** `id`: the row's id, or for a scheduled job its period ("2026-11-21T10-05"). */
export type Job = { readonly id: string; readonly traceId: string };

export type QueuedJob = Job & { readonly queue: QueueName };
