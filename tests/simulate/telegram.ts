// Telegram and the phones behind it, as a run needs them: messages arrive or do not, answers get lost, chats are too fast
// or blocked, and every phone keeps what its person sees, with the buttons that can still be pressed. It counts how
// often each notice was shown.

import type { Channel, Outcome, Place, Shown } from '../../src/channels/channel.ts';
import type { Reply } from '../../src/chat/message.ts';
import { toPlain } from '../../src/chat/rich.ts';
import type { Dice } from './dice.ts';
import type { Life } from './life.ts';
import type { LinkState, Machine } from './machine.ts';

export type Message = {
  readonly id: string;
  text: string;
  buttons: { label: string; data: string }[];
  photo: boolean;
  /** What its picture says. */
  qr: string | undefined;
};

export type Phone = {
  readonly chatId: string;
  readonly messages: Message[];
  isBlocked: boolean;
  /** Too fast until then. */
  quietUntil: number;
};

/** How often of a hundred, while faults are allowed. */
export type Weather = { lostBefore: number; lostAfter: number; tooFast: number };

type Why = { notice?: string };

export class Telegram {
  readonly machine: Machine;
  readonly phones = new Map<string, Phone>();
  /** New messages of each notice. */
  readonly shown = new Map<string, number>();
  /** Notices of which a message was shown whose answer nobody got. */
  readonly unsure = new Set<string>();
  weather: Weather;
  readonly #dice: Dice;
  readonly #showing = new Map<string, number>();
  #lastId = 0;

  constructor(machine: Machine, given: { dice: Dice; weather: Weather }) {
    this.machine = machine;
    this.#dice = given.dice;
    this.weather = given.weather;
  }

  /**
   * Runs what shows a notice. Two of its runs at once, and one that fails after it has shown it, are as good as a crash
   * between message and mark.
   */
  async showing<T>(notice: string, run: () => Promise<T>): Promise<T> {
    const others = this.#showing.get(notice) ?? 0;
    if (others > 0) this.unsure.add(notice);
    this.#showing.set(notice, others + 1);
    const before = this.shown.get(notice);
    try {
      return await run();
    } catch (error) {
      if (this.shown.get(notice) !== before) this.unsure.add(notice);
      throw error;
    } finally {
      this.#showing.set(notice, (this.#showing.get(notice) ?? 1) - 1);
    }
  }

  phone(chatId: string): Phone {
    const known = this.phones.get(chatId);
    if (known) return known;
    const phone: Phone = { chatId, messages: [], isBlocked: false, quietUntil: 0 };
    this.phones.set(chatId, phone);
    return phone;
  }

  /** The channel as one process uses it; `why` tells what for. */
  channel(life: Life, why: Why = {}): Channel {
    return {
      send: (place, reply, shown) =>
        this.#call(life, why, `show ${place.chatId}`, () => this.#show(place, reply, shown, why)),
      probe: ({ chatId }) =>
        this.#call(life, why, `probe ${chatId}`, () => ({ state: 'done', result: { messageId: '0', photo: false } })),
      close: (place, reply, shown) =>
        this.#call(life, why, `close ${place.chatId}`, () =>
          this.#show(place, { text: reply.text, ...(reply.qr ? { qr: reply.qr } : {}) }, shown, why),
        ),
    };
  }

  async #call(life: Life, why: Why, name: string, run: () => Outcome<Shown>): Promise<Outcome<Shown>> {
    const before = why.notice ? this.shown.get(why.notice) : 0;
    // A message on whose way the process dies or the line breaks may be shown again.
    const doubt = () => {
      if (why.notice && this.shown.get(why.notice) !== before) this.unsure.add(why.notice);
    };
    life.onDeath.add(doubt);
    const bad = this.#dice.fraction() * 100;
    const { lostBefore, lostAfter } = this.weather;
    const failure = (state: LinkState) => new Lost(state === 'cut' ? 'not_sent' : 'unsure');
    try {
      return await this.machine.call({ life, part: 'telegram', name, usualMs: 20, timeoutMs: 10_000, failure }, () => {
        if (bad < lostBefore) throw new Lost('not_sent');
        const outcome = run();
        if (bad < lostBefore + lostAfter) throw new Lost('unsure');
        return outcome;
      });
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      if (error.state === 'unsure') doubt();
      return { state: error.state, why: 'the line broke' };
    } finally {
      life.onDeath.delete(doubt);
    }
  }

  #show({ chatId }: Place, reply: Reply, edited: Shown | undefined, why: Why): Outcome<Shown> {
    const phone = this.phone(chatId);
    if (phone.isBlocked) return { state: 'unreachable' };
    if (phone.quietUntil > this.machine.now) return { state: 'wait', waitMs: phone.quietUntil - this.machine.now };
    if (this.#dice.fraction() * 100 < this.weather.tooFast) {
      phone.quietUntil = this.machine.now + 1_000 * this.#dice.whole(1, 8);
      return { state: 'wait', waitMs: phone.quietUntil - this.machine.now };
    }
    const message = edited && phone.messages.find(({ id }) => id === edited.messageId);
    if (edited && !message) return { state: 'refused', reason: 'gone', description: 'message to edit not found' };
    const seen = {
      text: toPlain(reply.text),
      buttons: (reply.buttons ?? []).flat().flatMap((button) => ('data' in button ? [button] : [])),
    };
    if (message) {
      Object.assign(message, seen);
      return { state: 'done', result: { messageId: message.id, photo: message.photo } };
    }
    if (why.notice) this.shown.set(why.notice, (this.shown.get(why.notice) ?? 0) + 1);
    const id = String(++this.#lastId);
    phone.messages.push({ id, ...seen, photo: reply.qr !== undefined, qr: reply.qr });
    return { state: 'done', result: { messageId: id, photo: reply.qr !== undefined } };
  }
}

class Lost extends Error {
  readonly state: 'not_sent' | 'unsure';

  constructor(state: 'not_sent' | 'unsure') {
    super(state);
    this.state = state;
  }
}
