// The policy for every call that leaves this process: a deadline always, and where asked a retry with jitter, a
// circuit breaker and a limit on calls at once. It also says which errors mean "never sent" and which mean "no
// answer", because for money that is the difference between failed and unknown.
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  decorrelatedJitterGenerator,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  noop,
  retry,
  TaskCancelledError,
  wrap,
} from 'cockatiel';

/** No answer within the deadline. The other side may or may not have done what was asked. */
export class DeadlinePassed extends Error {
  constructor(what: string, deadlineMs: number) {
    super(`${what}: no answer within ${deadlineMs} ms`);
    this.name = 'DeadlinePassed';
  }
}

/** The call was never made, so nothing happened: the circuit is open or too many calls are running. */
export class NotCalled extends Error {
  readonly why: 'circuit_open' | 'full';

  constructor(what: string, why: 'circuit_open' | 'full') {
    super(`${what}: not called (${why})`);
    this.name = 'NotCalled';
    this.why = why;
  }
}

/** Our own caller gave the call up by its signal. What was already sent may still have its effect. */
export class CalledOff extends Error {
  constructor(what: string) {
    super(`${what}: called off`);
    this.name = 'CalledOff';
  }
}

/** Thrown by a call when the other side asks to be left alone: opens the breaker at once, for that long. */
export class ComeBackLater extends Error {
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super(message);
    this.name = 'ComeBackLater';
    this.waitMs = waitMs;
  }
}

export type OutsideEvent =
  | { kind: 'success' | 'failure' | 'deadline'; name: string; durationMs: number }
  | { kind: 'retry'; name: string; attempt: number; delayMs: number }
  | { kind: 'not_called'; name: string; why: NotCalled['why'] }
  | { kind: 'opened' | 'closed'; name: string };

export type OutsideOptions = {
  /** For each attempt, from its start; waiting in the bulkhead or between attempts is not counted. */
  deadlineMs: number;
  /** Only for calls that may be made twice. `when` picks the errors worth another attempt; all by default. */
  retries?: { times: number; firstDelayMs?: number; maxDelayMs?: number; when?: (error: Error) => boolean };
  /** Opens after `failures` in a row for `openMs`, then lets one call through. `counts` picks what is a failure. */
  breaker?: { failures: number; openMs: number; counts?: (error: Error) => boolean };
  /** At most `running` calls at once and `waiting` (none by default) in line behind them. */
  bulkhead?: { running: number; waiting?: number };
  /** For metrics. Must not throw. */
  onEvent?: (event: OutsideEvent) => void;
};

/**
 * Runs one call under the policy. `fn` gets a signal that aborts at the deadline, and is left behind then even if it
 * does not listen. Throws what `fn` throws, or DeadlinePassed, NotCalled, CalledOff. NotCalled is thrown only when
 * no attempt was made at all.
 */
export type Outside = <T>(fn: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** Makes the policy for one outside thing. Its breaker and bulkhead are shared by all calls through it. */
export function outside(name: string, options: OutsideOptions): Outside {
  const onEvent = options.onEvent ?? (() => {});
  const policy = wrap(...policies(name, options, onEvent));

  async function attempt<T>(fn: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const started = performance.now();
    try {
      const answer = await beforeDeadline(fn, options.deadlineMs, signal);
      onEvent({ kind: 'success', name, durationMs: performance.now() - started });
      return answer;
    } catch (error) {
      if (signal?.aborted) throw new CalledOff(name);
      const late = error === LATE;
      onEvent({ kind: late ? 'deadline' : 'failure', name, durationMs: performance.now() - started });
      throw late ? new DeadlinePassed(name, options.deadlineMs) : error;
    }
  }

  return async (fn, signal) => {
    let attempted: { error: unknown } | undefined;
    try {
      return await policy.execute(async () => {
        try {
          return await attempt(fn, signal);
        } catch (error) {
          attempted = { error };
          throw error;
        }
      }, signal);
    } catch (error) {
      const why = refusedBy(error);
      if (why === undefined) throw error instanceof TaskCancelledError ? new CalledOff(name) : error;
      // An earlier attempt of this very call may have had its effect: its error is the truth, not "never sent".
      if (attempted) throw attempted.error;
      onEvent({ kind: 'not_called', name, why });
      throw new NotCalled(name, why);
    }
  };
}

// Reasons of our own: to make the usual one, an exception with its stack, costs more than the rest of a policy.
const LATE = new Error('late');
const OFF = new Error('called off');

/** Rejects with LATE at the deadline or OFF when `signal` aborts, and tells the call so, whether it listens or not. */
function beforeDeadline<T>(
  fn: (signal: AbortSignal) => Promise<T>,
  deadlineMs: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const own = new AbortController();
    const end = (error: Error) => {
      settle();
      reject(error);
      own.abort(error);
    };
    const off = () => end(OFF);
    const timer = setTimeout(end, deadlineMs, LATE);
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', off);
    };
    if (signal?.aborted) return off();
    signal?.addEventListener('abort', off, { once: true });
    const call = async () => fn(own.signal);
    call().then(resolve, reject).finally(settle);
  });
}

