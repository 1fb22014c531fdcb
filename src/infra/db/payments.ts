// Rows of outgoing payments. Every move of a state names the state it comes from; who finds another state there has
// lost the race and does nothing. A live payment hash exists once: a partial unique index refuses the second.
import { traceOfMessage } from '../../base/trace.ts';
import type { BeginRefusal } from '../../domain/rails.ts';
import type { FailureReason, PaymentCause, PaymentState } from '../../domain/states.ts';
import { postSpan } from './batch.ts';
import type { Db, Queryable } from './client.ts';

export type PaymentRow = {
  id: string;
  userId: string;
  state: PaymentState;
  paymentHash: string;
  request: string;
  destination: string;
  amountMsat: bigint;
  feeCeilingMsat: bigint;
  feeMsat: bigint | null;
  node: string | null;
  ownInvoiceId: string | null;
  preimage: string | null;
  failure: FailureReason | null;
  memo: string | null;
  attempts: number;
  expiresAtMs: number;
  createdAtMs: number;
  sentAtMs: number | null;
  finishedAtMs: number | null;
};

const ms = (column: string, name: string) => `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`;
const PAYMENT = `id, user_id as "userId", state, payment_hash as "paymentHash", request, destination,
  amount_msat as "amountMsat", fee_ceiling_msat as "feeCeilingMsat", fee_msat as "feeMsat", node,
  own_invoice_id as "ownInvoiceId", preimage, failure, memo, attempts, ${ms('expires_at', 'expiresAtMs')},
  ${ms('created_at', 'createdAtMs')}, ${ms('sent_at', 'sentAtMs')}, ${ms('finished_at', 'finishedAtMs')}`;

// Looked at before the step is taken, and good for its transaction: what the step makes bears the trace of its message.
const underTrace = (value: string) => `where set_config('satfleet.trace', ${value}, true) is not null`;

export type NewPayment = Pick<
  PaymentRow,
  | 'id'
  | 'userId'
  | 'paymentHash'
  | 'request'
  | 'destination'
  | 'amountMsat'
  | 'feeCeilingMsat'
  | 'ownInvoiceId'
  | 'memo'
> & {
  walletId: bigint;
  outgoingId: bigint;
  /** More payments without an end than this are refused. */
  mostOpen: number;
  expiresAtMs: number;
  nowMs: number;
  dueAtMs: number;
};

/** `too_many`: without an end. The rest is why it may not begin. */
export type StartResult = 'created' | 'exists' | 'too_many' | BeginRefusal;

/**
 * Makes the payment, its hold and its job in one call.
 * @throws LedgerRefused when the wallet cannot hold that much; a unique violation when the hash lives under another id.
 */
export function startPayment(db: Db, payment: NewPayment): Promise<StartResult> {
  return postSpan('payments.start', 1, () => payStart(db, payment));
}

async function payStart(db: Db, payment: NewPayment): Promise<StartResult> {
  const [row] = await db.call<{ result: StartResult }>(
    'payments.start',
    `select pay_start($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) as result ${underTrace('$16')}`,
    [
      payment.id,
      payment.userId,
      payment.paymentHash,
      payment.request,
      payment.destination,
      payment.amountMsat,
      payment.feeCeilingMsat,
      payment.ownInvoiceId,
      payment.memo,
      payment.expiresAtMs,
      payment.walletId,
      payment.outgoingId,
      payment.mostOpen,
      payment.nowMs,
      payment.dueAtMs,
      traceOfMessage() ?? '',
    ],
  );
  if (!row) throw new Error('pay_start gave no row');
  return row.result;
}

/** A payment that was paid, and the names under which it is booked and told. */
export type PaidPayment = {
  id: string;
  feeMsat: bigint;
  preimage: string;
  cause: PaymentCause;
  outgoingId: bigint;
  nodeId: bigint;
  postId: string;
  outId: string;
  noticeId: string;
  nowMs: number;
  dueAtMs: number;
};

/**
 * Ends a payment as paid, in one call: state, ledger, notice and its job.
 * @returns the state it was found in: only `sending` was ended, and null is no such payment.
 * @throws LedgerRefused when the hold is not there to be spent.
 */
export function finishPaidPayment(db: Db, given: PaidPayment): Promise<PaymentState | null> {
  return postSpan('payments.finish_paid', 2, () => payFinishPaid(db, given));
}

async function payFinishPaid(db: Db, given: PaidPayment): Promise<PaymentState | null> {
  const [row] = await db.call<{ state: PaymentState | null }>(
    'payments.finish_paid',
    `select pay_finish_paid($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as state ${underTrace('$12')}`,
    [
      given.id,
      given.feeMsat,
      given.preimage,
      given.cause,
      given.outgoingId,
      given.nodeId,
      given.postId,
      given.outId,
      given.noticeId,
      given.nowMs,
      given.dueAtMs,
      traceOfMessage() ?? '',
    ],
  );
  return row?.state ?? null;
}

export async function findPayment(q: Queryable, id: string): Promise<PaymentRow | undefined> {
  const [row] = await q.query<PaymentRow>('payments.find', `select ${PAYMENT} from payments where id = $1`, [id]);
  return row;
}

/** The payment, its row locked until the transaction ends. */
export async function lockPayment(q: Queryable, id: string): Promise<PaymentRow | undefined> {
  const [row] = await q.query<PaymentRow>(
    'payments.lock',
    `select ${PAYMENT} from payments where id = $1 for no key update`,
    [id],
  );
  return row;
}

/** The payment of this hash that is not failed, whoever makes it. */
export async function findLiveByHash(q: Queryable, paymentHash: string): Promise<PaymentRow | undefined> {
  const [row] = await q.query<PaymentRow>(
    'payments.live_by_hash',
    `select ${PAYMENT} from payments where payment_hash = $1 and state <> 'failed'`,
    [paymentHash],
  );
  return row;
}

