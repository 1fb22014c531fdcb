// Sending a payment and staying with it. The job looks at the row before it acts: `held` is claimed for one node and
// sent, `sending` is only asked about. A transient refusal is tried again on the same node; an unknown outcome is looked
// up, never sent anew while any try of it may still begin. Every try has a last moment, after which its node refuses it;
// what has no end by then is left to the sweep, which alone may believe a node that says "failed" or "never heard of it".
import { Refusal, Unavailable } from '../base/errors.ts';
import type { PaymentCause, PayOutcome } from '../domain/states.ts';
import { findInvoiceRow, moveInvoice } from '../infra/db/invoices.ts';
import { deleteOutbox } from '../infra/db/outbox.ts';
import {
  claimForSending,
  countAttempt,
  findFailedByHash,
  findLiveByHash,
  findPayment,
  lockPayment,
  type PaymentRow,
} from '../infra/db/payments.ts';
import { type DecodedInvoice, decodeInvoice } from '../infra/lightning/decode.ts';
import { cancelInvoice } from '../infra/lightning/invoices.ts';
import { BEGIN_WITHIN_MS, lookupPayment, pay } from '../infra/lightning/pay.ts';
import type { LightningNode } from '../infra/lightning/pool.ts';
import type { WorkerWorld } from '../world.ts';
import { remembers } from './node-memory.ts';
import { commit } from './outbox.ts';
import { finishFailed, finishInside, finishPaid, type Sent } from './pay-finish.ts';

/** A job gives its place back after this long, or as soon as the payment is under way; the call goes on without it. */
const SLOT_MS = 5_000;
/** The stream of one try is listened to for so long; afterwards the sweep asks. */
const LISTEN_MS = 120_000;
const MOST_ATTEMPTS = 5;
const RETRY_MS = 300;
/** When to ask after a try whose outcome is unknown, each counted from the one before. Beyond, the sweep asks. */
const LOOKUPS_MS = [150, 500, 1_500, 4_000];
/** From when a try was counted until it is over: answered, or refused by its node. Then it is the sweep's. */
const OWN_MS = 30_000;
/** How far the clocks of a node and of this house may be apart. */
const CLOCKS_APART_MS = 5_000;
/** So long before a try is over its node must refuse to begin it, whatever held the request up. */
const TOO_LATE_MS = BEGIN_WITHIN_MS + CLOCKS_APART_MS;
/** How long after its invoice's end a payment that its node does not know is taken as never sent. */
const ABSENT_GRACE_MS = 10 * 60_000;

/**
 * Runs a payment's job. Resolves when its place in the queue may be given to another: at the end, when the payment is
 * under way, or after 5 s. A payment that another run has claimed is left to it, unless it is paid already.
 * @throws Unavailable when no node can take it now: the job comes back.
 */
export async function execute(world: WorkerWorld, id: string, cause: 'job' | 'sweep' = 'job'): Promise<void> {
  const payment = await findPayment(world.db, id);
  if (!payment || payment.state === 'paid' || payment.state === 'failed') return deleteOutbox(world.db, [id]);
  if (payment.ownInvoiceId !== null) return payInside(world, payment, payment.ownInvoiceId, cause);
  if (payment.state === 'sending') {
    await deleteOutbox(world.db, [id]);
    return bookIfPaid(world, payment, 'lookup');
  }
  if (payment.expiresAtMs <= world.clock.nowMs()) return finishFailed(world, id, 'invoice_expired', 0, 'expiry');
  const node = chooseNode(world, payment);
  if (!node) return finishFailed(world, id, 'node_balance', 0, 'no_node');
  const ownedUntilMs = await claim(world, payment, node.name, cause);
  if (ownedUntilMs === undefined) return;
  return withinSlot(world, payment, (freeSlot) =>
    stay(world, { ...payment, node: node.name, attempts: 1 }, { node, ownedUntilMs, freeSlot }),
  );
}

/**
 * The sweep's way to a payment that is due: nobody owns its last try any more.
 * @param due.attempts as they were when it was found due; another try since then is somebody else's.
 * @throws Unavailable as `execute`.
 */
export async function pursue(world: WorkerWorld, due: { id: string; attempts: number }): Promise<void> {
  const payment = await findPayment(world.db, due.id);
  if (payment?.state !== 'sending' || payment.ownInvoiceId !== null) return execute(world, due.id, 'sweep');
  if (payment.attempts === due.attempts) await look(world, payment);
}

/** Undefined when no node of ours can send that much, which waiting will not change soon. */
function chooseNode(world: WorkerWorld, payment: PaymentRow): LightningNode | undefined {
  try {
    return world.lightning.forPayment(payment.amountMsat + payment.feeCeilingMsat);
  } catch (error) {
    if (error instanceof Unavailable && error.what === 'lightning liquidity') return undefined;
    throw error;
  }
}

function sentOf(payment: PaymentRow): Sent {
  const { node } = payment;
  if (node === null) throw new Error('a paid payment that was never sent');
  return { ...payment, node };
}

