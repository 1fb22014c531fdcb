// What a failed statement means. Serialisation failures and deadlocks are the database asking for another try of the
// whole transaction; a lost or refused connection is `Unavailable`; all else is a fault and is passed on as it is.
import type { Clock } from '../../base/clock.ts';
import { Unavailable } from '../../base/errors.ts';
import type { Random } from '../../base/ids.ts';

/** The part that is not available when every connection is in use. */
export const POOL = 'database pool';

/** The five characters PostgreSQL, or the socket, gave as the reason; empty for an error of another kind. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

// serialization_failure, deadlock_detected.
const TRY_AGAIN = new Set(['40001', '40P01']);

// Connections that cannot be made, were lost or cut; too many of them; a server that starts or stops; a time-out.
const UNAVAILABLE =
  /^(08...|53...|57014|57P0[1-5]|25P0[34]|E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN))$/;
const LOST = /connection terminated|connection error|not queryable|timeout|socket|ended by server/i;

/** Whether the connection or the server failed rather than the statement. What a lost commit did is not known. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof Unavailable) return true;
  const code = errorCode(error);
  if (code) return UNAVAILABLE.test(code);
  return error instanceof Error && LOST.test(error.message);
}

/** The error to pass on: `Unavailable` for a failed connection or server, else the same. */
export function named(error: unknown): unknown {
  return !(error instanceof Unavailable) && isUnavailable(error) ? new Unavailable('database', error) : error;
}

export type RetryOptions = {
  clock: Clock;
  random: Random;
  /** No further try is begun after this long. */
  budgetMs: number;
  /** Also after a lost connection: only where doing it twice is doing it once. */
  evenWhenLost?: boolean;
};

/**
 * Runs `run` again, as a whole, while the database asks for it, after a pause of growing random length.
 * @throws Unavailable also when the time is over and the database still asks for another try: nothing was done, and who
 * asked may ask again later.
 */
export async function withRetry<T>(options: RetryOptions, run: () => Promise<T>): Promise<T> {
  const { clock, random, budgetMs, evenWhenLost = false } = options;
  const begun = clock.monotonicMs();
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      // Who has waited for a connection in vain has waited long enough.
      const lost = evenWhenLost && isUnavailable(error) && !(error instanceof Unavailable && error.what === POOL);
      const isAsked = TRY_AGAIN.has(errorCode(error));
      if (!(lost || isAsked)) throw named(error);
      if (clock.monotonicMs() - begun > budgetMs) throw isAsked ? new Unavailable('database', error) : named(error);
      await clock.sleep(random.fraction() * Math.min(500, 5 * 2 ** tries));
    }
  }
}