/** The newest failed payment of this hash that was given to a node. Rarely asked, so it has no index. */
export async function findFailedByHash(q: Queryable, paymentHash: string): Promise<PaymentRow | undefined> {
  const [row] = await q.query<PaymentRow>(
    'payments.failed_by_hash',
    `select ${PAYMENT} from payments where payment_hash = $1 and state = 'failed' and node is not null
     order by id desc limit 1`,
    [paymentHash],
  );
  return row;
}

/**
 * `held → sending` at one node, for ever; its job is done with that. False when someone else was first, and while sending
 * is stopped or the payer is frozen: then it stays held, with its job.
 */
export async function claimForSending(
  q: Queryable,
  given: { id: string; node: string; cause: PaymentCause; nowMs: number; dueAtMs: number },
): Promise<boolean> {
  const rows = await q.query(
    'payments.claim',
    `with sending as materialized (select refusal_to_begin('sending', user_id) is null as is_on from payments where id = $1),
     job as (delete from outbox where id = $1 and (select is_on from sending))
     update payments set state = 'sending', cause = $5, node = $2, sent_at = to_timestamp($3::float8 / 1000),
       due_at = to_timestamp($4::float8 / 1000), attempts = 1
     where id = $1 and state = 'held' and (select is_on from sending) returning id`,
    [given.id, given.node, given.nowMs, given.dueAtMs, given.cause],
  );
  return rows.length === 1;
}

/**
 * `held → sending` at a node that has it already, as a database knows that was restored to before: nothing is sent by
 * it, so it asks no switch. False when it is not held any more.
 */
export async function pinPayment(q: Queryable, given: { id: string; node: string; nowMs: number }): Promise<boolean> {
  const rows = await q.query(
    'payments.pin',
    `with job as (delete from outbox where id = $1)
     update payments set state = 'sending', cause = 'recovery', node = $2, sent_at = to_timestamp($3::float8 / 1000),
       due_at = to_timestamp($3::float8 / 1000), attempts = 1
     where id = $1 and state = 'held' returning id`,
    [given.id, given.node, given.nowMs],
  );
  return rows.length === 1;
}

/**
 * Counts another try of a payment whose last one ended without effect. False when somebody else counted first, and while
 * sending is stopped: then there is no other try.
 */
export async function countAttempt(
  q: Queryable,
  given: { id: string; attempts: number; dueAtMs: number },
): Promise<boolean> {
  const rows = await q.query(
    'payments.attempt',
    `update payments set attempts = $2 + 1, due_at = to_timestamp($3::float8 / 1000)
     where id = $1 and state = 'sending' and attempts = $2 and sending_is_on() returning id`,
    [given.id, given.attempts, given.dueAtMs],
  );
  return rows.length === 1;
}

export async function markPaid(
  q: Queryable,
  given: { id: string; feeMsat: bigint; preimage: string | null; cause: PaymentCause; nowMs: number },
): Promise<void> {
  await q.query(
    'payments.paid',
    `update payments set state = 'paid', cause = $5, fee_msat = $2, preimage = $3,
       finished_at = to_timestamp($4::float8 / 1000) where id = $1`,
    [given.id, given.feeMsat, given.preimage, given.nowMs, given.cause],
  );
}

export async function markFailed(
  q: Queryable,
  given: { id: string; failure: FailureReason; cause: PaymentCause; nowMs: number },
): Promise<void> {
  await q.query(
    'payments.failed',
    `update payments set state = 'failed', cause = $4, failure = $2, finished_at = to_timestamp($3::float8 / 1000)
     where id = $1`,
    [given.id, given.failure, given.nowMs, given.cause],
  );
}

/** Payments without an end whose next look is due; the look after that is set to `nextMs`, so one sweeper has them. */
export async function takeDue(
  q: Queryable,
  given: { nowMs: number; nextMs: number; limit: number; only?: string | undefined },
): Promise<{ id: string; attempts: number }[]> {
  return q.query(
    'payments.due',
    `update payments set due_at = to_timestamp($2::float8 / 1000) where id in (
       select id from payments where state in ('held', 'sending') and due_at <= to_timestamp($1::float8 / 1000)
         and id = coalesce($4::uuid, id) order by due_at limit $3 for no key update skip locked)
     returning id, attempts`,
    [given.nowMs, given.nextMs, given.limit, given.only ?? null],
  );
}

/** Payments given back by hand whose next look is due, each taken by one sweeper. */
export async function takeFreed(
  q: Queryable,
  given: { nowMs: number; nextMs: number; limit: number },
): Promise<{ id: string; paymentHash: string }[]> {
  return q.query(
    'payments.freed',
    `update payments set due_at = to_timestamp($2::float8 / 1000) where id in (
       select id from payments where state = 'failed' and cause like 'admin:%'
         and due_at <= to_timestamp($1::float8 / 1000) order by due_at limit $3 for no key update skip locked)
     returning id, payment_hash as "paymentHash"`,
    [given.nowMs, given.nextMs, given.limit],
  );
}

export type Unfinished = { held: number; sending: number; oldestMs: number | null };

/** How many payments have no end yet, and when the oldest of them began. */
export async function unfinished(q: Queryable): Promise<Unfinished> {
  const [row] = await q.query<Unfinished>(
    'payments.unfinished',
    `select count(*) filter (where state = 'held')::int4 as held,
       count(*) filter (where state = 'sending')::int4 as sending, ${ms('min(created_at)', 'oldestMs')}
     from payments where state in ('held', 'sending')`,
    [],
  );
  return row ?? { held: 0, sending: 0, oldestMs: null };
}
