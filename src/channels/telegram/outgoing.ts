// Brings an answer to its chat, at our pace and Telegram's. What cannot be sent now is not lost: the rest is handed back
// to be kept with the update, which Telegram then brings again. A message whose fate is unknown is sent once more, never
// oftener: one double text is better than none.
import { inSpan } from '../../base/trace.ts';
import type { Answer, Reply } from '../../chat/message.ts';
import { setReach } from '../../flows/wallets.ts';
import { type Line, reserve } from '../../infra/redis/pace.ts';
import type { World } from '../../world.ts';
import { showReply } from '../cards.ts';
import { isAnswered, type Outcome, type Shown } from '../channel.ts';
import { askedToWait, LONGEST_WAIT_MS, paced, paceOf } from '../pace.ts';
import type { Late } from './late.ts';
import type { Bot } from './registry.ts';
import { dropMessage, probe, sendReply } from './send.ts';
import { CHANNEL } from './update.ts';

/** Replies on their way to one chat, as plain data. */
export type Outgoing = {
  readonly chatId: string;
  readonly replies: readonly Reply[];
  /** The message whose button was pressed. */
  readonly pressed?: Shown;
  /** Whose cards these are. */
  readonly owner?: { readonly userId: string; readonly chatRowId: string };
  /** The first reply may have been sent already. */
  readonly unsure?: boolean;
  /** How often sending it ended in an exception. */
  readonly faults?: number;
  /** Not to be sent before this moment. */
  readonly atMs?: number;
  /** The message that says that all this takes longer; it goes when the replies are sent. */
  readonly word?: Shown;
};

/** When something that could not be sent is tried again. */
export const AGAIN_MS = 2_000;

type Given = {
  /** Who watches over this answer. */
  readonly late?: Late;
  /** The wait for the slot that the first reply has already. */
  readonly paceDelayMs?: number;
};

/**
 * Sends the replies in order.
 * @returns what is left to be sent later, or undefined when all is done.
 */
export async function sendOutgoing(
  world: World,
  bot: Bot,
  outgoing: Outgoing,
  given: Given = {},
): Promise<Outgoing | undefined> {
  const left = await sendAll(world, bot, outgoing, given);
  const word = await given.late?.hush();
  if (left) return word ? { ...left, word } : left;
  if (word) await dropMessage(bot.api, outgoing.chatId, word);
  return undefined;
}

async function sendAll(
  world: World,
  bot: Bot,
  outgoing: Outgoing,
  { late, paceDelayMs }: Given,
): Promise<Outgoing | undefined> {
  const { chatId, replies } = outgoing;
  const line = { channel: CHANNEL, bot: bot.username, chatId };
  let { unsure = false } = outgoing;
  let waitMs = outgoing.atMs === undefined ? paced(world, 'answer', paceDelayMs) : outgoing.atMs - world.clock.nowMs();
  for (let at = 0; at < replies.length; ) {
    const reply = replies[at];
    if (!reply) break;
    const rest = { ...outgoing, replies: replies.slice(at), unsure };
    waitMs ??= paced(world, 'answer', await reserve(world.sessions, paceOf(world), line));
    if (waitMs > LONGEST_WAIT_MS) return { ...rest, atMs: world.clock.nowMs() + waitMs };
    if (waitMs > 0) await world.clock.sleep(waitMs);
    waitMs = undefined;
    // The second copy is the last, and is not thrown after the first into a line that is still broken.
    if (unsure && !isAnswered(await probe(bot.api, chatId))) return { ...rest, atMs: world.clock.nowMs() + AGAIN_MS };

    const answer = await sendOne(world, bot, outgoing, reply, late);
    const next = await judge(world, line, answer, unsure);
    if (next.state === 'stop') return undefined;
    if (next.state === 'again') {
      unsure = next.unsure;
      waitMs = next.waitMs;
      if (unsure) return { ...rest, unsure, atMs: world.clock.nowMs() + waitMs };
      continue;
    }
    unsure = false;
    at++;
  }
  return undefined;
}

function sendOne(
  world: World,
  bot: Bot,
  outgoing: Outgoing,
  reply: Reply,
  late: Late | undefined,
): Promise<Outcome<Shown>> {
  const { chatId, owner } = outgoing;
  const send = async (given: Reply) => {
    await late?.hush();
    const say = () => sendReply(bot.api, chatId, given, given.edit ? outgoing.pressed : undefined);
    const resultOf = ({ state }: Outcome<Shown>) => state;
    return inSpan('answer sent', { channel: CHANNEL, bot: bot.username }, say, { side: 'client', resultOf });
  };
  const { subjectId } = reply;
  return subjectId === undefined || !owner ? send(reply) : showReply(world, { ...owner, subjectId }, reply, send);
}

type Next = { state: 'next' } | { state: 'stop' } | { state: 'again'; unsure: boolean; waitMs: number };

async function judge(world: World, line: Line, answer: Outcome<Shown>, unsure: boolean): Promise<Next> {
  switch (answer.state) {
    case 'done':
      return { state: 'next' };
    case 'unreachable':
      await setReach(world, { bot: line.bot, chatId: line.chatId, blocked: true });
      return { state: 'stop' };
    case 'wait':
      await askedToWait(world, line, answer.waitMs);
      return { state: 'again', unsure, waitMs: answer.waitMs };
    case 'not_sent':
      world.log.warn('telegram not reached', { bot: line.bot, why: answer.why });
      return { state: 'again', unsure, waitMs: AGAIN_MS };
    case 'unsure':
      world.log.warn('telegram did not answer', { bot: line.bot, why: answer.why, given_up: unsure });
      return unsure ? { state: 'next' } : { state: 'again', unsure: true, waitMs: AGAIN_MS };
    case 'refused':
      world.log.error('telegram refused a message', { bot: line.bot, description: answer.description });
      return { state: 'next' };
  }
}

/** Ends the little clock on a pressed button, and shows that more is coming. Neither is worth a second try. */
export async function acknowledge(
  bot: Bot,
  chatId: string,
  answer: Pick<Answer, 'toast' | 'awaited'>,
  callbackId: string | undefined,
): Promise<void> {
  const calls: Promise<unknown>[] = [];
  if (callbackId !== undefined) {
    const text = answer.toast === undefined ? {} : { text: [...answer.toast].slice(0, 190).join('') };
    calls.push(bot.api.call('answerCallbackQuery', { callback_query_id: callbackId, ...text }));
  }
  if (answer.awaited) calls.push(bot.api.call('sendChatAction', { chat_id: chatId, action: 'typing' }));
  await Promise.all(calls);
}
