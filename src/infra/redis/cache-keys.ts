// What is cached, under which key and for how long. Only what may vanish at any moment: never a balance, nor the
// state of a payment, an invoice or a quote. The word before the first colon is the name that hits are counted under.

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How long each kind is kept, by the name its keys begin with. */
export const cacheTtlMs = {
  /** A rate carries its own age, so a copy of it never looks fresher than it is. */
  rates: 15 * SECOND_MS,
  /** Cleared on every write; this is only the longest that a missed clear can last. */
  profile: 5 * MINUTE_MS,
  scan: 24 * HOUR_MS,
} as const;

export const cacheKeys = {
  /** All legs at once: a chat answer needs two or three of them. */
  rates: 'rates:legs',
  profile: (userId: string): string => `profile:${userId}`,
  scan: (subject: string): string => `scan:${subject}`,
};
