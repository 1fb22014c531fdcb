// What one worker finds at a tick (books, nodes, the spread of prices) is every worker's to tell: the next tick may be
// another's, and a level that only its finder knew would go on telling of the past. After ten minutes nobody knows.
import { keep, type Numbers, read } from '../infra/redis/found.ts';
import type { World } from '../world.ts';

export type Found = 'books_off' | `node_off_${string}` | 'solvency' | 'rate_spread';

/** Keeps a finding, in the place of the one before. Never throws: what was found stands without being told. */
export async function keepFound(world: World, what: Found, found: Numbers): Promise<void> {
  await keep(world.sessions, what, found).catch((error: unknown) => world.log.warn('not told on', { what, error }));
}

/** The newest finding of the fleet; empty when there is none of late. Throws Unavailable. */
export function readFound(world: World, what: Found): Promise<Numbers> {
  return read(world.sessions, what);
}
