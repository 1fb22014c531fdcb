// One node's outgoing payments, with LND's rules: one payment per hash, which may be tried again only after it failed.
// A payment is noted before anything is sent, and its outcome is what the carrier brings back.
import { EventEmitter } from 'node:events';
import type { Carrier } from './carrier.ts';
import { findWays, type Network, type Wish } from './routes.ts';
import type { Attempt, FailureReason, Hop, Payment } from './state.ts';
import { ALREADY_EXISTS, nowNs, RpcError, UNKNOWN } from './state.ts';
import type { Store } from './store.ts';

/** What shall be paid, after all checks of the call. */
export type Intent = Omit<Wish, 'from' | 'excluded'> & { hash: string; paymentAddr: string; request: string };

const NO_PREIMAGE = '0'.repeat(64);

export type PaymentsGiven = {
  alias: string;
  store: Store;
  network: Network;
  carrier: Carrier;
  /** Takes back the parts already held by a payee whose others failed. */
  dropParts(payee: string, hash: string): void;
  /** Whether this node is up. */
  isUp(): boolean;
};

export class PaymentBook {
  /** An event per hash, with the payment at each change. */
  readonly events = new EventEmitter().setMaxListeners(0);
  readonly #byHash = new Map<string, Payment>();
  readonly #intents = new Map<string, Intent & { excluded: Set<string> }>();
  readonly #given: PaymentsGiven;
  #lastIndex = 0;
  #lastAttempt = 0;

  constructor(given: PaymentsGiven) {
    this.#given = given;
    const saved = given.store.saved('payment', given.alias).sort((a, b) => a.index - b.index);
    for (const payment of saved) {
      this.#byHash.set(payment.hash, payment);
      this.#lastIndex = payment.index;
      for (const attempt of payment.attempts) {
        this.#lastAttempt = Math.max(this.#lastAttempt, attempt.id);
        if (attempt.phase !== 'done' && !payment.lost) given.carrier.restore(attempt);
      }
      // The program ended before anything was sent.
      if (payment.status === 'IN_FLIGHT' && !payment.attempts.length) payment.lost = true;
    }
  }

  find(hash: string): Payment | undefined {
    return this.#byHash.get(hash);
  }

