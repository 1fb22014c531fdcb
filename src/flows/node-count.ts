// What a node has moved since its books are ours, by its own lists, without reading its whole history each time. What can
// change no more is added up once and kept, with how far that goes; the rest is read each time. What was kept is not
// believed for ever: a second count walks along from the beginning, some pages a minute, and takes its place when it has
// arrived, so what a node says of its past today stands against the ledger again and again.
//
// What LND lets us rely on: it numbers invoices and payments from their making on and never anew; a settled or cancelled
// invoice and a succeeded payment stay so; a payment is FAILED only when none of its parts is out any more, and the same
// hash paid again gets a new, higher number. But numbers are given before they can be listed, and may be listed out of
// turn for a moment: so nothing is counted for good before it is an hour old.
import { Unavailable } from '../base/errors.ts';
import {
  type CountedList,
  dropRounds,
  forgetCounts,
  insertMark,
  markBefore,
  type NodeCount,
  nodeCounts,
  saveCount,
} from '../infra/db/node-counts.ts';
import type { NodeRow } from '../infra/db/nodes.ts';
import { lookupInvoice } from '../infra/lightning/invoices.ts';
import { type Numbered, numberedInvoices, numberedPayments, type Since } from '../infra/lightning/lists.ts';
import { lookupPayment } from '../infra/lightning/pay.ts';
import type { LightningNode } from '../infra/lightning/pool.ts';
import type { WorkerWorld } from '../world.ts';

type Kind = 'invoices' | 'payments';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Younger ones are counted anew each time. */
const OVER_MS = HOUR_MS;
/**
 * Longer than that the count does not wait for the end of one: it goes on, and asks for that one by its number. Open
 * invoices are many, and most run out; payments that old are few, but LND may keep one in flight for good.
 */
const WAIT_MS: Readonly<Record<Kind, number>> = { invoices: 3 * 24 * HOUR_MS, payments: 2 * HOUR_MS };
/** Of each list; with more of them the count waits after all. */
const MOST_OPEN = 100;
/** Of each list at one go: ten pages. A second count catches up as long as a node moves less than this in a minute. */
const STRIDE = 1_000;
/** Marks are kept so long: nothing looks further back by the time of making. */
const MARKS_MS = 3 * 24 * HOUR_MS;

/** From where on a node's settled invoices are movements of the books: what came before is in the capital. */
export function invoicesSince({ adoptedAtMs, cutSettledIndex }: NodeRow): Since {
  return cut(adoptedAtMs, cutSettledIndex);
}

/** The same for its payments. */
export function paymentsSince({ adoptedAtMs, cutPaymentIndex }: NodeRow): Since {
  return cut(adoptedAtMs, cutPaymentIndex);
}

function cut(sinceMs: number, afterIndex: bigint | null): Since {
  return { sinceMs, ...(afterIndex === null ? {} : { afterIndex }) };
}

/**
 * What a node lists as received, less sent and fees, since its books are ours.
 * @param how `anew`: nothing that was counted before is believed, all is read again.
 * @throws Unavailable when the node does not answer.
 */
export async function countNode(world: WorkerWorld, row: NodeRow, how: 'on' | 'anew' = 'on'): Promise<bigint> {
  const node = world.lightning.node(row.name);
  let count = await believed(world, node, row, how);
  for (let isDone = false; !isDone; ) {
    const stride = await goOn(node, row, count, world.clock.nowMs());
    count = await keep(world, count, stride.count);
    isDone = stride.isDone;
  }
  let sumMsat = count.movedMsat;
  for (const kind of ['invoices', 'payments'] as const) {
    for await (const { movedMsat } of numbered(kind, node, row, { beyondIndex: count[kind].index }))
      sumMsat += movedMsat;
  }
  return sumMsat;
}

/**
 * Goes on with the second count of a node, a stride; when it has arrived it is the one that is believed. And once an hour
 * notes how far the first one has come, for `listsSince`.
 */
export async function countAgain(world: WorkerWorld, row: NodeRow): Promise<void> {
  const [first, second] = await nodeCounts(world.db, row.name);
  if (!first) return;
  const nowMs = world.clock.nowMs();
  // All that it has taken up is older than an hour, so it was made before this one of the clock began.
  await insertMark(world.db, first, { atMs: nowMs - (nowMs % HOUR_MS), keepSinceMs: nowMs - MARKS_MS });
  const count = second ?? beginning(row, first.round + 1);
  const stride = await goOn(world.lightning.node(row.name), row, count, nowMs);
  const kept = await keep(world, count, stride.count);
  const isStored = kept.version > count.version || (kept === count && kept.version > 0);
  if (stride.isDone && isStored) await dropRounds(world.db, row.name, kept.round);
}

/**
 * From where on a node's lists hold all that was made since a moment. By the time alone the node would have to look
 * through the history of years for the last minutes, which takes it ever longer.
 */
