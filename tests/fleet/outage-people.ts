// What people do in a drill of outages, and what they read of it: five of them each do one thing that everybody does, and
// every word of the bot is kept, so that a test can say what was read while something was away.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phone } from '../../sandbox/telegram/person.ts';
import type { Fleet } from '../support/fleet-house.ts';
import { isCard } from '../support/fleet-people.ts';

/** In the order in which they are told. */
export const ACTS = ['balance', 'price', 'send', 'receive', 'pay'] as const;
export type Act = (typeof ACTS)[number];

/** How each ends on an ordinary day. */
export const AS_EVER: Readonly<Record<Act, RegExp>> = {
  balance: /You have/,
  price: /1 BTC/,
  send: /Sent /,
  receive: /To be paid/,
  pay: /Paid /,
};

/** Who does each thing, and the friend who is sent to. */
export type Actors = Readonly<Record<Act, Phone>> & { readonly friend: Phone };

const LOOK_MS = 50;

/** Does one thing as far as it goes within the time: says it and, where a card comes, presses yes. */
export async function act(fleet: Fleet, actors: Actors, what: Act, withinMs: number): Promise<void> {
  const phone = actors[what];
  const text = await wordsFor(fleet, actors, what);
  if (what !== 'send' && what !== 'pay') return void phone.say(text);
  const card = await phone.ask(text, isCard, withinMs).catch(() => undefined);
  if (card) phone.press(what === 'send' ? /Send/ : /Pay/);
}

async function wordsFor(fleet: Fleet, { friend }: Actors, what: Act): Promise<string> {
  if (what === 'balance') return '/balance';
  if (what === 'price') return '/rate';
  if (what === 'send') return `/send 2 @${friend.person.username}`;
  if (what === 'receive') return '/receive 31';
  return (await fleet.outside.makeInvoice({ amountMsat: 3_000n })).request;
}

export type Ears = {
  /** What this person has read since, cards that ask for a yes left out. */
  texts(phone: Phone): string[];
  /** Waits until they have read something that fits; gives it, or undefined when the time is over. */
  reads(phone: Phone, wanted: RegExp, withinMs: number): Promise<string | undefined>;
  end(): void;
};

/** Hears every message and edit from now on: a text that another takes the place of was read too. */
export function listen({ telegram }: Fleet): Ears {
  const heard: { readonly chatId: number; readonly text: string }[] = [];
  const end = telegram.onSent(({ chat_id: chatId, message }) => {
    const { text = message.caption ?? '', reply_markup: markup } = message;
    if (!JSON.stringify(markup ?? {}).includes('"confirm:')) heard.push({ chatId, text });
  });
  const texts = (phone: Phone) => heard.filter(({ chatId }) => chatId === phone.id).map(({ text }) => text);
  return {
    texts,
    async reads(phone, wanted, withinMs) {
      const untilMs = performance.now() + withinMs;
      for (;;) {
        const found = texts(phone).find((text) => wanted.test(text));
        if (found !== undefined || performance.now() > untilMs) return found;
        await sleep(LOOK_MS);
      }
    },
    end,
  };
}
