// Brings one notice to its person, on the card it belongs to, at most once for a row that is marked sent. A message of
// which nobody knows whether it arrived is repeated: once where its answer was lost, once for each process that died on
// the way, since nobody may go untold. What many need at once is asked and written together, so a notice costs three
// round trips: what to tell, the pace, the mark.
import { inSpan } from '../base/trace.ts';
import { type LateNews, renderBelow } from '../chat/notices.ts';
import type { NoticeKind, StoredNotice } from '../domain/notice.ts';
import { setReach } from '../flows/wallets.ts';
import { type CardNow, lookForCard } from '../infra/db/cards.ts';
import { type EndedNotice, endNotice, lookForTelling, type Telling } from '../infra/db/notices.ts';
import { deleteOutbox } from '../infra/db/outbox.ts';
import type { ReachableChat } from '../infra/db/users.ts';
import { keepSlot, type Line, reserve, reserveFor } from '../infra/redis/pace.ts';
import { countTry, loseTry, type Tries, uncountTry } from '../infra/redis/tries.ts';
import type { World } from '../world.ts';
import { render, withCard } from './cards.ts';
import { type Channel, type Channels, isAnswered, type Outcome, type Shown } from './channel.ts';
import { askedToWait, LONGEST_WAIT_MS, paced, paceOf } from './pace.ts';

/**
 * `later`: to be called again at that moment of our clock; the slot is kept until then. In the other states the job's
 * outbox row, which bears the notice's id, is gone.
 */
export type Delivered = { readonly state: 'sent' | 'unreachable' } | { readonly state: 'later'; readonly atMs: number };

const UNSURE_AGAIN_MS = 3_000;
const AWAY_AGAIN_MS = 10_000;
/** So many whose answers were lost: one of them has arrived. */
const MOST_LOST = 2;
/** Begun in vain so often, the notice itself may be what kills its processes. */
const MOST_BEGUN = 6;
// News that nothing comes before and nothing follows: it needs no card.
const ALONE: ReadonlySet<NoticeKind> = new Set(['send_received', 'broadcast']);
// Ends that may come hours after their card. An edit makes no sound on a phone, so they are messages of their own.
const LATE: ReadonlySet<NoticeKind> = new Set<LateNews>([
  'invoice_paid',
  'invoice_expired',
  'send_claimed',
  'send_returned',
  'request_paid',
  'request_declined',
]);
const LATE_AFTER_PENDING: ReadonlySet<NoticeKind> = new Set<LateNews>(['payment_paid', 'payment_failed']);
// What ends a card and is no news to who never saw it.
const ONLY_ON_CARD: ReadonlySet<NoticeKind> = new Set(['invoice_expired', 'request_closed', 'request_expired']);

/** One notice on its way into one chat. */
type Way = {
  readonly notice: StoredNotice;
  readonly person: Telling['person'];
  readonly chat: ReachableChat;
  readonly channel: Channel;
  /** By this name its try is counted, until it is known that it did nothing. */
  readonly tryId: string;
  /** From here on a message may be on its way, or have arrived. */
  isOut: boolean;
};

/** Delivers the notice with this id, if it still waits. Throws Unavailable. */
export async function deliver(world: World, noticeId: string, channels: Channels): Promise<Delivered> {
  // Each round either ends or finds the chat blocked, which takes it off the list.
  for (;;) {
    const telling = await lookForTelling(world.db, noticeId);
    if (telling?.notice.state !== 'waiting') {
      await deleteOutbox(world.db, [noticeId]);
      return { state: telling?.notice.state === 'sent' ? 'sent' : 'unreachable' };
    }
    const { notice, person, chat } = telling;
    const channel = chat && channels[chat.channel];
    if (!chat || !channel) return end(world, noticeId, 'unreachable');
    const delivered = await deliverTo(world, {
      notice,
      person,
      chat,
      channel,
      tryId: world.ids.next(),
      isOut: false,
    });
    if (delivered) return delivered;
  }
}

async function deliverTo(world: World, way: Way): Promise<Delivered | undefined> {
  try {
    return await tellOn(world, way);
  } catch (error) {
    // A try is what it came to: counted for more, the news would end untold; for less, it would be told too often.
    await (way.isOut ? lose(world, way) : uncount(world, way)).catch(() => undefined);
    throw error;
  }
}

function count(world: World, { notice, chat, tryId }: Way): Promise<Tries> {
  return countTry(world.sessions, lineOf(chat), notice.id, tryId);
}

function uncount(world: World, { notice, chat, tryId }: Way): Promise<void> {
  return uncountTry(world.sessions, lineOf(chat), notice.id, tryId);
}

function lose(world: World, { notice, chat, tryId }: Way): Promise<void> {
  return loseTry(world.sessions, lineOf(chat), notice.id, tryId);
}

