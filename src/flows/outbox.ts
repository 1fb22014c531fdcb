// State, jobs and news in one transaction: `commit` runs a flow's step and, once it is committed, puts the jobs it made
// into their queues (the fast path). Whatever that misses, because Redis is away, wiped or the process died in between,
// the relay finds in the outbox table. No job is ever only in Redis.
import { beginSpan, currentTrace, traceOfMessage } from '../base/trace.ts';
import type { Notice } from '../domain/notice.ts';
import type { Tx } from '../infra/db/client.ts';
import { insertNotice } from '../infra/db/notices.ts';
import { giveBackTaken, insertOutbox, type OverdueRow, takeOverdue } from '../infra/db/outbox.ts';
import { QUEUE_NAMES, type QueuedJob, type QueueName } from '../infra/queue/jobs.ts';
import type { World } from '../world.ts';

/** Below this age a row is left to the fast path. */
export const RELAY_AFTER_MS = 30_000;
const RELAY_BATCH = 1_000;
const FIRST_PAUSE_MS = 4_000;
const LONGEST_PAUSE_MS = 15_000;

/** One step of a flow: its transaction, its moment, and what it leaves to be done and told. */
export type Step = {
  readonly tx: Tx;
  readonly nowMs: number;
  /** A job about the row `subjectId`, which will run at least once after the commit. */
  enqueue(queue: QueueName, subjectId: string): Promise<void>;
  /** News for a person about a subject, told once. */
  tell(userId: string, subjectId: string, notice: Notice): Promise<void>;
};

/**
 * Runs `run` in one transaction and enqueues its jobs after the commit. Locks its rows before money: `tx.post` comes
 * last in every step. May run more than once when the database asks for it, so it must have no effect outside.
 * @returns its result, and whether the queues took the jobs (`false`: they follow by the relay).
 */
export async function commit<T>(
  world: World,
  name: string,
  run: (step: Step) => Promise<T>,
): Promise<{ result: T; queued: boolean }> {
  let jobs: QueuedJob[] = [];
  const step = async (tx: Tx) => {
    const nowMs = world.clock.nowMs();
    const staged: QueuedJob[] = [];
    const enqueue = async (queue: QueueName, subjectId: string) => {
      await insertOutbox(tx, [{ id: subjectId, queue, subjectId }], { nowMs, dueAtMs: nowMs + RELAY_AFTER_MS });
      staged.push({ queue, id: subjectId, traceId: currentTrace() });
    };
    const tell = async (userId: string, subjectId: string, notice: Notice) => {
      const id = world.ids.next();
      if (await insertNotice(tx, { id, userId, subjectId, notice, nowMs })) await enqueue('notification', id);
    };
    const value = await run({ tx, nowMs, enqueue, tell });
    jobs = staged;
    return value;
  };
  const result = await world.db.transaction(name, step, { trace: traceOfMessage() });
  return { result, queued: await fastPath(world, jobs) };
}

/** Does committed jobs here or puts them into their queues; a failure is logged and left to the relay. */
export async function fastPath(world: World, jobs: readonly QueuedJob[]): Promise<boolean> {
  const spans = jobs.map((job) => beginSpan(`queue ${job.queue}`, {}, { side: 'producer', puts: job }));
  const isQueued = await handOver(world, jobs);
  for (const span of spans) span?.end(isQueued ? 'ok' : 'left to the relay', !isQueued);
  return isQueued;
}

async function handOver(world: World, jobs: readonly QueuedJob[]): Promise<boolean> {
  const rest = jobs.filter((job) => !world.takeAtHand?.(job));
  if (rest.length === 0) return true;
  try {
    await world.queues.add(rest);
    return true;
  } catch (error) {
    world.log.warn('jobs left to the relay', { jobs: rest.length, error });
    return false;
  }
}

/**
 * Re-adds, under the same job id, every row that is due and not done. Gives how many. Rows that the queues did not take
 * are due again at once, for whoever comes next.
 * @throws Unavailable
 */
export async function relay(world: World): Promise<number> {
  const nowMs = world.clock.nowMs();
  const nextMs = nowMs + RELAY_AFTER_MS;
  let count = 0;
  for (;;) {
    const rows = await takeOverdue(world.db, { nowMs, nextMs, limit: RELAY_BATCH });
    if (rows.length) await readd(world, rows, { nowMs, nextMs });
    count += rows.length;
    if (rows.length < RELAY_BATCH) break;
  }
  return count;
}

async function readd(world: World, rows: readonly OverdueRow[], at: { nowMs: number; nextMs: number }): Promise<void> {
  try {
    await world.queues.add(rows.flatMap(jobOf));
  } catch (error) {
    const taken = { ids: rows.map(({ id }) => id), takenMs: at.nextMs, dueAtMs: at.nowMs };
    // Should this fail as well, they are due half a minute later by themselves.
    await giveBackTaken(world.db, taken).catch((fault: unknown) =>
      world.log.warn('jobs wait longer', { error: fault }),
    );
    throw error;
  }
}

/** The relay as a worker runs it, at every tick: while it fails it pauses, longer each time, to let the queues recover. */
export function pausingRelay(world: World): () => Promise<number> {
  let pauseMs = 0;
  let notBeforeMs = 0;
  return async () => {
    if (world.clock.nowMs() < notBeforeMs) return 0;
    try {
      const count = await relay(world);
      pauseMs = 0;
      return count;
    } catch (error) {
      pauseMs = Math.min(pauseMs === 0 ? FIRST_PAUSE_MS : 2 * pauseMs, LONGEST_PAUSE_MS);
      notBeforeMs = world.clock.nowMs() + pauseMs;
      throw error;
    }
  };
}

function jobOf(row: OverdueRow): QueuedJob[] {
  const queue = QUEUE_NAMES.find((name) => name === row.queue);
  // What no message made necessary is tied together by the row's own id.
  return queue ? [{ queue, id: row.id, traceId: row.trace ?? row.id }] : [];
}
