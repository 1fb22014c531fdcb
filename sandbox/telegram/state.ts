// Everything this Telegram remembers: bots, people, chats, messages, updates not yet taken. Plain objects, changed only by
// the functions of this folder; chats keep a bounded number of messages, so that a long load does not grow the process.
import type { Faults } from './faults.ts';
import type { FileStore } from './files.ts';
import type {
  BotCommand,
  Chat,
  InlineKeyboard,
  Markup,
  Message,
  ReplyKeyboard,
  Update,
  UpdateBody,
  UpdateKind,
  User,
} from './wire.ts';

export interface Person {
  id: number;
  first_name: string;
  last_name?: string;
  username?: string;
  language_code?: string;
  deactivated: boolean;
}

/** A message as kept: what the API answers, and what only the chat's own people see. */
export interface Held {
  message: Message;
  fromBot: boolean;
  edits: number;
  deleted: boolean;
  /** Sent to come without a sound. Left out when it had one. */
  silent?: true;
  /** The number of the last change by the bot, over all chats; 0 for a person's own message. */
  change: number;
  /** The change up to which a test has already been handed this message. */
  taken: number;
}

export interface ChatState {
  chat: Chat;
  /** The people in it: one for a private chat. */
  people: Set<number>;
  /** False until the person has written; then the bot may write too. */
  started: boolean;
  blocked: boolean;
  lastMessageId: number;
  messages: Map<number, Held>;
  keyboard: ReplyKeyboard | undefined;
  /** Called after every event of this chat; empty unless someone waits. */
  watchers: Set<() => void>;
  /** Theoretical arrival time of the chat's pace (see limits.ts). */
  paceMs: number;
}

export interface Pending {
  id: number;
  kind: UpdateKind;
  queue: string;
  body: string;
  expiresAt: number;
}

export interface WebhookSettings {
  url: string;
  secret: string | undefined;
  maxConnections: number;
  lastErrorDate?: number;
  lastErrorMessage?: string;
}

export interface CallbackAnswer {
  text: string;
  show_alert: boolean;
  url?: string;
}

export interface OpenQuery {
  person: number;
  atMs: number;
  settle: (answer: unknown) => void;
}

export interface Bot {
  id: number;
  token: string;
  username: string;
  first_name: string;
  chats: Map<number, ChatState>;
  nextUpdateId: number;
  pending: Map<number, Pending>;
  allowedUpdates: string[];
  webhook: WebhookSettings | undefined;
  nextSetWebhookMs: number;
  /** What sends updates to the webhook, while one is set. */
  delivery: { add(pending: Pending): void; close(): void } | undefined;
  poll: { wake: () => void; end: () => void } | undefined;
  /** Key `scope:language`. */
  commands: Map<string, BotCommand[]>;
  /** Names and descriptions, key `kind:language`. */
  texts: Map<string, string>;
  callbacks: Map<string, OpenQuery>;
  inlineQueries: Map<string, OpenQuery>;
  paceMs: number;
}

export type ChatEventType = 'message' | 'edit' | 'delete' | 'toast' | 'typing' | 'menu';

export interface ChatEvent {
  type: ChatEventType;
  bot: Bot;
  chat: ChatState | undefined;
  held?: Held;
  toast?: CallbackAnswer & { person: number };
  action?: string;
}

export interface State {
  bots: Map<string, Bot>;
  people: Map<number, Person>;
  files: FileStore;
  limits: 'real' | 'off';
  faults: Faults;
  /** Messages kept per chat. */
  keep: number;
  /** Factor on the waits between deliveries and on the lives of updates; 1 is the real clock. */
  retryClock: number;
  answerLimitMs: number;
  url: string;
  changes: number;
  listeners: Set<(event: ChatEvent) => void>;
  /** Called after every change that must outlive the process. */
  touch: () => void;
}

/** Seconds that an update of a kind is kept for delivery. */
const LIFE_SECONDS: Record<UpdateKind, number> = {
  message: 86_400,
  my_chat_member: 86_400,
  chosen_inline_result: 600,
  callback_query: 150,
  inline_query: 30,
};

