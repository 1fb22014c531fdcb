// The processes of a test that asks whether something holds between processes: each is a Node of its own, with a World of
// its own over the house's database, Redis and nodes, and does what it is told; it may be ended like kill -9 at any moment.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { House } from './house.ts';
import type { Deed, Told } from './other-process-main.ts';

const MAIN = fileURLToPath(new URL('other-process-main.ts', import.meta.url));

/** What a deed came to: its result, or the code of the refusal that it met. */
export type Came = { readonly value: unknown } | { readonly code: string };

export type OtherProcess = {
  /** Does one thing there. Rejects when the process ends before it has answered. */
  tell(deed: Deed): Promise<Came>;
  kill(): Promise<void>;
};

/** Starts so many processes beside the house; resolves when all are ready. */
export function otherProcesses(house: House, kinds: readonly ('bot' | 'worker')[]): Promise<OtherProcess[]> {
  return Promise.all(kinds.map((kind) => start(house, kind)));
}

async function start(house: House, kind: 'bot' | 'worker'): Promise<OtherProcess> {
  const env = { ...process.env, ...house.environment, OTHER_PROCESS: kind, DB_POOL_MAX: '5', DB_POOL_MIN: '1' };
  const child = fork(MAIN, {
    env,
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, PromiseWithResolvers<Came>>();
  let count = 0;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void ended.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the process has ended'));
  });
  const ready = Promise.withResolvers<void>();
  child.on('message', (told: Told) => {
    if ('ready' in told) return ready.resolve();
    const { resolve, reject } = waiting.get(told.id) ?? {};
    waiting.delete(told.id);
    if ('fault' in told) reject?.(new Error(told.fault));
    else resolve?.('code' in told ? { code: told.code } : { value: told.value });
  });
  await Promise.race([ready.promise, ended.then(() => Promise.reject(new Error('the process did not begin')))]);
  return {
    tell(deed) {
      const id = ++count;
      const came = Promise.withResolvers<Came>();
      waiting.set(id, came);
      send(child, id, deed);
      return came.promise;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function send(child: ChildProcess, id: number, deed: Deed): void {
  if (child.connected) child.send({ id, deed }, () => {});
}