function refusedBy(error: unknown): NotCalled['why'] | undefined {
  if (error instanceof BrokenCircuitError) return 'circuit_open';
  if (error instanceof BulkheadRejectedError) return 'full';
  return undefined;
}

function policies(name: string, options: OutsideOptions, onEvent: (event: OutsideEvent) => void): IPolicy[] {
  const list: IPolicy[] = [noop];
  if (options.bulkhead) list.push(bulkhead(options.bulkhead.running, options.bulkhead.waiting ?? 0));
  if (options.retries) list.push(retryPolicy(name, options.retries, onEvent));
  if (options.breaker) list.push(breakerPolicy(name, options.breaker, onEvent));
  return list;
}

function retryPolicy(
  name: string,
  { times, firstDelayMs = 100, maxDelayMs = 5_000, when = () => true }: NonNullable<OutsideOptions['retries']>,
  onEvent: (event: OutsideEvent) => void,
): IPolicy {
  const pointless = (error: Error) =>
    error instanceof ComeBackLater || error instanceof CalledOff || refusedBy(error) !== undefined;
  const policy = retry(
    handleWhen((error) => !pointless(error) && when(error)),
    {
      maxAttempts: times,
      backoff: new ExponentialBackoff({
        initialDelay: firstDelayMs,
        maxDelay: maxDelayMs,
        generator: decorrelatedJitterGenerator,
      }),
    },
  );
  policy.onRetry(({ attempt, delay }) => onEvent({ kind: 'retry', name, attempt, delayMs: delay }));
  return policy;
}

function breakerPolicy(
  name: string,
  { failures, openMs, counts = () => true }: NonNullable<OutsideOptions['breaker']>,
  onEvent: (event: OutsideEvent) => void,
): IPolicy {
  const inARow = new ConsecutiveBreaker(failures);
  let askedToWait = false;
  const policy = circuitBreaker(
    handleWhen((error) => {
      if (error instanceof CalledOff) return false;
      if (!(error instanceof ComeBackLater)) return counts(error);
      askedToWait = true;
      return true;
    }),
    {
      breaker: {
        get state() {
          return inARow.state;
        },
        set state(value: unknown) {
          inARow.state = value as typeof inARow.state;
        },
        success: () => inARow.success(),
        failure: () => {
          // Always counted, so that the count is right again once the pause is over.
          const tooMany = inARow.failure();
          const opens = askedToWait || tooMany;
          askedToWait = false;
          return opens;
        },
      },
      halfOpenAfter: new DelegateBackoff((context) => {
        const reason = 'error' in context.result ? context.result.error : undefined;
        return reason instanceof ComeBackLater ? reason.waitMs : openMs;
      }),
    },
  );
  policy.onStateChange((state) => {
    if (state === CircuitState.Open) onEvent({ kind: 'opened', name });
    if (state === CircuitState.Closed) onEvent({ kind: 'closed', name });
  });
  return policy;
}
