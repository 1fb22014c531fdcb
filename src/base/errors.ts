// The three kinds of trouble: a Refusal (we say no, rightly), an Outcome of the outside (a value, see
// domain/states.ts), and a fault (any other throw). Only a Refusal is ever shown to a person by its code; a fault is
// answered with an apology and its trace id, and retried where a job met it.

/** Everything we may refuse. Each code has a text in every language, or the project does not compile. */
export type RefusalCode =
  | 'amount_unreadable'
  | 'amount_too_small'
  | 'amount_too_large'
  | 'balance_low'
  | 'busy'
  | 'card_expired'
  | 'claim_taken'
  | 'claim_unknown'
  | 'claim_waits'
  | 'currency_unknown'
  | 'invoice_amount_missing'
  | 'invoice_closed'
  | 'invoice_expired'
  | 'invoice_in_flight'
  | 'invoice_paid'
  | 'invoice_unreadable'
  | 'invoice_wrong_network'
  | 'last_admin'
  | 'lightning_too_small'
  | 'not_allowed'
  | 'not_found'
  | 'own_invoice'
  | 'payee_is_payer'
  | 'pay_paused'
  | 'payee_unknown'
  | 'person_unknown'
  | 'pin_locked'
  | 'pin_unfit'
  | 'pin_unset'
  | 'pin_wrong'
  | 'private_only'
  | 'queue_unknown'
  | 'rate_stale'
  | 'receive_paused'
  | 'request_closed'
  | 'send_closed'
  | 'send_paused'
  | 'sending_stopped'
  | 'too_fast'
  | 'too_many_open'
  | 'wallet_frozen';

/** A no that is ours to say. `details` fill the text: decimal strings and short words, never a secret. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly details: Readonly<Record<string, string>>;

  constructor(code: RefusalCode, details: Readonly<Record<string, string>> = {}) {
    super(`refused: ${code}`);
    this.name = 'Refusal';
    this.code = code;
    this.details = details;
  }
}

/**
 * The pool, the database or Redis could not serve in time. Chat answers it kindly within its two seconds; a job is
 * retried. `what` names the part ("database pool").
 */
export class Unavailable extends Error {
  readonly what: string;

  constructor(what: string, cause?: unknown) {
    super(`${what} is not available`, { cause });
    this.name = 'Unavailable';
    this.what = what;
  }
}

/** Marks a case that the types say cannot happen. Throws with the value's type, never the value itself. */
export function unreachable(value: never): never {
  throw new Error(`unreachable case of type ${typeof value}`);
}
