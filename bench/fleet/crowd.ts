// A crowd on its phones: each person asks for something, thinks, and asks again. Times run from the moment Telegram has
// the update until the first sign of an answer reaches it; what comes later (an invoice, a receipt) is timed apart. What
// was asked and what was answered is counted for each, so that an answer that is missing or came twice shows.
import { setTimeout as sleep } from 'node:timers/promises';
import { press, sendText } from '../../sandbox/telegram/people.ts';
import type { Phone } from '../../sandbox/telegram/person.ts';
import type { Bot, ChatEvent, ChatState } from '../../sandbox/telegram/state.ts';
import type { Rig } from '../../scripts/rig.ts';

export type Kind = 'balance' | 'receive' | 'send' | 'pay' | 'history';
/** What people do, as parts of a hundred. */
const MIX: readonly (readonly [Kind, number])[] = [
  ['balance', 60],
  ['receive', 15],
  ['send', 10],
  ['pay', 10],
  ['history', 5],
];
const BALANCE = /You have [\d,]+ sats/;
/** Of somebody else's payment: it comes at any time and answers nothing. */
const NEWS = /^\S+ Received /;
/** Nobody waits longer than this: it counts as unanswered. */
const PATIENCE_MS = 30_000;

/** Times in milliseconds. */
export type Tally = {
  readonly answers: Map<Kind | 'tap', number[]>;
  /** From asking to be paid to the invoice; from the tap to the receipt. */
  readonly invoices: number[];
  readonly receipts: number[];
  asked: number;
  unanswered: number;
};

export function newTally(): Tally {
  return { answers: new Map(), invoices: [], receipts: [], asked: 0, unanswered: 0 };
}

export type Pace = {
  /** Shortest and longest time between two things one person asks for. */
  readonly thinkMs: readonly [number, number];
  readonly forMs: number;
};

type Look = (event: ChatEvent) => boolean;

export class Crowd {
  readonly #rig: Rig;
  readonly #bot: Bot;
  readonly #people: readonly Phone[];
  readonly #requests: string[];
  readonly #looks = new Map<ChatState, Set<Look>>();
  /** Answers to `/balance` so far, and how many were asked for, by person. */
  readonly #told = new Map<number, number>();
  readonly #wanted = new Map<number, number>();
  readonly #stop: () => void;

  /** @param requests invoices of the wallet elsewhere; each is paid once. */
  constructor(rig: Rig, people: readonly Phone[], requests: string[]) {
    this.#rig = rig;
    this.#people = people;
    this.#requests = requests;
    this.#bot = rig.telegram.bot('satfleet_bot');
    const { listeners } = rig.telegram.state;
    const listener = (event: ChatEvent) => this.#hear(event);
    listeners.add(listener);
    this.#stop = () => listeners.delete(listener);
  }

  close(): void {
    this.#stop();
  }

  /** Everybody goes about their day for so long; then what is under way is waited for. */
  async live({ thinkMs: [least, most], forMs }: Pace): Promise<Tally> {
    const tally = newTally();
    const end = performance.now() + forMs;
    const day = async (phone: Phone) => {
      await sleep(Math.random() * most);
      while (performance.now() < end) {
        const begun = performance.now();
        await this.#act(phone, anyKind(), tally);
        await sleep(Math.max(0, least + Math.random() * (most - least) - (performance.now() - begun)));
      }
    };
    await Promise.all(this.#people.map(day));
    return tally;
  }

  /** All ask for their balance within a second. Gives each one's time until the answer. */
  async flood(): Promise<Tally> {
    const tally = newTally();
    const one = async (phone: Phone) => {
      await sleep(Math.random() * 1_000);
      await this.#act(phone, 'balance', tally);
    };
    await Promise.all(this.#people.map(one));
    return tally;
  }

  /** How many people have another number of answers to `/balance` than they asked for. */
  miscounted(): number {
    return this.#people.filter(({ id }) => (this.#told.get(id) ?? 0) !== (this.#wanted.get(id) ?? 0)).length;
  }

  async #act(phone: Phone, kind: Kind, tally: Tally): Promise<void> {
    if (kind === 'send') return this.#confirm(phone, kind, `/send 1 @${this.#friendOf(phone)}`, /Send/, tally);
    if (kind === 'pay') {
      const request = this.#requests.pop();
      if (request === undefined) throw new Error('there are too few invoices to pay');
      return this.#confirm(phone, kind, request, /Pay/, tally);
    }
    const begun = performance.now();
    if (kind === 'balance') this.#wanted.set(phone.id, (this.#wanted.get(phone.id) ?? 0) + 1);
    if (kind !== 'receive') {
      await this.#timed(phone, kind, tally, () => this.#say(phone, `/${kind}`), fromBot);
      return;
    }
    const invoice = this.#next(phone, (event) => fromBot(event) && event.held?.message.photo !== undefined);
    await this.#timed(phone, kind, tally, () => this.#say(phone, '/receive 100'), signOfLife);
    if (await invoice) tally.invoices.push(performance.now() - begun);
  }

  /** Something with a card: asked for, and confirmed by a tap. */
  async #confirm(phone: Phone, kind: Kind, text: string, yes: RegExp, tally: Tally): Promise<void> {
    const card = await this.#timed(phone, kind, tally, () => this.#say(phone, text), fromBot);
    const message = card?.held?.message;
    const button = message?.reply_markup?.inline_keyboard.flat().find((each) => yes.test(each.text));
    if (!message || !button?.callback_data) return;
    const begun = performance.now();
    const data = button.callback_data;
    const isEnd = (event: ChatEvent) => event.held?.fromBot === true && /Sent|Paid/.test(event.held.message.text ?? '');
    const receipt = this.#next(phone, isEnd);
    await this.#timed(phone, 'tap', tally, () => this.#press(phone, message.message_id, data), changes);
    if (await receipt) tally.receipts.push(performance.now() - begun);
  }

