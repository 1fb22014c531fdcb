// Paying an invoice, and asking what became of a payment. Promises: nothing is sent without a validated invoice and a
// fee ceiling; `failed` is said only when LND itself says that this payment is over, or would refuse it before it
// begins, whenever asked; all else, above all silence, is `unknown`. A try that has not begun by its time never will:
// its node refuses it. LND's stream is read here and not through ln-service, whose promise may never settle, reject
// outside of any catch, or ask LND to stop a payment that its caller lost sight of.
import { type ClientReadableStream, status } from '@grpc/grpc-js';
import { hostTimeIn } from '../../base/clock.ts';
import { Refusal } from '../../base/errors.ts';
import type { FailureReason, PayOutcome } from '../../domain/states.ts';
import { macaroonOf } from './credentials.ts';
import { type DecodedInvoice, isDecoded } from './decode.ts';
import { codeOf, detailsOf, explain, isPaymentAbsent, isTooLate, isTransport, isUnsent } from './faults.ts';
import { outcomeOf, unknown, unsent } from './judge.ts';
import type { LightningNode } from './node.ts';
import { onlyUntil } from './until.ts';
import type { WirePayment, WireSendPayment } from './wire.ts';

export type PayOrder = {
  readonly invoice: DecodedInvoice;
  /** Must equal the invoice's amount where it has one. */
  readonly amountMsat: bigint;
  /** The most that routing may cost on top; 0 allows only routes without a fee. */
  readonly feeCeilingMsat: bigint;
  /** In how many parts it may travel at once; 16 if not given. */
  readonly maxPaths?: number;
  /** Called at most once, when LND reports that an attempt has left it. */
  readonly onInFlight?: () => void;
  /** From when on the node must refuse to begin it, by its own clock, in milliseconds since 1970. */
  readonly refuseFromMs: number;
  /** How long to wait for an end before saying `unknown`, in milliseconds from now. The payment goes on. */
  readonly deadlineMs: number;
};

/**
 * How long the parts of one request may be under way from the first, which shows the macaroon, to the last: LND gives up
 * waiting then. So `refuseFromMs` and this together are the last moment at which a try can begin.
 */
export const BEGIN_WITHIN_MS = 15_000;
/** How long LND may look for a route; then it gives up by itself. */
const PATHFINDING_S = 30;
/** Blocks after which a stuck payment is back at the latest: about a week. */
const LONGEST_LOCK_BLOCKS = 1_008;
/** Streams kept open after their deadline, per node. The oldest is closed beyond; LND pays on regardless. */
const MOST_LISTENING = 400;

/**
 * Pays an invoice from this node, and from no other: the caller pinned it before.
 * @returns what LND proved within the deadline. After `unknown` ask `lookupPayment`, on the same node, until it says
 *   more; a `late_outcome` event of the pool may come first.
 * @throws Refusal `own_invoice` when the payee is a node of our pool: nothing was sent.
 */
export async function pay(node: LightningNode, order: PayOrder): Promise<PayOutcome> {
  if (!isDecoded(order.invoice)) return rejected();
  if (node.isOurs(order.invoice.destination)) throw new Refusal('own_invoice');
  if (!argumentsFit(node, order)) return rejected();
  const health = node.health().canPay ? node.health() : await node.check();
  // Another call may have sent it before, so not even this is a failure of the payment.
  if (!health.canPay) return unsent(`not sent: node ${health.state}, ${health.why}`);
  return tryToSend(node, order);
}

async function tryToSend(node: LightningNode, order: PayOrder): Promise<PayOutcome> {
  try {
    return await node.paymentRoom(() => send(node, order));
  } catch (error) {
    if (isTransport(error)) node.doubt();
    if (isTooLate(error)) noteAhead(node, order.refuseFromMs - node.clock.nowMs());
    if (isUnsent(error)) return unsent(explain(error));
    return afterError(node, order.invoice.paymentHash, error);
  }
}

function argumentsFit(node: LightningNode, { invoice, amountMsat, feeCeilingMsat, maxPaths, deadlineMs }: PayOrder) {
  const amountFits = invoice.amountMsat === undefined ? amountMsat > 0n : amountMsat === invoice.amountMsat;
  const pathsFit = maxPaths === undefined || (Number.isInteger(maxPaths) && maxPaths > 0 && maxPaths <= 100);
  return (
    amountFits &&
    pathsFit &&
    typeof feeCeilingMsat === 'bigint' &&
    feeCeilingMsat >= 0n &&
    feeCeilingMsat <= BigInt(Number.MAX_SAFE_INTEGER) &&
    deadlineMs > 0 &&
    invoice.network === node.network
  );
}

