// A crowd on its phones: each person asks for something, thinks, and asks again. Times run from the moment Telegram has
// the update until the first sign of an answer reaches it; what comes later (an invoice, a receipt) is timed apart. What
// was asked and what was answered is counted for each, so that an answer that is missing or came twice shows.
import { setTimeout as sleep } from 'node:timers/promises';
import { chatOf, press, sendText } from '../../sandbox/telegram/people.ts';
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
const HISTORY = /^Your history/;
/** Of somebody else's payment: it comes at any time and answers nothing. */
const NEWS = /^\S+ Received /;
/** What a card is read in. */
const READ_MS = 2_000;
/** In the flood. */
const TWICE = 50;
/** Nobody waits longer than this, unless told to: it counts as unanswered. */
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
  /** What counts for Telegram's pace, new messages and edits, by second. */
  readonly #paced = new Map<number, number>();
  readonly #stop: () => void;
  readonly #patienceMs: number;

  /** @param requests invoices of the wallet elsewhere; each is paid once. */
  constructor(rig: Rig, people: readonly Phone[], requests: string[], patienceMs: number = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
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
    const pause = (ms: number) => sleep(Math.max(0, Math.min(ms, end - performance.now())));
    const day = async (phone: Phone) => {
      await pause(firstWait(least, most));
      while (performance.now() < end) {
        const begun = performance.now();
        await this.#act(phone, anyKind(), tally);
        await pause(least + Math.random() * (most - least) - (performance.now() - begun));
      }
    };
    await Promise.all(this.#people.map(day));
    return tally;
  }

  /**
   * All ask for their balance within a second, and every fiftieth for something else in the same breath. Gives each one's
   * time until the answer, and how many were answered in another order than they asked.
   */
  async flood(): Promise<Tally & { disordered: number }> {
    const tally = newTally();
    let disordered = 0;
    const one = async (phone: Phone, at: number) => {
      await sleep(Math.random() * 1_000);
      const first = this.#act(phone, 'balance', tally);
      if (at % TWICE === 0) {
        const other = this.#next(phone, (event) => fromBot(event) && HISTORY.test(event.held?.message.text ?? ''));
        const balance = this.#next(phone, isBalance).then(() => false);
        this.#say(phone, '/history');
        if (await Promise.race([balance, other.then(() => true)])) disordered++;
        if (!(await other)) tally.unanswered++;
      }
      await first;
    };
    await Promise.all(this.#people.map(one));
    return { ...tally, disordered };
  }

  /** How many people have another number of answers to `/balance` than they asked for. */
  miscounted(): number {
    return this.#people.filter(({ id }) => (this.#told.get(id) ?? 0) !== (this.#wanted.get(id) ?? 0)).length;
  }

  /** How many messages and edits each full second had since this was last asked, in rising order. */
  perSecond(): number[] {
    const counts = [...this.#paced.values()].slice(1, -1).sort((a, b) => a - b);
    this.#paced.clear();
    return counts;
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
    // Telegram has still to tell the bot that the card arrived, and the person to read it.
    await sleep(READ_MS * (0.5 + Math.random()));
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
    return chatOf(this.#bot, phone.person);
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
      const timer = setTimeout(finish, this.#patienceMs);
      looks.add(seen);
    });
  }

  #hear(event: ChatEvent): void {
    const { chat } = event;
    if (!chat) return;
    if (event.held?.fromBot === true && event.type !== 'delete') {
      const second = Math.floor(Date.now() / 1_000);
      this.#paced.set(second, (this.#paced.get(second) ?? 0) + 1);
    }
    if (isBalance(event)) {
      this.#told.set(chat.chat.id, (this.#told.get(chat.chat.id) ?? 0) + 1);
    }
    const looks = this.#looks.get(chat);
    if (looks) for (const look of [...looks]) look(event);
  }
}

function fromBot({ type, held }: ChatEvent): boolean {
  return type === 'message' && held?.fromBot === true && !NEWS.test(held.message.text ?? '');
}

function isBalance(event: ChatEvent): boolean {
  return fromBot(event) && BALANCE.test(event.held?.message.text ?? '');
}

function signOfLife(event: ChatEvent): boolean {
  return event.type === 'typing' || fromBot(event);
}

function changes(event: ChatEvent): boolean {
  return event.type === 'edit' || fromBot(event);
}

/** As if everybody had been at it for long: whoever is met, is met more likely in a long pause, and anywhere in it. */
function firstWait(least: number, most: number): number {
  return Math.random() * Math.sqrt(least ** 2 + Math.random() * (most ** 2 - least ** 2));
}

function anyKind(): Kind {
  let left = Math.random() * 100;
  for (const [kind, share] of MIX) {
    left -= share;
    if (left < 0) return kind;
  }
  return 'balance';
}
