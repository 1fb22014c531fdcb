// What all channels keep of the pace: how fast the operator lets us speak, how long a wait is spent in memory, and what
// is done when the other side asks for quiet.
import { type Line, type Pace, pushBack } from '../infra/redis/pace.ts';
import type { World } from '../world.ts';

/** A wait longer than this is not spent in memory: an answer is kept with its update, a notice's job comes back. */
export const LONGEST_WAIT_MS = 1_000;

/** The operator's pace. */
export function paceOf({ config }: World): Pace {
  return { bot: config.TELEGRAM_PACE_BOT, chat: config.TELEGRAM_PACE_CHAT };
}

/** Tells of a wait for our own pace, where there is one, and gives it back. */
export function paced<Wait extends number | undefined>(world: World, kind: 'answer' | 'notice', waitMs: Wait): Wait {
  if (waitMs !== undefined && waitMs > 0) world.metrics.pacedSeconds.observe({ kind }, waitMs / 1_000);
  return waitMs;
}

/** The other side said when to come back: no instance writes there before. Throws Unavailable. */
export async function askedToWait(world: World, line: Line, waitMs: number): Promise<void> {
  world.metrics.askedToWait.inc();
  world.log.warn('asked to wait', { channel: line.channel, bot: line.bot, wait_ms: waitMs });
  await pushBack(world.sessions, paceOf(world), line, waitMs);
}
