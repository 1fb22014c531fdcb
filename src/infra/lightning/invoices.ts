// Invoices of ours at one node: make, cancel, look up, and hear of those that are paid. Making one twice with the same
// secret gives the same invoice. Hearing promises: every settlement with an index above the cursor is handed over at
// least once and in order, and the cursor moves only after the handler is done; ln-service's own subscription forgets
// its settle cursor at every "added" event, and then misses money. What no cursor can promise is told by `onLost`.
import { createHash } from 'node:crypto';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { Unavailable } from '../../base/errors.ts';
import { decodeInvoice } from './decode.ts';
import { explain, isInvoiceAbsent, isInvoiceThere } from './faults.ts';
import type { LightningNode } from './node.ts';
import { wholeOf } from './whole.ts';
import type { WireInvoice } from './wire.ts';

export type InvoiceOrder = {
  /** 32 unpredictable bytes, the preimage, kept secret until paid. A retry with the same gives the same invoice. */
  readonly secret: Buffer;
  /** Not given: the payer chooses. */
  readonly amountMsat?: bigint;
  /** Cut at 639 bytes, the most an invoice holds. */
  readonly memo?: string;
  readonly expiresAtMs: number;
};

const LONGEST_MEMO_BYTES = 639;

/**
 * Makes an invoice at this node, or finds the one made before with the same secret.
 * @returns the payment hash (hex), the invoice to hand out, and when it expires by its own words.
 * @throws Unavailable('lightning node') when the node did not answer or refused: it may or may not have been made, so
 *   try again with the same secret on the same node. Error when the secret belongs to an invoice of another amount.
 */
export async function createInvoice(
  node: LightningNode,
  order: InvoiceOrder,
): Promise<{ paymentHash: string; request: string; expiresAtMs: number }> {
  if (order.secret.length !== 32) throw new Error('an invoice needs a secret of 32 bytes');
  if (order.amountMsat !== undefined && order.amountMsat <= 0n) throw new Error('an invoice needs a positive amount');
  const paymentHash = createHash('sha256').update(order.secret).digest('hex');
  const lifeMs = Math.max(order.expiresAtMs - node.clock.nowMs(), 1_000);
  const request = await makeOrFind(node, order, paymentHash, Math.ceil(lifeMs / 1_000));
  const made = decodeInvoice(request, node.network);
  if (made.paymentHash !== paymentHash) throw new Error('the node made an invoice with another hash');
  if (made.amountMsat !== order.amountMsat) throw new Error('this secret belongs to an invoice of another amount');
  return { paymentHash, request: made.request, expiresAtMs: made.expiresAtMs };
}

async function makeOrFind(node: LightningNode, order: InvoiceOrder, paymentHash: string, expiryS: number) {
  try {
    const made = await node.ask<{ payment_request: string }>((lnd, done) =>
      lnd.default.addInvoice(
        {
          r_preimage: order.secret,
          value_msat: (order.amountMsat ?? 0n).toString(),
          memo: cut(order.memo ?? ''),
          expiry: expiryS.toString(),
        },
        done,
      ),
    );
    return made.payment_request;
  } catch (error) {
    if (!isInvoiceThere(error)) throw new Unavailable('lightning node', new Error(explain(error)));
  }
  try {
    return (await read(node, paymentHash)).payment_request;
  } catch (error) {
    throw new Unavailable('lightning node', new Error(explain(error)));
  }
}

function cut(memo: string): string {
  let bytes = 0;
  let kept = '';
  for (const letter of memo) {
    bytes += Buffer.byteLength(letter);
    if (bytes > LONGEST_MEMO_BYTES) break;
    kept += letter;
  }
  return kept;
}

function read(node: LightningNode, paymentHash: string): Promise<WireInvoice> {
  return node.ask((lnd, done) => lnd.default.lookupInvoice({ r_hash: Buffer.from(paymentHash, 'hex') }, done));
}

