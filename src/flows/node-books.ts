// The ledger against the Lightning nodes: each node has seen exactly the movements that are booked for it, and together
// they hold what we owe. Only a worker can ask; the answers go to gauges and alerts.
import { capitalCode, lightningCode, outgoingCode, suspenseCode } from '../domain/ledger.ts';
import { bringCapital } from '../domain/movements.ts';
import { accountId, openAccount } from '../infra/db/accounts.ts';
import { checkBooks } from '../infra/db/books.ts';
import { balanceOf } from '../infra/db/ledger.ts';
import { insertNode, type NodeRow, nodeRows } from '../infra/db/nodes.ts';
import { nodeBalances, nodeInfo, settledInvoices, succeededPayments } from '../infra/lightning/accounts.ts';
import type { LightningNode } from '../infra/lightning/pool.ts';
import type { WorkerWorld } from '../world.ts';
import { idOfHash } from './hash-id.ts';

export type NodeBooks = {
  node: string;
  /** What the ledger says the node gained (received less sent and fees) since it was adopted. */
  ledgerMsat: bigint;
  /** The same as the node lists it. */
  listedMsat: bigint;
  /** `listed − ledger`: zero, or a movement that one of them does not know. */
  offMsat: bigint;
  /** What the node holds in all. */
  heldMsat: bigint;
};

/**
 * A node's own list of movements against the ledger, to the millisatoshi. Movements under way while it looks may show
 * for a moment: an answer that is off twice in a row is off.
 */
export async function checkNode(world: WorkerWorld, name: string): Promise<NodeBooks> {
  const node = world.lightning.node(name);
  const row = (await nodeRows(world.db)).find((each) => each.name === name);
  if (!row) throw new Error(`the node ${name} was never adopted`);
  const [nodeId, capitalId] = await Promise.all([
    accountId(world.db, lightningCode(name)),
    accountId(world.db, capitalCode(name)),
  ]);
  const [account, capital] = await Promise.all([balanceOf(world.db, nodeId), balanceOf(world.db, capitalId)]);
  const listedMsat = await listed(node, row);
  const ledgerMsat = -account.postedMsat - capital.postedMsat;
  const { localMsat, pendingMsat, onchainMsat, unsettledMsat } = await nodeBalances(node);
  const offMsat = listedMsat - ledgerMsat;
  world.metrics.nodeOffMsat.set({ node: name }, Number(offMsat));
  const heldMsat = localMsat + pendingMsat + (onchainMsat ?? 0n) + unsettledMsat;
  return { node: name, ledgerMsat, listedMsat, offMsat, heldMsat };
}

async function listed(node: LightningNode, row: NodeRow): Promise<bigint> {
  let sumMsat = 0n;
  for await (const { receivedMsat } of settledInvoices(node, { sinceMs: row.adoptedAtMs })) sumMsat += receivedMsat;
  for await (const { amountMsat, feeMsat } of succeededPayments(node, { sinceMs: row.adoptedAtMs })) {
    sumMsat -= amountMsat + feeMsat;
  }
  return sumMsat;
}

/** What the nodes hold, and what is on its way out, against what we owe. Below zero we owe more than we have. */
export async function solvency(world: WorkerWorld): Promise<{ heldMsat: bigint; owedMsat: bigint; overMsat: bigint }> {
  const books = await checkBooks(world.db);
  const outgoing = await balanceOf(world.db, await accountId(world.db, outgoingCode('BTC')));
  let heldMsat = outgoing.incomingMsat;
  for (const name of world.lightning.names()) heldMsat += (await checkNode(world, name)).heldMsat;
  const overMsat = heldMsat - books.liabilitiesMsat;
  world.metrics.solvencyMsat.set(Number(overMsat));
  return { heldMsat, owedMsat: books.liabilitiesMsat, overMsat };
}

/**
 * Makes a node's books ours: opens its accounts and books what it holds now as our own capital. Once; a second call
 * does nothing. Gives the capital that was booked.
 */
export async function adopt(world: WorkerWorld, name: string): Promise<bigint | undefined> {
  const node = world.lightning.node(name);
  const [{ publicKey }, balances] = await Promise.all([nodeInfo(node), nodeBalances(node)]);
  for (const code of [lightningCode(name), capitalCode(name), outgoingCode('BTC'), suspenseCode('BTC')]) {
    await openAccount(world.db, { code, currency: 'BTC', guarded: code === outgoingCode('BTC') });
  }
  const cursor = { addedIndex: 0n, settledIndex: 0n };
  const isNew = await insertNode(world.db, { name, publicKey, adoptedAtMs: world.clock.nowMs(), ...cursor });
  const amountMsat = balances.localMsat + (balances.onchainMsat ?? 0n) + balances.pendingMsat;
  if (amountMsat === 0n) return isNew ? 0n : undefined;
  const [nodeId, capitalId] = await Promise.all([
    accountId(world.db, lightningCode(name)),
    accountId(world.db, capitalCode(name)),
  ]);
  // The row may stand without the capital after a crash: posting it under the same id closes that gap.
  const id = await idOfHash(world.db, name, 'capital');
  const [result] = await world.db.post(bringCapital(id, { nodeId, capitalId }, amountMsat));
  if (result !== 'created' && result !== 'exists' && result !== 'exists_different')
    throw new Error(`adopting: ${result}`);
  return result === 'created' ? amountMsat : undefined;
}
