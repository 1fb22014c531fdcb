// How the memories of all instances hear that something was cleared or written: a channel of the cache Redis. Its
// messages may be lost while the connection is; so whenever it comes up, the memory of this instance is emptied.
import type { CreateBusDriverResult } from 'bentocache/types';
import type { Redis } from 'ioredis';
import { z } from 'zod';

/** What bentocache's bus carries: keys (tags are keys too) and what happened to them. */
export type BusMessage = { type: string; keys: string[]; namespace?: string };

export type CacheBus = {
  /** What bentocache is given as its bus. */
  driver: CreateBusDriverResult;
  /** Empties the memory of this instance, and by message of every other. Throws when the message cannot be sent. */
  emptyEverywhere(): Promise<void>;
  /** Resolves when messages come in for the first time. */
  listening: Promise<void>;
};

const wire = z.object({
  from: z.string(),
  message: z.object({ type: z.string(), keys: z.array(z.string()), namespace: z.string().optional() }),
});

/**
 * A bus over a way to publish and a connection that only listens.
 * @param namespace the prefix of the cache's keys.
 * @param onMessage sees every message that changes the memory, before it does.
 */
export function cacheBus(
  send: (channel: string, text: string) => Promise<unknown>,
  listener: Redis,
  namespace: string,
  onMessage: (message: BusMessage) => void,
): CacheBus {
  const empty: BusMessage = { type: 'clear', keys: [], namespace };
  let self = '';
  let channel = '';
  const listening = Promise.withResolvers<void>();
  let deliver: (message: BusMessage) => void = () => {};

  const receive = (message: BusMessage) => {
    onMessage(message);
    deliver(message);
  };
  const publish = async (message: BusMessage) => {
    await send(channel, JSON.stringify({ from: self, message }));
  };
  const listen = async () => {
    await listener.subscribe(channel);
    receive(empty);
    listening.resolve();
  };
  listener.on('ready', () => {
    // A connection lost again right here brings another 'ready'.
    if (channel) listen().catch(() => {});
  });
  listener.on('message', (_channel: string, text: string) => {
    const parsed = wire.safeParse(parseOrNothing(text));
    if (parsed.success && parsed.data.from !== self) receive(parsed.data.message as BusMessage);
  });

  const transport: ReturnType<CreateBusDriverResult['factory']> = {
    setId(id) {
      self = id;
      return transport;
    },
    onReconnect() {},
    publish: (_channel, message) => publish(message as BusMessage),
    async subscribe(name, handler) {
      channel = name;
      deliver = handler as unknown as typeof deliver;
      if (listener.status === 'ready') await listen().catch(() => {});
    },
    async unsubscribe() {},
    async disconnect() {},
  };
  return {
    driver: { options: { retryQueue: { enabled: false } }, factory: () => transport },
    listening: listening.promise,
    async emptyEverywhere() {
      receive(empty);
      await publish(empty);
    },
  };
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
