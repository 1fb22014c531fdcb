// Whether a node's "never heard of it" means anything. A node that was restored from its channel backup, or whose payments
// were deleted by hand, has heard of nothing: believing it would send again, or give back, what it had paid.
import { newestPaidAt } from '../infra/db/recovery.ts';
import { lookupPayment } from '../infra/lightning/pay.ts';
import type { LightningNode } from '../infra/lightning/pool.ts';
import type { WorkerWorld } from '../world.ts';

/** True unless the node denies, or cannot say, that it has paid what the books say it paid last. */
export async function remembers(world: WorkerWorld, node: LightningNode): Promise<boolean> {
  const paymentHash = await newestPaidAt(world.db, node.name);
  if (paymentHash === undefined) return true;
  if ((await lookupPayment(node, paymentHash)).state === 'paid') return true;
  world.log.error('a node does not know what it paid: what it has forgotten stays held', { node: node.name });
  return false;
}
