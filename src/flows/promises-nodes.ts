// The promises that only a Lightning node can tell: that each payment there is one here and the other way round (P4), that
// each settlement there is credited here and the other way round (P6), and that the fees it took were charged (P8). Our
// rows are read before the node's list; what it does not show is asked for by its hash, so nothing hangs on two clocks.
import { legId } from '../base/ids.ts';
import { pages } from '../base/pages.ts';
import { type NodeRow, nodeRows } from '../infra/db/nodes.ts';
import {
  amountsOf,
  type ByHash,
  failedByHash,
  type PaidRow,
  paidRows,
  paymentsByHash,
  type SettledRow,
  settledByHash,
  settledRows,
} from '../infra/db/promises.ts';
import { allPayments, type PaymentListed, type SettledListed, settledInvoices } from '../infra/lightning/accounts.ts';
import { lookupInvoice } from '../infra/lightning/invoices.ts';
import type { Since } from '../infra/lightning/lists.ts';
import { lookupPayment } from '../infra/lightning/pay.ts';
import type { WorkerWorld } from '../world.ts';
import { idOfHash } from './hash-id.ts';
import { invoicesSince, listsSince, paymentsSince } from './node-count.ts';

export type NodeFaults = { readonly effects: string[]; readonly credits: string[]; readonly fees: string[] };

const PAGE = 500;
/** So long after a settlement its credit may still be on its way. */
const CREDIT_MS = 60_000;
const HASH_SHOWN = 12;

/**
 * Holds what a node did since a moment against the books.
 * @param sinceMs what was begun since then; undefined: since its books are ours.
 * @throws Unavailable when the node does not answer.
 */
export async function checkMovements(
  world: WorkerWorld,
  name: string,
  sinceMs: number | undefined,
): Promise<NodeFaults> {
  const row = (await nodeRows(world.db)).find((each) => each.name === name);
  const faults: NodeFaults = { effects: [], credits: [], fees: [] };
  // Not adopted: its books are not ours yet.
  if (!row) return faults;
  const from = await listsSince(world, row, sinceMs);
  await checkPayments(world, row, { sinceMs, listed: from.payments }, faults);
  await checkInvoices(world, row, { sinceMs, listed: from.invoices }, faults);
  return faults;
}

/** What is looked at: our rows since then, and the part of the node's list that has all of theirs. */
type Window = { readonly sinceMs: number | undefined; readonly listed: Partial<Since> };

async function checkPayments(
  world: WorkerWorld,
  row: NodeRow,
  { sinceMs, listed: from }: Window,
  faults: NodeFaults,
): Promise<void> {
  const { name, adoptedAtMs } = row;
  const node = world.lightning.node(name);
  const paid = new Map<string, PaidRow>();
  for await (const each of rows(world, paidRows, Math.max(sinceMs ?? 0, adoptedAtMs))) {
    if (each.node === name) paid.set(each.paymentHash, each);
  }
  const fees = { charged: 0n, paid: 0n };
  for await (const page of pages(allPayments(node, { ...paymentsSince(row), ...from }))) {
    const hashes = page.map(({ paymentHash }) => paymentHash);
    const ours = new Map((await paymentsByHash(world.db, hashes)).map((each) => [each.paymentHash, each]));
    for (const listed of page) {
      const isOurs = paid.delete(listed.paymentHash);
      if (listed.state === 'failed' && !isOurs) continue;
      const own = ours.get(listed.paymentHash);
      faults.effects.push(...(await effectFaults(world, name, listed, own)));
      if (own?.state !== 'paid' || listed.state !== 'paid') continue;
      fees.charged += own.feeMsat ?? 0n;
      fees.paid += listed.feeMsat;
    }
  }
  for (const { id, paymentHash } of paid.values()) {
    const seen = await lookupPayment(node, paymentHash);
    if (seen.state !== 'paid' && seen.state !== 'unknown') faults.effects.push(`${id}: ${name} never paid it`);
  }
  if (fees.paid > fees.charged) faults.fees.push(`${name} took ${fees.paid} msat, ${fees.charged} were charged`);
}

