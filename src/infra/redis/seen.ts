// How many people wrote lately, all instances together: each span of five minutes has a counter that holds no names, is
// right within a percent and takes 12 KB however many there are (HyperLogLog). An instance tells many people at once, so
// a message costs nothing here.
import { answered, type Redis } from './connection.ts';
import { keys, type Who } from './keys.ts';

const SPAN_MS = 5 * 60_000;
/** This span and the two before it. */
const SPANS = 3;

/** Tells who wrote within the last moments. Throws Unavailable. */
export async function tellSeen(redis: Redis, people: readonly Who[], nowMs: number): Promise<void> {
  if (people.length === 0) return;
  const key = keys.seen(Math.floor(nowMs / SPAN_MS));
  const names = people.map(({ channel, externalId }) => `${channel}:${externalId}`);
  await answered(
    redis
      .multi()
      .pfadd(key, ...names)
      .pexpire(key, SPANS * SPAN_MS)
      .exec(),
  );
}

/** How many wrote within the last ten to fifteen minutes. Throws Unavailable. */
export async function countSeen(redis: Redis, nowMs: number): Promise<number> {
  const span = Math.floor(nowMs / SPAN_MS);
  return answered(redis.pfcount(...Array.from({ length: SPANS }, (_, before) => keys.seen(span - before))));
}
