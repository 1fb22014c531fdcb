// Brings one notice to its person, on the card it belongs to, at most once for a row that is marked sent. A crash between
// the other side's answer and our mark repeats the message once; more repetitions are stopped by a count.
import type { NoticeKind, StoredNotice } from '../domain/notice.ts';
import { setReach } from '../flows/wallets.ts';
import { cardOf, rememberCard } from '../infra/db/cards.ts';
import { findNotice, hasNewer, markNotice } from '../infra/db/notices.ts';
import { newestChat, type ReachableChat } from '../infra/db/users.ts';
import { keepSlot, type Line, reserveFor } from '../infra/redis/pace.ts';
import { countTry, uncountTry } from '../infra/redis/tries.ts';
import type { World } from '../world.ts';
import { render, withCard } from './cards.ts';
import type { Channel, Channels, Outcome, Shown } from './channel.ts';
import { askedToWait, LONGEST_WAIT_MS, paceOf } from './pace.ts';

/** `later`: to be called again at that moment of our clock; the slot is kept until then. */
export type Delivered = { readonly state: 'sent' | 'unreachable' } | { readonly state: 'later'; readonly atMs: number };

const UNSURE_AGAIN_MS = 3_000;
const AWAY_AGAIN_MS = 10_000;
const MOST_COPIES = 2;
// News that nothing comes before and nothing follows: it needs no card.
const ALONE: ReadonlySet<NoticeKind> = new Set(['send_received']);

/** Delivers the notice with this id, if it still waits. Throws Unavailable. */
export async function deliver(world: World, noticeId: string, channels: Channels): Promise<Delivered> {
  const notice = await findNotice(world.db, noticeId);
  if (!notice || notice.state === 'unreachable') return { state: 'unreachable' };
  if (notice.state === 'sent') return { state: 'sent' };
  // Each round either ends or finds the chat blocked, which takes it off the list.
  for (;;) {
    const chat = await newestChat(world.db, notice.userId);
    const channel = chat && channels[chat.channel];
    if (!chat || !channel) return mark(world, noticeId, 'unreachable');
    const delivered = await deliverTo(world, notice, chat, channel);
    if (delivered) return delivered;
  }
}

async function deliverTo(
  world: World,
  notice: StoredNotice,
  chat: ReachableChat,
  channel: Channel,
): Promise<Delivered | undefined> {
  const waitMs = await reserveFor(world.sessions, paceOf(world), lineOf(chat), notice.id);
  if (waitMs > LONGEST_WAIT_MS) {
    await keepSlot(world.sessions, notice.id, waitMs);
    return later(world, waitMs);
  }
  if (waitMs > 0) await world.clock.sleep(waitMs);
  return ALONE.has(notice.notice.kind)
    ? show(world, notice, chat, channel, undefined)
    : withCard(world, notice, () => showOnCard(world, notice, chat, channel));
}

async function showOnCard(
  world: World,
  notice: StoredNotice,
  chat: ReachableChat,
  channel: Channel,
): Promise<Delivered | undefined> {
  const [isStale, card] = await Promise.all([
    hasNewer(world.db, notice),
    cardOf(world.db, { subjectId: notice.subjectId, chatRowId: chat.id }),
  ]);
  // Whatever came after it says it better; an old state must not overwrite a new one.
  return isStale ? mark(world, notice.id, 'sent') : show(world, notice, chat, channel, card);
}

async function show(
  world: World,
  notice: StoredNotice,
  chat: ReachableChat,
  channel: Channel,
  card: Shown | undefined,
): Promise<Delivered | undefined> {
  const [reply, copies] = await Promise.all([
    render(world, notice),
    // An edit can be repeated freely; a new message is one more each time.
    card ? 0 : countTry(world.sessions, notice.id),
  ]);
  if (!reply) return mark(world, notice.id, 'unreachable');
  if (copies > MOST_COPIES) return mark(world, notice.id, 'sent');
  const outcome = await channel.send(chat, reply, card);
  if (outcome.state === 'done' && !ALONE.has(notice.notice.kind)) {
    await rememberCard(world.db, { subjectId: notice.subjectId, chatRowId: chat.id, ...outcome.result });
  }
  // A try that did nothing is no copy.
  if (!card && (outcome.state === 'wait' || outcome.state === 'not_sent')) await uncountTry(world.sessions, notice.id);
  return judge(world, notice, chat, outcome);
}

async function judge(
  world: World,
  notice: StoredNotice,
  chat: ReachableChat,
  outcome: Outcome<Shown>,
): Promise<Delivered | undefined> {
  switch (outcome.state) {
    case 'done':
      return mark(world, notice.id, 'sent');
    case 'unreachable':
      await setReach(world, { bot: chat.bot, chatId: chat.chatId, blocked: true });
      return undefined;
    case 'wait':
      await askedToWait(world, lineOf(chat), outcome.waitMs);
      return later(world, outcome.waitMs);
    case 'not_sent':
      return later(world, AWAY_AGAIN_MS * (0.5 + world.random.fraction()));
    case 'unsure':
      return later(world, UNSURE_AGAIN_MS);
    case 'refused':
      world.log.error('notice refused', {
        notice: notice.id,
        kind: notice.notice.kind,
        description: outcome.description,
      });
      return mark(world, notice.id, 'unreachable');
  }
}

async function mark(world: World, id: string, state: 'sent' | 'unreachable'): Promise<Delivered> {
  await markNotice(world.db, { id, state, nowMs: world.clock.nowMs() });
  world.metrics.notices.inc({ result: state });
  return { state };
}

function later(world: World, waitMs: number): Delivered {
  world.metrics.notices.inc({ result: 'later' });
  return { state: 'later', atMs: world.clock.nowMs() + waitMs };
}

function lineOf({ channel, bot, chatId }: ReachableChat): Line {
  return { channel, bot, chatId };
}
