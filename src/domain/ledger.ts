// The words of the ledger: what a transfer is, what posting it can answer, and how accounts are called. TigerBeetle's
// model: one debit account, one credit account, one positive amount of one currency, for ever; the id is made by the
// caller and is the idempotency key. Assets run negative, what we owe runs positive, each currency sums to zero.

/**
 * Why money moved. The database holds the same closed set.
 * `deposit` received over Lightning; `hold` reserved for a payment or a claim; `pay` the part of a hold that was spent;
 * `outflow` what left through a node; `release` a hold that went back; `send` from person to person; `claim_hold`,
 * `claim`, `return` a send that waits, was claimed, went back; `capital` our own money; the rest as they are called.
 */
export type TransferCode =
  | 'deposit'
  | 'hold'
  | 'pay'
  | 'outflow'
  | 'release'
  | 'send'
  | 'claim_hold'
  | 'claim'
  | 'return'
  | 'capital'
  | 'routing_fee'
  | 'routing_income'
  | 'chain_fee'
  | 'suspense'
  | 'adjust';

/** `single` moves at once. `pending` reserves; a later `post` moves all or part of it, or a `void` gives it back. */
export type TransferKind = 'single' | 'pending' | 'post' | 'void';

type Common = {
  /** UUIDv7, made by the caller: posting the same id again is `exists` and moves nothing. */
  readonly id: string;
  readonly code: TransferCode;
  /** The row it belongs to: a payment, an invoice, a send. */
  readonly subjectId?: string;
  /** Stands or falls with the next transfer of the same call; the last of such a chain does not carry it. */
  readonly linked?: boolean;
};

type Sides = {
  readonly debitId: bigint;
  readonly creditId: bigint;
  /** Millisatoshi, or minor units of the currency. Above zero. */
  readonly amount: bigint;
  readonly currency: string;
};

/**
 * One transfer to post. The accounts, currency and, for a void, the amount of a post or a void are those of its hold and
 * may be left out; where accounts are given they must be the hold's.
 */
export type Transfer =
  | (Common & Sides & { readonly kind: 'single' | 'pending' })
  | (Common & Partial<Sides> & { readonly kind: 'post'; readonly pendingId: string; readonly amount: bigint })
  | (Common & Partial<Sides> & { readonly kind: 'void'; readonly pendingId: string });

/**
 * What posting one transfer came to. `created` and `exists` mean that it stands; with every other answer nothing of it,
 * nor of its chain, has happened, and its id may be used again. The order is that of the checks.
 */
export const POST_RESULTS = [
  'created',
  /** Another transfer of its chain failed. */
  'linked_failed',
  /** Not a UUIDv7, more than 40 days in the future, or of a month that is not kept any more. */
  'id_invalid',
  'exists',
  /** The id is taken by a transfer of another content. */
  'exists_different',
  'amount_invalid',
  /** No such hold, or one between other accounts than were given. */
  'pending_not_found',
  'already_posted',
  'already_voided',
  'amount_above_pending',
  'same_account',
  'account_missing',
  'account_closed',
  'currency_mismatch',
  'insufficient_funds',
] as const;

export type PostResult = (typeof POST_RESULTS)[number];

/** Whether the transfer stands, now or since an earlier time. */
export function stands(result: PostResult): boolean {
  return result === 'created' || result === 'exists';
}

/** What we owe a person. May not be overdrawn. */
export function walletCode(userId: string): string {
  return `wallet:${userId}`;
}

/** The other side of every hold. Its posted balance is zero whenever no transaction is under way. */
export function outgoingCode(currency: string): string {
  return `outgoing:${currency}`;
}

/** What a node holds for us in its channels, as far as the ledger knows. Runs negative. */
export function lightningCode(node: string): string {
  return `lightning:${node}`;
}

/** Our own money at a node. */
export function capitalCode(node: string): string {
  return `capital:${node}`;
}

/** Money that came and cannot be placed: an alert while it is not zero. */
export function suspenseCode(currency: string): string {
  return `suspense:${currency}`;
}

/** What the house earns and pays itself, in BTC. */
export type HouseAccount = 'routing_fees' | 'routing_income' | 'chain_fees';
