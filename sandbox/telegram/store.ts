// Keeps everything in one JSON file beside the uploaded files, written shortly after each change and at the end.
// After a hard kill the last moment may be missing, so numbers already given out are never given again: they start higher.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredFile } from './files.ts';
import type { Bot, ChatState, Held, Pending, Person, State, WebhookSettings } from './state.ts';
import type { BotCommand, Chat, ReplyKeyboard } from './wire.ts';

const WRITE_AFTER_MS = 300;
const UPDATE_ID_STEP = 1000;
const MESSAGE_ID_STEP = 10;

interface SavedChat {
  chat: Chat;
  people: number[];
  started: boolean;
  blocked: boolean;
  lastMessageId: number;
  messages: Held[];
  keyboard?: ReplyKeyboard | undefined;
}

interface SavedBot {
  token: string;
  nextUpdateId: number;
  pending: Pending[];
  allowedUpdates: string[];
  webhook?: WebhookSettings | undefined;
  commands: [string, BotCommand[]][];
  texts: [string, string][];
  chats: SavedChat[];
}

interface Saved {
  people: Person[];
  changes: number;
  files: StoredFile[];
  bots: SavedBot[];
}

export interface Store {
  /** Writes what is not yet written and stops. */
  close(): void;
}

/** Reads the folder into the state and from then on writes the state there. */
export function openStore(state: State, dir: string): Store {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'telegram.json');
  load(state, path);
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    timer = undefined;
    const next = `${path}.next`;
    writeFileSync(next, JSON.stringify(save(state)));
    renameSync(next, path);
  };
  state.touch = () => {
    timer ??= setTimeout(write, WRITE_AFTER_MS);
  };
  return {
    close: () => {
      clearTimeout(timer);
      state.touch = () => {};
      write();
    },
  };
}

function save(state: State): Saved {
  return {
    people: [...state.people.values()],
    changes: state.changes,
    files: [...state.files.index.values()],
    bots: [...state.bots.values()].map((bot) => ({
      token: bot.token,
      nextUpdateId: bot.nextUpdateId,
      pending: [...bot.pending.values()],
      allowedUpdates: bot.allowedUpdates,
      webhook: bot.webhook,
      commands: [...bot.commands],
      texts: [...bot.texts],
      chats: [...bot.chats.values()].map(saveChat),
    })),
  };
}

function saveChat(chat: ChatState): SavedChat {
  const { started, blocked, lastMessageId, keyboard } = chat;
  const messages = [...chat.messages.values()];
  return { chat: chat.chat, people: [...chat.people], started, blocked, lastMessageId, messages, keyboard };
}

function load(state: State, path: string): void {
  let saved: Saved;
  try {
    saved = JSON.parse(readFileSync(path, 'utf8')) as Saved;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  for (const person of saved.people) state.people.set(person.id, person);
  for (const file of saved.files) state.files.index.set(file.unique, file);
  state.changes = saved.changes;
  for (const one of saved.bots) {
    const bot = state.bots.get(one.token);
    if (bot) loadBot(bot, one);
  }
}

function loadBot(bot: Bot, saved: SavedBot): void {
  bot.nextUpdateId = saved.nextUpdateId + UPDATE_ID_STEP;
  for (const pending of saved.pending) bot.pending.set(pending.id, pending);
  bot.allowedUpdates = saved.allowedUpdates;
  bot.webhook = saved.webhook;
  bot.commands = new Map(saved.commands);
  bot.texts = new Map(saved.texts);
  for (const { chat, people, started, blocked, lastMessageId, messages, keyboard } of saved.chats) {
    bot.chats.set(chat.id, {
      chat,
      people: new Set(people),
      started,
      blocked,
      lastMessageId: lastMessageId + MESSAGE_ID_STEP,
      messages: new Map(messages.map((held) => [held.message.message_id, held])),
      keyboard,
      watchers: new Set(),
      paceMs: 0,
    });
  }
}
