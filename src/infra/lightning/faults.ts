// What an error of a call to LND says, and what it does not say. The one place that reads LND's error texts.
import { status } from '@grpc/grpc-js';
import { CalledOff, DeadlinePassed, NotCalled } from '../../base/outside.ts';

/** gRPC's code of an error, or undefined for one of our own. */
export function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
}

/** LND's own words, or an empty text. */
export function detailsOf(error: unknown): string {
  const details = (error as { details?: unknown } | null)?.details;
  return typeof details === 'string' ? details : '';
}

/** Whether the node could not be reached or did not answer: the kind of error that opens the circuit. */
export function isTransport(error: unknown): boolean {
  if (error instanceof DeadlinePassed) return true;
  const code = codeOf(error);
  return code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED || isStarting(error);
}

/** Whether the connection was refused or lost, so that an idempotent call may be made again at once. */
export function isUnavailable(error: unknown): boolean {
  return codeOf(error) === status.UNAVAILABLE;
}

/** LND answers so while its wallet is locked or it is not up yet. */
function isStarting(error: unknown): boolean {
  return /^(?:wallet locked|waiting to start|the RPC server is in the process of starting up)/.test(detailsOf(error));
}

/**
 * Whether the call surely began nothing, and never will: it was not made, no connection was there to carry it, LND
 * turned it away before it looked at it, or it came after the time that its macaroon allowed (until.ts).
 */
export function isUnsent(error: unknown): boolean {
  if (error instanceof NotCalled) return true;
  const details = detailsOf(error);
  if (codeOf(error) === status.UNAVAILABLE) return details.startsWith('No connection established');
  return isTooLate(error) || (codeOf(error) === status.UNKNOWN && isStarting(error));
}

/** The call came after the time that its macaroon allowed, by the node's clock. */
export function isTooLate(error: unknown): boolean {
  return codeOf(error) === status.UNKNOWN && detailsOf(error).endsWith('macaroon has expired');
}

/** LND knows no payment of this hash. */
export function isPaymentAbsent(error: unknown): boolean {
  return codeOf(error) === status.NOT_FOUND;
}

/** LND knows no invoice of this hash. */
export function isInvoiceAbsent(error: unknown): boolean {
  return /^(?:unable to locate invoice|there are no existing invoices)/.test(detailsOf(error));
}

/** An invoice of this hash was made before. */
export function isInvoiceThere(error: unknown): boolean {
  return /^invoice with payment hash already exists/.test(detailsOf(error));
}

/** The macaroon does not allow the call. */
export function isPermissionDenied(error: unknown): boolean {
  return codeOf(error) === status.PERMISSION_DENIED || /^permission denied/.test(detailsOf(error));
}

/** One short line for logs and `why`: code and LND's words, without hashes, keys, preimages or invoices. */
export function explain(error: unknown): string {
  if (error instanceof NotCalled || error instanceof DeadlinePassed || error instanceof CalledOff) return error.message;
  const code = codeOf(error);
  const text = detailsOf(error) || (error instanceof Error ? error.message : 'no text');
  return `${code === undefined ? 'error' : (status[code] ?? code)}: ${scrub(text)}`;
}

/** Blots out whatever is long and random-looking, and keeps it short. */
export function scrub(text: string): string {
  return text.replace(/[a-z0-9+/=_-]{30,}/gi, '…').slice(0, 200);
}
