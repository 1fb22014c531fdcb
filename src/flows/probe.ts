// How available the house is as people feel it: a synthetic user asks for its balance by the way everybody's messages go,
// and the question counts as answered when the Bot API has taken the very answer, not an apology. The proof is the card
// that a confirmed message leaves behind. What is not seen answered is lost.
import { outside } from '../base/outside.ts';
import { findCard } from '../infra/db/cards.ts';
import type { World } from '../world.ts';

/** What the answer to the synthetic user is about: no row of anybody's. */
export const PROBE_SUBJECT = '00000000-0000-7000-8000-000000000001';

const IN_TIME_MS = 5_000;
const LOST_MS = 12_000;
const AGAIN_MS = 1_000;
const LOOK_MS = 2_000;

export type ProbeResult = 'answered' | 'late' | 'lost';

/** A message in the synthetic user's chat. */
type Shown = { readonly messageId: string; readonly photo: boolean };

/** How the question is asked, and where its answer is to be found. */
export type ProbeWay = {
  readonly bot: string;
  readonly chatId: string;
  /** Brings the question, the same each time; gives whether it is dealt with. Throws when it was not taken. */
  ask(signal: AbortSignal): Promise<boolean>;
  /** Takes an older answer away. */
  remove(shown: Shown): Promise<void>;
};

/** Whether a chat is that of the synthetic user, whose answers leave a card and make no sound. */
export function isProbe({ config }: Pick<World, 'config'>, from: { channel: string; chatId: string }): boolean {
  return from.channel === 'telegram' && from.chatId === config.PROBE_CHAT_ID;
}

/** Asks once, waits for the answer and counts what became of it. Of the answers only the newest is left. Never throws. */
export async function probe(world: World, way: ProbeWay): Promise<ProbeResult> {
  const before = await lastAnswer(world, way);
  const startedMs = world.clock.monotonicMs();
  const isDone = await askUntilDone(world, way, startedMs);
  const tookMs = world.clock.monotonicMs() - startedMs;
  const after = isDone ? await lastAnswer(world, way) : undefined;
  const isAnswered = after !== undefined && after.messageId !== before?.messageId;
  const result = !isAnswered ? 'lost' : tookMs <= IN_TIME_MS ? 'answered' : 'late';
  world.metrics.probes.inc({ result });
  if (result !== 'answered')
    world.log.warn('the synthetic user waited', { result, ms: Math.round(tookMs), done: isDone });
  if (isAnswered && before) {
    await way.remove(before).catch((error: unknown) => world.log.warn('an old answer stays', { error }));
  }
  return result;
}

/** As Telegram does: what is not taken is brought again, until it is or until nobody would wait any more. */
async function askUntilDone(world: World, way: ProbeWay, startedMs: number): Promise<boolean> {
  for (;;) {
    const restMs = LOST_MS - (world.clock.monotonicMs() - startedMs);
    if (restMs <= 0) return false;
    const isDone = await outside('synthetic user', { deadlineMs: restMs })((signal) => way.ask(signal)).catch(
      () => false,
    );
    if (isDone) return true;
    await world.clock.sleep(AGAIN_MS);
  }
}

/** Undefined also where it cannot be looked up now. */
async function lastAnswer(world: World, { bot, chatId }: ProbeWay): Promise<Shown | undefined> {
  const look = outside('card of the synthetic user', { deadlineMs: LOOK_MS });
  return look(() => findCard(world.db, { subjectId: PROBE_SUBJECT, bot, chatId })).catch(() => undefined);
}