async function effectFaults(
  world: WorkerWorld,
  node: string,
  listed: PaymentListed,
  own: ByHash | undefined,
): Promise<string[]> {
  const short = listed.paymentHash.slice(0, HASH_SHOWN);
  if (own?.node === node) {
    if (own.state === 'paid' && listed.state === 'failed') return [`${own.id}: paid here, failed at ${node}`];
    if (own.state === 'held') return [`${own.id}: held here, begun at ${node}`];
    const same = own.state !== 'paid' || own.amountMsat === listed.amountMsat;
    return same ? [] : [`${own.id}: ${own.amountMsat} msat here, ${listed.amountMsat} at ${node}`];
  }
  // Booked apart, by name: told when it was found, and for a person to settle.
  const failed = await failedByHash(world.db, listed.paymentHash);
  const apart = [
    await idOfHash(world.db, node, `${listed.paymentHash}/out`),
    ...(failed ? [legId(failed.id, 'late')] : []),
  ];
  if ((await amountsOf(world.db, apart)).size > 0) return [];
  // A node may leave one pending for good; people who gave it back answer for it until it is paid after all.
  if (failed?.byAdmin && listed.state === 'open') return [];
  return [failed ? `${failed.id}: given back here, ${listed.state} at ${node}` : `${short}: at ${node} alone`];
}

async function checkInvoices(
  world: WorkerWorld,
  row: NodeRow,
  { sinceMs, listed: from }: Window,
  faults: NodeFaults,
): Promise<void> {
  const { name, adoptedAtMs } = row;
  const node = world.lightning.node(name);
  const credited = await creditedRows(world, name, Math.max(sinceMs ?? 0, adoptedAtMs), faults);
  for await (const page of pages(settledInvoices(node, { ...invoicesSince(row), ...from }))) {
    const hashes = page.map(({ paymentHash }) => paymentHash);
    const ours = await settledByHash(world.db, hashes);
    for (const listed of page) {
      credited.delete(listed.paymentHash);
      if (listed.settledAtMs > world.clock.nowMs() - CREDIT_MS) continue;
      faults.credits.push(...(await creditFaults(world, name, listed, ours.get(listed.paymentHash))));
    }
  }
  for (const { id, paymentHash } of credited.values()) {
    const { state } = await lookupInvoice(node, paymentHash);
    if (state !== 'settled' && state !== 'unknown') faults.credits.push(`${id}: credited, but ${state} at ${name}`);
  }
}

/** The settled invoices that a node must have been paid for. One that has no credit at all is a fault by itself. */
async function creditedRows(
  world: WorkerWorld,
  node: string,
  sinceMs: number,
  faults: NodeFaults,
): Promise<Map<string, SettledRow>> {
  const credited = new Map<string, SettledRow>();
  for await (const page of pages(rows(world, settledRows, sinceMs))) {
    const mine = page.filter((each) => each.node === node);
    const inside = new Map(
      (
        await paymentsByHash(
          world.db,
          mine.map(({ paymentHash }) => paymentHash),
        )
      ).map((each) => [each.paymentHash, each.id]),
    );
    const ids = mine.map(({ id, paymentHash }) => {
      const payment = inside.get(paymentHash);
      return { credit: legId(id, 'credit'), inside: payment && legId(payment, 'out') };
    });
    const amounts = await amountsOf(
      world.db,
      ids.flatMap(({ credit, inside: out }) => (out ? [credit, out] : [credit])),
    );
    for (const [at, invoice] of mine.entries()) {
      const { credit, inside: out } = ids[at] ?? { credit: '', inside: undefined };
      const outside = amounts.get(credit);
      if (outside !== undefined) credited.set(invoice.paymentHash, invoice);
      const got = (outside ?? 0n) + (out === undefined ? 0n : (amounts.get(out) ?? 0n));
      if (got !== invoice.receivedMsat)
        faults.credits.push(`${invoice.id}: credited ${got} of ${invoice.receivedMsat}`);
    }
  }
  return credited;
}

async function creditFaults(
  world: WorkerWorld,
  node: string,
  { paymentHash, receivedMsat }: SettledListed,
  ours: bigint | undefined,
): Promise<string[]> {
  if (ours === receivedMsat) return [];
  const short = paymentHash.slice(0, HASH_SHOWN);
  if (ours !== undefined) return [`${short}: ${ours} msat here, ${receivedMsat} at ${node}`];
  const parked = await amountsOf(world.db, [await idOfHash(world.db, node, paymentHash)]);
  return parked.size > 0 ? [] : [`${short}: ${receivedMsat} msat settled at ${node}, not credited`];
}

type Page = { sinceMs: number; afterId: string | undefined; limit: number };

/** All rows of a question that is answered in pages. */
async function* rows<Row extends { id: string }>(
  world: WorkerWorld,
  ask: (q: WorkerWorld['db'], page: Page) => Promise<Row[]>,
  sinceMs: number,
): AsyncGenerator<Row> {
  for (let afterId: string | undefined; ; ) {
    const page = await ask(world.db, { sinceMs, afterId, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    afterId = page.at(-1)?.id;
  }
}
