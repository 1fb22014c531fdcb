// The people of a run, who type, press, tap twice, press what is long over, pay and are paid; they see only what their
// phones show. Whoever pays from outside, and every payee outside, is played here too.
import { readRequest } from '../../sandbox/lnd/requests.ts';
import { type Dice, dice } from './dice.ts';
import type { LndNode } from './lnd-node.ts';
import type { Machine } from './machine.ts';
import type { Ending, Outside, OutsideInvoice } from './outside.ts';
import type { Deed, Operation } from './plan.ts';
import type { Message, Phone, Telegram } from './telegram.ts';
import type { Updates } from './updates.ts';

type Person = { externalId: string; username: string; name: string };
type Doer = { person: Person; phone: Phone; luck: Dice };

const FIRST_SATS = 400_000;
const THINK_MS = 1_500;
const FAILURES = [
  'FAILURE_REASON_NO_ROUTE',
  'FAILURE_REASON_TIMEOUT',
  'FAILURE_REASON_INCORRECT_PAYMENT_DETAILS',
  'FAILURE_REASON_INSUFFICIENT_BALANCE',
  'FAILURE_REASON_ERROR',
];

export class People {
  readonly all: Person[];
  /** Chats that blocked the bot at any time. */
  readonly blockers = new Set<string>();
  /** Whose deeds are under way. */
  readonly busy = new Map<Operation, Promise<void>>();
  readonly faults: string[] = [];
  readonly #machine: Machine;
  readonly #telegram: Telegram;
  readonly #updates: Updates;
  readonly #outside: Outside;
  readonly #nodes: readonly LndNode[];
  readonly #seed: string;

  constructor(given: {
    machine: Machine;
    telegram: Telegram;
    updates: Updates;
    outside: Outside;
    nodes: readonly LndNode[];
    count: number;
  }) {
    this.#machine = given.machine;
    this.#seed = given.machine.seed;
    this.#telegram = given.telegram;
    this.#updates = given.updates;
    this.#outside = given.outside;
    this.#nodes = given.nodes;
    this.all = Array.from({ length: given.count }, (_, at) => personOf(at));
  }

  /** Everybody says hello, and every second one gets sats. */
  async begin(): Promise<void> {
    await Promise.all(
      this.all.map(async (person, at) => {
        const doer = this.#doer(person, `begin/${at}`);
        await this.#wait(doer.luck.wait(300));
        await this.#say(doer, '/start');
        if (at % 2 === 1) return;
        await this.#say(doer, `/receive ${FIRST_SATS} sats`);
        while (!this.#invoices(doer.phone).length) await this.#wait(200);
        this.#payIn(doer, this.#invoices(doer.phone)[0] as string, 0);
      }),
    );
  }

  do(operation: Operation): void {
    const doer = this.#doer(this.all[operation.who % this.all.length] as Person, operation.luck);
    const deed = this.#deeds[operation.deed];
    const doing = deed(doer).then(
      () => {},
      (error: unknown) => void this.faults.push(`${operation.deed}: ${error instanceof Error ? error.stack : error}`),
    );
    this.busy.set(operation, doing);
    void doing.then(() => this.busy.delete(operation));
  }

  readonly #deeds: Record<Deed, (doer: Doer) => Promise<unknown>> = {
    balance: (doer) => this.#say(doer, '/balance'),
    history: (doer) => this.#say(doer, '/history'),
    receive: (doer) => this.#say(doer, `/receive ${doer.luck.whole(1, 50_000)} sats`),
    'receive-open': (doer) => this.#say(doer, '/receive'),
    'paid-from-outside': async (doer) => {
      const invoices = this.#invoices(doer.phone);
      if (invoices.length > 0)
        this.#payIn(doer, doer.luck.pick(invoices), doer.luck.chance(0.2) ? doer.luck.wait(8_000) : 0);
    },
    'pay-outside': (doer) => this.#pay(doer, this.#newInvoice(doer)),
    'pay-inside': async (doer) => {
      const others = this.all.filter((each) => each !== doer.person);
      const invoices = this.#invoices(this.#telegram.phone(doer.luck.pick(others).externalId));
      if (invoices.length > 0) await this.#confirmed(doer, `/pay ${doer.luck.pick(invoices)}`);
    },
    'pay-own': async (doer) => {
      const invoices = this.#invoices(doer.phone);
      if (invoices.length > 0) await this.#confirmed(doer, `/pay ${doer.luck.pick(invoices)}`);
    },
    'pay-again': async (doer) => {
      const known = [...this.#outside.invoices.values()];
      if (known.length > 0) await this.#pay(doer, doer.luck.pick(known));
    },
    'pay-expired': async (doer) => {
      const invoice = this.#newInvoice(doer, doer.luck.whole(1, 4));
      await this.#wait(doer.luck.wait(2_000));
      await this.#pay(doer, invoice);
    },
    send: (doer) => this.#confirmed(doer, `/send ${doer.luck.whole(1, 20_000)} sats @${this.#other(doer)}`),
    'send-stranger': (doer) =>
      this.#confirmed(doer, `/send ${doer.luck.whole(1, 5_000)} sats @stranger_${doer.luck.whole(1, 99)}`),
    claim: async (doer) => {
      const codes = [...this.#telegram.phones.values()].flatMap(({ messages }) => messages.flatMap(codeIn));
      if (codes.length > 0) await this.#say(doer, `/start ${doer.luck.pick(codes)}`);
    },
    retract: (doer) => this.#pressOne(doer, 'send:retract:'),
    request: (doer) => this.#say(doer, `/request ${doer.luck.whole(1, 5_000)} sats @${this.#other(doer)}`),
    'answer-request': async (doer) => {
      const data = await this.#pressOne(doer, 'request:');
      if (data?.startsWith('request:pay')) await this.#confirmNewest(doer);
    },
    'press-old': (doer) => this.#pressOne(doer, ''),
    block: (doer) => this.#reach(doer, true),
    unblock: (doer) => this.#reach(doer, false),
    admin: async (doer) => {
      const admin = this.#doer(this.all[0] as Person, `${doer.luck.whole(1, 9)}/admin`);
      await this.#say(admin, doer.luck.chance(0.7) ? '/retryfailed' : '/failed');
    },
  };

  #doer(person: Person, luck: string): Doer {
    return { person, phone: this.#telegram.phone(person.externalId), luck: dice(`${this.#seed}/people/${luck}`) };
  }

  #other({ person, luck }: Doer): string {
    return luck.pick(this.all.filter((each) => each !== person)).username;
  }

  /** What invoices a phone shows, oldest first. */
  #invoices({ messages }: Phone): string[] {
    return messages.flatMap(({ qr }) => (qr ? [qr.replace(/^LIGHTNING:/i, '').toLowerCase()] : []));
  }

