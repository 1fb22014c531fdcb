// The invoice stream of every node, with our own cursor: each settlement is credited and the cursor stored in one
// transaction. Whenever settlements may have passed unseen, every open invoice of that node is looked up by hash.

import { withTrace } from '../src/base/trace.ts';
import { finish } from '../src/flows/receive-node.ts';
import { sweepInvoices } from '../src/flows/reconcile.ts';
import { nodeRows, resetCursor } from '../src/infra/db/nodes.ts';
import { type LostReason, watchInvoices } from '../src/infra/lightning/invoices.ts';
import type { WorkerWorld, World } from '../src/world.ts';

const ADOPTION_EVERY_MS = 5_000;

/** Watches all nodes whose books are ours, also those adopted later. Gives the function that stops it. */
export function watchNodes(world: WorkerWorld): () => void {
  const watched = new Map<string, { stop(): void }>();
  const look = async () => {
    for (const row of await nodeRows(world.db)) {
      if (watched.has(row.name) || !world.lightning.names().includes(row.name)) continue;
      watched.set(row.name, watchNode(world, row));
    }
  };
  const failed = (error: unknown) => world.log.error('looking for nodes to watch failed', { error });
  void look().catch(failed);
  const stop = world.clock.every(ADOPTION_EVERY_MS, look, failed);
  return () => {
    stop();
    for (const each of watched.values()) each.stop();
  };
}

function watchNode(world: WorkerWorld, cursor: { name: string; addedIndex: bigint; settledIndex: bigint }) {
  const { name } = cursor;
  return watchInvoices(world.lightning.node(name), {
    cursor,
    onSettled: ({ paymentHash, receivedMsat, addedIndex, settledIndex }) =>
      traced(world, () =>
        finish(world, { node: name, paymentHash, receivedMsat, cursor: { addedIndex, settledIndex } }),
      ),
    onLost(reason) {
      world.log.warn('invoice stream has a gap, looking up open invoices', { node: name, reason });
      void catchUp(world, name, reason).catch((error: unknown) => {
        world.log.error('looking up open invoices failed', { node: name, error });
      });
    },
  });
}

async function catchUp(world: WorkerWorld, name: string, reason: LostReason): Promise<void> {
  if (reason === 'index_reset') await resetCursor(world.db, name);
  await sweepInvoices(world, name);
}

async function traced(world: World, run: () => Promise<unknown>): Promise<void> {
  await withTrace(world.ids.next(), run);
}
