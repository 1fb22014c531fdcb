// The slow path that makes the fast one safe to lose: every row without an end is asked about and finished by the same
// functions that the events call. Runs on a schedule in any worker; rows are taken so that two sweepers do not meet.
import { Unavailable } from '../base/errors.ts';
import { INVOICE_MOVES } from '../domain/states.ts';
import { expireAsked, type InvoiceRow, openInvoices, waitingInvoices } from '../infra/db/invoices.ts';
import { takeDue } from '../infra/db/payments.ts';
import { overdueRequests } from '../infra/db/requests.ts';
import { overdueSends } from '../infra/db/sends.ts';
import { lookupInvoice } from '../infra/lightning/invoices.ts';
import type { WorkerWorld } from '../world.ts';
import { pursue } from './pay-execute.ts';
import { create, endUnpaid, finish } from './receive-node.ts';
import { expire } from './request.ts';
import { giveBackOverdue } from './send.ts';

const PAGE = 200;
/** A payment may have been under way when its invoice ran out: it is asked about for so long after that. */
const EXPIRY_GRACE_MS = 60 * 60_000;
const LOOK_EVERY_MS = 10_000;
/** By then an invoice's job has made it, or is lost with its worker or its Redis: someone waits for every second of it. */
const ASKED_LATE_MS = 6_000;

/**
 * Payments whose next look is due. Gives how many were looked at.
 * @param only this payment and no other. It, too, is looked at only when that is due: before, a try may still begin.
 */
export async function sweepPayments(world: WorkerWorld, only?: string): Promise<number> {
  const nowMs = world.clock.nowMs();
  // A look that somebody asked for takes its turn from nobody.
  const nextMs = only === undefined ? nowMs + LOOK_EVERY_MS : nowMs;
  const due = await takeDue(world.db, { nowMs, nextMs, limit: PAGE, only });
  await Promise.all(
    due.map((payment) =>
      pursue(world, payment).catch((error: unknown) => {
        world.log.warn('payment stays without an end', { payment: payment.id, error });
      }),
    ),
  );
  return due.length;
}

/** Every open invoice of a node (or of all), asked about by hash: what the stream missed is credited here. */
export async function sweepInvoices(world: WorkerWorld, onlyNode?: string): Promise<number> {
  let credited = 0;
  let afterId: string | null = null;
  for (;;) {
    const page: InvoiceRow[] = await openInvoices(world.db, { afterId, limit: PAGE });
    const asked = page.filter((invoice) => onlyNode === undefined || invoice.node === onlyNode);
    const results = await Promise.all(
      asked.map((invoice) =>
        // What is wrong with one must not keep the money of all others waiting.
        sweepInvoice(world, invoice).catch((error: unknown) => {
          world.log.error('an invoice could not be looked after', { invoice: invoice.id, error });
        }),
      ),
    );
    credited += results.filter(Boolean).length;
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    afterId = last.id;
  }
  await expireAsked(world.db, world.clock.nowMs());
  return credited;
}

async function sweepInvoice(world: WorkerWorld, invoice: InvoiceRow): Promise<boolean> {
  const { node, paymentHash, state } = invoice;
  if (!node || !paymentHash || !world.lightning.names().includes(node)) return false;
  const seen = await lookupInvoice(world.lightning.node(node), paymentHash);
  if (seen.state === 'settled') {
    return (await finish(world, { node, paymentHash, receivedMsat: seen.receivedMsat })).credited;
  }
  const isOver = invoice.expiresAtMs + EXPIRY_GRACE_MS < world.clock.nowMs();
  const isGone = seen.state === 'canceled' || seen.state === 'absent';
  // A closing invoice is a payment's business; it ends there.
  if (isOver && isGone && INVOICE_MOVES[state].includes('expired')) {
    await endUnpaid(world, invoice);
  }
  return false;
}

/**
 * Invoices that no node has made yet, their job being lost, stuck in a worker that hangs, or late: made here, too. A job
 * that wakes up finds it made. Gives how many were made.
 */
export async function sweepAsked(world: WorkerWorld): Promise<number> {
  const nowMs = world.clock.nowMs();
  let made = 0;
  for (const id of await waitingInvoices(world.db, { nowMs, beforeMs: nowMs - ASKED_LATE_MS, limit: PAGE })) {
    try {
      await create(world, id);
      made++;
    } catch (error) {
      world.log.warn('invoice still without a node', { invoice: id, error });
      if (error instanceof Unavailable) break;
    }
  }
  return made;
}

/** Sends that waited 21 days go back; requests that nobody paid end. */
export async function sweepPeople(world: WorkerWorld): Promise<void> {
  const nowMs = world.clock.nowMs();
  for (const id of await overdueSends(world.db, { nowMs, limit: PAGE })) {
    await giveBackOverdue(world, id).catch((error: unknown) => {
      world.log.error('a send could not be given back', { send: id, error });
    });
  }
  for (const id of await overdueRequests(world.db, { nowMs, limit: PAGE })) {
    await expire(world, id).catch((error: unknown) => {
      world.log.error('a request could not be ended', { request: id, error });
    });
  }
}
