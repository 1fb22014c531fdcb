// What admins may see and do from a chat. Who is an admin stands in the database and is read at every command; retrying
// a job never changes what a row says, since jobs look before they act.
import { Refusal, Unavailable } from '../base/errors.ts';
import { insertAudit } from '../infra/db/audit.ts';
import { unfinished } from '../infra/db/payments.ts';
import { volumeSince } from '../infra/db/sends.ts';
import { countUsers, findUser } from '../infra/db/users.ts';
import { QUEUE_NAMES, type QueueName } from '../infra/queue/jobs.ts';
import type { FailedJob, QueueCounts } from '../infra/queue/queues.ts';
import { type Instance, listInstances } from '../infra/redis/instances.ts';
import { takeLease } from '../infra/redis/lease.ts';
import type { World } from '../world.ts';
import { checkLightly } from './books.ts';
import { shown } from './fx.ts';

const DAY_MS = 24 * 60 * 60_000;
const REFUSED_AGAIN_MS = 60_000;
const MOST_SHOWN = 10;
const MOST_RETRIED = 100;

export type Stats = {
  instances: readonly Instance[];
  queues: readonly QueueCounts[];
  users: number;
  volume24hMsat: bigint;
  payments: { held: number; sending: number };
  /** Of the BTC leg; undefined when there is no rate at all. */
  rateAgeMs: number | undefined;
  booksOk: boolean;
};

/** What only admins may ask for. */
export type AdminAct = 'stats' | 'failed' | 'retry_failed' | 'sending' | 'turn_sending' | 'why' | 'refund';

/** Who is an admin now, by the database; who is not is counted and, once a minute, audited. Throws Refusal not_allowed. */
export async function mustBeAdmin(world: World, userId: string, act: AdminAct): Promise<void> {
  const user = await findUser(world.db, userId);
  if (user?.role === 'admin') return;
  world.metrics.refuse('admin_by_stranger');
  if (user && (await isNews(world, userId))) {
    const nowMs = world.clock.nowMs();
    await insertAudit(world.db, { id: world.ids.next(), actorId: userId, action: 'refused', details: { act }, nowMs });
  }
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

/** The state of the house. Throws Refusal not_allowed. */
export async function stats(world: World, userId: string): Promise<Stats> {
  await mustBeAdmin(world, userId, 'stats');
  const [instances, queues, users, volume24hMsat, payments, rate, books] = await Promise.all([
    listInstances(world.sessions),
    world.queues.counts(),
    countUsers(world.db),
    volumeSince(world.db, world.clock.nowMs() - DAY_MS),
    unfinished(world.db),
    shown(world, 'KES'),
    checkLightly(world),
  ]);
  const { held, sending } = payments;
  const rateAgeMs = rate?.btcAgeMs;
  return { instances, queues, users, volume24hMsat, payments: { held, sending }, rateAgeMs, booksOk: books.ok };
}

/** The newest failed jobs. Throws Refusal not_allowed, queue_unknown. */
export async function failed(world: World, userId: string, queue?: string): Promise<FailedJob[]> {
  await mustBeAdmin(world, userId, 'failed');
  return world.queues.failed(queueNamed(queue), MOST_SHOWN);
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
  await insertAudit(world.db, {
    id: world.ids.next(),
    actorId: userId,
    action: 'retry_failed',
    details: { queue: queue ?? 'all', count },
    nowMs: world.clock.nowMs(),
  });
  const retried = await world.queues.retryFailed(queue, count);
  return { retried, unknown: (await unfinished(world.db)).sending };
}

function queueNamed(name: string | undefined): QueueName | undefined {
  if (name === undefined) return undefined;
  const queue = QUEUE_NAMES.find((each) => each === name);
  if (!queue) throw new Refusal('queue_unknown', { queues: QUEUE_NAMES.join(', ') });
  return queue;
}