  /** All, oldest first. */
  all(): Payment[] {
    return [...this.#byHash.values()];
  }

  /** Notes the payment and sends it in the next tick. Throws LND's words when this hash is paid or under way. */
  send(intent: Intent, refuse?: FailureReason): Payment {
    const before = this.#byHash.get(intent.hash);
    if (before?.status === 'SUCCEEDED') throw new RpcError(ALREADY_EXISTS, 'invoice is already paid');
    if (before?.status === 'IN_FLIGHT') throw new RpcError(ALREADY_EXISTS, 'payment is in transition');
    const payment: Payment = {
      hash: intent.hash,
      index: ++this.#lastIndex,
      status: 'IN_FLIGHT',
      valueMsat: intent.amtMsat,
      feeMsat: 0n,
      preimage: NO_PREIMAGE,
      request: intent.request,
      createdAtNs: nowNs(),
      attempts: [],
      lost: false,
    };
    // A second try is a new payment: last in order.
    this.#byHash.delete(intent.hash);
    this.#byHash.set(intent.hash, payment);
    this.#intents.set(intent.hash, { ...intent, excluded: new Set() });
    this.#save(payment);
    setImmediate(() => {
      // The node died in between: what is noted but was never sent stays so.
      if (!this.#given.isUp()) this.#lose(payment);
      else if (refuse) this.#fail(payment, refuse);
      else this.#try(payment);
    });
    return payment;
  }

  /** Hears from the carrier. */
  attemptChanged(attempt: Attempt): void {
    const payment = this.#byHash.get(attempt.hash);
    if (!payment?.attempts.includes(attempt)) return;
    if (attempt.phase === 'done' && payment.attempts.every((one) => one.phase === 'done')) this.#conclude(payment);
    else this.#changed(payment);
  }

  /** A payment that this node died in goes on after all, as one that had left it. */
  revive(hash: string): void {
    const payment = this.#byHash.get(hash);
    if (!payment?.lost) throw new Error('this payment was not lost');
    payment.lost = false;
    this.#save(payment);
    for (const attempt of payment.attempts) this.#given.carrier.launch(attempt);
  }

  delete(hash: string): void {
    const payment = this.#byHash.get(hash);
    if (!payment) throw new RpcError(UNKNOWN, 'non bucket element in payments bucket');
    if (payment.status === 'IN_FLIGHT') {
      throw new RpcError(
        UNKNOWN,
        `payment '${hash}' has inflight HTLCsand therefore cannot be deleted: payment is in transition`,
      );
    }
    this.#byHash.delete(hash);
    this.#given.store.save('payment', this.#given.alias, hash, null);
  }

  #try(payment: Payment): void {
    const intent = this.#intents.get(payment.hash);
    if (!intent) return;
    const ways = findWays(this.#given.network, { ...intent, from: this.#given.alias });
    if (typeof ways === 'string') {
      this.#fail(payment, payment.attempts.length ? 'NO_ROUTE' : ways);
      return;
    }
    const attempts = ways.map((hops) => this.#attempt(intent, hops));
    payment.attempts.push(...attempts);
    this.events.emit(payment.hash, payment);
    for (const attempt of attempts) this.#given.carrier.launch(attempt);
  }

  #attempt(intent: Intent, hops: Hop[]): Attempt {
    const id = ++this.#lastAttempt;
    return {
      key: `${this.#given.alias}/${id}`,
      id,
      payer: this.#given.alias,
      hash: intent.hash,
      paymentAddr: intent.paymentAddr,
      totalMsat: intent.amtMsat,
      hops,
      locked: 0,
      phase: 'forward',
      status: 'IN_FLIGHT',
      sentAtNs: nowNs(),
      resolvedAtNs: '0',
      preimage: '',
    };
  }

  /** All attempts have ended. */
  #conclude(payment: Payment): void {
    const paid = payment.attempts.filter((attempt) => attempt.status === 'SUCCEEDED');
    const [first] = paid;
    if (first) {
      payment.status = 'SUCCEEDED';
      payment.preimage = first.preimage;
      payment.feeMsat = paid.flatMap((attempt) => attempt.hops).reduce((sum, hop) => sum + hop.feeMsat, 0n);
      this.#end(payment);
      return;
    }
    const last = payment.attempts.at(-1);
    const failure = last?.failure;
    const blamed = last?.hops[failure?.source ?? 0];
    const intent = this.#intents.get(payment.hash);
    if (failure?.code === 'TEMPORARY_CHANNEL_FAILURE' && blamed && intent) {
      intent.excluded.add(blamed.chanId);
      this.#try(payment);
    } else {
      this.#fail(payment, 'INCORRECT_PAYMENT_DETAILS');
    }
  }

  #fail(payment: Payment, reason: FailureReason): void {
    payment.status = 'FAILED';
    payment.failureReason = reason;
    this.#end(payment);
  }

  #lose(payment: Payment): void {
    const intent = this.#intents.get(payment.hash);
    // The way was found while the node was still alive.
    const network = { ...this.#given.network, reachable: () => true };
    const ways = intent ? findWays(network, { ...intent, from: this.#given.alias }) : 'ERROR';
    if (intent && typeof ways !== 'string') payment.attempts = ways.map((hops) => this.#attempt(intent, hops));
    payment.lost = true;
    this.#end(payment);
  }

  #end(payment: Payment): void {
    this.#intents.delete(payment.hash);
    this.#changed(payment);
  }

  #changed(payment: Payment): void {
    this.#save(payment);
    this.events.emit(payment.hash, payment);
    // One part failed while others are held: the payee would give these up in time; here it does at once.
    const failed = payment.attempts.find((attempt) => attempt.status === 'FAILED');
    const held = payment.attempts.find((attempt) => attempt.phase === 'held');
    const payee = held?.hops.at(-1)?.to;
    if (failed && payee) this.#given.dropParts(payee, payment.hash);
  }

  #save(payment: Payment): void {
    this.#given.store.save('payment', this.#given.alias, payment.hash, payment);
  }
}
