// Whether this process was given more power than it needs. With too much of it, whoever takes the process over could
// write the ledger or empty a node, so it does not start: it says what is too much, and how to give it less.
import { ledgerRole } from '../infra/db/role.ts';
import { BAKE_COMMAND } from '../infra/lightning/bake.ts';
import type { WorkerWorld, World } from '../world.ts';

/** Throws, with what to do, when the role of DATABASE_URL could change the ledger by itself. */
export async function refuseLedgerWriter(world: Pick<World, 'db'>): Promise<void> {
  const { name, powers } = await ledgerRole(world.db);
  if (powers.length === 0) return;
  throw new Error(
    `The database role ${name} can change the ledger: it ${powers.join(', and it ')}. No money has moved. Give DATABASE_URL the role satfleet_app, which "npm run setup" makes, and start again.`,
  );
}

/**
 * Throws, with what to do, when the macaroon of a node that is there can do what the product never does. A node that is
 * away is asked about by `npm run doctor`: payments through the others need not wait for it.
 */
export async function refuseStrongMacaroon(world: WorkerWorld): Promise<void> {
  const { checkMacaroon } = await import('../infra/lightning/macaroon.ts');
  const present = world.lightning.health().filter(({ state }) => state !== 'down');
  await Promise.all(
    present.map(async ({ name }) => {
      const found = await checkMacaroon(world.lightning.node(name)).catch((error: unknown) => {
        world.log.warn('the macaroon was not tested', { node: name, error, advice: 'run "npm run doctor"' });
      });
      if (!found || found.excess.length === 0) return;
      throw new Error(
        `The macaroon of node ${name} can also ${found.excess.join(', ')}: whoever steals it could do that. No money has moved. Bake one that can do no more than is needed, name it in LND_${name.toUpperCase()}_MACAROON_FILE, and start again:\n${BAKE_COMMAND}`,
      );
    }),
  );
}