function requestOf({ invoice, amountMsat, feeCeilingMsat, maxPaths = 16 }: PayOrder): WireSendPayment {
  return {
    payment_request: invoice.request,
    // LND refuses an amount for an invoice that has one.
    ...(invoice.amountMsat === undefined ? { amt_msat: amountMsat.toString() } : {}),
    fee_limit_msat: feeCeilingMsat.toString(),
    timeout_seconds: PATHFINDING_S,
    max_parts: maxPaths,
    cltv_limit: LONGEST_LOCK_BLOCKS,
    // A lost connection must not touch the payment: we could not tell what it left undone.
    cancelable: false,
    allow_self_payment: false,
    no_inflight_updates: false,
  };
}

/** Sends and listens until LND names an end, the stream breaks (throws), or the deadline passes (`unknown`). */
function send(node: LightningNode, order: PayOrder): Promise<PayOutcome> {
  const { paymentHash } = order.invoice;
  const waiting = new AbortController();
  return new Promise((resolve, reject) => {
    let isWaiting = true;
    let isKnown = false;
    let isOut = false;
    const begunMs = node.clock.nowMs();
    let stream = begin(node, order);
    const end = (settle: () => void) => {
      if (isWaiting) settle();
      isWaiting = false;
      waiting.abort();
      forget(node, stream);
    };
    const hear = (payment: WirePayment) => {
      if (!isKnown) compareClocks(node, Number(payment.creation_time_ns) / 1_000_000, begunMs);
      isKnown = true;
      const outcome = outcomeOf(payment, paymentHash);
      if (outcome.state !== 'unknown') {
        if (!isWaiting) node.emit({ kind: 'late_outcome', node: node.name, paymentHash, outcome });
        return end(() => resolve(outcome));
      }
      if (isOut || payment.status !== 'IN_FLIGHT' || payment.htlcs.length === 0) return;
      isOut = true;
      tellInFlight(node, order);
    };
    const listen = () => {
      stream.on('data', hear);
      stream.on('error', (error) => {
        if (waiting.signal.aborted) return;
        // The request's time is over, the payment's is not.
        if (!isKnown || codeOf(error) !== status.DEADLINE_EXCEEDED) return end(() => reject(error));
        forget(node, stream);
        stream = follow(node, paymentHash);
        listen();
        if (!isWaiting) listenOn(node, stream);
      });
      stream.on('end', () => end(() => resolve(unknown('the stream ended without an end of the payment'))));
    };
    listen();
    void node.clock.sleep(order.deadlineMs, waiting.signal).then(() => {
      if (!isWaiting) return;
      isWaiting = false;
      resolve(unknown(isOut ? 'in flight' : 'no answer yet'));
      listenOn(node, stream);
    });
  });
}

/** A payment was made at the node at this time of its clock, between the request and now of ours. */
function compareClocks(node: LightningNode, madeAtMs: number, begunMs: number): void {
  const nowMs = node.clock.nowMs();
  noteAhead(node, madeAtMs > nowMs ? madeAtMs - nowMs : Math.min(0, madeAtMs - begunMs));
}

/** Ahead by the time that a request has, a node refuses them all; behind, it takes them for too long. */
function noteAhead(node: LightningNode, aheadMs: number): void {
  node.metrics?.nodeClockAheadSeconds.set({ node: node.name }, aheadMs / 1_000);
}

function begin(node: LightningNode, order: PayOrder): ClientReadableStream<WirePayment> {
  const header = onlyUntil(macaroonOf(node.config), order.refuseFromMs);
  return node.connection().router.sendPaymentV2(requestOf(order), header, { deadline: hostTimeIn(BEGIN_WITHIN_MS) });
}

/** LND's stream about a payment that it has: its record as it is now, then every change until its end. */
function follow(node: LightningNode, paymentHash: string): ClientReadableStream<WirePayment> {
  return node.connection().router.trackPaymentV2({
    payment_hash: Buffer.from(paymentHash, 'hex'),
    no_inflight_updates: false,
  });
}

function tellInFlight(node: LightningNode, order: PayOrder): void {
  try {
    order.onInFlight?.();
  } catch (error) {
    // Inside a stream's event nobody could catch it, and the process would end.
    node.log.error('onInFlight threw', { node: node.name, error });
  }
}

const listening = new WeakMap<LightningNode, Set<ClientReadableStream<WirePayment>>>();

function listenOn(node: LightningNode, stream: ClientReadableStream<WirePayment>): void {
  const streams = listening.get(node) ?? new Set();
  listening.set(node, streams);
  streams.add(stream);
  if (streams.size <= MOST_LISTENING) return;
  const [oldest] = streams;
  oldest?.cancel();
  if (oldest) streams.delete(oldest);
}

