// News of the house to all, or to all who read one language. It is shown first with how many it is for, and goes out when
// that very draft is confirmed: a handful at every tick, and none while other news wait or any process is pressed, so
// that a payment's always come first. Each step is one transaction with its cursor, so a crash at any point goes on where it was and tells nobody twice.
import { Refusal } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { currentTrace } from '../base/trace.ts';
import {
  advanceBroadcast,
  type BroadcastRow,
  countWanted,
  findBroadcast,
  insertBroadcast,
  insertBroadcastNotices,
  isAnyRunning,
  isNewsMuted,
  lockRunning,
  moveBroadcast,
  newestBroadcasts,
  nextWanted,
  setNewsMuted,
} from '../infra/db/broadcasts.ts';
import { insertOutbox } from '../infra/db/outbox.ts';
import type { World } from '../world.ts';
import { mayLook, mustBeAdmin, writeDown } from './admin.ts';
import { RELAY_AFTER_MS } from './outbox.ts';
import { mayFleetBegin } from './pressure.ts';

export const LONGEST_BROADCAST = 1_000;
const DRAFT_LIFE_MS = 60 * 60_000;
const MOST_SHOWN = 3;
const TICK_S = 5;
/** Of what a bot may say in a second, so much is for broadcasts. */
const SHARE = 3;
/** At one tick, where the channel's pace does not say. */
const MOST_A_TICK = 50;
/** With more news than these waiting, a broadcast waits as well. */
const MOST_WAITING = 100;

export type Broadcast = BroadcastRow;

/**
 * Keeps a draft and says for how many it is. Sends nothing.
 * @param given.language only to those who read it; undefined: to all.
 * @throws Refusal not_allowed.
 */
export async function draftBroadcast(
  world: World,
  userId: string,
  given: { text: string; language?: string },
): Promise<{ id: string; total: number }> {
  await mustBeAdmin(world, userId, 'broadcast');
  const nowMs = world.clock.nowMs();
  const language = given.language ?? null;
  const total = await countWanted(world.db, { language, nowMs });
  const id = world.ids.next();
  await world.db.transaction('broadcast.draft', async (tx) => {
    await writeDown(world, tx, userId, 'broadcast_drafted', { broadcast: id, total });
    await insertBroadcast(tx, { id, by: userId, text: given.text.slice(0, LONGEST_BROADCAST), language, total, nowMs });
  });
  return { id, total };
}

/** Lets a draft of one's own go out, audited. Doing it again changes nothing. Throws Refusal not_allowed, card_expired. */
export async function startBroadcast(world: World, userId: string, id: string): Promise<Broadcast> {
  await mustBeAdmin(world, userId, 'broadcast');
  const draft = await find(world, id);
  const isOld = draft.state === 'draft' && draft.createdAtMs + DRAFT_LIFE_MS < world.clock.nowMs();
  if (draft.by !== userId || isOld || draft.finishedAtMs !== null) throw new Refusal('card_expired');
  return move(world, userId, draft, { from: 'draft', to: 'running', action: 'broadcast_started' });
}

/** Drops a draft, or ends one that goes out: whom it was given to keep it. Throws Refusal not_allowed, card_expired. */
export async function stopBroadcast(world: World, userId: string, id: string): Promise<Broadcast> {
  await mustBeAdmin(world, userId, 'broadcast');
  const found = await find(world, id);
  const wasDraft = found.state === 'draft';
  const action = wasDraft ? 'broadcast_dropped' : 'broadcast_stopped';
  return move(world, userId, found, { from: wasDraft ? 'draft' : 'running', to: 'stopped', action });
}

async function move(
  world: World,
  userId: string,
  { id }: Broadcast,
  given: { from: 'draft' | 'running'; to: 'running' | 'stopped'; action: string },
): Promise<Broadcast> {
  await world.db.transaction('broadcast.move', async (tx) => {
    await writeDown(world, tx, userId, given.action, { broadcast: id });
    await moveBroadcast(tx, { id, from: given.from, to: given.to, nowMs: world.clock.nowMs() });
  });
  return find(world, id);
}

async function find(world: World, id: string): Promise<Broadcast> {
  const found = isId(id) ? await findBroadcast(world.db, id) : undefined;
  if (!found) throw new Refusal('card_expired');
  return found;
}

/** The newest ones and how far they have got. Throws Refusal not_allowed. */
export async function broadcasts(world: World, userId: string): Promise<Broadcast[]> {
  await mayLook(world, userId, 'broadcasts');
  return newestBroadcasts(world.db, MOST_SHOWN);
}

/** How far one has got. Throws Refusal not_allowed, card_expired. */
export async function broadcastNow(world: World, userId: string, id: string): Promise<Broadcast> {
  await mayLook(world, userId, 'broadcasts', { broadcast: id });
  return find(world, id);
}

/**
 * One tick: gives the oldest that goes out to the next few. Gives to how many. Done twice at once, the second finds the
 * row taken and does nothing.
 * Crash points: before the commit nobody was told of this handful; after it their jobs stand in the outbox.
 * @throws Unavailable
 */
export async function stepBroadcasts(world: World): Promise<number> {
  if (!(await isAnyRunning(world.db)) || (await areNewsWaiting(world))) return 0;
  if ((await mayFleetBegin(world, 'broadcast')) !== 'go') return 0;
  const told = await world.db.transaction('broadcast.step', async (tx) => {
    const broadcast = await lockRunning(tx);
    if (!broadcast) return [];
    const nowMs = world.clock.nowMs();
    const { id: broadcastId, text } = broadcast;
    const limit = mostNow(world);
    const userIds = await nextWanted(tx, broadcast, limit);
    const notices = userIds.map((userId) => ({ id: world.ids.next(), userId }));
    const fresh = await insertBroadcastNotices(tx, { broadcastId, text, notices, nowMs });
    const jobs = fresh.map((id) => ({ id, queue: 'notification', subjectId: id }));
    await insertOutbox(tx, jobs, { nowMs, dueAtMs: nowMs + RELAY_AFTER_MS });
    const cursor = userIds.at(-1);
    if (cursor !== undefined) await advanceBroadcast(tx, { id: broadcastId, cursor, told: fresh.length });
    if (userIds.length < limit) await moveBroadcast(tx, { id: broadcastId, from: 'running', to: 'done', nowMs });
    return fresh;
  });
  if (told.length === 0) return 0;
  // By the queue alone: what this worker tells at once is kept for the news of payments.
  await world.queues
    .add(told.map((id) => ({ queue: 'notification', id, traceId: currentTrace() })))
    .catch((error: unknown) => world.log.warn('jobs left to the relay', { jobs: told.length, error }));
  return told.length;
}

async function areNewsWaiting({ queues }: World): Promise<boolean> {
  const news = (await queues.counts()).find(({ name }) => name === 'notification');
  return news !== undefined && news.waiting + news.delayed > MOST_WAITING;
}

function mostNow({ config }: World): number {
  const pace = config.TELEGRAM_PACE_BOT;
  return pace === 0 ? MOST_A_TICK : Math.max(1, Math.min(MOST_A_TICK, Math.floor((pace * TICK_S) / SHARE)));
}

/** Whether somebody wants no such news. */
export async function areNewsMuted(world: World, userId: string): Promise<boolean> {
  return isNewsMuted(world.db, userId);
}

/** Mutes them, or lets them come again. */
export async function muteNews(world: World, userId: string, isMuted: boolean): Promise<void> {
  await setNewsMuted(world.db, userId, isMuted);
}