  async #timed(
    phone: Phone,
    kind: Kind | 'tap',
    tally: Tally,
    ask: () => void,
    isAnswer: Look,
  ): Promise<ChatEvent | undefined> {
    const answer = this.#next(phone, isAnswer);
    const begun = performance.now();
    tally.asked++;
    ask();
    const event = await answer;
    if (!event) {
      tally.unanswered++;
      return undefined;
    }
    const times = tally.answers.get(kind) ?? [];
    times.push(performance.now() - begun);
    tally.answers.set(kind, times);
    return event;
  }

  #say(phone: Phone, text: string): void {
    sendText(this.#rig.telegram.state, this.#bot, phone.person, this.#chat(phone), text, {});
  }

  #press(phone: Phone, messageId: number, data: string): void {
    // The little clock of the button is nobody's to wait for here.
    press(this.#rig.telegram.state, this.#bot, phone.person, this.#chat(phone), messageId, data).answered.catch(
      () => {},
    );
  }

  #chat(phone: Phone): ChatState {
    const chat = this.#bot.chats.get(phone.id);
    if (!chat) throw new Error('this person has never written');
    return chat;
  }

  #friendOf(phone: Phone): string {
    for (;;) {
      const friend = this.#people[Math.floor(Math.random() * this.#people.length)];
      if (friend && friend !== phone) return friend.person.username ?? '';
    }
  }

  /** The next event of this person's chat that is looked for, or undefined when their patience ends. */
  #next(phone: Phone, look: Look): Promise<ChatEvent | undefined> {
    const chat = this.#chat(phone);
    const looks = this.#looks.get(chat) ?? new Set<Look>();
    this.#looks.set(chat, looks);
    return new Promise((resolve) => {
      const finish = (event?: ChatEvent) => {
        clearTimeout(timer);
        looks.delete(seen);
        resolve(event);
      };
      const seen = (event: ChatEvent) => {
        if (!look(event)) return false;
        finish(event);
        return true;
      };
      const timer = setTimeout(finish, PATIENCE_MS);
      looks.add(seen);
    });
  }

  #hear(event: ChatEvent): void {
    const { chat } = event;
    if (!chat) return;
    if (fromBot(event) && BALANCE.test(event.held?.message.text ?? '')) {
      this.#told.set(chat.chat.id, (this.#told.get(chat.chat.id) ?? 0) + 1);
    }
    const looks = this.#looks.get(chat);
    if (looks) for (const look of [...looks]) look(event);
  }
}

function fromBot({ type, held }: ChatEvent): boolean {
  return type === 'message' && held?.fromBot === true && !NEWS.test(held.message.text ?? '');
}

function signOfLife(event: ChatEvent): boolean {
  return event.type === 'typing' || fromBot(event);
}

function changes(event: ChatEvent): boolean {
  return event.type === 'edit' || fromBot(event);
}

function anyKind(): Kind {
  let left = Math.random() * 100;
  for (const [kind, share] of MIX) {
    left -= share;
    if (left < 0) return kind;
  }
  return 'balance';
}
