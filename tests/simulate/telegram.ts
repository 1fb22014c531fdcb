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

/** What became of a notice's messages, one by one. */
export type Told = {
  /** New messages. */
  copies: number;
  /** Of these, the ones whose answers were lost to somebody who lived on. */
  lost: number;
  /** And those whose runs died or failed before they could mark them. */
  unmarked: number;
  /** Runs that were begun while another was under way. */
  overlaps: number;
  running: number;
};

/** One run of what shows a notice. */
type Run = { readonly told: Told; copies: number; lost: number };

export class Telegram {
  readonly machine: Machine;
  readonly phones = new Map<string, Phone>();
  /** By the notice's id. */
  readonly told = new Map<string, Told>();
  weather: Weather;
  readonly #dice: Dice;
  #lastId = 0;

  constructor(machine: Machine, given: { dice: Dice; weather: Weather }) {
    this.machine = machine;
    this.#dice = given.dice;
    this.weather = given.weather;
  }

  /**
   * Runs what shows a notice. Two of its runs at once, and one that dies or fails after it has shown it, are as good as a
   * crash between message and mark.
   */
  async showing<T>(life: Life, notice: string, show: (channel: Channel) => Promise<T>): Promise<T> {
    const told = this.told.get(notice) ?? { copies: 0, lost: 0, unmarked: 0, overlaps: 0, running: 0 };
    this.told.set(notice, told);
    if (told.running > 0) told.overlaps++;
    told.running++;
    const run: Run = { told, copies: 0, lost: 0 };
    const failed = () => {
      told.running--;
      told.unmarked += run.copies;
    };
    life.onDeath.add(failed);
    try {
      const result = await show(this.channel(life, run));
      told.running--;
      told.lost += run.lost;
      return result;
    } catch (error) {
      failed();
      throw error;
    } finally {
      life.onDeath.delete(failed);
    }
  }

  phone(chatId: string): Phone {
    const known = this.phones.get(chatId);
    if (known) return known;
    const phone: Phone = { chatId, messages: [], isBlocked: false, quietUntil: 0 };
    this.phones.set(chatId, phone);
    return phone;
  }

  /** The channel as one process uses it, in one run of what shows a notice if that is what it is for. */
  channel(life: Life, run?: Run): Channel {
    return {
      send: (place, reply, shown) =>
        this.#call(life, run, `show ${place.chatId}`, () => this.#show(place, reply, shown, run)),
      probe: ({ chatId }) =>
        this.#call(life, run, `probe ${chatId}`, () => ({ state: 'done', result: { messageId: '0', photo: false } })),
      close: (place, reply, shown) =>
        this.#call(life, run, `close ${place.chatId}`, () =>
          this.#show(place, { text: reply.text, ...(reply.qr ? { qr: reply.qr } : {}) }, shown, run),
        ),
    };
  }

  async #call(life: Life, run: Run | undefined, name: string, effect: () => Outcome<Shown>): Promise<Outcome<Shown>> {
    const before = run?.copies;
    const bad = this.#dice.fraction() * 100;
    const { lostBefore, lostAfter } = this.weather;
    const failure = (state: LinkState) => new Lost(state === 'cut' ? 'not_sent' : 'unsure');
    try {
      return await this.machine.call({ life, part: 'telegram', name, usualMs: 20, timeoutMs: 10_000, failure }, () => {
        if (bad < lostBefore) throw new Lost('not_sent');
        const outcome = effect();
        if (bad < lostBefore + lostAfter) throw new Lost('unsure');
        return outcome;
      });
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      if (run && run.copies !== before) run.lost++;
      return { state: error.state, why: 'the line broke' };
    }
  }

  #show({ chatId }: Place, reply: Reply, edited: Shown | undefined, run?: Run): Outcome<Shown> {
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
    if (run) {
      run.copies++;
      run.told.copies++;
    }
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