/**
 * Cancels an invoice, so that nobody can pay it any more. Never throws.
 * @returns `canceled` only when the node says so; `settled` when somebody was faster; `absent` when the node, up and
 *   itself, does not know it: nobody can pay it there, but somebody may have (see `payInside`); else `unknown`: ask again.
 */
export async function cancelInvoice(
  node: LightningNode,
  paymentHash: string,
): Promise<'canceled' | 'settled' | 'absent' | 'unknown'> {
  try {
    await node.ask((lnd, done) => lnd.invoices.cancelInvoice({ payment_hash: Buffer.from(paymentHash, 'hex') }, done));
    return 'canceled';
  } catch {
    const { state } = await lookupInvoice(node, paymentHash);
    return state === 'open' || state === 'held' ? 'unknown' : state;
  }
}

export type InvoiceSeen = {
  readonly state: 'open' | 'held' | 'settled' | 'canceled' | 'absent' | 'unknown';
  /** What LND received, more or less than was asked; 0 unless settled. */
  readonly receivedMsat: bigint;
  readonly settledIndex?: bigint;
};

const INVOICE_STATES: ReadonlyMap<string, InvoiceSeen['state']> = new Map([
  ['OPEN', 'open'],
  ['ACCEPTED', 'held'],
  ['SETTLED', 'settled'],
  ['CANCELED', 'canceled'],
]);

/**
 * Looks an invoice up by its payment hash (hex). Never throws.
 * @returns `absent` when the node, up and itself, does not know it; `unknown` when it could not say.
 */
export async function lookupInvoice(node: LightningNode, paymentHash: string): Promise<InvoiceSeen> {
  try {
    const invoice = await read(node, paymentHash);
    if (invoice.r_hash.toString('hex') !== paymentHash) return { state: 'unknown', receivedMsat: 0n };
    const state = INVOICE_STATES.get(invoice.state) ?? 'unknown';
    if (state !== 'settled') return { state, receivedMsat: 0n };
    return { state, receivedMsat: wholeOf(invoice.amt_paid_msat), settledIndex: wholeOf(invoice.settle_index) };
  } catch (error) {
    if (!isInvoiceAbsent(error)) return { state: 'unknown', receivedMsat: 0n };
    const { state } = await node.check();
    return { state: state === 'up' ? 'absent' : 'unknown', receivedMsat: 0n };
  }
}

export type InvoiceCursor = { readonly addedIndex: bigint; readonly settledIndex: bigint };

export type SettledInvoice = InvoiceCursor & { readonly paymentHash: string; readonly receivedMsat: bigint };

/**
 * Why settlements may have passed unseen: look every open invoice up by its hash.
 * `no_cursor`: the cursor is 0, and of that LND replays nothing; told several times while the stream is being joined.
 * `index_reset`: LND counts from lower again (restored, or its database was changed). `stream_lost`: the connection ended. `handler_failed`: the handler threw, and the same
 * settlement comes again.
 */
export type LostReason = 'no_cursor' | 'index_reset' | 'stream_lost' | 'handler_failed';

export type WatchOptions = {
  /** The cursor stored with the last credit; zeros if there is none. */
  readonly cursor: InvoiceCursor;
  /** Credits, and stores the event's indices in the same transaction. Must bear the same event again. */
  onSettled(event: SettledInvoice): Promise<void>;
  /** Called after the cursor moved. Must not throw. */
  onCursor?(cursor: InvoiceCursor): void;
  /** Must not throw. */
  onLost(reason: LostReason): void;
};

const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Of a stream that says nothing so long nobody waits to hear that it is joined. */
const FIRST_JOIN_PAUSE_MS = 500;
const LONGEST_JOIN_PAUSE_MS = 16_000;

/** Hears of settled invoices until stopped, over as many streams as it takes. */
export function watchInvoices(node: LightningNode, options: WatchOptions): { stop(): void } {
  const stopped = new AbortController();
  void watch(node, options, stopped.signal);
  return { stop: () => stopped.abort() };
}

