// Time, as everything outside base/ sees it: passed in through World, so that tests can move it and no host's wrong
// clock decides about money. The production clock follows PostgreSQL's (see `followingClock`).

/** Milliseconds since 1970 and waiting. */
export type Clock = {
  /** Now, in milliseconds since 1970, UTC. */
  nowMs(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `run` every `everyMs` until the returned function is called. A run that throws is reported to `onError`. */
  every(everyMs: number, run: () => Promise<void> | void, onError: (error: unknown) => void): () => void;
  /** A steadily rising counter in milliseconds, for measuring durations. */
  monotonicMs(): number;
};

/** The host's own clock. */
export function hostClock(): Clock {
  return clockFrom(() => Date.now());
}

/** The host's own clock in `ms` milliseconds, for a library that counts down to a moment of that clock. */
export function hostTimeIn(ms: number): number {
  return Date.now() + ms;
}

export type FollowingClock = Clock & {
  /** How far the host's clock is behind the followed one, in milliseconds. */
  offsetMs(): number;
  /**
   * Asks once and adopts the answer; half the round trip is taken as the way back. An answer that was long under way
   * says less than the one before it and is left out.
   */
  measure(): Promise<void>;
};

const LONGEST_TRIP_MS = 1_000;

/**
 * A clock that follows another one, so that expiry and limits do not depend on which machine looked. Between two answers
 * it goes by the steady counter, so that a host's clock that is set meanwhile, by whom and however far, moves nothing.
 * @param ask gives the followed clock's time in milliseconds since 1970.
 */
export function followingClock(ask: () => Promise<number>): FollowingClock {
  let aheadMs = Date.now() - performance.now();
  let isMeasured = false;
  const nowMs = () => Math.round(performance.now() + aheadMs);
  return {
    ...clockFrom(nowMs),
    offsetMs: () => nowMs() - Date.now(),
    async measure() {
      const asked = performance.now();
      const theirs = await ask();
      const answered = performance.now();
      if (isMeasured && answered - asked > LONGEST_TRIP_MS) return;
      isMeasured = true;
      aheadMs = theirs - (asked + answered) / 2;
    },
  };
}

function clockFrom(nowMs: () => number): Clock {
  return {
    nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const end = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        signal?.addEventListener('abort', end, { once: true });
      }),
    every(everyMs, run, onError) {
      let running = false;
      const timer = setInterval(async () => {
        // A slow run is not overtaken by the next one.
        if (running) return;
        running = true;
        try {
          await run();
        } catch (error) {
          onError(error);
        } finally {
          running = false;
        }
      }, everyMs);
      timer.unref();
      return () => clearInterval(timer);
    },
    monotonicMs: () => performance.now(),
  };
}