  #newInvoice({ luck }: Doer, lifeS = luck.chance(0.15) ? luck.whole(5, 60) : 3_600): OutsideInvoice {
    const endings: Ending[] = [];
    const slow = () => (luck.chance(0.15) ? luck.wait(30_000) : luck.wait(300));
    while (luck.chance(0.3) && endings.length < 3) endings.push({ afterMs: slow(), failure: luck.pick(FAILURES) });
    endings.push({ afterMs: slow() });
    const isOpen = luck.chance(0.1);
    const amountMsat = BigInt(luck.whole(1, 30_000)) * 1_000n + BigInt(luck.whole(0, 999));
    return this.#outside.invoice({ ...(isOpen ? {} : { amountMsat }), lifeS, endings });
  }

  #pay(doer: Doer, invoice: OutsideInvoice): Promise<void> {
    const amount = invoice.amountMsat === undefined ? ` ${doer.luck.whole(1, 9_000)} sats` : '';
    return this.#confirmed(doer, `/pay ${invoice.request}${amount}`);
  }

  /** The wallet elsewhere pays an invoice of ours: just what it says, or more. */
  #payIn({ luck }: Doer, request: string, holdMs: number): void {
    const { hash, valueMsat, payee } = readRequest(request);
    const amount = valueMsat === 0n ? BigInt(luck.whole(1_000, 9_000_000)) : valueMsat;
    const more = luck.chance(0.15) ? BigInt(luck.whole(1, Number(amount))) : 0n;
    this.#nodes.find(({ publicKey }) => publicKey === payee)?.payIn(hash, amount + more, holdMs);
  }

  async #say({ person, luck }: Doer, text: string): Promise<void> {
    await this.#updates.bring(person, { kind: 'text', text, messageId: String(luck.whole(1, 1e9)), forwarded: false });
  }

  async #press({ person }: Doer, message: Message, data: string): Promise<void> {
    await this.#updates.bring(person, { kind: 'press', data, messageId: message.id, photo: message.photo });
  }

  /** Says something that is answered by a card, and says yes to it: mostly once. */
  async #confirmed(doer: Doer, text: string): Promise<void> {
    const before = newestCard(doer.phone);
    await this.#say(doer, text);
    const card = newestCard(doer.phone);
    if (card && card.data !== before?.data) await this.#confirmNewest(doer);
  }

  async #confirmNewest(doer: Doer): Promise<void> {
    const { luck, phone } = doer;
    const card = newestCard(phone);
    if (!card || luck.chance(0.05)) return;
    await this.#wait(luck.wait(THINK_MS));
    const { message, data } = card;
    const taps = luck.chance(0.15) ? 2 : 1;
    await Promise.all(Array.from({ length: taps }, () => this.#press(doer, message, data)));
  }

  /** Presses some button whose data begins so; gives it. */
  async #pressOne(doer: Doer, start: string): Promise<string | undefined> {
    const found = doer.phone.messages.flatMap((message) =>
      message.buttons.filter(({ data }) => data.startsWith(start)).map(({ data }) => ({ message, data })),
    );
    if (found.length === 0) return undefined;
    const { message, data } = doer.luck.pick(found.slice(-12));
    await this.#press(doer, message, data);
    return data;
  }

  async #reach(doer: Doer, blocked: boolean): Promise<void> {
    doer.phone.isBlocked = blocked;
    if (blocked) this.blockers.add(doer.person.externalId);
    await this.#updates.bring(doer.person, { kind: 'reach', blocked });
  }

  #wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#machine.after(ms, 'somebody thinks', undefined, resolve);
    return promise;
  }
}

function personOf(at: number): Person {
  return { externalId: String(1_000 + at), username: `person_${at}`, name: `Person ${at}` };
}

function newestCard({ messages }: Phone): { message: Message; data: string } | undefined {
  const message = messages.findLast(({ buttons }) => buttons.some(({ data }) => data.startsWith('confirm:')));
  const data = message?.buttons.find((button) => button.data.startsWith('confirm:'))?.data;
  return message && data ? { message, data } : undefined;
}

function codeIn({ text }: Message): string[] {
  const code = /\?start=([\w-]+)/.exec(text)?.[1];
  return code ? [code] : [];
}