export async function listsSince(
  world: WorkerWorld,
  row: NodeRow,
  sinceMs: number | undefined,
): Promise<Record<Kind, Pick<Since, 'madeSinceMs' | 'beyondIndex'>>> {
  if (sinceMs === undefined) return { invoices: {}, payments: {} };
  const mark = await markBefore(world.db, row.name, sinceMs);
  const from = (beyondIndex: bigint | undefined) => ({
    madeSinceMs: sinceMs,
    ...(beyondIndex === undefined ? {} : { beyondIndex }),
  });
  return { invoices: from(mark?.invoiceIndex), payments: from(mark?.paymentIndex) };
}

function beginning({ name, cutPaymentIndex }: NodeRow, round: number): NodeCount {
  const list = (index: bigint): CountedList => ({ index, open: [], last: null });
  return { node: name, round, version: 0, movedMsat: 0n, invoices: list(0n), payments: list(cutPaymentIndex ?? 0n) };
}

/**
 * The count to go on from. Of a node that does not know the newest movements counted there (restored from its seed or
 * from an old copy, or another one at its address) nothing is believed: it says itself what it has.
 */
async function believed(world: WorkerWorld, node: LightningNode, row: NodeRow, how: 'on' | 'anew'): Promise<NodeCount> {
  const counts = await nodeCounts(world.db, row.name);
  const [count] = counts;
  if (!count) return beginning(row, 1);
  if (how === 'on') {
    if (await knows(node, count)) return count;
    world.log.error('a node does not know what was counted at it, and is counted from the beginning', {
      node: row.name,
    });
  }
  await forgetCounts(world.db, row.name);
  // A round that never was, so that nobody goes on with what is no longer believed.
  return beginning(row, 1 + Math.max(...counts.map(({ round }) => round)));
}

async function knows(node: LightningNode, { invoices, payments }: NodeCount): Promise<boolean> {
  const invoice = invoices.last === null ? 'settled' : (await lookupInvoice(node, invoices.last)).state;
  const payment = payments.last === null ? 'paid' : (await lookupPayment(node, payments.last)).state;
  if (invoice === 'unknown' || payment === 'unknown') throw new Unavailable(`lightning node ${node.name}`);
  return invoice === 'settled' && payment === 'paid';
}

/** Writes a count where it has gone on. One that another worker moved first stays as that one wrote it. */
async function keep(world: WorkerWorld, before: NodeCount, now: NodeCount): Promise<NodeCount> {
  if (now === before || !(await saveCount(world.db, now))) return now;
  return { ...now, version: now.version + 1 };
}

/** Takes up what is over by now, up to a stride. `isDone`: the next one is not over, or there is none. */
async function goOn(
  node: LightningNode,
  row: NodeRow,
  count: NodeCount,
  nowMs: number,
): Promise<{ count: NodeCount; isDone: boolean }> {
  const [invoices, payments] = [
    await goOnIn('invoices', node, row, { list: count.invoices, nowMs }),
    await goOnIn('payments', node, row, { list: count.payments, nowMs }),
  ];
  const isDone = invoices.isDone && payments.isDone;
  if (invoices.list === count.invoices && payments.list === count.payments) return { count, isDone };
  const movedMsat = count.movedMsat + invoices.movedMsat + payments.movedMsat;
  return { count: { ...count, movedMsat, invoices: invoices.list, payments: payments.list }, isDone };
}

async function goOnIn(kind: Kind, node: LightningNode, row: NodeRow, from: { list: CountedList; nowMs: number }) {
  let { index, last } = from.list;
  let movedMsat = 0n;
  const take = (each: Numbered) => {
    movedMsat += each.movedMsat;
    if (each.movedMsat !== 0n) last = each.paymentHash;
  };
  const open: bigint[] = [];
  for (const each of from.list.open) {
    const seen = await first(numbered(kind, node, row, { beyondIndex: each - 1n, page: 1 }));
    // Deleted, or failed and paid again under a new number.
    if (seen?.index !== each) continue;
    if (seen.isOpen) open.push(each);
    else take(seen);
  }
  let taken = 0;
  let isDone = true;
  for await (const each of numbered(kind, node, row, { beyondIndex: index })) {
    const ageMs = from.nowMs - each.madeAtMs;
    if (each.isOpen ? ageMs < WAIT_MS[kind] || open.length === MOST_OPEN : ageMs < OVER_MS) break;
    if (taken++ === STRIDE) {
      isDone = false;
      break;
    }
    if (each.isOpen) open.push(each.index);
    else take(each);
    ({ index } = each);
  }
  const isSame = index === from.list.index && open.length === from.list.open.length;
  return { list: isSame ? from.list : { index, open, last }, movedMsat, isDone };
}

function numbered(kind: Kind, node: LightningNode, row: NodeRow, from: Pick<Since, 'beyondIndex' | 'page'>) {
  return kind === 'invoices'
    ? numberedInvoices(node, { ...invoicesSince(row), ...from })
    : numberedPayments(node, { ...paymentsSince(row), ...from });
}

async function first<T>(all: AsyncIterable<T>): Promise<T | undefined> {
  for await (const each of all) return each;
  return undefined;
}
