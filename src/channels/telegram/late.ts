// Nobody waits in silence: when an answer takes longer than a person should wait, they are told that it is under way,
// that their money is safe and that the answer follows. It says nothing about how the matter ends, since that is not
// known yet, and it goes when the answer is there: of the two never more than one stays to be read.
import type { Awaited, Incoming, Reply, Session } from '../../chat/message.ts';
import { stillAtIt } from '../../chat/router.ts';
import { giveBackBot, reserve } from '../../infra/redis/pace.ts';
import type { World } from '../../world.ts';
import type { Shown } from '../channel.ts';
import { askedToWait, LONGEST_WAIT_MS, paceOf } from '../pace.ts';
import type { Bot } from './registry.ts';
import { sendReply } from './send.ts';
import { CHANNEL } from './update.ts';

/** Longer than a wait for the database's pool or for a Redis that is away, which end in an answer by themselves. */
const PATIENCE_MS = 2_400;

export type Late = {
  /** Says the word now, unless it was said or the answer is on its way. Never throws. */
  say(): Promise<void>;
  /** From now on it is not said any more. Gives the message that says it, once that is sent. Never throws. */
  hush(): Promise<Shown | undefined>;
};

/**
 * Watches over one answer from now until `hush`.
 * @param said the word that was said when this update came before.
 */
export function watchOver(
  world: World,
  bot: Bot,
  incoming: Incoming,
  given: { readonly session: Session | undefined; readonly said: Shown | undefined },
): Late {
  let word = given.said && Promise.resolve<Shown | undefined>(given.said);
  let isHushed = incoming.body.kind === 'reach';
  const say = async () => {
    if (isHushed) return;
    word ??= send(world, bot, incoming.chatId, stillAtIt(incoming, given.session));
    await word;
  };
  const stop = world.clock.every(
    PATIENCE_MS,
    () => {
      stop();
      return say();
    },
    () => {},
  );
  return {
    say,
    async hush() {
      isHushed = true;
      stop();
      return word;
    },
  };
}

/**
 * Looks once, a moment from now, whether what was to come by itself has come, and if not says that it will. Should this
 * process end before, the worker that makes it late says so.
 */
export function watchForNews(world: World, bot: Bot, chatId: string, { isMissing, reply }: Awaited): void {
  const stop = world.clock.every(
    PATIENCE_MS,
    async () => {
      stop();
      if (await isMissing()) await send(world, bot, chatId, reply);
    },
    (error) => world.log.warn('late news not looked for', { error }),
  );
}

// Not worth a second try: the answer itself is.
async function send(world: World, bot: Bot, chatId: string, reply: Reply): Promise<Shown | undefined> {
  const line = { channel: CHANNEL, bot: bot.username, chatId };
  try {
    const waitMs = await reserve(world.sessions, paceOf(world), line);
    if (waitMs > LONGEST_WAIT_MS) {
      // Where so many are waiting to be written to, the answers come first.
      await giveBackBot(world.sessions, paceOf(world), line);
      return undefined;
    }
    if (waitMs > 0) await world.clock.sleep(waitMs);
    const outcome = await sendReply(bot.api, chatId, reply);
    world.log.warn('answer is late', { bot: bot.username, told: outcome.state });
    if (outcome.state === 'wait') await askedToWait(world, line, outcome.waitMs);
    return outcome.state === 'done' ? outcome.result : undefined;
  } catch (error) {
    world.log.warn('answer is late', { bot: bot.username, error });
    return undefined;
  }
}
