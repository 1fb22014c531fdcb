// Who may run the house from a chat, and the jobs that failed. Who is an admin stands in the database and is read at
// every command; every use is written down before it acts; retrying a job never changes what a row says, since jobs look
// before they act.
import { Refusal, Unavailable } from '../base/errors.ts';
import { insertAudit } from '../infra/db/audit.ts';
import type { Queryable } from '../infra/db/client.ts';
import { unfinished } from '../infra/db/payments.ts';
import { findUser } from '../infra/db/users.ts';
import { QUEUE_NAMES, type QueueName } from '../infra/queue/jobs.ts';
import type { FailedJob, QueueCounts } from '../infra/queue/queues.ts';
import { takeLease } from '../infra/redis/lease.ts';
import type { World } from '../world.ts';

const REFUSED_AGAIN_MS = 60_000;
export const FAILED_PER_PAGE = 5;
const FARTHEST_FAILED = 200;
const MOST_RETRIED = 100;

/** What only admins may look at. */
export type AdminLook =
  | 'stats'
  | 'queues'
  | 'failed'
  | 'sending'
  | 'why'
  | 'user'
  | 'rails'
  | 'admins'
  | 'audit'
  | 'broadcasts'
  | 'incidents'
  | 'web'
  | 'analytics';

/** What only admins may do. */
export type AdminAct =
  | AdminLook
  | 'retry_failed'
  | 'turn_sending'
  | 'refund'
  | 'freeze'
  | 'unfreeze'
  | 'pause'
  | 'resume'
  | 'add_admin'
  | 'remove_admin'
  | 'broadcast'
  | 'pin'
  | 'ack_incident'
  | 'promote_jobs'
  | 'drop_jobs';

/** Who is an admin now, by the database; who is not is counted and, once a minute, audited. Throws Refusal not_allowed. */
export async function mustBeAdmin(world: World, userId: string, act: AdminAct): Promise<void> {
  const user = await findUser(world.db, userId);
  if (user?.role === 'admin') return;
  world.metrics.refuse('admin_by_stranger');
  if (user && (await isNews(world, userId))) await writeDown(world, world.db, userId, 'refused', { act });
  throw new Refusal('not_allowed');
}

// Whoever asks a thousand times fills a counter and not a table.
async function isNews(world: World, userId: string): Promise<boolean> {
  try {
    return (await takeLease(world.sessions, `refused:${userId}`, world.ids.next(), REFUSED_AGAIN_MS)) !== undefined;
  } catch (error) {
    if (error instanceof Unavailable) return true;
    throw error;
  }
}

/** The same for a look that changes nothing; it is written down before anything is shown. Throws Refusal not_allowed. */
export async function mayLook(world: World, userId: string, look: AdminLook, about: object = {}): Promise<void> {
  await mustBeAdmin(world, userId, look);
  await writeDown(world, world.db, userId, 'looked', { act: look, ...about });
}

/** Writes down what an admin does, first of all in the transaction in which it is done. Gives the row's id. */
export async function writeDown(
  world: World,
  q: Queryable,
  actorId: string,
  action: string,
  details: Readonly<Record<string, unknown>>,
): Promise<string> {
  const id = world.ids.next();
  await insertAudit(q, { id, actorId, action, details: { ...details }, nowMs: world.clock.nowMs() });
  return id;
}

/** What each queue holds, and how many jobs it did in the last whole minute. */
export type QueueState = QueueCounts & { readonly perMinute: number };

/** The queues as they stand. Throws Refusal not_allowed, Unavailable. */
export async function queues(world: World, userId: string): Promise<QueueState[]> {
  await mayLook(world, userId, 'queues');
  return queueStates(world);
}

/** The same for who may look already. */
export async function queueStates(world: World): Promise<QueueState[]> {
  const [counts, rates] = await Promise.all([world.queues.counts(), world.queues.rates()]);
  const perMinute = new Map(rates.map((rate) => [rate.name, rate.perMinute]));
  return counts.map((each) => ({ ...each, perMinute: perMinute.get(each.name) ?? 0 }));
}

/**
 * A page of the failed jobs, newest first, and whether there is another.
 * @throws Refusal not_allowed, queue_unknown.
 */
export async function failed(
  world: World,
  userId: string,
  given: { queue?: string; page?: number } = {},
): Promise<{ jobs: FailedJob[]; more: boolean }> {
  const about = given.queue === undefined ? {} : { queue: given.queue };
  await mayLook(world, userId, 'failed', about);
  const from = Math.min(Math.max(0, given.page ?? 0) * FAILED_PER_PAGE, FARTHEST_FAILED);
  const found = await world.queues.failed(queueNamed(given.queue), from + FAILED_PER_PAGE + 1);
  const jobs = found.slice(from, from + FAILED_PER_PAGE);
  return { jobs, more: found.length > from + FAILED_PER_PAGE && from < FARTHEST_FAILED };
}

/** Puts failed jobs back, audited. Throws Refusal not_allowed, queue_unknown. */
export async function retryFailed(
  world: World,
  userId: string,
  given: { queue?: string; count?: number },
): Promise<{ retried: { queue: QueueName; retried: number }[]; unknown: number }> {
  await mustBeAdmin(world, userId, 'retry_failed');
  const queue = queueNamed(given.queue);
  const count = Math.min(Math.max(1, given.count ?? MOST_RETRIED), MOST_RETRIED);
  await writeDown(world, world.db, userId, 'retry_failed', { queue: queue ?? 'all', count });
  const retried = await world.queues.retryFailed(queue, count);
  return { retried, unknown: (await unfinished(world.db)).sending };
}

function queueNamed(name: string | undefined): QueueName | undefined {
  if (name === undefined) return undefined;
  const queue = QUEUE_NAMES.find((each) => each === name);
  if (!queue) throw new Refusal('queue_unknown', { queues: QUEUE_NAMES.join(', ') });
  return queue;
}
