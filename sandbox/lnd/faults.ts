// What can go wrong with a sandbox node, switched on and off while it runs.
import type { FailureReason } from './state.ts';

/**
 * A fault of one payment: the connection is lost before it is noted (`unsent`) or after, while it goes on (`sent`);
 * the node says that it is starting up (`starting`); or the payment fails with that reason.
 */
export type PaymentFault = 'unsent' | 'sent' | 'starting' | FailureReason;

export type Faults = {
  /** No call is answered; peers still see the node, so what is sent to it is in flight. */
  hang: boolean;
  /** Each answer comes this much later; the work is done at once. */
  lateMs: number;
  /** Every call but State's says that the node is starting up. */
  starting: boolean;
  /** What happens to invoices meanwhile is told to no subscriber, also not later. */
  muteInvoices: boolean;
  /** Who asks to hear of invoices is heard this much later; what happens meanwhile is told as a backlog, or not at all. */
  joinLateMs: number;
  /** A canceled invoice is deleted at once, as LND does with `gc-canceled-invoices-on-the-fly`. */
  forgetCanceled: boolean;
  /** Met by every payment. */
  payment: PaymentFault | null;
  /** Met by every n-th payment, the kinds in turn. */
  transient: { every: number; kinds: PaymentFault[] } | null;
  /** The node dies in its next payment, which then stays in flight for good. */
  losePayment: boolean;
  /** What it takes for handing on, in millionths of the amount, beside 1 sat. */
  feePpm: number;
  /** For so many seconds longer than it really is it has been up, and its peers with it. */
  olderS: number;
};

export const NO_FAULTS: Faults = {
  hang: false,
  lateMs: 0,
  starting: false,
  muteInvoices: false,
  joinLateMs: 0,
  forgetCanceled: false,
  payment: null,
  transient: null,
  losePayment: false,
  feePpm: 1,
  olderS: 0,
};

const PAYMENT_FAULTS: readonly string[] = [
  'unsent',
  'sent',
  'starting',
  'TIMEOUT',
  'NO_ROUTE',
  'ERROR',
  'INCORRECT_PAYMENT_DETAILS',
  'INSUFFICIENT_BALANCE',
  'CANCELED',
];

/** Checks what came by HTTP. Throws one sentence. */
export function readFaults(raw: unknown): Partial<Faults> {
  if (typeof raw !== 'object' || raw === null) throw new Error('faults are a JSON object');
  for (const [name, value] of Object.entries(raw)) {
    if (!Object.hasOwn(NO_FAULTS, name)) {
      throw new Error(`there is no fault "${name}", only ${Object.keys(NO_FAULTS).join(', ')}`);
    }
    if (!isRight(name, value)) throw new Error(`the fault "${name}" cannot be ${JSON.stringify(value)}`);
  }
  return raw as Partial<Faults>;
}

function isRight(name: string, value: unknown): boolean {
  if (typeof NO_FAULTS[name as keyof Faults] === 'number') return typeof value === 'number' && value >= 0;
  if (name === 'payment') return value === null || isPaymentFault(value);
  if (name !== 'transient') return typeof value === 'boolean';
  if (value === null) return true;
  const { every, kinds } = value as { every?: unknown; kinds?: unknown };
  return Number.isSafeInteger(every) && Number(every) > 0 && Array.isArray(kinds) && kinds.every(isPaymentFault);
}

function isPaymentFault(value: unknown): boolean {
  return PAYMENT_FAULTS.includes(String(value));
}
