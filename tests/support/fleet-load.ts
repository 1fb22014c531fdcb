// A mixed load in a fleet while something is being broken: people send, pay and are paid, one thing after the other each.
// Everybody is patient, as people are: a card that is too old is asked for again, "try again" is obeyed. Keeps count of
// what was confirmed, so that a test can hold every wallet against it to the millisatoshi.
import type { Phone } from '../../sandbox/telegram/person.ts';
import type { MessageView } from '../../sandbox/telegram/view.ts';
import { inTurn, type Rig } from '../../scripts/rig.ts';
import { balanceOf, draftOf, invoiceFor, isCard, look } from './fleet-people.ts';

const WAIT_MS = 75_000;
const MOST_TRIES = 4;
const AGAIN = /too old|try again in a moment|I cannot reach/;

export type Load = {
  phones: readonly Phone[];
  /** What each must have in the end beside what they had, in millisatoshi. */
  readonly change: Map<Phone, bigint>;
  /** Ids of payments that were confirmed, with the hash of what they paid. */
  readonly payments: Map<string, string>;
  done: number;
};

export function newLoad(phones: readonly Phone[]): Load {
  return { phones, change: new Map(phones.map((phone) => [phone, 0n])), payments: new Map(), done: 0 };
}

/** Everybody does `rounds` things, all of them at once; gives when all is done and told. */
export async function runLoad(rig: Rig, load: Load, rounds: number): Promise<void> {
  const { phones } = load;
  await inTurn([...phones.keys()], phones.length, async (at) => {
    const phone = phones[at] as Phone;
    const friend = phones[(at + 1) % phones.length] as Phone;
    for (let round = 0; round < rounds; round++) {
      const kind = (at + round) % 5;
      if (kind === 0) await payOut(rig, load, phone);
      else if (kind === 1) await bePaid(rig, load, phone);
      else await sendTo(load, phone, friend);
      load.done++;
    }
  });
}

function add(load: Load, phone: Phone, sats: bigint): void {
  load.change.set(phone, (load.change.get(phone) ?? 0n) + sats * 1_000n);
}

async function sendTo(load: Load, from: Phone, to: Phone): Promise<void> {
  const name = to.person.username ?? '';
  await patiently(async () => {
    await pressOnCard(from, `/send 1 @${name}`, 'Send');
    return from.waitFor(new RegExp(`Sent|Done already|${AGAIN.source}`), WAIT_MS);
  });
  add(load, from, -1n);
  add(load, to, 1n);
}

async function payOut(rig: Rig, load: Load, phone: Phone): Promise<void> {
  const { request, hash } = await rig.outside.makeInvoice({ amountMsat: 2_000n });
  await patiently(async () => {
    const id = draftOf(await pressOnCard(phone, request, 'Pay'));
    const end = await phone.waitFor(new RegExp(`Paid|did not go through|${AGAIN.source}`), WAIT_MS);
    if (!AGAIN.test(end.text)) load.payments.set(id, hash);
    return end;
  });
  add(load, phone, -2n);
}

async function bePaid(rig: Rig, load: Load, phone: Phone): Promise<void> {
  const request = await invoiceFor(phone, 3n, WAIT_MS);
  const told = phone.waitFor(/Received .*3 sat/, WAIT_MS);
  const paid = await rig.outside.pay({ request, waitMs: WAIT_MS });
  if (paid.state !== 'paid') throw new Error(`the wallet elsewhere could not pay: ${JSON.stringify(paid)}`);
  await told;
  add(load, phone, 3n);
}

/** Says it, and presses that button of the card that comes; a card of something said before, shown once more, is left. */
async function pressOnCard(phone: Phone, text: string, label: 'Send' | 'Pay'): Promise<MessageView> {
  const isOurs = (message: MessageView) =>
    isCard(message) && message.buttons.flat().some((button) => button.text.includes(label));
  for (let tries = 0; ; tries++) {
    const answer = await phone.ask(text, (message) => isOurs(message) || AGAIN.test(message.text), WAIT_MS);
    if (isOurs(answer)) {
      phone.press(new RegExp(label), { message_id: answer.message_id });
      return answer;
    }
    if (tries === MOST_TRIES) throw new Error(`no card: ${answer.text}`);
  }
}

async function patiently(run: () => Promise<MessageView>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const end = await run();
    if (!AGAIN.test(end.text)) return;
    if (tries === MOST_TRIES) throw new Error(`it never worked: ${end.text}`);
  }
}

/** What everybody has, in millisatoshi. */
export async function purses(rig: Rig, phones: readonly Phone[]): Promise<Map<Phone, bigint>> {
  const pairs = phones.map(async (phone) => [phone, (await balanceOf(rig, phone)).availableMsat] as const);
  return new Map(await Promise.all(pairs));
}

/** Notices that nobody has been brought yet, and payments without an end. */
export async function leftovers(rig: Rig): Promise<{ untold: number; unfinished: number; outbox: number }> {
  const [row] = await look<{ untold: number; unfinished: number; outbox: number }>(
    rig,
    `select (select count(*)::int4 from notices where state = 'waiting') as untold,
       (select count(*)::int4 from payments where state in ('held', 'sending')) as unfinished,
       (select count(*)::int4 from outbox) as outbox`,
  );
  return row ?? { untold: -1, unfinished: -1, outbox: -1 };
}
