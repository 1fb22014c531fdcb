// One message per subject in a chat: a card. An answer of a bot and the news of a worker may want it at the same moment,
// so whoever shows something about a subject holds its lease, and news that overtook an answer stays on the card.
import type { Reply } from '../chat/message.ts';
import { renderNotice } from '../chat/notices.ts';
import type { StoredNotice } from '../domain/notice.ts';
import { shown as shownRate } from '../flows/fx.ts';
import { rememberCard } from '../infra/db/cards.ts';
import { newestAbout, type Telling } from '../infra/db/notices.ts';
import { findUser } from '../infra/db/users.ts';
import { releaseLease, takeLease } from '../infra/redis/lease.ts';
import type { World } from '../world.ts';
import type { Outcome, Shown } from './channel.ts';

/** A subject as one person sees it in one chat. */
export type Card = { readonly userId: string; readonly chatRowId: string; readonly subjectId: string };

const LEASE_MS = 15_000;
const LONGEST_WAIT_MS = 3_000;
const LOOK_EVERY_MS = 20;

/** Runs `run` while nobody else shows anything about the subject to this person. Throws Unavailable. */
export async function withCard<T>(
  world: World,
  card: Pick<Card, 'userId' | 'subjectId'>,
  run: () => Promise<T>,
): Promise<T> {
  const name = `card:${card.userId}:${card.subjectId}`;
  const owner = world.ids.next();
  const startedMs = world.clock.monotonicMs();
  // After the wait we go on without it: a card that is late to turn is better than an answer that never comes.
  while (!(await takeLease(world.sessions, name, owner, LEASE_MS))) {
    if (world.clock.monotonicMs() - startedMs > LONGEST_WAIT_MS) break;
    await world.clock.sleep(LOOK_EVERY_MS);
  }
  try {
    return await run();
  } finally {
    await releaseLease(world.sessions, name, owner);
  }
}

/**
 * Shows an answer about a subject and remembers its message as the card. Where news about the subject was told already,
 * the news is shown in the answer's place.
 */
export async function showReply(
  world: World,
  card: Card,
  reply: Reply,
  send: (reply: Reply) => Promise<Outcome<Shown>>,
): Promise<Outcome<Shown>> {
  return withCard(world, card, async () => {
    const news = await newestAbout(world.db, card);
    const person = news?.state === 'sent' ? await findUser(world.db, card.userId) : undefined;
    const overtaken = news && person && (await render(world, news, person));
    const outcome = await send(overtaken ? { ...overtaken, ...(reply.edit ? { edit: true } : {}) } : reply);
    if (outcome.state === 'done') {
      await rememberCard(world.db, { subjectId: card.subjectId, chatRowId: card.chatRowId, ...outcome.result });
    }
    return outcome;
  });
}

/** The words of a notice, in its person's language and currency. */
export async function render(world: World, stored: StoredNotice, person: Telling['person']): Promise<Reply> {
  return renderNotice(stored, person, await shownRate(world, person.currency));
}
