// What every person was told of their money, read from the messages themselves and from nowhere else: received, sent,
// paid, did not go through. A piece of news is counted once for a person, however often it is repeated; the repetitions
// are counted apart.
import type { Sent, Telegram } from '../../sandbox/telegram/server.ts';

export type Kind = 'received' | 'sent' | 'paid' | 'failed' | 'pending';

export type News = {
  readonly chatId: number;
  readonly kind: Kind;
  /** What the news is about: the number on the receipt, the note of one of our doings, or both. */
  readonly keys: readonly string[];
  /** What it does to what they have, in millisatoshi. */
  readonly changeMsat: bigint;
  readonly messageId: number;
};

/** The note that every doing carries, so that news of it are known: "op17". */
export const NOTE = /\bop\d+\b/;
const NUMBER = /^No\. (\S+)/m;
const AMOUNT = '([\\d,]+) sats?';

const SAID: readonly [Kind, RegExp, (amounts: readonly bigint[]) => bigint][] = [
  ['received', new RegExp(`^✅ Received ${AMOUNT}`), ([amount = 0n]) => amount],
  ['sent', new RegExp(`^✅ Sent ${AMOUNT}`), ([amount = 0n]) => -amount],
  ['paid', new RegExp(`^✅ Paid ${AMOUNT}.*?Fee: ${AMOUNT}`, 's'), ([amount = 0n, fee = 0n]) => -amount - fee],
  ['failed', /^↩️ Your payment of .* did not go through/, () => 0n],
  ['pending', /^⏳ Your payment of .* has been on its way/, () => 0n],
];

/** News about something else than what a person has just asked for. */
export function isNews(text: string): boolean {
  return SAID.some(([, pattern]) => pattern.test(text)) || /See below\.$/.test(text);
}

export class Ears {
  readonly told: News[] = [];
  /** News told again in a message of its own. */
  copies = 0;
  /** By person, kind and key. */
  readonly #known: Map<string, News> = new Map();
  readonly #waiting: Map<string, (() => void)[]> = new Map();

  listenTo(telegram: Telegram): void {
    telegram.onSent((sent) => this.#hear(sent));
  }

  /** A person was told in another way than by a message. */
  tell(news: News): void {
    const names = news.keys.map((key) => nameOf(news.chatId, news.kind, key));
    const before = names.map((name) => this.#known.get(name)).find((known) => known !== undefined);
    if (before && before.messageId !== news.messageId) this.copies++;
    if (!before) this.told.push(news);
    for (const name of names) {
      this.#known.set(name, before ?? news);
      for (const wake of this.#waiting.get(name) ?? []) wake();
      this.#waiting.delete(name);
    }
  }

  has(chatId: number, kind: Kind, key: string): boolean {
    return this.#known.has(nameOf(chatId, kind, key));
  }

  /** Waits for one of these kinds of news; undefined when the time is over. */
  wait(chatId: number, kinds: readonly Kind[], key: string, timeoutMs: number): Promise<Kind | undefined> {
    return new Promise((resolve) => {
      const found = () => kinds.find((kind) => this.has(chatId, kind, key));
      const finish = () => {
        clearTimeout(timer);
        resolve(found());
      };
      const timer = setTimeout(finish, timeoutMs);
      if (found()) return finish();
      for (const kind of kinds) {
        const name = nameOf(chatId, kind, key);
        this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), finish]);
      }
    });
  }

  #hear({ chat_id: chatId, message }: Sent): void {
    const text = message.text ?? message.caption ?? '';
    const news = read(text);
    if (news) this.tell({ chatId, messageId: message.message_id, ...news });
  }
}

/** The news that a text holds. */
export function read(text: string): Pick<News, 'kind' | 'keys' | 'changeMsat'> | undefined {
  for (const [kind, pattern, change] of SAID) {
    const match = pattern.exec(text);
    const keys = [NUMBER.exec(text)?.[1], NOTE.exec(text)?.[0]].filter((key) => key !== undefined);
    if (!match || keys.length === 0) continue;
    const sats = match.slice(1).map((digits) => BigInt(digits.replaceAll(',', '')));
    return { kind, keys, changeMsat: change(sats) * 1_000n };
  }
  return undefined;
}

function nameOf(chatId: number, kind: Kind, key: string): string {
  return `${chatId} ${kind} ${key}`;
}
