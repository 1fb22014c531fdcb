// The line of payments that no worker has begun: how long it is and how fast it moves, looked at once a second by each
// bot, so that a card can say an honest place in it without asking anybody. What is not known is not said.
import { outside } from '../base/outside.ts';
import type { QueueLine } from '../infra/queue/queues.ts';
import type { World } from '../world.ts';

const LOOK_EVERY_MS = 1_000;
const LOOK_DEADLINE_MS = 1_000;
/** The speed of the line is taken over so long. */
const SPEED_MS = 10_000;
/** What is older says nothing about now. */
const STANDS_MS = 3_000;
/** Shorter ones are over before they are read. */
const SHORTEST = 10;

/** How many payments are ahead of the next one; `waitMs` is missing while nobody knows how fast they go. */
export type Place = { readonly ahead: number; readonly waitMs?: number };

type Look = QueueLine & { readonly atMs: number };

const kept = new WeakMap<World['queues'], readonly Look[]>();

/** Looks at once and then every second. Gives the function that ends it. */
export function keepWatchingLine(world: World): () => void {
  const inTime = outside('look at the line', { deadlineMs: LOOK_DEADLINE_MS });
  // While the queues are away there is no line to be seen; they themselves are looked at elsewhere.
  const look = () => inTime(() => lookAtLine(world)).catch(() => {});
  void look();
  return world.clock.every(LOOK_EVERY_MS, look, () => {});
}

/** Looks once. Throws Unavailable. */
export async function lookAtLine(world: World): Promise<void> {
  const line = await world.queues.line('payment');
  const atMs = world.clock.monotonicMs();
  const before = (kept.get(world.queues) ?? []).filter((look) => atMs - look.atMs <= SPEED_MS);
  kept.set(world.queues, [...before, { ...line, atMs }]);
}

/** The place of who would pay now; undefined while the line is short or was not seen lately. */
export function placeInLine(world: World): Place | undefined {
  const looks = kept.get(world.queues) ?? [];
  const [first, last] = [looks[0], looks.at(-1)];
  if (!first || !last || isOld(world, last) || last.waiting < SHORTEST) return undefined;
  const [done, tookMs] = [last.done - first.done, last.atMs - first.atMs];
  if (done <= 0 || tookMs < LOOK_EVERY_MS) return { ahead: last.waiting };
  return { ahead: last.waiting, waitMs: (last.waiting * tookMs) / done };
}

/** How long the oldest payment waits that no worker has begun, as far as is known. */
export function lineAgeMs(world: World): number {
  const last = kept.get(world.queues)?.at(-1);
  return last && !isOld(world, last) ? last.oldestMs : 0;
}

function isOld(world: World, { atMs }: Look): boolean {
  return world.clock.monotonicMs() - atMs > STANDS_MS;
}
