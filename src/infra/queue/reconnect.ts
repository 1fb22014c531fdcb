// How soon a connection to the queue Redis is tried again. BullMQ's own wait grows to twenty seconds, so that people would
// wait for a payment so long after the server is back; ours stays short, and does not storm a server that starts.

const LONGEST_MS = 2_000;

/** The wait before the next try; `attempt` counts from 1. */
export function reconnectMs(attempt: number): number {
  return Math.min(LONGEST_MS, 100 * 2 ** attempt);
}
