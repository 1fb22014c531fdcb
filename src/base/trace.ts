// One id follows a person's message from nginx through chat, queue and worker, so that one search in the logs tells the
// whole story. It is carried by the call itself and needs no argument. What serves many at once bears no one's id.
import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<string>();
const NONE = 'none';
const SHAPE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Runs `run` under the given trace id; everything it awaits sees the same id. */
export function withTrace<T>(traceId: string, run: () => T): T {
  return storage.run(traceId, run);
}

/** Runs what is not about one message, though a message may have set it off: shared batches, connections kept. */
export function withoutTrace<T>(run: () => T): T {
  return storage.run(NONE, run);
}

/** The trace id of the present call, or `none` outside of any. */
export function currentTrace(): string {
  return storage.getStore() ?? NONE;
}

/** Whether a text may be the trace id of a message: a UUID in lower case. Those of ticks are not. */
export function isTrace(text: unknown): text is string {
  return typeof text === 'string' && SHAPE.test(text);
}

/** The trace id of the present call, where it is that of a message; for rows that shall be found by it. */
export function traceOfMessage(): string | null {
  const traceId = currentTrace();
  return isTrace(traceId) ? traceId : null;
}
