// What a flow has to tell a person, as values: no language, no sentence. A notice is a row made in the transaction of
// the news itself, at most one per person, kind and subject; chat/notices.ts finds the words when it is sent.
// Amounts are decimal strings of millisatoshi, since notices are stored as JSON.
import type { AlertTold } from './incidents.ts';
import type { PromiseName } from './promises.ts';

import type { RefundHindrance } from './refund.ts';

/**
 * What became of an admin's wish to give a payment back. `ended`: it has an end by itself. `under_way`: its node does
 * not call it in flight for good. `agreed`: nothing stands against it, and a second admin is needed. `freed`: done.
 */
export type RefundAnswer =
  | { readonly result: 'ended'; readonly state: 'held' | 'paid' | 'failed' }
  | { readonly result: 'under_way' | 'agreed' | 'freed' }
  | { readonly result: 'refused'; readonly against: readonly RefundHindrance[] };

export type Notice =
  | {
      readonly kind: 'invoice_ready';
      readonly request: string;
      readonly amountMsat: string | null;
      readonly memo: string | null;
      readonly expiresAtMs: number;
    }
  | { readonly kind: 'invoice_late' }
  | { readonly kind: 'invoice_paid'; readonly receivedMsat: string; readonly memo: string | null }
  | { readonly kind: 'invoice_expired'; readonly amountMsat: string | null }
  | {
      readonly kind: 'payment_pending';
      readonly amountMsat: string;
      readonly feeCeilingMsat: string;
      readonly sinceMs: number;
    }
  | {
      readonly kind: 'payment_paid';
      readonly amountMsat: string;
      readonly feeMsat: string;
      readonly preimage: string | null;
      readonly memo: string | null;
    }
  | { readonly kind: 'payment_failed'; readonly amountMsat: string; readonly reason: string }
  | {
      readonly kind: 'send_received';
      readonly amountMsat: string;
      readonly fromName: string;
      readonly memo: string | null;
    }
  | { readonly kind: 'send_claimed'; readonly amountMsat: string; readonly toName: string }
  | { readonly kind: 'send_returned'; readonly amountMsat: string; readonly toName: string }
  | {
      readonly kind: 'request_received';
      readonly amountMsat: string;
      readonly fromName: string;
      readonly memo: string | null;
      readonly expiresAtMs: number;
    }
  | { readonly kind: 'request_paid'; readonly amountMsat: string; readonly byName: string }
  | { readonly kind: 'request_declined'; readonly amountMsat: string; readonly byName: string }
  /** To an admin. */
  | { readonly kind: 'refund_answer'; readonly paymentId: string; readonly answer: RefundAnswer }
  /** To all, or all of one language: news of the house in an admin's words. */
  | { readonly kind: 'broadcast'; readonly text: string }
  /** To who asked: nobody answered in time. */
  | { readonly kind: 'request_expired'; readonly amountMsat: string; readonly toName: string }
  /** To who was asked: their card is over. Who declines ends it by that very tap. */
  | {
      readonly kind: 'request_closed';
      readonly how: 'paid' | 'canceled' | 'expired';
      readonly amountMsat: string;
      readonly fromName: string;
    }
  /** To admins: what the house promises is broken (see domain/promises.ts), and sending is stopped. */
  | { readonly kind: 'promise_broken'; readonly promises: readonly PromiseName[]; readonly why: string }
  /** To admins: alerts that came together (see domain/incidents.ts), and how many more than stand here. */
  | ({ readonly kind: 'alert_raised' } & AlertsTold)
  | ({ readonly kind: 'alert_acked'; readonly byName: string; readonly atMs: number } & AlertsTold)
  | ({ readonly kind: 'alert_over'; readonly sinceMs: number; readonly atMs: number } & AlertsTold)
  /** To admins, each morning. */
  | { readonly kind: 'daily_digest'; readonly digest: Digest };

export type AlertsTold = { readonly alerts: readonly AlertTold[]; readonly more: number };

/** A day of the house. */
export type Digest = {
  readonly untilMs: number;
  readonly users: number;
  readonly newUsers: number;
  readonly inMsat: string;
  readonly outMsat: string;
  readonly insideMsat: string;
  readonly paid: number;
  readonly failed: number;
  readonly booksOk: boolean;
  /** Names of the alerts of the day, how often each came, and how many go on. */
  readonly incidents: readonly { readonly name: string; readonly count: number }[];
  readonly open: number;
};

export type NoticeKind = Notice['kind'];

/** A notice as it is stored: for whom, about what. `subjectId` is the payment, invoice, send or request. */
export type StoredNotice = {
  readonly id: string;
  readonly userId: string;
  readonly subjectId: string;
  readonly notice: Notice;
  readonly state: 'waiting' | 'sent' | 'unreachable';
};
