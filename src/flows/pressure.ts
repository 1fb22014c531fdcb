// How hard this process is pressed, looked at every second, and how hard the whole fleet is, by what each process says of
// itself. Whoever is about to begin something asks in memory; the answer is never more than a look old.

import { feel, higher, type Level, rankOf, type Verdict, verdictOf, type Work } from '../base/pressure.ts';
import { lagMeter } from '../base/process.ts';
import { listInstances } from '../infra/redis/instances.ts';
import type { World } from '../world.ts';
import { lineAgeMs } from './line.ts';

const LOOK_EVERY_MS = 1_000;

/**
 * Looks every second.
 * @param inHand gives how many updates are being handled.
 * @returns what ends it.
 */
export function keepFeelingPressure(world: World, inHand: () => number): () => void {
  const lag = lagMeter();
  let refusedBefore = 0;
  return world.clock.every(
    LOOK_EVERY_MS,
    () => {
      const { waiting, max, refused } = world.db.poolStats();
      const poolRefused = refused - refusedBefore;
      refusedBefore = refused;
      const reading = {
        lagMs: lag(),
        poolWaiting: waiting / max,
        poolRefused,
        queueAgeMs: lineAgeMs(world),
        inHand: inHand(),
      };
      const before = world.pressure.felt;
      const felt = feel(before, reading, world.clock.monotonicMs());
      world.pressure.felt = felt;
      world.metrics.pressureLevel.set(rankOf(felt.level));
      if (felt.level !== before.level) world.log.warn('pressure', { level: felt.level, was: before.level, ...reading });
    },
    (error) => world.log.warn('the pressure was not felt', { error }),
  );
}

/** Whether this process may begin such work now; what may not is counted. */
export function mayBegin(world: World, work: Work): Verdict {
  return counted(world, work, world.pressure.felt.level);
}

/** The same by the process of the fleet that is pressed most: for work that one does on behalf of all. Throws Unavailable. */
export async function mayFleetBegin(world: World, work: Work): Promise<Verdict> {
  const levels = (await listInstances(world.sessions)).map(({ about }): Level => about?.pressure ?? 'calm');
  return counted(world, work, levels.reduce(higher, world.pressure.felt.level));
}

function counted({ metrics }: World, work: Work, level: Level): Verdict {
  const verdict = verdictOf(level, work);
  if (verdict !== 'go') metrics.shed.inc({ work });
  return verdict;
}
