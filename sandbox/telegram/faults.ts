// What can be made to go wrong on purpose: repeated deliveries, presses out of order, answers that are late, cut off, broken
// or "too many requests". All off at the start; a test sets the fields it wants, a `times` counts itself down.
import type { ServerResponse } from 'node:http';

export interface Trap {
  /** Only this method (any letter case); every method when left out. */
  method?: string;
  /** How many calls it hits. */
  times: number;
}

export interface Faults {
  /** Extra copies sent beside every delivery. */
  duplicate: number;
  /** Button presses of a user are delivered newest first and in parallel. */
  shuffleCallbacks: boolean;
  /** Every answer of the API waits this long. */
  delayMs: number;
  /** The call is executed, then the connection is cut instead of an answer. */
  cut?: Trap | undefined;
  /** The call is not executed, and the connection is cut instead of an answer. */
  lost?: Trap | undefined;
  /** The call is not executed; the answer is this status with an HTML body. */
  fail?: (Trap & { status: 500 | 502 | 504 }) | undefined;
  /** The call is not executed; the answer is 429. */
  tooMany?: (Trap & { retryAfter: number }) | undefined;
}

export function noFaults(): Faults {
  return { duplicate: 0, shuffleCallbacks: false, delayMs: 0 };
}

/** True when the trap is set for this method; counts it down. */
export function springs(trap: Trap | undefined, method: string): boolean {
  if (!trap || trap.times <= 0) return false;
  if (trap.method !== undefined && trap.method.toLowerCase() !== method) return false;
  trap.times--;
  return true;
}

const PAGES: Record<number, string> = { 500: 'Internal Server Error', 502: 'Bad Gateway', 504: 'Gateway Time-out' };

/** The page that a front end answers with when the server behind it is gone. */
export function answerBrokenPage(response: ServerResponse, status: number): void {
  const title = `${status} ${PAGES[status] ?? 'Error'}`;
  const page = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
  response.writeHead(status, { 'content-type': 'text/html', 'content-length': page.length });
  response.end(page);
}