export function newBot(token: string, username: string, firstName: string): Bot {
  return {
    id: Number(token.split(':')[0]),
    token,
    username,
    first_name: firstName,
    chats: new Map(),
    // A random start, as the real server has: a bot whose memory outlives this process must not meet old numbers again.
    nextUpdateId: 1_000_000 + Math.floor(Math.random() * 900_000_000),
    pending: new Map(),
    allowedUpdates: [],
    webhook: undefined,
    nextSetWebhookMs: 0,
    delivery: undefined,
    poll: undefined,
    commands: new Map(),
    texts: new Map(),
    callbacks: new Map(),
    inlineQueries: new Map(),
    paceMs: 0,
  };
}

export function botUser(bot: Bot): User {
  return { id: bot.id, is_bot: true, first_name: bot.first_name, username: bot.username };
}

export function personUser(person: Person): User {
  const { deactivated: _, id, ...user } = person;
  return { id, is_bot: false, ...user };
}

export function privateChat(person: Person): Chat {
  const { id, first_name, last_name, username } = person;
  return {
    id,
    first_name,
    ...(last_name === undefined ? {} : { last_name }),
    ...(username === undefined ? {} : { username }),
    type: 'private',
  };
}

/** The chat of a bot with that id; made on first use for a person, never for a group. */
export function openChat(bot: Bot, chat: Chat, people: Iterable<number>): ChatState {
  const known = bot.chats.get(chat.id);
  if (known) return known;
  const made: ChatState = {
    chat,
    people: new Set(people),
    started: chat.type !== 'private',
    blocked: false,
    lastMessageId: 0,
    messages: new Map(),
    keyboard: undefined,
    watchers: new Set(),
    paceMs: 0,
  };
  bot.chats.set(chat.id, made);
  return made;
}

/** Puts a new message into its chat, drops the oldest beyond the limit, tells who listens. */
export function keepMessage(
  state: State,
  bot: Bot,
  chat: ChatState,
  message: Message,
  { markup, silent = false }: { markup?: Markup | undefined; silent?: boolean } = {},
): Held {
  const fromBot = message.from.is_bot;
  const held: Held = { message, fromBot, edits: 0, deleted: false, change: fromBot ? ++state.changes : 0, taken: 0 };
  if (silent) held.silent = true;
  chat.messages.set(message.message_id, held);
  if (chat.messages.size > state.keep) {
    for (const oldest of chat.messages.keys()) {
      chat.messages.delete(oldest);
      break;
    }
  }
  if (markup && 'keyboard' in markup) chat.keyboard = markup;
  if (markup && 'remove_keyboard' in markup) chat.keyboard = undefined;
  emit(state, { type: 'message', bot, chat, held });
  return held;
}

/** The inline keyboard of a message as stored, for comparing and for pressing. */
export function inlineKeyboard(markup: Markup | undefined): InlineKeyboard | undefined {
  return markup && 'inline_keyboard' in markup && markup.inline_keyboard.length > 0 ? markup : undefined;
}

export function emit(state: State, event: ChatEvent): void {
  state.touch();
  for (const listener of state.listeners) listener(event);
  const watchers = event.chat?.watchers;
  if (watchers && watchers.size > 0) for (const watcher of [...watchers]) watcher();
}

/** Makes an update of a bot: numbered, kept until taken, offered to whoever fetches or is delivered to. */
export function addUpdate(state: State, bot: Bot, kind: UpdateKind, body: UpdateBody, queue: string): number {
  const id = bot.nextUpdateId++;
  if (bot.allowedUpdates.length > 0 && !bot.allowedUpdates.includes(kind)) return id;
  const update: Update = { update_id: id, ...body };
  const expiresAt = Date.now() + LIFE_SECONDS[kind] * 1000 * state.retryClock;
  const pending: Pending = { id, kind, queue, body: JSON.stringify(update), expiresAt };
  bot.pending.set(id, pending);
  state.touch();
  if (bot.delivery) bot.delivery.add(pending);
  else bot.poll?.wake();
  return id;
}

/** Forgets queries that nobody answered in time; their askers learn that nothing came. */
export function sweepQueries(state: State, nowMs: number): void {
  for (const bot of state.bots.values()) {
    for (const open of [bot.callbacks, bot.inlineQueries]) {
      for (const [id, query] of open) {
        if (nowMs - query.atMs < QUERY_LIFE_MS) break;
        open.delete(id);
        query.settle(undefined);
      }
    }
  }
}

/** A button press can be answered this long; the real server is said to allow 15 to 30 seconds and more. */
export const QUERY_LIFE_MS = 30_000;