async function watch(node: LightningNode, options: WatchOptions, signal: AbortSignal): Promise<void> {
  const lost = (reason: LostReason) => {
    try {
      options.onLost(reason);
    } catch (error) {
      node.log.error('onLost threw', { node: node.name, reason, error });
    }
  };
  const at = { cursor: options.cursor, losses: 0 };
  while (!signal.aborted) {
    const { reason, why } = await follow(node, options, at, lost, signal);
    if (signal.aborted) return;
    lost(reason);
    at.losses += 1;
    const longest = Math.min(SHORTEST_PAUSE_MS * 2 ** at.losses, LONGEST_PAUSE_MS);
    const pauseMs = SHORTEST_PAUSE_MS + node.random.fraction() * (longest - SHORTEST_PAUSE_MS);
    node.log.warn('invoice stream lost', { node: node.name, reason, why, pauseMs: Math.round(pauseMs) });
    await node.clock.sleep(pauseMs, signal);
  }
}

/** Hands over the settlements of one stream, one after the other, and moves `at`. Says why it ended; never throws. */
async function follow(
  node: LightningNode,
  { onSettled, onCursor }: WatchOptions,
  at: { cursor: InvoiceCursor; losses: number },
  lost: (reason: LostReason) => void,
  signal: AbortSignal,
): Promise<{ reason: LostReason; why: string }> {
  let stream: ClientReadableStream<WireInvoice> | undefined;
  const cancel = () => stream?.cancel();
  const heard = new AbortController();
  let reason: LostReason = 'stream_lost';
  try {
    // No added index: its replay would hand settlements over out of order, and the cursor could jump over some.
    const settle_index = at.cursor.settledIndex.toString();
    stream = node.connection().default.subscribeInvoices({ add_index: '0', settle_index });
    // What comes after the loop below has ended must find a listener, or the process ends.
    stream.on('error', () => {});
    signal.addEventListener('abort', cancel, { once: true });
    if (at.cursor.settledIndex === 0n) void tellUntilHeard(node, lost, heard.signal);
    for await (const invoice of stream as AsyncIterable<WireInvoice>) {
      at.losses = 0;
      heard.abort(FIRST_MESSAGE);
      if (invoice.state !== 'SETTLED' || signal.aborted) continue;
      const event = eventOf(invoice);
      if (event.settledIndex < at.cursor.settledIndex) lost('index_reset');
      reason = 'handler_failed';
      await onSettled(event);
      reason = 'stream_lost';
      at.cursor = { addedIndex: event.addedIndex, settledIndex: event.settledIndex };
      onCursor?.(at.cursor);
    }
    return { reason, why: 'the stream ended' };
  } catch (error) {
    return { reason, why: explain(error) };
  } finally {
    signal.removeEventListener('abort', cancel);
    heard.abort();
    cancel();
  }
}

const FIRST_MESSAGE = 'first message';

/**
 * What is settled between the asking for a stream and its joining is told by nobody when nothing is replayed, and LND
 * does not say when it has joined: its headers wait for the first message, and a replay of added invoices, which would
 * be one, skips what was deleted. So it is told at once, again after pauses that double, and at the first message:
 * however long the joining takes, the first look after it comes before that time has passed once more.
 */
async function tellUntilHeard(
  node: LightningNode,
  lost: (reason: LostReason) => void,
  heard: AbortSignal,
): Promise<void> {
  lost('no_cursor');
  for (let pauseMs = FIRST_JOIN_PAUSE_MS; pauseMs <= LONGEST_JOIN_PAUSE_MS && !heard.aborted; pauseMs *= 2) {
    await node.clock.sleep(pauseMs, heard);
    if (!heard.aborted || heard.reason === FIRST_MESSAGE) lost('no_cursor');
  }
}

function eventOf(invoice: WireInvoice): SettledInvoice {
  return {
    paymentHash: invoice.r_hash.toString('hex'),
    receivedMsat: wholeOf(invoice.amt_paid_msat),
    addedIndex: wholeOf(invoice.add_index),
    settledIndex: wholeOf(invoice.settle_index),
  };
}
