// What we know of each LND node beside its address: since when its books are ours, and how far its invoice stream was
// read. The cursor is stored in the transaction of the credit it speaks of.
import type { Queryable } from './client.ts';

export type NodeRow = {
  name: string;
  publicKey: string;
  adoptedAtMs: number;
  addedIndex: bigint;
  settledIndex: bigint;
  /** The node's newest settled invoice and newest payment at its adoption; null when its numbers say nothing. */
  cutSettledIndex: bigint | null;
  cutPaymentIndex: bigint | null;
};

export async function nodeRows(q: Queryable): Promise<NodeRow[]> {
  return q.query<NodeRow>(
    'nodes.all',
    `select name, public_key as "publicKey", (extract(epoch from adopted_at) * 1000)::float8 as "adoptedAtMs",
       added_index as "addedIndex", settled_index as "settledIndex", cut_settled_index as "cutSettledIndex",
       cut_payment_index as "cutPaymentIndex" from lightning_nodes order by name`,
    [],
  );
}

/** False when the node was adopted before. */
export async function insertNode(q: Queryable, node: NodeRow): Promise<boolean> {
  const rows = await q.query(
    'nodes.insert',
    `insert into lightning_nodes (name, public_key, adopted_at, added_index, settled_index, cut_settled_index,
       cut_payment_index)
     values ($1, $2, to_timestamp($3::float8 / 1000), $4, $5, $6, $7) on conflict (name) do nothing returning name`,
    [
      node.name,
      node.publicKey,
      node.adoptedAtMs,
      node.addedIndex,
      node.settledIndex,
      node.cutSettledIndex,
      node.cutPaymentIndex,
    ],
  );
  return rows.length === 1;
}

/** Moves a node's cursor on, never back. */
export async function moveCursor(
  q: Queryable,
  given: { node: string; addedIndex: bigint; settledIndex: bigint },
): Promise<void> {
  await q.query(
    'nodes.cursor',
    `update lightning_nodes set added_index = greatest(added_index, $2), settled_index = greatest(settled_index, $3)
     where name = $1`,
    [given.node, given.addedIndex, given.settledIndex],
  );
}

/**
 * The node counts from the beginning again: so do we, and the reconcile by hash closes the gap. Its new numbers say
 * nothing about its adoption any more, nor about what was counted by them; from now on the time of it decides.
 */
export async function resetCursor(q: Queryable, node: string): Promise<void> {
  await q.query(
    'nodes.reset',
    `with counts as (delete from node_counts where node = $1), marks as (delete from node_marks where node = $1)
     update lightning_nodes set added_index = 0, settled_index = 0, cut_settled_index = null where name = $1`,
    [node],
  );
}
