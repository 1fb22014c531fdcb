// What people do with their wallets while the storm rages: look, send to each other, be paid from outside, pay out, pay
// what is held on the way for a while, and try what will be refused. Each gives in one word how it ended for them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import type { MessageView } from '../../sandbox/telegram/view.ts';
import { shortId } from '../../src/flows/history.ts';
import { draftOf, isCard } from '../support/fleet-people.ts';
import type { Caller } from './caller.ts';
import type { Dice } from './dice.ts';
import type { Ears } from './ears.ts';

/** `done`, `refused` and `unpaid` are ends; `open` is left to the reckoning, `dropped` never began. */
export type End = 'done' | 'refused' | 'unpaid' | 'open' | 'dropped';

export type Doing = {
  readonly me: Caller;
  readonly friend: Caller;
  /** The note that makes all news of this doing known. */
  readonly note: string;
  readonly dice: Dice;
  readonly ears: Ears;
  readonly outside: OutsideWallet;
};

export type Act = { readonly name: string; readonly weight: number; run(doing: Doing): Promise<End> };

const END_MS = 150_000;
/** How long the wallet elsewhere is tried while its node is away. */
const OUTSIDE_MS = 45_000;
const MOST_SATS = 5;
const TOO_MUCH_SATS = 900_000;
const REQUEST = /ln[a-z]+1?[0-9a-z]{100,}/i;

const look: Act = {
  name: 'look',
  weight: 25,
  async run({ me, dice }) {
    const seen =
      dice.fraction() < 0.7
        ? await me.ask('balance', '/balance', ({ text }) => text.startsWith('💰'))
        : await me.ask('history', '/history', ({ text }) => /history|Nothing has come/.test(text));
    return seen ? 'done' : 'dropped';
  },
};

const send: Act = {
  name: 'send',
  weight: 30,
  async run({ me, friend, note, dice, ears }) {
    const sats = dice.whole(1, MOST_SATS);
    const card = await me.ask('send', `/send ${sats} @${friend.name} ${note}`, isCard);
    if (!card) return 'dropped';
    const end = await me.confirm('send: yes', card);
    const chatId = me.phone.id;
    // "Done already" says that it was sent, too.
    const changeMsat = -BigInt(sats) * 1_000n;
    if (end === 'done') ears.tell({ chatId, kind: 'sent', keys: [note], changeMsat, messageId: card.message_id });
    return end === 'done' ? 'done' : end === 'dead' ? 'refused' : 'open';
  },
};

const receive: Act = {
  name: 'receive',
  weight: 15,
  async run({ me, note, dice, ears, outside }) {
    const shown = await me.ask('receive', `/receive ${dice.whole(1, MOST_SATS)} ${note}`, ({ text }) =>
      REQUEST.test(text),
    );
    const request = shown && REQUEST.exec(shown.text)?.[0]?.toLowerCase();
    if (!request) return 'dropped';
    const outcome = await outside.pay({ request, waitMs: 30_000 });
    if (outcome.state === 'failed') return 'unpaid';
    if (outcome.state !== 'paid') return 'open';
    return (await ears.wait(me.phone.id, ['received'], note, END_MS)) ? 'done' : 'open';
  },
};

const pay: Act = {
  name: 'pay',
  weight: 15,
  async run(doing) {
    const paying = await order(doing, false);
    return typeof paying === 'string' ? paying : ending(doing, paying);
  },
};

const held: Act = {
  name: 'held',
  weight: 7,
  async run(doing) {
    const { outside, dice } = doing;
    let hash = '';
    const paying = await order(doing, true, (made) => {
      hash = made;
    });
    const isToSettle = dice.fraction() < 0.6;
    if (typeof paying === 'string') {
      await patiently(() => outside.cancel(hash));
      return paying;
    }
    await sleep(dice.whole(3_000, 20_000));
    // Not there yet: it may still come. Then it is refused, or the money would be locked for good.
    const settled = isToSettle && (await patiently(() => outside.settle(hash)));
    if (!settled) await patiently(() => outside.cancel(hash));
    return ending(doing, paying);
  },
};

const refused: Act = {
  name: 'refused',
  weight: 8,
  async run(doing) {
    const { me, friend, note, dice, outside } = doing;
    const no = dice.whole(0, 2);
    if (no === 0) {
      const text = `/send ${TOO_MUCH_SATS} @${friend.name} ${note}`;
      return (await me.ask('too much', text, (view) => /^Not enough sats/.test(view.text))) ? 'refused' : 'dropped';
    }
    if (no === 1) {
      const made = await patiently(() => outside.makeInvoice({ amountMsat: 1_000n, memo: note }));
      if (!made) return 'dropped';
      const broken = `${made.got.request.slice(0, -6)}qqqqqq`;
      return (await me.ask('bad invoice', broken, (view) => /invoice/i.test(view.text))) ? 'refused' : 'dropped';
    }
    let hash = '';
    const paying = await order(doing, false, (made) => {
      hash = made;
      return patiently(() => outside.cancel(made));
    });
    if (typeof paying === 'string') return paying;
    await patiently(() => outside.cancel(hash));
    return ending(doing, paying);
  },
};

export const ACTS: readonly Act[] = [look, send, receive, pay, held, refused];

/** The number that stands on every news of the payment. */
type Ordered = { readonly number: string };

/** Has an invoice made elsewhere, pastes it and says yes. `between` happens once the card is there. */
async function order(
  { me, note, dice, outside }: Doing,
  hold: boolean,
  between?: (hash: string) => unknown,
): Promise<Ordered | 'refused' | 'dropped'> {
  const amountMsat = BigInt(dice.whole(1, MOST_SATS)) * 1_000n;
  const made = await patiently(() => outside.makeInvoice({ amountMsat, memo: note, hold }));
  if (!made) return 'dropped';
  const card = await me.ask(hold ? 'pay (held)' : 'pay', made.got.request, isCardOf(note));
  await between?.(made.got.hash);
  if (!card) return 'dropped';
  const end = await me.confirm('pay: yes', card);
  return end === 'dead' ? 'refused' : { number: shortId(draftOf(card)) };
}

function isCardOf(note: string): (view: MessageView) => boolean {
  return (view) => isCard(view) && view.text.includes(note);
}

async function ending({ me, ears }: Doing, { number }: Ordered): Promise<End> {
  const end = await ears.wait(me.phone.id, ['paid', 'failed'], number, END_MS);
  return end === undefined ? 'open' : end === 'paid' ? 'done' : 'refused';
}

/** What the wallet elsewhere gives, however often its node is away; undefined when it is away for too long or refuses. */
async function patiently<T>(run: () => Promise<T>): Promise<{ got: T } | undefined> {
  const endMs = performance.now() + OUTSIDE_MS;
  for (;;) {
    try {
      return { got: await run() };
    } catch (error) {
      if (!isAway(error) || performance.now() > endMs) return undefined;
      await sleep(500);
    }
  }
}

/** The node is not there, or not ready yet. All other refusals are answers. */
function isAway(error: unknown): boolean {
  if (!Array.isArray(error)) return false;
  const details = (error[2] as { err?: { code?: number; details?: string } } | undefined)?.err;
  return details?.code === 14 || /starting up|not yet ready/.test(details?.details ?? '');
}
