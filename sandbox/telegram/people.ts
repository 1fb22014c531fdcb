// What people do on their phones: write, press, send pictures and contacts, block, rename. Each act changes the chat and
// makes the updates that the bots would get from Telegram. Acts that no phone allows are refused with a PhoneError.
import { randomInt } from 'node:crypto';
import { photoSizes, storePhoto } from './methods/media.ts';
import {
  addUpdate,
  type Bot,
  botUser,
  type CallbackAnswer,
  type ChatState,
  emit,
  type Held,
  keepMessage,
  openChat,
  type Person,
  personUser,
  privateChat,
  type State,
} from './state.ts';
import { detectEntities } from './text/detect.ts';
import type { Chat, Contact, InlineButton, Message } from './wire.ts';

export class PhoneError extends Error {}

export interface NewPerson {
  id?: number;
  first_name: string;
  last_name?: string;
  username?: string;
  language_code?: string;
}

export interface WriteOptions {
  reply_to_message_id?: number | undefined;
  /** The name of who wrote it first. */
  forwarded_from?: string | undefined;
}

/** Makes a person, or updates the one with that id. */
export function addPerson(state: State, given: NewPerson): Person {
  const id = given.id ?? randomInt(1_000_000, 7_000_000_000);
  const person: Person = { ...given, id, deactivated: state.people.get(id)?.deactivated ?? false };
  state.people.set(id, person);
  renamed(state, person);
  return person;
}

export function changePerson(
  state: State,
  person: Person,
  change: Partial<NewPerson> & { deactivated?: boolean },
): void {
  const { id: _, ...rest } = change;
  Object.assign(person, rest);
  if (change.username === '') delete person.username;
  renamed(state, person);
}

function renamed(state: State, person: Person): void {
  for (const bot of state.bots.values()) {
    const chat = bot.chats.get(person.id);
    if (chat) chat.chat = privateChat(person);
  }
  state.touch();
}

/** Puts people and every bot into one group; returns its id. */
export function addGroup(
  state: State,
  title: string,
  people: Person[],
  id = -randomInt(1_000_000, 900_000_000),
): number {
  const chat: Chat = { id, type: 'group', title };
  for (const bot of state.bots.values()) {
    openChat(
      bot,
      chat,
      people.map((person) => person.id),
    );
  }
  state.touch();
  return id;
}

/** The chat in which a person writes: their own with the bot, or a group they are in. */
export function chatOf(bot: Bot, person: Person, chatId: number = person.id): ChatState {
  const chat = bot.chats.get(chatId);
  if (chat?.people.has(person.id)) return chat;
  if (chatId !== person.id) throw new PhoneError(`${person.first_name} is in no chat ${chatId}`);
  return openChat(bot, privateChat(person), [person.id]);
}

export function sendText(
  state: State,
  bot: Bot,
  person: Person,
  chat: ChatState,
  text: string,
  options: WriteOptions = {},
): Message {
  const kept = text.trim();
  if (!kept) throw new PhoneError('there is nothing to send');
  const entities = detectEntities(kept, []);
  return write(state, bot, person, chat, entities.length > 0 ? { text: kept, entities } : { text: kept }, options);
}

export function sendPicture(
  state: State,
  bot: Bot,
  person: Person,
  chat: ChatState,
  picture: { bytes: Buffer; name?: string; caption?: string },
  options: WriteOptions = {},
): Message {
  const file = storePhoto({ state }, { name: picture.name ?? 'photo.jpg', mime: undefined, bytes: picture.bytes });
  const caption = picture.caption?.trim();
  const photo = photoSizes({ state, bot }, file);
  return write(state, bot, person, chat, caption ? { photo, caption } : { photo }, options);
}

export function sendContact(state: State, bot: Bot, person: Person, chat: ChatState, contact: Contact): Message {
  return write(state, bot, person, chat, { contact }, {});
}

function write(
  state: State,
  bot: Bot,
  person: Person,
  chat: ChatState,
  content: Partial<Message>,
  options: WriteOptions,
): Message {
  if (person.deactivated) throw new PhoneError(`${person.first_name} has no account any more`);
  if (chat.blocked) throw new PhoneError(`${person.first_name} has blocked @${bot.username}`);
  const date = Math.floor(Date.now() / 1000);
  const message: Message = {
    message_id: ++chat.lastMessageId,
    from: personUser(person),
    chat: chat.chat,
    date,
    ...content,
  };
  const replied = options.reply_to_message_id ? chat.messages.get(options.reply_to_message_id) : undefined;
  if (replied && !replied.deleted) {
    const { reply_to_message: _, ...inner } = replied.message;
    message.reply_to_message = inner;
  }
  if (options.forwarded_from) {
    message.forward_origin = { type: 'hidden_user', sender_user_name: options.forwarded_from, date };
  }
  chat.started = true;
  if (chat.keyboard?.one_time_keyboard) chat.keyboard = undefined;
  keepMessage(state, bot, chat, message);
  if (botSees(bot, chat, message)) addUpdate(state, bot, 'message', { message }, `c${chat.chat.id}`);
  return message;
}

