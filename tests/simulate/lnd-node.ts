// One LND node of a run: its invoices, its payments and their records, with LND's rules. A payment is noted first and
// ends when its payee says, whoever still listens; a failed hash may be tried again, no other one. It may say less than
// it knows for a while, but nothing that LND could not say.
import { createHash } from 'node:crypto';
import { bakeMacaroon, checkCaveats, readMacaroon } from '../../sandbox/lnd/macaroon.ts';
import { publicKeyOf, readRequest, writeRequest } from '../../sandbox/lnd/requests.ts';
import type { WireInvoice, WirePayment } from '../../src/infra/lightning/wire.ts';
import type { Dice } from './dice.ts';
import type { Machine } from './machine.ts';
import type { Outside } from './outside.ts';

export type Invoice = {
  readonly hash: string;
  readonly request: string;
  readonly valueMsat: bigint;
  readonly addIndex: number;
  readonly madeAtMs: number;
  readonly expiresAtMs: number;
  state: 'OPEN' | 'ACCEPTED' | 'SETTLED' | 'CANCELED';
  paidMsat: bigint;
  settleIndex: number;
  settledAtMs: number;
};

export type Payment = {
  readonly hash: string;
  readonly index: number;
  readonly madeAtMs: number;
  readonly valueMsat: bigint;
  attempts: number;
  status: 'IN_FLIGHT' | 'SUCCEEDED' | 'FAILED';
  failure: string;
  feeMsat: bigint;
  preimage: string;
  isOut: boolean;
  endedAtMs: number;
  /** Said in the place of the truth until then. */
  veil: { until: number; change: Partial<WirePayment> } | undefined;
};

/** LND's refusal of a call. */
export class RpcError extends Error {
  readonly code: number;
  readonly details: string;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

export type Listener<Message> = { tell(message: Message): void; fail(error: RpcError): void };

const NO_PREIMAGE = '0'.repeat(64);
const VEILS: readonly Partial<WirePayment>[] = [
  { status: 'SUCCEEDED', payment_preimage: NO_PREIMAGE },
  { status: 'INITIATED' },
  { status: 'A_STATUS_OF_THE_FUTURE' },
  { status: 'FAILED', failure_reason: 'FAILURE_REASON_OF_THE_FUTURE' },
  {
    status: 'FAILED',
    failure_reason: 'FAILURE_REASON_TIMEOUT',
    htlcs: [{ status: 'IN_FLIGHT', attempt_time_ns: '0', resolve_time_ns: '0' }],
  },
];

export class LndNode {
  readonly name: string;
  readonly machine: Machine;
  readonly dice: Dice;
  readonly publicKey: string;
  /** Hex. */
  readonly macaroon: string;
  readonly invoices = new Map<string, Invoice>();
  readonly payments = new Map<string, Payment>();
  readonly invoiceListeners = new Set<Listener<WireInvoice>>();
  readonly paymentListeners = new Map<string, Set<Listener<WirePayment>>>();
  /** All connections to it; they break when it stops. */
  readonly lines = new Set<(error: RpcError) => void>();
  downUntil = 0;
  hungUntil = 0;
  /** Of a hundred payments, how many it tells of in words that prove nothing, for a while. */
  veiled = 0;
  readonly #outside: Outside;
  readonly #key: string;
  #settled = 0;
  #paid = 0;

