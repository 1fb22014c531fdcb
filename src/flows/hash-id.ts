// A ledger id for money whose only name is a payment hash at a node: the same hash gives the same id, so that it is
// booked once. Its time is the node's adoption, whose month is one of ours for as long as the node is.
import { legId } from '../base/ids.ts';
import type { Queryable } from '../infra/db/client.ts';
import { nodeRows } from '../infra/db/nodes.ts';

/** Throws when the node was never adopted. */
export async function idOfHash(q: Queryable, node: string, paymentHash: string): Promise<string> {
  const row = (await nodeRows(q)).find((each) => each.name === node);
  if (!row) throw new Error(`the node ${node} was never adopted`);
  const time = Math.floor(row.adoptedAtMs).toString(16).padStart(12, '0');
  return legId(`${time.slice(0, 8)}-${time.slice(8)}`, `${node}/${paymentHash}`);
}