async function tellOn(world: World, way: Way): Promise<Delivered | undefined> {
  const { notice, chat } = way;
  const line = lineOf(chat);
  const isAlone = ALONE.has(notice.notice.kind);
  // The try is counted in the same breath as the slot is taken.
  const [waitMs, counted] = await Promise.all([
    reserveFor(world.sessions, paceOf(world), line, notice.id),
    isAlone ? count(world, way) : undefined,
  ]);
  // Counted is what follows at once: a crash while we wait must not use up a copy.
  if (counted !== undefined && waitMs > 0) await uncount(world, way);
  paced(world, 'notice', waitMs);
  if (waitMs > LONGEST_WAIT_MS) {
    await keepSlot(world.sessions, line, notice.id, waitMs);
    return later(world, waitMs);
  }
  if (waitMs > 0) await world.clock.sleep(waitMs);
  const tries = waitMs > 0 ? undefined : counted;
  return isAlone ? show(world, way, undefined, tries) : withCard(world, notice, () => showOnCard(world, way));
}

async function showOnCard(world: World, way: Way): Promise<Delivered | undefined> {
  const { id: noticeId, userId, subjectId } = way.notice;
  const asked = { noticeId, userId, subjectId, chatRowId: way.chat.id };
  const { isStale, isEnded, wasPending, card }: CardNow = await lookForCard(world.db, asked);
  const { kind } = way.notice.notice;
  if (isEnded) return { state: 'sent' };
  // Whatever came after it says it better; an old state must not overwrite a new one.
  if (isStale || (!card && ONLY_ON_CARD.has(kind))) return skip(world, noticeId);
  if (!card || !isLate(kind, wasPending)) return show(world, way, card);
  const closed = await close(world, way, kind, card);
  // A card that cannot be changed any more does not keep the news back.
  return closed.state === 'done' || closed.state === 'refused'
    ? show(world, way, undefined)
    : judge(world, way, closed);
}

function isLate(kind: NoticeKind, wasPending: boolean): kind is LateNews {
  return LATE.has(kind) || (wasPending && LATE_AFTER_PENDING.has(kind));
}

// Before the news, so that a crash in between does it again: an edit can be repeated freely.
async function close(
  world: World,
  { person, chat, channel }: Way,
  kind: LateNews,
  card: Shown,
): Promise<Outcome<Shown>> {
  const [closed] = await Promise.all([
    channel.close(chat, renderBelow(kind, person.language), card),
    // An edit counts like a message; taking a picture away does not.
    card.photo ? undefined : reserve(world.sessions, paceOf(world), lineOf(chat)),
  ]);
  return closed;
}

/** @param counted the tries with this one, where it was counted already. */
async function show(world: World, way: Way, card: Shown | undefined, counted?: Tries): Promise<Delivered | undefined> {
  const { notice, person, chat, channel } = way;
  const [reply, tries] = await Promise.all([
    render(world, notice, person),
    // An edit can be repeated freely; a new message is one more each time.
    card ? undefined : (counted ?? count(world, way)),
  ]);
  if (tries && tries.lost >= MOST_LOST) return end(world, notice.id, 'sent');
  if (tries && tries.begun > MOST_BEGUN) return giveUp(world, way);
  if (tries && tries.begun > 1) {
    // Another copy is not thrown after the first into a broken line: where that lasts, nobody would be told at all.
    const probed = await channel.probe(chat);
    if (!isAnswered(probed)) {
      await uncount(world, way);
      return judge(world, way, probed);
    }
  }
  way.isOut = !card;
  const facts = { kind: notice.notice.kind, channel: chat.channel, bot: chat.bot };
  const outcome = await inSpan('receipt sent', facts, () => channel.send(chat, reply, card), {
    side: 'client',
    resultOf: ({ state }) => state,
  });
  way.isOut &&= outcome.state === 'done' || outcome.state === 'unsure';
  if (!card && !way.isOut) await uncount(world, way);
  if (!card && outcome.state === 'unsure') await lose(world, way);
  return judge(world, way, outcome);
}

/** Nobody knows whether any of the copies arrived. */
function giveUp(world: World, { notice }: Way): Promise<Delivered> {
  world.log.error('notice given up', { notice: notice.id, kind: notice.notice.kind });
  return end(world, notice.id, 'unreachable');
}

async function judge(world: World, { notice, chat }: Way, outcome: Outcome<Shown>): Promise<Delivered | undefined> {
  switch (outcome.state) {
    case 'done': {
      const card = { subjectId: notice.subjectId, chatRowId: chat.id, ...outcome.result };
      return end(world, notice.id, 'sent', ALONE.has(notice.notice.kind) ? undefined : card);
    }
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
      return end(world, notice.id, 'unreachable');
  }
}

async function end(
  world: World,
  id: string,
  state: EndedNotice['state'],
  card?: EndedNotice['card'],
): Promise<Delivered> {
  await endNotice(world.db, { id, state, nowMs: world.clock.nowMs(), ...(card ? { card } : {}) });
  world.metrics.notices.inc({ result: state });
  return { state };
}

/** Ends a notice without showing it. */
async function skip(world: World, id: string): Promise<Delivered> {
  await endNotice(world.db, { id, state: 'sent', nowMs: null });
  world.metrics.notices.inc({ result: 'sent' });
  return { state: 'sent' };
}

function later(world: World, waitMs: number): Delivered {
  world.metrics.notices.inc({ result: 'later' });
  return { state: 'later', atMs: world.clock.nowMs() + waitMs };
}

function lineOf({ channel, bot, chatId }: ReachableChat): Line {
  return { channel, bot, chatId };
}
