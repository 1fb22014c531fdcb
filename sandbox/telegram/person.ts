// A person's phone as a test holds it: say, press, wait for an answer, read the chat.
// `waitFor` sees what the bot sent or edited since the person's last act, and hands out each of these once.
import {
  askInline,
  changePerson,
  chatOf,
  findButton,
  type NewPerson,
  PhoneError,
  type Press,
  press,
  sendContact,
  sendPicture,
  sendText,
  setBlocked,
  type WriteOptions,
} from './people.ts';
import type { Bot, ChatState, Person, State } from './state.ts';
import { describeChat, type MessageView, viewChat, viewMessage } from './view.ts';
import type { Message } from './wire.ts';

export interface Where {
  /** Username or token; the bot this phone last used when left out, at first the first bot. */
  bot?: string;
  /** A group's id; the private chat when left out. */
  chat?: number;
}

export type Wanted = string | RegExp | ((message: MessageView) => boolean);

const DEFAULT_WAIT_MS = 5000;

export class Phone {
  readonly person: Person;
  readonly #state: State;
  readonly #marks: Map<ChatState, number> = new Map();
  #bot: Bot;

  constructor(state: State, person: Person, bot: Bot) {
    this.#state = state;
    this.person = person;
    this.#bot = bot;
  }

  get id(): number {
    return this.person.id;
  }

  /** Writes a text, with `/commands` and all. */
  say(text: string, options: Where & WriteOptions = {}): Message {
    const { bot, chat } = this.#act(options);
    return sendText(this.#state, bot, this.person, chat, text, options);
  }

  /** Opens `https://t.me/<bot>?start=<payload>`. */
  openLink(payload: string, where: Where = {}): Message {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(payload)) throw new PhoneError(`"${payload}" cannot stand in a start link`);
    return this.say(`/start ${payload}`, where);
  }

  sendPhoto(bytes: Buffer, options: Where & WriteOptions & { caption?: string } = {}): Message {
    const { bot, chat } = this.#act(options);
    const picture = { bytes, ...(options.caption === undefined ? {} : { caption: options.caption }) };
    return sendPicture(this.#state, bot, this.person, chat, picture, options);
  }

  /** Shares a contact: one's own unless it names another user. */
  sendContact(phoneNumber: string, options: Where & { user_id?: number; first_name?: string } = {}): Message {
    const { bot, chat } = this.#act(options);
    return sendContact(this.#state, bot, this.person, chat, {
      phone_number: phoneNumber,
      first_name: options.first_name ?? this.person.first_name,
      user_id: options.user_id ?? this.person.id,
    });
  }

  /** Presses the newest button with that label; an inline one, else one of the reply keyboard (which writes its text). */
  press(label: string | RegExp, options: Where & { message_id?: number } = {}): Press {
    const { chat } = this.#find(options);
    const found = findButton(chat, label, options.message_id);
    if (found) {
      const { callback_data: data } = found.button;
      if (data === undefined)
        throw new PhoneError(`the button "${found.button.text}" opens something, it calls nobody`);
      return this.pressData(found.held.message.message_id, data, options);
    }
    const key = chat.keyboard?.keyboard
      .flat()
      .find(({ text }) => (typeof label === 'string' ? text === label : label.test(text)));
    if (!key)
      throw new PhoneError(`there is no button ${label} in the chat:\n${describeChat(this.#state, this.#bot, chat)}`);
    if (key.request_contact) this.sendContact(`+${this.person.id}`, options);
    else this.say(key.text, options);
    return { query_id: '', answered: Promise.resolve(undefined) };
  }

  /** Presses by message and data; `stale` for a button that is no longer there. */
  pressData(messageId: number, data: string, options: Where & { stale?: boolean } = {}): Press {
    const { bot, chat } = this.#act(options);
    return press(this.#state, bot, this.person, chat, messageId, data, options.stale);
  }

  /** Types `@bot query` in some chat; resolves with the results offered. */
  inline(query: string, where: Where = {}): Promise<unknown[] | undefined> {
    return askInline(this.#state, this.#find(where).bot, this.person, query);
  }

  block(where: Where = {}): void {
    setBlocked(this.#state, this.#find(where).bot, this.person, true);
  }

  unblock(where: Where = {}): void {
    setBlocked(this.#state, this.#find(where).bot, this.person, false);
  }

  /** Changes name, username ('' removes it) or language; `deactivated` closes the account. */
  change(change: Partial<NewPerson> & { deactivated?: boolean }): void {
    changePerson(this.#state, this.person, change);
  }

  /** The chat, oldest first, deleted messages among them. */
  transcript(where: Where = {}): MessageView[] {
    return viewChat(this.#state, this.#find(where).chat);
  }

  /** The newest message of the bot that is not deleted. */
  last(where: Where = {}): MessageView | undefined {
    return this.transcript(where).findLast((message) => message.from === 'bot' && !message.deleted);
  }

  /**
   * Waits for a message or edit of the bot that came after this person's last act and was not handed out before.
   * Rejects after the time with the end of the chat in its text.
   */
  waitFor(wanted: Wanted, timeoutMs: number = DEFAULT_WAIT_MS, where: Where = {}): Promise<MessageView> {
    const { bot, chat } = this.#find(where);
    const mark = this.#marks.get(chat) ?? 0;
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.#take(chat, mark, wanted);
        if (!found) return;
        finish();
        resolve(found);
      };
      const finish = () => {
        clearTimeout(timer);
        chat.watchers.delete(look);
      };
      const timer = setTimeout(() => {
        finish();
        const seen = describeChat(this.#state, bot, chat);
        reject(
          new Error(`${this.person.first_name} waited ${timeoutMs} ms for ${wanted}; the chat ends with:\n${seen}`),
        );
      }, timeoutMs);
      chat.watchers.add(look);
      look();
    });
  }

  /** Says something and waits for the answer to it. */
  ask(
    text: string,
    wanted: Wanted = /^/,
    timeoutMs: number = DEFAULT_WAIT_MS,
    where: Where = {},
  ): Promise<MessageView> {
    this.say(text, where);
    return this.waitFor(wanted, timeoutMs, where);
  }

  #take(chat: ChatState, mark: number, wanted: Wanted): MessageView | undefined {
    for (const held of chat.messages.values()) {
      if (held.deleted || held.change <= mark || held.change <= held.taken) continue;
      const view = viewMessage(this.#state, held);
      if (!matches(wanted, view)) continue;
      held.taken = held.change;
      return view;
    }
    return undefined;
  }

  #find(where: Where): { bot: Bot; chat: ChatState } {
    if (where.bot !== undefined) this.#bot = findBot(this.#state, where.bot);
    return { bot: this.#bot, chat: chatOf(this.#bot, this.person, where.chat) };
  }

  #act(where: Where): { bot: Bot; chat: ChatState } {
    const found = this.#find(where);
    this.#marks.set(found.chat, this.#state.changes);
    return found;
  }
}

function matches(wanted: Wanted, view: MessageView): boolean {
  if (typeof wanted === 'function') return wanted(view);
  return typeof wanted === 'string' ? view.text.includes(wanted) : wanted.test(view.text);
}

/** A bot by username (with or without @) or token. */
export function findBot(state: State, name: string): Bot {
  const wanted = name.replace(/^@/, '').toLowerCase();
  for (const bot of state.bots.values()) {
    if (bot.token === name || bot.username.toLowerCase() === wanted) return bot;
  }
  throw new PhoneError(`there is no bot ${name.includes(':') ? 'with that token' : `@${wanted}`}`);
}
