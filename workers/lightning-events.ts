// The invoice stream of every node, with our own cursor: each settlement is credited and the cursor stored in one
// transaction. Whenever settlements may have passed unseen, every open invoice of that node is looked up by hash.

import { inSpan, withTrace } from '../src/base/trace.ts';
import { bookListed } from '../src/flows/node-books.ts';
import { finish } from '../src/flows/receive-node.ts';
import { sweepInvoices } from '../src/flows/reconcile.ts';
import { nodeRows, resetCursor } from '../src/infra/db/nodes.ts';
import { watchInvoices } from '../src/infra/lightning/invoices.ts';
import type { WorkerWorld, World } from '../src/world.ts';

const ADOPTION_EVERY_MS = 5_000;

/** Watches all nodes whose books are ours, also those adopted later, and lets these take work. Gives the function that stops it. */
export function watchNodes(world: WorkerWorld): () => void {
  const watched = new Map<string, { stop(): void }>();
  const look = async () => {
    for (const row of await nodeRows(world.db)) {
      if (watched.has(row.name) || !world.lightning.names().includes(row.name)) continue;
      watched.set(row.name, watchNode(world, row));
      world.lightning.admit(row.name);
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
  let isBlind = false;
  const sweep = oneAfterTheOther(async () => {
    const wasBlind = isBlind;
    isBlind = false;
    await sweepInvoices(world, name);
    // Without a cursor nothing is replayed, so what came for no invoice of ours stands in the node's list alone.
    if (wasBlind) await bookListed(world, name);
  });
  return watchInvoices(world.lightning.node(name), {
    cursor,
    onSettled: ({ paymentHash, receivedMsat, addedIndex, settledIndex }) =>
      traced(world, () =>
        finish(world, { node: name, paymentHash, receivedMsat, cursor: { addedIndex, settledIndex } }),
      ),
    onLost(reason) {
      const level = reason === 'no_cursor' ? 'info' : 'warn';
      world.log[level]('invoice stream has a gap, looking up open invoices', { node: name, reason });
      isBlind ||= reason === 'no_cursor';
      const resetFirst = reason === 'index_reset' ? resetCursor(world.db, name) : Promise.resolve();
      void resetFirst.then(sweep).catch((error: unknown) => {
        world.log.error('looking up open invoices failed', { node: name, error });
      });
    },
  });
}

/** However often it is asked for, one runs at a time and one waits: that one sees what happened before it was asked. */
function oneAfterTheOther(run: () => Promise<unknown>): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  return () => {
    waiting ??= running.then(async () => {
      waiting = undefined;
      const now = run();
      running = now.catch(() => {});
      await now;
    });
    return waiting;
  };
}

async function traced(world: World, run: () => Promise<unknown>): Promise<void> {
  await withTrace(world.ids.next(), () => inSpan('settlement', {}, run));
}
