// The ledger against the Lightning nodes: each node has seen exactly the movements that are booked for it, and together
// they hold what we owe. Only a worker can ask; the answers go to gauges and alerts.
import { Unavailable } from '../base/errors.ts';
import { capitalCode, lightningCode, outgoingCode, suspenseCode } from '../domain/ledger.ts';
import { bringCapital } from '../domain/movements.ts';
import { accountId, openAccount } from '../infra/db/accounts.ts';
import { checkAccounts } from '../infra/db/books.ts';
import { balanceOf } from '../infra/db/ledger.ts';
import { insertNode, type NodeRow, nodeRows } from '../infra/db/nodes.ts';
import {
  type NodeBalances,
  newestIndexes,
  nodeBalances,
  nodeInfo,
  settledInvoices,
} from '../infra/lightning/accounts.ts';
import type { LightningNode } from '../infra/lightning/pool.ts';
import type { WorkerWorld } from '../world.ts';
import { keepFound } from './found.ts';
import { idOfHash } from './hash-id.ts';
import { countAgain, countNode, invoicesSince } from './node-count.ts';
import { finish } from './receive-node.ts';

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
 * for a moment: only what is off again and again is off.
 * @param how `anew`: reads all that the node lists, and believes nothing that was counted before.
 */
export async function checkNode(world: WorkerWorld, name: string, how: 'on' | 'anew' = 'on'): Promise<NodeBooks> {
  const node = world.lightning.node(name);
  const row = (await nodeRows(world.db)).find((each) => each.name === name);
  if (!row) throw new Error(`the node ${name} was never adopted`);
  const [nodeId, capitalId] = await Promise.all([
    accountId(world.db, lightningCode(name)),
    accountId(world.db, capitalCode(name)),
  ]);
  const [account, capital] = await Promise.all([balanceOf(world.db, nodeId), balanceOf(world.db, capitalId)]);
  const listedMsat = await countNode(world, row, how);
  const ledgerMsat = -account.postedMsat - capital.postedMsat;
  const heldMsat = heldOf(await nodeBalances(node));
  const offMsat = listedMsat - ledgerMsat;
  world.metrics.nodeOffMsat.set({ node: name }, Number(offMsat));
  await keepFound(world, `node_off_${name}`, { [name]: Number(offMsat) });
  return { node: name, ledgerMsat, listedMsat, offMsat, heldMsat };
}

/** What is under way at one look is booked at one of the next. */
const LOOKS = 5;
const LOOK_APART_MS = 1_000;

/**
 * Every adopted node against the ledger, for the gauges; one that is off at each of several looks is told in the log.
 * Each time some more of what was counted long ago is counted again.
 */
export async function checkNodes(world: WorkerWorld): Promise<void> {
  const names = world.lightning.names();
  for (const row of (await nodeRows(world.db)).filter(({ name }) => names.includes(name))) {
    const { name } = row;
    try {
      const offMsat = await stillOff(world, name);
      if (offMsat !== 0n) world.log.error('a node differs from the ledger', { node: name, offMsat });
      await countAgain(world, row);
    } catch (error) {
      // The others are looked at all the same.
      if (!(error instanceof Unavailable)) throw error;
      world.log.warn('a node could not be held against the ledger', { node: name, error });
    }
  }
}

async function stillOff(world: WorkerWorld, name: string): Promise<bigint> {
  for (let look = 1; ; look++) {
    const { offMsat } = await checkNode(world, name);
    if (offMsat === 0n || look === LOOKS) return offMsat;
    await world.clock.sleep(LOOK_APART_MS);
  }
}

function heldOf({ localMsat, pendingMsat, onchainMsat, unsettledMsat }: NodeBalances): bigint {
  return localMsat + pendingMsat + (onchainMsat ?? 0n) + unsettledMsat;
}

/**
 * Books every settlement that a node lists since its adoption and that is not booked yet, also of invoices that we do
 * not know: for a stream that cannot replay what it missed.
 */
export async function bookListed(world: WorkerWorld, name: string): Promise<void> {
  const row = (await nodeRows(world.db)).find((each) => each.name === name);
  if (!row) return;
  const all = settledInvoices(world.lightning.node(name), invoicesSince(row));
  for await (const { paymentHash, receivedMsat } of all) await finish(world, { node: name, paymentHash, receivedMsat });
}