  constructor(name: string, given: { machine: Machine; dice: Dice; outside: Outside }) {
    this.name = name;
    this.machine = given.machine;
    this.dice = given.dice;
    this.#outside = given.outside;
    this.#key = createHash('sha256').update(`the node ${name}`).digest('hex');
    this.publicKey = publicKeyOf(this.#key);
    this.macaroon = bakeMacaroon(Buffer.from(this.#key), []).toString('hex');
  }

  /** Throws unless it takes this macaroon (hex) now. */
  admit(macaroon: string): void {
    try {
      checkCaveats(readMacaroon(Buffer.from(this.#key), Buffer.from(macaroon, 'hex')).caveats, this.machine.now);
    } catch (error) {
      throw new RpcError(2, error instanceof Error ? error.message : String(error));
    }
  }

  isUp(): boolean {
    return this.downUntil <= this.machine.now;
  }

  stop(downMs: number): void {
    this.downUntil = this.machine.now + downMs;
    for (const line of [...this.lines]) line(new RpcError(14, 'Connection dropped'));
    this.invoiceListeners.clear();
    this.paymentListeners.clear();
  }

  /** Everybody who listens for invoices hears nothing any more, and is not told so. */
  forgetListeners(): void {
    this.invoiceListeners.clear();
  }

  addInvoice(given: { secret: Buffer; valueMsat: bigint; memo: string; expiryS: number }): Invoice {
    const hash = createHash('sha256').update(given.secret).digest('hex');
    if (this.invoices.has(hash)) throw new RpcError(2, 'invoice with payment hash already exists');
    const createdAtS = Math.floor(this.machine.now / 1_000);
    const { memo, expiryS, valueMsat } = given;
    const paymentAddr = this.dice.bytes(32).toString('hex');
    const fields = { payee: this.publicKey, hash, paymentAddr, valueMsat, memo, descriptionHash: '' };
    const request = writeRequest({ ...fields, createdAtS, expiryS, cltvExpiry: 18 }, this.#key);
    const invoice: Invoice = {
      hash,
      request,
      valueMsat,
      addIndex: this.invoices.size + 1,
      madeAtMs: this.machine.now,
      expiresAtMs: (createdAtS + expiryS) * 1_000,
      state: 'OPEN',
      paidMsat: 0n,
      settleIndex: 0,
      settledAtMs: 0,
    };
    this.invoices.set(hash, invoice);
    return invoice;
  }

  /** Somebody outside pays an invoice of this node, and it may be held for a while first. Gives whether it was taken. */
  payIn(hash: string, amountMsat: bigint, holdMs: number): boolean {
    const invoice = this.invoices.get(hash);
    if (invoice?.state !== 'OPEN' || invoice.expiresAtMs <= this.machine.now || !this.isUp()) return false;
    if (amountMsat < invoice.valueMsat) return false;
    invoice.paidMsat = amountMsat;
    if (holdMs > 0) invoice.state = 'ACCEPTED';
    const settle = () => {
      if (invoice.state === 'CANCELED') return;
      if (!this.isUp()) return void this.machine.after(500, `${this.name} settles`, undefined, settle);
      Object.assign(invoice, { state: 'SETTLED', settleIndex: ++this.#settled, settledAtMs: this.machine.now });
      this.machine.say(`${this.name} receives ${invoice.paidMsat} msat for ${hash.slice(0, 8)}`);
      for (const listener of this.invoiceListeners) listener.tell(wireInvoice(invoice));
    };
    if (holdMs > 0) this.machine.after(holdMs, `${this.name} settles`, undefined, settle);
    else settle();
    return true;
  }

  cancelInvoice(hash: string): void {
    const invoice = this.invoices.get(hash);
    if (!invoice) throw new RpcError(2, 'unable to locate invoice');
    if (invoice.state === 'SETTLED') throw new RpcError(2, 'invoice already settled');
    invoice.state = 'CANCELED';
  }

  settledSince(index: number): Invoice[] {
    return [...this.invoices.values()]
      .filter(({ state, settleIndex }) => state === 'SETTLED' && settleIndex > index)
      .sort((one, other) => one.settleIndex - other.settleIndex);
  }

  /** Takes a payment on. Throws what LND says when it does not. */
  sendPayment(request: string, amountMsat: bigint | undefined): Payment {
    const read = readRequest(request);
    const before = this.payments.get(read.hash);
    if (before?.status === 'SUCCEEDED') throw new RpcError(6, 'invoice is already paid');
    if (before?.status === 'IN_FLIGHT') throw new RpcError(6, 'payment is in transition');
    const expiresAtMs = (read.createdAtS + read.expiryS) * 1_000;
    if (expiresAtMs <= this.machine.now) {
      throw new RpcError(2, `invoice expired. Valid until ${new Date(expiresAtMs).toISOString()}`);
    }
    const payment: Payment = {
      hash: read.hash,
      index: ++this.#paid,
      madeAtMs: this.machine.now,
      valueMsat: read.valueMsat || (amountMsat ?? 0n),
      attempts: (before?.attempts ?? 0) + 1,
      status: 'IN_FLIGHT',
      failure: 'FAILURE_REASON_NONE',
      feeMsat: 0n,
      preimage: NO_PREIMAGE,
      isOut: false,
      endedAtMs: 0,
      veil: undefined,
    };
    this.payments.delete(read.hash);
    this.payments.set(read.hash, payment);
    this.machine.after(5 + this.dice.wait(30), `${this.name} sends out`, undefined, () => this.#sendOut(payment));
    return payment;
  }

  #sendOut(payment: Payment): void {
    if (!this.isUp())
      return void this.machine.after(500, `${this.name} sends out`, undefined, () => this.#sendOut(payment));
    const invoice = this.#outside.invoices.get(payment.hash);
    const ending = invoice?.endings[Math.min(payment.attempts, invoice.endings.length) - 1];
    payment.isOut = ending?.failure !== 'FAILURE_REASON_NO_ROUTE';
    if (this.dice.fraction() * 100 < this.veiled) {
      payment.veil = { until: this.machine.now + this.dice.wait(3_000), change: this.dice.pick(VEILS) };
    }
    this.#tell(payment);
    this.machine.after(ending?.afterMs ?? 50, `${this.name} hears of ${payment.hash}`, undefined, () =>
      this.#end(payment, invoice ? ending?.failure : 'FAILURE_REASON_NO_ROUTE'),
    );
  }

  #end(payment: Payment, failure: string | undefined): void {
    if (!this.isUp()) {
      return void this.machine.after(500, `${this.name} hears of ${payment.hash}`, undefined, () =>
        this.#end(payment, failure),
      );
    }
    payment.isOut = false;
    payment.endedAtMs = this.machine.now;
    const invoice = this.#outside.invoices.get(payment.hash);
    if (failure || !invoice) {
      Object.assign(payment, { status: 'FAILED', failure: failure ?? 'FAILURE_REASON_NO_ROUTE' });
    } else {
      const feeMsat = payment.valueMsat / BigInt(this.dice.whole(1_000, 100_000));
      Object.assign(payment, { status: 'SUCCEEDED', preimage: invoice.preimage, feeMsat });
      invoice.paidBy.push(this.name);
      this.machine.say(`${this.name} pays ${payment.valueMsat} + ${feeMsat} msat for ${payment.hash.slice(0, 8)}`);
    }
    this.#tell(payment);
    const { veil } = payment;
    if (veil && veil.until > this.machine.now) {
      this.machine.after(veil.until - this.machine.now, `${this.name} speaks clearly`, undefined, () =>
        this.#tell(payment),
      );
    }
  }

  #tell(payment: Payment): void {
    for (const listener of this.paymentListeners.get(payment.hash) ?? []) listener.tell(this.wirePayment(payment));
  }

  wirePayment(payment: Payment): WirePayment {
    const { status, isOut } = payment;
    const htlc = isOut ? 'IN_FLIGHT' : status === 'SUCCEEDED' ? 'SUCCEEDED' : 'FAILED';
    const hasTried = isOut || status !== 'IN_FLIGHT';
    const truth: WirePayment = {
      payment_hash: payment.hash,
      payment_preimage: payment.preimage,
      status,
      failure_reason: payment.failure,
      value_msat: String(payment.valueMsat),
      fee_msat: String(payment.feeMsat),
      creation_time_ns: nanoseconds(payment.madeAtMs),
      payment_index: String(payment.index),
      htlcs: hasTried
        ? [
            {
              status: htlc,
              attempt_time_ns: '0',
              resolve_time_ns: nanoseconds(payment.endedAtMs),
            },
          ]
        : [],
    };
    return payment.veil && payment.veil.until > this.machine.now ? { ...truth, ...payment.veil.change } : truth;
  }
}

function nanoseconds(timeMs: number): string {
  return String(BigInt(Math.round(timeMs)) * 1_000_000n);
}

export function wireInvoice(invoice: Invoice): WireInvoice {
  return {
    r_hash: Buffer.from(invoice.hash, 'hex'),
    payment_request: invoice.request,
    value_msat: String(invoice.valueMsat),
    amt_paid_msat: String(invoice.state === 'SETTLED' ? invoice.paidMsat : 0n),
    state: invoice.state,
    creation_date: String(Math.floor(invoice.madeAtMs / 1_000)),
    settle_date: String(Math.floor(invoice.settledAtMs / 1_000)),
    add_index: String(invoice.addIndex),
    settle_index: String(invoice.settleIndex),
  };
}
