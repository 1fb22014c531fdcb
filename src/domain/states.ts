// Every thing outside our control is a row with a state. These are the states, the allowed moves between them, and the
// three outcomes the outside may have. A move happens by compare-and-set; who loses the race does nothing.

/** `held`: sats reserved, nothing sent. `sending`: given to one node, outcome not known yet. The rest are ends. */
export type PaymentState = 'held' | 'sending' | 'paid' | 'failed';

/** `asked`: wanted, not at a node yet. `closing`: being cancelled at its node because a user of ours pays it. */
export type InvoiceState = 'asked' | 'open' | 'closing' | 'settled' | 'canceled' | 'expired';

/** `held`: waits for a receiver who is not here yet; it ends claimed, returned (21 days) or retracted. */
export type SendState = 'done' | 'held' | 'claimed' | 'returned' | 'retracted';

export type RequestState = 'open' | 'paid' | 'declined' | 'canceled' | 'expired';

/**
 * What moved a row into its state, kept beside it and in its events; the database refuses any other, and two in a row
 * that are the same. `answer`: what the node said to the call itself; `lookup`: what it said when asked later;
 * `late_event`: what it told by itself after the call was over;
 * `recovery`: it had the payment although a restored database did not know. A repair by hand is `admin:<user id>`.
 */
export type PaymentCause =
  | 'tap'
  | 'job'
  | 'sweep'
  | 'answer'
  | 'lookup'
  | 'late_event'
  | 'inside'
  | 'expiry'
  | 'no_node'
  | 'recovery'
  | `admin:${string}`;

/** `payer`: someone here pays it. `stream`: its node told of the settlement; `lookup`: its node was asked. */
export type InvoiceCause = 'tap' | 'node' | 'payer' | 'stream' | 'lookup' | 'inside' | 'expiry';

export type SendCause = 'tap' | 'claim' | 'retract' | 'expiry';

/** `send`: the transfer that paid it. */
export type RequestCause = 'tap' | 'send' | 'decline' | 'cancel' | 'expiry';

type Moves<State extends string> = Readonly<Record<State, readonly State[]>>;

export const PAYMENT_MOVES: Moves<PaymentState> = {
  held: ['sending', 'failed'],
  sending: ['paid', 'failed'],
  paid: [],
  failed: [],
};

export const INVOICE_MOVES: Moves<InvoiceState> = {
  asked: ['open', 'expired'],
  open: ['closing', 'settled', 'canceled', 'expired'],
  // Back to open when the node does not know it any more; settled by the inside payer or, sooner, by an outside one.
  closing: ['settled', 'open'],
  settled: [],
  canceled: ['settled'],
  // A payment that was in flight when the clock ran out is still credited.
  expired: ['settled'],
};

export const SEND_MOVES: Moves<SendState> = {
  done: [],
  held: ['claimed', 'returned', 'retracted'],
  claimed: [],
  returned: [],
  retracted: [],
};

export const REQUEST_MOVES: Moves<RequestState> = {
  open: ['paid', 'declined', 'canceled', 'expired'],
  paid: [],
  declined: [],
  canceled: [],
  expired: [],
};

/** Why a payment ended without paying. `not_sent`: it never left us. */
export type FailureReason =
  | 'no_route'
  | 'refused_by_payee'
  | 'timed_out'
  | 'node_balance'
  | 'invoice_expired'
  | 'not_sent'
  | 'payer_too_late'
  | 'rejected';

/**
 * What the outside says of a payment. `failed` is granted only to a terminal answer on the allow-list of
 * infra/lightning/pay.ts; all else is `unknown`, keeps the hold, and is asked again.
 */
export type PayOutcome =
  | { readonly state: 'paid'; readonly preimage: string; readonly feeMsat: bigint; readonly amountMsat: bigint }
  | { readonly state: 'failed'; readonly reason: FailureReason; readonly transient: boolean }
  | {
      readonly state: 'unknown';
      readonly why: string;
      /** The try that was just made reached nobody and never will; of the payment itself that says nothing. */
      readonly isUnsent?: true;
    };
