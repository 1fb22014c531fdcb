// What this house promises about money, by number. Each is checked on the living database, and where they can be
// reached against the Lightning nodes; P10 cannot be seen from there and is a matter of tests.

export const PROMISES = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9', 'P10', 'P11', 'P12'] as const;

export type PromiseName = (typeof PROMISES)[number];

/** In one line of English, for logs and for those who run the house. */
export const PROMISED: Readonly<Record<PromiseName, string>> = {
  P1: 'every currency sums to zero',
  P2: 'no account is below its floor',
  P3: 'every balance is the sum of its transfers',
  P4: 'one payment at a node for one payment here',
  P5: 'what is not ended is held, and nothing else is',
  P6: 'every settled invoice is credited, once',
  P7: 'what is owed is there',
  P8: 'the fees charged cover the fees paid',
  P9: 'no job lies forgotten',
  P10: 'no secret leaves the process',
  P11: 'one operation is one movement, however often it is asked for',
  P12: 'every move of a state is written down',
};

export type PromiseResult = {
  readonly promise: PromiseName;
  /** Undefined when it could not be looked at. */
  readonly kept: boolean | undefined;
  /** What is wrong, by name and number; or why it could not be looked at. */
  readonly why: string;
};

/** What was found against a promise; nothing found is kept. */
export function judged(promise: PromiseName, faults: readonly string[]): PromiseResult {
  const shown = faults.slice(0, MOST_SHOWN).join('; ');
  const more = faults.length > MOST_SHOWN ? ` and ${faults.length - MOST_SHOWN} more` : '';
  return { promise, kept: faults.length === 0, why: `${shown}${more}` };
}

export function notLooked(promise: PromiseName, why: string): PromiseResult {
  return { promise, kept: undefined, why };
}

const MOST_SHOWN = 5;