/** In groups a bot sees only commands, its own name and answers to itself (privacy mode). */
function botSees(bot: Bot, chat: ChatState, message: Message): boolean {
  if (chat.chat.type === 'private' || message.reply_to_message?.from.id === bot.id) return true;
  const text = message.text ?? message.caption ?? '';
  const command = /^\/\w+(?:@(\w+))?/.exec(text);
  if (command) return !command[1] || command[1].toLowerCase() === bot.username.toLowerCase();
  return text.toLowerCase().includes(`@${bot.username.toLowerCase()}`);
}

export interface FoundButton {
  held: Held;
  button: InlineButton;
}

/** The newest inline button with that label (or matching it); undefined when there is none. */
export function findButton(chat: ChatState, label: string | RegExp, messageId?: number): FoundButton | undefined {
  for (const held of [...chat.messages.values()].reverse()) {
    if (held.deleted || (messageId !== undefined && held.message.message_id !== messageId)) continue;
    for (const button of held.message.reply_markup?.inline_keyboard.flat() ?? []) {
      if (typeof label === 'string' ? button.text === label : label.test(button.text)) return { held, button };
    }
  }
  return undefined;
}

export interface Press {
  query_id: string;
  /** What answerCallbackQuery said; undefined when nobody answered in time. */
  answered: Promise<CallbackAnswer | undefined>;
}

/**
 * A press on a message. The data must stand on one of its buttons now, unless `stale`: then it may be a button that was
 * there before, as happens when a press and an edit cross.
 */
export function press(
  state: State,
  bot: Bot,
  person: Person,
  chat: ChatState,
  messageId: number,
  data: string,
  stale = false,
): Press {
  const held = chat.messages.get(messageId);
  const buttons = held?.message.reply_markup?.inline_keyboard.flat() ?? [];
  if (!stale && (!held || held.deleted || !buttons.some((button) => button.callback_data === data))) {
    throw new PhoneError(`there is no button with the data "${data}" on message ${messageId}`);
  }
  if (chat.blocked) throw new PhoneError(`${person.first_name} has blocked @${bot.username}`);
  const query_id = newQueryId();
  const { promise, resolve } = Promise.withResolvers<CallbackAnswer | undefined>();
  bot.callbacks.set(query_id, {
    person: person.id,
    atMs: Date.now(),
    settle: (answer) => resolve(answer as CallbackAnswer | undefined),
  });
  const message = held && !held.deleted ? held.message : ({ chat: chat.chat, message_id: messageId, date: 0 } as const);
  const callback_query = {
    id: query_id,
    from: personUser(person),
    message,
    chat_instance: String(-chat.chat.id * 7919 - bot.id),
    data,
  };
  addUpdate(state, bot, 'callback_query', { callback_query }, `q${person.id}`);
  return { query_id, answered: promise };
}

/** An inline query ("@bot 500" in any chat); resolves with the results, or undefined when nobody answered in time. */
export function askInline(state: State, bot: Bot, person: Person, query: string): Promise<unknown[] | undefined> {
  const id = newQueryId();
  const { promise, resolve } = Promise.withResolvers<unknown[] | undefined>();
  bot.inlineQueries.set(id, {
    person: person.id,
    atMs: Date.now(),
    settle: (results) => resolve(results as unknown[] | undefined),
  });
  const inline_query = { id, from: personUser(person), query, offset: '', chat_type: 'sender' as const };
  addUpdate(state, bot, 'inline_query', { inline_query }, `i${person.id}`);
  return promise;
}

export function chooseInline(state: State, bot: Bot, person: Person, resultId: string, query: string): void {
  const chosen_inline_result = { result_id: resultId, from: personUser(person), query };
  addUpdate(state, bot, 'chosen_inline_result', { chosen_inline_result }, `r${person.id}`);
}

function newQueryId(): string {
  return `${randomInt(1_000_000_000, 9_000_000_000)}${randomInt(100_000_000, 999_999_999)}`;
}

/** Blocks or unblocks the bot; it is told by my_chat_member. */
export function setBlocked(state: State, bot: Bot, person: Person, blocked: boolean): void {
  const chat = chatOf(bot, person);
  if (chat.blocked === blocked) return;
  chat.blocked = blocked;
  const user = botUser(bot);
  const member = { user, status: 'member' as const };
  const kicked = { user, status: 'kicked' as const, until_date: 0 };
  const my_chat_member = {
    chat: chat.chat,
    from: personUser(person),
    date: Math.floor(Date.now() / 1000),
    old_chat_member: blocked ? member : kicked,
    new_chat_member: blocked ? kicked : member,
  };
  addUpdate(state, bot, 'my_chat_member', { my_chat_member }, `m${person.id}`);
  emit(state, { type: 'menu', bot, chat });
}
