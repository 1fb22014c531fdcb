// What our nodes can send at this moment, told by every worker and asked by bots before anything is held: who wants to
// pay more hears no at once, instead of having sats held for a payment that cannot leave. A worker without a node that
// may pay says nothing, for then a payment waits.
import { keepSendable, readSendable } from '../infra/redis/sendable.ts';
import type { WorkerWorld, World } from '../world.ts';

const TELL_EVERY_MS = 10_000;

/** Tells it at once and then every ten seconds. Gives the function that ends it. */
export function keepTellingSendable(world: WorkerWorld): () => void {
  const failed = (error: unknown) => world.log.warn('what can be sent was not told', { error });
  tellSendable(world).catch(failed);
  return world.clock.every(TELL_EVERY_MS, () => tellSendable(world), failed);
}

/** Tells it once. */
export async function tellSendable(world: WorkerWorld): Promise<void> {
  const sendableMsat = world.lightning.sendableMsat();
  if (sendableMsat !== undefined) await keepSendable(world.sessions, sendableMsat);
}

/** The most that amount and fee ceiling of one payment may be together; undefined when nobody knows. */
export async function mostSendable(world: World): Promise<bigint | undefined> {
  try {
    return await readSendable(world.sessions);
  } catch {
    // The worker finds out.
    return undefined;
  }
}
