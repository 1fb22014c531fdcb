// One id follows a person's message through chat, queue and worker, so that one search in the logs tells the whole
// story. It is carried by the call itself and needs no argument.
import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<string>();

/** Runs `run` under the given trace id; everything it awaits sees the same id. */
export function withTrace<T>(traceId: string, run: () => T): T {
  return storage.run(traceId, run);
}

/** The trace id of the present call, or `none` outside of any. */
export function currentTrace(): string {
  return storage.getStore() ?? 'none';
}
