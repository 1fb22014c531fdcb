// Whether the database is still the one whose books we know. One that was restored to an earlier moment, or a replica
// that took over, may not know of payments that have left: working on it would send or give back some of them a second
// time. So no bot and no worker starts on it before `recover` has asked the nodes.
import { databaseLife } from '../infra/db/life.ts';
import type { World } from '../world.ts';

/** Throws, with what to do, when the database is another than the one we know. */
export async function refuseAnotherDatabase(world: World): Promise<void> {
  const { known, present } = await databaseLife(world.db);
  if (known === present) return;
  throw new Error(
    `This database was restored or has taken over from another (${known} before, ${present} now), and may lack the newest payments. No money has moved. Run "npm run recover", which asks the Lightning nodes, then start again.`,
  );
}