function forget(node: LightningNode, stream: ClientReadableStream<WirePayment>): void {
  listening.get(node)?.delete(stream);
}

/**
 * LND's refusals before a payment exists, by the start of their text. Each would come again whenever the same payment
 * is tried: only therefore may they count as failed, and only while LND has no record of the payment.
 */
const REFUSED_BEFORE: readonly [RegExp, FailureReason][] = [
  [/^invoice expired\. Valid until /, 'invoice_expired'],
  [/^amount must (?:not )?be specified when paying a (?:zero|non-zero) amount invoice/, 'rejected'],
  [/^(?:payment request|invoice) must contain either a payment address or blinded paths/, 'rejected'],
  [/^invoice not for current active network/, 'rejected'],
  [/^self-payments not allowed/, 'rejected'],
  [/^cltv limit \d+ should be greater than \d+/, 'no_route'],
];

async function afterError(node: LightningNode, paymentHash: string, error: unknown): Promise<PayOutcome> {
  const code = codeOf(error);
  const details = detailsOf(error);
  if (code === status.ALREADY_EXISTS && details.includes('already paid')) {
    const earlier = await lookupPayment(node, paymentHash);
    return earlier.state === 'paid' ? earlier : unknown('paid already, and the proof could not be fetched');
  }
  const refused = REFUSED_BEFORE.find(([text]) => text.test(details));
  if (!refused || (code !== status.UNKNOWN && code !== status.INVALID_ARGUMENT)) return unknown(explain(error));
  const recorded = await readRecord(node, paymentHash);
  if (recorded.state === 'paid' || recorded.state === 'unknown') return recorded;
  return { state: 'failed', reason: refused[1], transient: false };
}

/** Refused by ourselves, whatever the node may know. */
function rejected(): PayOutcome {
  return { state: 'failed', reason: 'rejected', transient: false };
}

type Found = PayOutcome | { readonly state: 'absent' };

/**
 * Asks the node that was to pay what became of a payment. Never throws.
 * @param paymentHash hex.
 * @returns `absent` when the node, up and itself, has no record of it. This and `failed` are the end of what the node
 *   was told; they are the end of the payment only when no try of it can begin any more, which the caller must know:
 *   a failed hash may be tried again, and until LND has read the new request its record is the old failure. `unknown`
 *   for a payment under way, for every error, and for a failure while the node has not been steady for a while: one that
 *   hung goes on with what it had admitted before.
 */
export async function lookupPayment(node: LightningNode, paymentHash: string): Promise<Found> {
  const found = await readRecord(node, paymentHash);
  if (found.state !== 'failed' || isSteady(node)) return found;
  return unknown('the recorded failure may be that of an earlier try');
}

const STEADY_MS = 15_000;

function isSteady(node: LightningNode): boolean {
  const { steadySinceMs } = node.health();
  return steadySinceMs !== undefined && steadySinceMs + STEADY_MS < node.clock.nowMs();
}

async function readRecord(node: LightningNode, paymentHash: string): Promise<Found> {
  try {
    const before = node.health().state === 'up' ? node.health() : await node.check();
    if (before.state === 'refused') return unknown(`node refused: ${before.why}`);
    return await track(node, paymentHash);
  } catch (error) {
    if (isTransport(error)) node.doubt();
    if (!isPaymentAbsent(error)) return unknown(explain(error));
    // What a node that lags, or another one at the same address, does not know, is no news.
    const after = await node.check();
    return after.state === 'up' ? { state: 'absent' } : unknown(`not found, but the node is ${after.state}`);
  }
}

const TRACK_DEADLINE_MS = 10_000;

async function track(node: LightningNode, paymentHash: string): Promise<PayOutcome> {
  const record = await firstRecord(node, paymentHash);
  return record === undefined ? unknown('no answer in time') : outcomeOf(record, paymentHash);
}

/**
 * LND's record of a payment as it is now: the first message of its stream. ln-service waits on for an end, which may
 * never come. Undefined when there was none in time. Throws what every call to LND may throw, NOT_FOUND too.
 */
export async function firstRecord(node: LightningNode, paymentHash: string): Promise<WirePayment | undefined> {
  const stream = follow(node, paymentHash);
  const waiting = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      stream.on('data', resolve);
      stream.on('error', reject);
      stream.on('end', () => resolve(undefined));
      void node.clock.sleep(TRACK_DEADLINE_MS, waiting.signal).then(() => resolve(undefined));
    });
  } finally {
    waiting.abort();
    stream.cancel();
  }
}