/** `held → sending`; gives until when the try is ours to send, or undefined when another run was first or sending is stopped. */
async function claim(
  world: WorkerWorld,
  payment: PaymentRow,
  node: string,
  cause: PaymentCause,
): Promise<number | undefined> {
  const nowMs = world.clock.nowMs();
  const dueAtMs = nowMs + OWN_MS;
  return (await claimForSending(world.db, { id: payment.id, node, cause, nowMs, dueAtMs })) ? dueAtMs : undefined;
}

/** Waits for `run` until it ends, frees its slot or 5 s are over; a payment that takes longer is told as pending. */
async function withinSlot(
  world: WorkerWorld,
  payment: PaymentRow,
  run: (freeSlot: () => void) => Promise<void>,
): Promise<void> {
  const slot = Promise.withResolvers<void>();
  const ended = new AbortController();
  const running = run(slot.resolve)
    .catch((error: unknown) => world.log.error('payment left to the sweep', { payment: payment.id, error }))
    .finally(() => ended.abort());
  const slow = world.clock.sleep(SLOT_MS, ended.signal).then(async () => {
    if (!ended.signal.aborted) await tellPending(world, payment);
  });
  slow.catch((error: unknown) => world.log.warn('pending notice failed', { payment: payment.id, error }));
  await Promise.race([running, slot.promise, slow]);
}

async function tellPending(world: WorkerWorld, payment: PaymentRow): Promise<void> {
  await commit(world, 'pay.pending', async ({ tx, tell }) => {
    if ((await lockPayment(tx, payment.id))?.state !== 'sending') return;
    await tell(payment.userId, payment.id, {
      kind: 'payment_pending',
      amountMsat: String(payment.amountMsat),
      feeCeilingMsat: String(payment.feeCeilingMsat),
      sinceMs: payment.createdAtMs,
    });
  });
}

type Answer = PayOutcome | { readonly state: 'absent' };
type Try = { readonly node: LightningNode; readonly ownedUntilMs: number; readonly freeSlot: () => void };

/** Sends, and tries again what may be tried again, until there is an end or only time will tell. */
async function stay(world: WorkerWorld, first: PaymentRow, firstTry: Try): Promise<void> {
  const invoice = decodeInvoice(first.request, world.config.LIGHTNING_NETWORK);
  let payment = first;
  let current = firstTry;
  for (;;) {
    const answer = await send(world, payment, invoice, current);
    if (!(await act(world, payment, answer, 'answer'))) return;
    if (payment.attempts >= MOST_ATTEMPTS) return;
    await world.clock.sleep(RETRY_MS * 2 ** (payment.attempts - 1) * (0.5 + world.random.fraction()));
    const ownedUntilMs = await countTry(world, payment);
    if (ownedUntilMs === undefined) return;
    payment = { ...payment, attempts: payment.attempts + 1 };
    current = { ...current, ownedUntilMs };
  }
}

async function countTry(world: WorkerWorld, payment: PaymentRow): Promise<number | undefined> {
  const dueAtMs = world.clock.nowMs() + OWN_MS;
  const isOurs = await countAttempt(world.db, { id: payment.id, attempts: payment.attempts, dueAtMs });
  return isOurs ? dueAtMs : undefined;
}

/** One try: the call, and if it did not say, some lookups, of which only "paid" counts while the try is not over. */
async function send(
  world: WorkerWorld,
  payment: PaymentRow,
  invoice: DecodedInvoice,
  { node, ownedUntilMs, freeSlot }: Try,
): Promise<PayOutcome> {
  // A look at a node that seemed unwell takes its time: here, where it still counts.
  if (!node.health().canPay) await node.check();
  const refuseFromMs = ownedUntilMs - TOO_LATE_MS;
  if (world.clock.nowMs() >= refuseFromMs) return { state: 'unknown', why: 'woke up too late to send' };
  let answer: PayOutcome;
  try {
    answer = await pay(node, {
      invoice,
      amountMsat: payment.amountMsat,
      feeCeilingMsat: payment.feeCeilingMsat,
      onInFlight: freeSlot,
      refuseFromMs,
      deadlineMs: LISTEN_MS,
    });
  } catch (error) {
    // Another of our nodes is the payee, and no invoice of ours has this hash: it was never sent.
    if (error instanceof Refusal) return { state: 'failed', reason: 'rejected', transient: false };
    throw error;
  }
  if (answer.state !== 'unknown' || answer.isUnsent) return answer;
  for (const ms of LOOKUPS_MS) {
    await world.clock.sleep(ms);
    const found = await lookupPayment(node, payment.paymentHash);
    if (found.state === 'paid') return found;
  }
  return answer;
}

