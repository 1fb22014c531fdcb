// Two connections to one real Redis, as two instances have them, and what an update looks like.
import type { Log } from '../../src/base/logger.ts';
import { connectRedis, type Redis } from '../../src/infra/redis/connection.ts';
import type { Begun, Update } from '../../src/infra/redis/sessions.ts';

const quiet = () => {};
export const silentLog: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

export async function twoInstances(url: string): Promise<[Redis, Redis]> {
  const open = (name: string) => connectRedis({ url, name, log: silentLog });
  return Promise.all([open('one'), open('two')]);
}

let nextPerson = 1_000;

/** An update of someone nobody has seen before. */
export function newUpdate(given: Partial<Update> & { person?: number } = {}): Update {
  const id = String(given.person ?? nextPerson++);
  return { who: { channel: 'telegram', externalId: id }, bot: 'satfleet_bot', chatId: id, updateId: '1', ...given };
}

export function going(begun: Begun): Extract<Begun, { state: 'go' }> {
  if (begun.state !== 'go') throw new Error(`expected go, is ${begun.state}`);
  return begun;
}
