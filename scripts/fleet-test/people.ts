// The people who use the fleet while it is scaled: each sees that a question is answered, and that money comes.
import type { Phone } from '../../sandbox/telegram/person.ts';
import type { OutsideWorld } from './outside.ts';

// A bot that dies by force holds its updates for 30 s; then another takes them, at Telegram's next try.
const WAIT_MS = 60_000;

/** Somebody new, who has answered the first two questions. */
export async function newcomer(outside: OutsideWorld, id: number): Promise<Phone> {
  const username = `person${id}`;
  const phone = outside.telegram.person({ id, first_name: username, username, language_code: 'en' });
  await phone.ask('/start', /./, WAIT_MS);
  for (const label of [/English/, /KES/]) {
    phone.press(label);
    await phone.waitFor(/./, WAIT_MS);
  }
  return phone;
}

/** Gets sats by an invoice that the world outside pays: bot, worker, node, ledger and notice. */
export async function receive(outside: OutsideWorld, phone: Phone, sats: number): Promise<void> {
  const { text } = await phone.ask(`/receive ${sats}`, /ln[0-9a-z]{100,}/i, WAIT_MS);
  const told = phone.waitFor(/Received/, WAIT_MS);
  const request = /ln[0-9a-z]{100,}/i.exec(text)?.[0] ?? '';
  const outcome = await outside.wallet.pay({ request: request.toLowerCase() });
  if (outcome.state !== 'paid') throw new Error(`the invoice could not be paid: ${JSON.stringify(outcome)}`);
  await told;
}

export type Talk = { answered: number; slowestMs: number };

/** Everybody asks for the balance again and again, until told to stop. A question without an answer is an error. */
export function keepTalking(phones: readonly Phone[]): { stop(): Promise<Talk> } {
  const talk = { answered: 0, slowestMs: 0 };
  let isOver = false;
  const speak = async (phone: Phone) => {
    while (!isOver) {
      const asked = performance.now();
      await phone.ask('/balance', /sats/, WAIT_MS);
      talk.answered++;
      talk.slowestMs = Math.max(talk.slowestMs, performance.now() - asked);
    }
  };
  const all = Promise.all(phones.map(speak));
  // Whoever stops the talk hears of it.
  all.catch(() => {});
  return {
    async stop() {
      isOver = true;
      await all;
      return talk;
    },
  };
}
