// The people who use the fleet while it is scaled, rolled and hurt: each sees that every question is answered and that
// money comes, and at the end counts what came.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phone } from '../../sandbox/telegram/person.ts';
import type { OutsideWorld } from './outside.ts';

// A bot that dies by force holds its updates for 9 s; then another takes them, at Telegram's next try.
const WAIT_MS = 60_000;
// Telegram's own pace is one message a second to a chat: who asks faster waits for that, and not for us.
const THINK_MS = [1_100, 1_600] as const;

const ANSWER = /sats|^Sorry/;
// A page that nginx refuses by itself.
const NOBODYS = 'http://127.0.0.1/';

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

/** What a person is told to have. */
export async function balance(phone: Phone): Promise<number> {
  const { text } = await phone.ask('/balance', /sats/, WAIT_MS);
  return Number((/([\d,]+) sats/.exec(text)?.[1] ?? '').replaceAll(',', ''));
}

export type Talk = {
  answered: number;
  p95Ms: number;
  slowestMs: number;
  /** How many answers said that something was not to be reached. */
  apologies: number;
  /** What nginx alone took meanwhile for a page it refuses without asking a bot: what the machine can do just now. */
  aloneP95Ms: number;
  /** Payments that came in. */
  paid: number;
};

/**
 * Everybody asks for the balance again and again, and the first is paid a sat again and again, until told to stop. A
 * question without an answer and a payment without a notice are errors.
 */
export function keepTalking(outside: OutsideWorld, phones: readonly Phone[]): { stop(): Promise<Talk> } {
  const [payee, ...askers] = phones;
  const times: number[] = [];
  const alone: number[] = [];
  let paid = 0;
  let apologies = 0;
  let isOver = false;
  const again = async (act: () => Promise<void>) => {
    while (!isOver) {
      await act();
      await sleep(randomInt(...THINK_MS));
    }
  };
  const ask = async (phone: Phone) => {
    const asked = performance.now();
    const { text } = await phone.ask('/balance', ANSWER, WAIT_MS);
    if (!/sats/.test(text)) apologies++;
    times.push(performance.now() - asked);
  };
  const askNobody = async () => {
    const asked = performance.now();
    await (await fetch(NOBODYS)).arrayBuffer();
    alone.push(performance.now() - asked);
  };
  const payOne = async (phone: Phone) => {
    await receive(outside, phone, 1);
    paid++;
  };
  const all = Promise.all([
    ...askers.map((phone) => again(() => ask(phone))),
    ...(payee ? [again(() => payOne(payee))] : []),
    again(askNobody),
    again(askNobody),
  ]);
  // Whoever stops the talk hears of it.
  all.catch(() => {});
  return {
    async stop() {
      isOver = true;
      await all;
      const [p95Ms, slowestMs, aloneP95Ms] = [at(times, 0.95), at(times, 1), at(alone, 0.95)];
      return { answered: times.length, p95Ms, slowestMs, aloneP95Ms, apologies, paid };
    },
  };
}

function at(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
