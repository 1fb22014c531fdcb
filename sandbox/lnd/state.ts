// What the sandbox network remembers: invoices and payments of each node, and the channels between them. Field names
// ending in Msat are bigint in memory and decimal strings on disk.

export type InvoiceState = 'OPEN' | 'SETTLED' | 'CANCELED' | 'ACCEPTED';

/** One part of a payment, as the payee sees it. */
export type InvoiceHtlc = {
  chanId: string;
  index: number;
  amtMsat: bigint;
  totalMsat: bigint;
  acceptedAtS: number;
  resolvedAtS: number;
  expiryHeight: number;
  state: 'ACCEPTED' | 'SETTLED' | 'CANCELED';
  /** The payer's attempt. */
  attempt: string;
};

export type Invoice = {
  hash: string;
  /** Empty while a hold invoice's secret is not known. */
  preimage: string;
  isHold: boolean;
  paymentAddr: string;
  request: string;
  memo: string;
  descriptionHash: string;
  valueMsat: bigint;
  paidMsat: bigint;
  createdAtS: number;
  expiryS: number;
  cltvExpiry: number;
  state: InvoiceState;
  /** Deleted by its node: known to nobody any more, but its index is not given again. */
  isForgotten?: true;
  addIndex: number;
  /** 0 until settled. */
  settleIndex: number;
  settledAtS: number;
  htlcs: InvoiceHtlc[];
};

export type FailureReason =
  | 'TIMEOUT'
  | 'NO_ROUTE'
  | 'ERROR'
  | 'INCORRECT_PAYMENT_DETAILS'
  | 'INSUFFICIENT_BALANCE'
  | 'CANCELED';

/** One channel on the way: from the node before to `to`. */
export type Hop = { chanId: string; from: string; to: string; amtMsat: bigint; feeMsat: bigint; expiry: number };

export type Attempt = {
  /** Unique in the network: "alice/7". */
  key: string;
  id: number;
  payer: string;
  hash: string;
  paymentAddr: string;
  totalMsat: bigint;
  hops: Hop[];
  /** On how many channels, counted from the payer, the amount is locked now. */
  locked: number;
  phase: 'forward' | 'held' | 'settling' | 'failing' | 'done';
  status: 'IN_FLIGHT' | 'SUCCEEDED' | 'FAILED';
  sentAtNs: string;
  resolvedAtNs: string;
  /** Known once it succeeded. */
  preimage: string;
  failure?: { code: string; source: number };
};

export type Payment = {
  hash: string;
  index: number;
  status: 'IN_FLIGHT' | 'SUCCEEDED' | 'FAILED';
  failureReason?: FailureReason;
  valueMsat: bigint;
  feeMsat: bigint;
  preimage: string;
  request: string;
  createdAtNs: string;
  attempts: Attempt[];
  /** The node died between noting the attempt and sending it: in flight for good (LND issue 9340). */
  lost: boolean;
};

/** A channel; `balanceMsat` holds each end's own amount without what is in flight. */
export type Channel = {
  id: string;
  ends: [opener: string, other: string];
  capacityMsat: bigint;
  balanceMsat: Record<string, bigint>;
  updates: number;
};

export function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

export function nowNs(): string {
  return `${Math.round((performance.timeOrigin + performance.now()) * 1000)}000`;
}

/** An answer that is an error, with gRPC's code. */
export class RpcError extends Error {
  readonly code: number;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
  }
}

export const UNKNOWN = 2;
export const INVALID_ARGUMENT = 3;
export const NOT_FOUND = 5;
export const ALREADY_EXISTS = 6;
