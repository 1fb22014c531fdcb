// A node's own lists of its invoices and payments, page by page, in the order in which they were made. LND numbers both
// from the making on and lists them by that number alone: an invoice's settle index says when it was paid, but nothing
// can be listed by it. Throws Unavailable when the node does not answer.
import type { ClientUnaryCall } from '@grpc/grpc-js';
import { Unavailable } from '../../base/errors.ts';
import { NotCalled } from '../../base/outside.ts';
import { explain, isTransport } from './faults.ts';
import type { LightningNode } from './node.ts';
import { wholeOf } from './whole.ts';
import type { Done, Lnd, WireInvoice, WirePayment } from './wire.ts';

/** LND lists by the time of making, we by the time of the end: so far before `sinceMs` the listing begins. */
const LONGEST_LIFE_S = 60 * 24 * 60 * 60;
const PAGE = 100;

/** A moment, and the node's newest index at it where that is known: then the index decides, and no clock. */
export type Since = {
  readonly sinceMs: number;
  /** A settled index of invoices, a payment index of payments. */
  readonly afterIndex?: bigint;
  /** Only what was made since then is looked at at all. */
  readonly madeSinceMs?: number;
  /** Only what has a higher number from its making is looked at at all. */
  readonly beyondIndex?: bigint;
  /** How many are asked for at once; 100 if not given. */
  readonly page?: number;
};

/** Every invoice of the node, whatever became of it. Those older than 60 days at `sinceMs` are not looked at. */
export async function* invoicesListed(node: LightningNode, since: Since): AsyncGenerator<WireInvoice> {
  const { sinceMs, madeSinceMs, beyondIndex = 0n, page: most = PAGE } = since;
  const creation_date_start = madeSinceMs === undefined ? startOf(sinceMs) : secondsOf(madeSinceMs);
  for (let offset = beyondIndex.toString(); ; ) {
    const page = await asked<{ invoices: WireInvoice[]; last_index_offset: string }>(node, (lnd, done) =>
      lnd.default.listInvoices({ index_offset: offset, num_max_invoices: most.toString(), creation_date_start }, done),
    );
    yield* page.invoices;
    if (page.invoices.length === 0 || page.last_index_offset === offset) return;
    offset = page.last_index_offset;
  }
}

/** Every payment of the node begun after the index, or else in the 60 days before `sinceMs` and since. */
export async function* paymentsListed(node: LightningNode, since: Since): AsyncGenerator<WirePayment> {
  const { sinceMs, afterIndex, madeSinceMs, beyondIndex = 0n, page: most = PAGE } = since;
  const first = afterIndex !== undefined && afterIndex > beyondIndex ? afterIndex : beyondIndex;
  for (let offset = first.toString(); ; ) {
    const page = await asked<{ payments: WirePayment[]; last_index_offset: string }>(node, (lnd, done) =>
      lnd.default.listPayments(
        {
          include_incomplete: true,
          index_offset: offset,
          max_payments: most.toString(),
          ...(afterIndex === undefined ? { creation_date_start: startOf(sinceMs) } : {}),
          ...(madeSinceMs === undefined ? {} : { creation_date_start: secondsOf(madeSinceMs) }),
        },
        done,
      ),
    );
    yield* page.payments;
    if (page.payments.length === 0 || page.last_index_offset === offset) return;
    offset = page.last_index_offset;
  }
}

/** Whether an invoice was settled since then. LND's times are whole seconds: without an index those of the same count. */
export function isSettledSince(invoice: WireInvoice, { sinceMs, afterIndex }: Since): boolean {
  if (invoice.state !== 'SETTLED') return false;
  if (afterIndex === undefined) return Number(invoice.settle_date) >= Math.floor(sinceMs / 1_000);
  return wholeOf(invoice.settle_index) > afterIndex;
}

/** An invoice or a payment under its number, and what it moved. */
export type Numbered = {
  /** From its making on: the add index of an invoice, the payment index. A failed hash that is paid again gets a new one. */
  readonly index: bigint;
  readonly paymentHash: string;
  readonly madeAtMs: number;
  /** It may still end, or is of a state that is new to us. */
  readonly isOpen: boolean;
  /** Received, or below zero what was sent and its fee; zero while it is open, when it moved nothing, or before then. */
  readonly movedMsat: bigint;
};

/** Every invoice as `invoicesListed`, with what those settled since then moved. */
export async function* numberedInvoices(node: LightningNode, since: Since): AsyncGenerator<Numbered> {
  for await (const invoice of invoicesListed(node, since)) {
    yield {
      index: wholeOf(invoice.add_index),
      paymentHash: invoice.r_hash.toString('hex'),
      madeAtMs: Number(invoice.creation_date) * 1_000,
      isOpen: invoice.state !== 'SETTLED' && invoice.state !== 'CANCELED',
      movedMsat: isSettledSince(invoice, since) ? wholeOf(invoice.amt_paid_msat) : 0n,
    };
  }
}

/** Every payment as `paymentsListed`, with what those that succeeded since then moved. */
export async function* numberedPayments(node: LightningNode, since: Since): AsyncGenerator<Numbered> {
  for await (const payment of paymentsListed(node, since)) {
    const isPaid = payment.status === 'SUCCEEDED';
    const isSince = since.afterIndex !== undefined || endOf(payment) >= since.sinceMs;
    yield {
      index: wholeOf(payment.payment_index),
      paymentHash: payment.payment_hash.toLowerCase(),
      madeAtMs: Number(payment.creation_time_ns) / 1e6,
      isOpen: !isPaid && payment.status !== 'FAILED',
      movedMsat: isPaid && isSince ? -(wholeOf(payment.value_msat) + wholeOf(payment.fee_msat)) : 0n,
    };
  }
}

function endOf(payment: WirePayment): number {
  const ends = payment.htlcs.filter((htlc) => htlc.status === 'SUCCEEDED').map((htlc) => Number(htlc.resolve_time_ns));
  return Math.max(...ends, 0) / 1e6;
}

function secondsOf(timeMs: number): string {
  return Math.max(Math.floor(timeMs / 1_000), 0).toString();
}

function startOf(sinceMs: number): string {
  return Math.max(Math.floor(sinceMs / 1_000) - LONGEST_LIFE_S, 0).toString();
}

/** One question under the node's policy. Throws Unavailable when it could not be asked or did not answer. */
export async function asked<Answer>(
  node: LightningNode,
  send: (lnd: Lnd, done: Done<Answer>) => ClientUnaryCall,
): Promise<Answer> {
  try {
    return await node.ask(send);
  } catch (error) {
    if (!isTransport(error) && !(error instanceof NotCalled)) throw error;
    throw new Unavailable(`lightning node ${node.name}`, new Error(explain(error)));
  }
}
