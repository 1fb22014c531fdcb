// The Bot API over HTTP, as `telegram-bot-api --local` serves it, with the people's own API beside it under /people.
// Start it with bots and it answers, delivers and remembers until stopped; nothing of it leaves this machine.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { answerApi, makeExecutor } from './api.ts';
import { Delivery } from './delivery.ts';
import { type Faults, noFaults } from './faults.ts';
import { FileStore } from './files.ts';
import { makeMethods } from './methods/table.ts';
import type { StartDelivery } from './methods/updates.ts';
import { addGroup, addPerson, type NewPerson } from './people.ts';
import { answerPeople } from './people-http.ts';
import { findBot, Phone } from './person.ts';
import { type Bot, type ChatEvent, newBot, type State, sweepQueries } from './state.ts';
import { openStore, type Store } from './store.ts';
import type { Message } from './wire.ts';

export interface TelegramOptions {
  port?: number;
  bots: { token: string; username: string; first_name: string }[];
  /** 'real' (the default) refuses with 429 what Telegram would refuse; 'off' lets everything through. */
  limits?: 'real' | 'off';
  /** Factor on the waits between deliveries and the lives of updates: 0.01 makes 2 s of backoff 20 ms. */
  retryClock?: number;
  /** How long a webhook may take to answer; 60 s at Telegram. */
  answerLimitMs?: number;
  /** Messages kept per chat. */
  keep?: number;
  /** A folder in which everything outlives the process. */
  dir?: string;
}

export interface Sent {
  bot: string;
  chat_id: number;
  type: 'message' | 'edit';
  message: Message;
}

export interface Telegram {
  url: string;
  state: State;
  faults: Faults;
  bot(name: string): Bot;
  person(given: NewPerson): Phone;
  group(title: string, members: Phone[]): number;
  setLimits(limits: 'real' | 'off'): void;
  /** Called for every message and edit of any bot; returns how to stop it. */
  onSent(callback: (sent: Sent) => void): () => void;
  stop(): Promise<void>;
}

const SWEEP_MS = 1000;

/** Starts on 127.0.0.1; resolves when it answers. */
export async function startTelegram(options: TelegramOptions): Promise<Telegram> {
  const state = makeState(options);
  const store = options.dir ? openStore(state, options.dir) : undefined;
  const startDelivery: StartDelivery = (bot, settings) => {
    bot.delivery?.close();
    bot.delivery = new Delivery(state, bot, settings, makeExecutor(state, bot, methods));
  };
  const methods = makeMethods(startDelivery);
  const server = http.createServer({ keepAlive: true, keepAliveTimeout: 60_000 }, (request, response) => {
    const url = request.url ?? '/';
    if (url.startsWith('/people')) answerPeople(state, request, response);
    else answerApi(state, methods, request, response);
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const bot of state.bots.values()) if (bot.webhook) startDelivery(bot, bot.webhook);
  const sweep = setInterval(() => sweepQueries(state, Date.now()), SWEEP_MS);
  return control(state, server, sweep, store);
}

function makeState(options: TelegramOptions): State {
  const state: State = {
    bots: new Map(),
    people: new Map(),
    files: new FileStore(options.dir ? join(options.dir, 'files') : undefined),
    limits: options.limits ?? 'real',
    faults: noFaults(),
    keep: options.keep ?? 200,
    retryClock: options.retryClock ?? 1,
    answerLimitMs: options.answerLimitMs ?? 60_000,
    url: '',
    changes: 0,
    listeners: new Set(),
    touch: () => {},
  };
  for (const { token, username, first_name } of options.bots) {
    if (!/^\d{1,16}:[A-Za-z0-9_-]{3,}$/.test(token)) throw new Error('a bot token reads <number>:<letters>');
    state.bots.set(token, newBot(token, username, first_name));
  }
  return state;
}

function control(state: State, server: http.Server, sweep: NodeJS.Timeout, store: Store | undefined): Telegram {
  return {
    url: state.url,
    state,
    faults: state.faults,
    bot: (name) => findBot(state, name),
    person: (given) => {
      const first = state.bots.values().next().value;
      if (!first) throw new Error('this Telegram has no bot to talk to');
      return new Phone(state, addPerson(state, given), first);
    },
    group: (title, members) =>
      addGroup(
        state,
        title,
        members.map((phone) => phone.person),
      ),
    setLimits: (limits) => {
      state.limits = limits;
    },
    onSent: (callback) => {
      const listener = ({ type, bot, chat, held }: ChatEvent) => {
        if (!held || !chat || !held.fromBot || (type !== 'message' && type !== 'edit')) return;
        callback({ bot: bot.username, chat_id: chat.chat.id, type, message: held.message });
      };
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
    stop: async () => {
      clearInterval(sweep);
      for (const bot of state.bots.values()) {
        bot.poll?.wake();
        bot.delivery?.close();
        for (const query of [...bot.callbacks.values(), ...bot.inlineQueries.values()]) query.settle(undefined);
      }
      store?.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