/** What the nodes hold, and what is on its way out, against what we owe. Below zero we owe more than we have. */
export async function solvency(world: WorkerWorld): Promise<{ heldMsat: bigint; owedMsat: bigint; overMsat: bigint }> {
  const books = await checkAccounts(world.db);
  const outgoing = await balanceOf(world.db, await accountId(world.db, outgoingCode('BTC')));
  let heldMsat = outgoing.incomingMsat;
  for (const name of world.lightning.names()) heldMsat += heldOf(await nodeBalances(world.lightning.node(name)));
  const overMsat = heldMsat - books.liabilitiesMsat;
  world.metrics.solvencyMsat.set(Number(overMsat));
  world.metrics.assetsMsat.set(Number(heldMsat));
  world.metrics.liabilitiesMsat.set(Number(books.liabilitiesMsat));
  const suspense = await balanceOf(world.db, await accountId(world.db, suspenseCode('BTC')));
  world.metrics.suspenseMsat.set(Number(suspense.postedMsat));
  await keepFound(world, 'solvency', {
    assets: Number(heldMsat),
    liabilities: Number(books.liabilitiesMsat),
    over: Number(overMsat),
    suspense: Number(suspense.postedMsat),
  });
  return { heldMsat, owedMsat: books.liabilitiesMsat, overMsat };
}

/**
 * Makes a node's books ours: opens its accounts and books what it holds now as our own capital. Once; a second call
 * does nothing. What the node numbers up to now is in the capital, what it numbers later is a movement in the books: the
 * listing and the stream both begin after that number, and no clock decides. Then the node may take work.
 * @returns the capital that was booked.
 */
export async function adopt(world: WorkerWorld, name: string): Promise<bigint | undefined> {
  const isKnown = (await nodeRows(world.db)).some((row) => row.name === name);
  const capitalMsat = isKnown ? undefined : await bookCapital(world, name);
  world.lightning.admit(name);
  return capitalMsat;
}

async function bookCapital(world: WorkerWorld, name: string): Promise<bigint | undefined> {
  const node = world.lightning.node(name);
  const { publicKey } = await nodeInfo(node);
  for (const code of [lightningCode(name), capitalCode(name), outgoingCode('BTC'), suspenseCode('BTC')]) {
    await openAccount(world.db, { code, currency: 'BTC', guarded: code === outgoingCode('BTC') });
  }
  const [nodeId, capitalId] = await Promise.all([
    accountId(world.db, lightningCode(name)),
    accountId(world.db, capitalCode(name)),
  ]);
  const { newest, balances, atMs } = await lookStill(world, node);
  const amountMsat = balances.localMsat + (balances.onchainMsat ?? 0n) + balances.pendingMsat;
  const row: NodeRow = {
    name,
    publicKey,
    adoptedAtMs: atMs,
    addedIndex: 0n,
    settledIndex: newest.settledIndex,
    cutSettledIndex: newest.settledIndex,
    cutPaymentIndex: newest.paymentIndex,
  };
  return world.db.transaction('nodes.adopt', async (tx) => {
    if (!(await insertNode(tx, row))) return undefined;
    const id = await idOfHash(tx, name, 'capital');
    if (amountMsat > 0n) await tx.post(bringCapital(id, { nodeId, capitalId }, amountMsat));
    return amountMsat;
  });
}

const MOST_LOOKS = 10;
const LOOK_AGAIN_MS = 200;

/**
 * What a node holds, and its newest numbers at that moment: taken again while something moved in between. A node that
 * never rests is taken as it is; then what moved during the last look is in neither, and the solvency has it extra.
 */
async function lookStill(world: WorkerWorld, node: LightningNode) {
  let before = await newestIndexes(node, world.clock.nowMs());
  for (let look = 1; ; look++) {
    const balances = await nodeBalances(node);
    const atMs = world.clock.nowMs();
    const newest = await newestIndexes(node, atMs);
    const isStill = newest.settledIndex === before.settledIndex && newest.paymentIndex === before.paymentIndex;
    if (isStill || look === MOST_LOOKS) return { newest, balances, atMs };
    before = newest;
    await world.clock.sleep(LOOK_AGAIN_MS);
  }
}