/** Books an answer that is an end. True when the same payment may be sent again, from the same node. */
async function act(
  world: WorkerWorld,
  payment: PaymentRow,
  answer: Answer,
  cause: 'answer' | 'lookup',
): Promise<boolean> {
  const nowMs = world.clock.nowMs();
  const isAlive = payment.expiresAtMs > nowMs;
  switch (answer.state) {
    case 'paid':
      await finishPaid(world, sentOf(payment), answer, cause);
      return false;
    case 'failed':
      if (answer.transient && isAlive && payment.attempts < MOST_ATTEMPTS) return true;
      await finishFailed(world, payment.id, answer.reason, payment.attempts, cause);
      return false;
    case 'absent':
      // A node that has lost its memory neither sends again nor gives back: it stays held.
      if (!(await remembers(world, world.lightning.node(sentOf(payment).node)))) return false;
      // Every try is over, so sending again is safe, however often, and better for the payer than a refund.
      if (isAlive) return true;
      if (payment.expiresAtMs + ABSENT_GRACE_MS > nowMs) return false;
      await finishFailed(world, payment.id, 'not_sent', payment.attempts, cause);
      return false;
    case 'unknown':
      if (answer.isUnsent) return isAlive;
      world.metrics.payments.inc({ outcome: 'unknown' });
      world.log.warn('payment outcome unknown', { payment: payment.id, node: payment.node, why: answer.why });
      return false;
  }
}

/** Asks the node of a payment under way what became of it, and acts on the answer. */
async function look(world: WorkerWorld, payment: PaymentRow): Promise<void> {
  if (payment.node === null) throw new Error('a payment under way without its node');
  const node = world.lightning.node(payment.node);
  const answer = await lookupPayment(node, payment.paymentHash);
  if (answer.state === 'unknown') await tellPending(world, payment);
  if (!(await act(world, payment, answer, 'lookup'))) return;
  const ownedUntilMs = await countTry(world, payment);
  if (ownedUntilMs === undefined) return;
  const counted = { ...payment, attempts: payment.attempts + 1 };
  return withinSlot(world, counted, (freeSlot) => stay(world, counted, { node, ownedUntilMs, freeSlot }));
}

/**
 * A node reports the end of a payment whose caller had given up listening. Only a success is booked here, also one of a
 * payment that was called failed; a failure may be that of an earlier try, which the sweep finds out.
 */
export async function hear(world: WorkerWorld, paymentHash: string): Promise<void> {
  const payment = (await findLiveByHash(world.db, paymentHash)) ?? (await findFailedByHash(world.db, paymentHash));
  if (payment?.state === 'sending' || payment?.state === 'failed') await bookIfPaid(world, payment, 'late_event');
}

async function bookIfPaid(world: WorkerWorld, payment: PaymentRow, cause: PaymentCause): Promise<void> {
  if (payment.node === null) return;
  const answer = await lookupPayment(world.lightning.node(payment.node), payment.paymentHash);
  if (answer.state === 'paid') await finishPaid(world, sentOf(payment), answer, cause);
}

/**
 * The payee is here: the invoice is cancelled at its node first, and only then booked inside, so that it can never be
 * paid twice. When the node says that it is settled, an outside payer was faster and ours gets everything back.
 * Crash points: each step is taken again by the next run, from the states in the rows.
 *
 * When the node does not know the invoice at all, ours gets everything back too, and the invoice is open again, so that
 * whatever is still heard of it counts. A node forgets cancelled invoices if its operator wants it to, and then it was
 * our own cancelling, whose answer was lost; but a node restored from an older state does not know it either, and may
 * have been paid for it before. Nothing the node can say later tells the two apart (its numbers grow past any mark
 * again), so `absent` never books anything inside. Giving back is right in both cases, also when the newer state
 * returns: then the invoice is open, settled or cancelled there, and at most an outside payer pays it.
 */
async function payInside(
  world: WorkerWorld,
  payment: PaymentRow,
  invoiceId: string,
  cause: PaymentCause,
): Promise<void> {
  const seen = await findInvoiceRow(world.db, invoiceId);
  if (!seen?.node || !seen.paymentHash) throw new Error('an inside payment without its invoice');
  if (payment.state === 'held' && (await claim(world, payment, seen.node, cause)) === undefined) return;
  await moveInvoice(world.db, { id: invoiceId, from: 'open', to: 'closing', cause: 'payer' });
  const invoice = await findInvoiceRow(world.db, invoiceId);
  if (invoice?.state !== 'closing') {
    const reason = invoice?.state === 'settled' ? 'payer_too_late' : 'invoice_expired';
    return finishFailed(world, payment.id, reason, 1, 'inside');
  }
  switch (await cancelInvoice(world.lightning.node(seen.node), seen.paymentHash)) {
    case 'canceled':
      return finishInside(world, payment.id, invoiceId);
    case 'settled':
      return finishFailed(world, payment.id, 'payer_too_late', 1, 'inside');
    case 'absent':
      // First this: a crash in between leaves a payment under way with an open invoice, which the next run takes up.
      await moveInvoice(world.db, { id: invoiceId, from: 'closing', to: 'open', cause: 'node' });
      return finishFailed(world, payment.id, 'invoice_expired', 1, 'inside');
    case 'unknown':
      return tellPending(world, payment);
  }
}
