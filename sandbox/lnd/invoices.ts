// One node's invoices, with LND's rules: which state follows which, what an event tells, how the two indexes count.
// A payment that arrives is judged here; what becomes of its parts is told to whoever carries them.
import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { writeRequest } from './requests.ts';
import type { Attempt, Hop, Invoice } from './state.ts';
import { INVALID_ARGUMENT, NOT_FOUND, nowS, RpcError, UNKNOWN } from './state.ts';
import type { Store } from './store.ts';

const MEMO_LIMIT = 1024;
const DEFAULT_EXPIRY_S = 86_400;
const EXPIRY_LIMIT_S = 31_536_000;
const DEFAULT_CLTV = 80;
const EXPIRY_CHECK_MS = 200;

export type NewInvoice = {
  preimage: string;
  /** Of a hold invoice: its payment hash. */
  hash: string;
  memo: string;
  descriptionHash: string;
  valueMsat: bigint;
  expiryS: number;
  cltvExpiry: number;
};

/** What shall become of the parts of a payment: attempt and whether it is paid. */
export type Verdict = { attempt: string; paid: boolean };

export type InvoicesGiven = {
  alias: string;
  pubkey: string;
  privateKey: string;
  store: Store;
  /** Settled invoices above this index are counted from 1 again. */
  settleOffset: number;
  /** Whether canceled invoices are deleted at once. */
  forgets: () => boolean;
};

export class InvoiceBook {
  /** `changed` (Invoice) at each state, `event` (Invoice) when added or settled: LND's two streams. */
  readonly events = new EventEmitter().setMaxListeners(0);
  readonly #byHash = new Map<string, Invoice>();
  readonly #added: Invoice[] = [];
  readonly #settled: Invoice[] = [];
  readonly #expiring = new Map<number, Invoice[]>();
  readonly #given: InvoicesGiven;
  #addIndex = 0;
  #htlcs = 0;
  #checkedS = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(given: InvoicesGiven) {
    this.#given = given;
    this.#load(given.store.saved('invoice', given.alias));
  }

  #load(all: readonly Invoice[]): void {
    for (const invoice of all) {
      this.#addIndex = Math.max(this.#addIndex, invoice.addIndex);
      this.#htlcs += invoice.htlcs.length;
      if (invoice.isForgotten) continue;
      this.#byHash.set(invoice.hash, invoice);
      this.#added.push(invoice);
      if (invoice.settleIndex) this.#settled.push(invoice);
      if (invoice.state === 'OPEN') this.#expires(invoice);
    }
    this.#added.sort((a, b) => a.addIndex - b.addIndex);
    this.#settled.sort((a, b) => a.settleIndex - b.settleIndex);
  }

  /** Keeps all invoices as they are now; what it gives puts them back and forgets all that came since. */
  keep(): () => void {
    const kept = structuredClone(this.#added);
    return () => {
      const { store, alias } = this.#given;
      for (const { hash } of this.#added.splice(0)) store.save('invoice', alias, hash, null);
      this.#byHash.clear();
      this.#settled.splice(0);
      this.#addIndex = 0;
      this.#load(kept);
      for (const invoice of kept) store.save('invoice', alias, invoice.hash, invoice);
    };
  }

  /** Begins to close what expires; a node that is down does not. */
  run(): void {
    this.#timer = setInterval(() => this.#closeExpired(), EXPIRY_CHECK_MS);
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  add(wanted: NewInvoice): Invoice {
    const preimage = wanted.hash ? '' : wanted.preimage || randomBytes(32).toString('hex');
    const hash = wanted.hash || sha256(preimage);
    check(wanted);
    if (this.#byHash.has(hash)) throw new RpcError(UNKNOWN, 'invoice with payment hash already exists');
    const fields = {
      hash,
      paymentAddr: randomBytes(32).toString('hex'),
      memo: wanted.memo,
      descriptionHash: wanted.descriptionHash,
      valueMsat: wanted.valueMsat,
      createdAtS: nowS(),
      expiryS: wanted.expiryS || DEFAULT_EXPIRY_S,
      cltvExpiry: wanted.cltvExpiry || DEFAULT_CLTV,
    };
    const invoice: Invoice = {
      ...fields,
      preimage,
      isHold: wanted.hash !== '',
      request: writeRequest({ ...fields, payee: this.#given.pubkey }, this.#given.privateKey),
      paidMsat: 0n,
      state: 'OPEN',
      addIndex: ++this.#addIndex,
      settleIndex: 0,
      settledAtS: 0,
      htlcs: [],
    };
    this.#byHash.set(hash, invoice);
    this.#added.push(invoice);
    this.#expires(invoice);
    this.#changed(invoice);
    this.events.emit('event', invoice);
    return invoice;
  }

  find(hash: string): Invoice | undefined {
    return this.#byHash.get(hash);
  }

  /** As `find`; throws LND's words when there is none, with the code that the call has. */
  lookup(hash: string, code = NOT_FOUND): Invoice {
    const invoice = this.#byHash.get(hash);
    if (invoice) return invoice;
    throw new RpcError(code, this.#addIndex ? 'unable to locate invoice' : 'there are no existing invoices');
  }

  /** All, oldest first. */
  all(): readonly Invoice[] {
    return this.#added;
  }

  /** What a subscriber with these cursors missed: first what was added, then what was settled. 0 asks for nothing. */
  backlog(addIndex: number, settleIndex: number): Invoice[] {
    const offset = this.#given.settleOffset;
    const settled = this.#settled.filter((invoice) => invoice.settleIndex > offset + settleIndex);
    const added = this.#added.filter((invoice) => invoice.addIndex > addIndex);
    return [...(addIndex ? added : []), ...(settleIndex ? settled : [])];
  }

  /** The index as clients see it. */
  settleIndexOf(invoice: Invoice): number {
    const { settleOffset } = this.#given;
    return invoice.settleIndex > settleOffset ? invoice.settleIndex - settleOffset : invoice.settleIndex;
  }

  /** From now on counts settled invoices from 1 again, as LND did after its move to another database. */
  restartSettleIndex(): number {
    this.#given.settleOffset = this.#settled.at(-1)?.settleIndex ?? 0;
    return this.#given.settleOffset;
  }

  /** Gives up the secret of a held invoice. */
  settle(preimage: string): Verdict[] {
    const invoice = this.#byHash.get(sha256(preimage));
    if (!invoice) throw new RpcError(UNKNOWN, 'unable to locate invoice');
    if (invoice.state === 'OPEN') throw new RpcError(UNKNOWN, 'invoice still open');
    if (invoice.state === 'CANCELED') throw new RpcError(UNKNOWN, 'invoice already canceled');
    if (invoice.state === 'SETTLED') return [];
    invoice.preimage = preimage;
    return this.#settle(invoice);
  }

  cancel(hash: string): Verdict[] {
    const invoice = this.#byHash.get(hash);
    if (!invoice) throw new RpcError(UNKNOWN, 'unable to locate invoice');
    if (invoice.state === 'SETTLED') throw new RpcError(UNKNOWN, 'invoice already settled');
    if (invoice.state === 'CANCELED') return [];
    invoice.state = 'CANCELED';
    const verdicts = this.#end(invoice, 'CANCELED');
    if (this.#given.forgets()) {
      invoice.isForgotten = true;
      this.#byHash.delete(hash);
      this.#added.splice(this.#added.indexOf(invoice), 1);
    }
    this.#changed(invoice);
    return verdicts;
  }

  /** Judges a part that has arrived. Nothing said of it yet: it is held. */
  receive(attempt: Attempt, last: Hop): Verdict[] {
    const invoice = this.#byHash.get(attempt.hash);
    const refused = [{ attempt: attempt.key, paid: false }];
    if (invoice?.state !== 'OPEN' || invoice.paymentAddr !== attempt.paymentAddr) return refused;
    if (attempt.totalMsat < invoice.valueMsat) return refused;
    invoice.htlcs.push({
      chanId: last.chanId,
      index: this.#htlcs++,
      amtMsat: last.amtMsat,
      totalMsat: attempt.totalMsat,
      acceptedAtS: nowS(),
      resolvedAtS: 0,
      expiryHeight: last.expiry,
      state: 'ACCEPTED',
      attempt: attempt.key,
    });
    const arrivedMsat = sumAccepted(invoice);
    if (arrivedMsat < attempt.totalMsat) {
      this.#given.store.save('invoice', this.#given.alias, invoice.hash, invoice);
      return [];
    }
    invoice.paidMsat = arrivedMsat;
    if (!invoice.isHold) return this.#settle(invoice);
    invoice.state = 'ACCEPTED';
    this.#changed(invoice);
    return [];
  }

  /** Sends back the parts of a payment that will not become whole. */
  dropParts(hash: string): Verdict[] {
    const invoice = this.#byHash.get(hash);
    if (invoice?.state !== 'OPEN') return [];
    return this.#end(invoice, 'CANCELED');
  }

  #settle(invoice: Invoice): Verdict[] {
    invoice.state = 'SETTLED';
    invoice.settledAtS = nowS();
    invoice.settleIndex = (this.#settled.at(-1)?.settleIndex ?? 0) + 1;
    this.#settled.push(invoice);
    const verdicts = this.#end(invoice, 'SETTLED');
    this.#changed(invoice);
    this.events.emit('event', invoice);
    return verdicts;
  }

  #end(invoice: Invoice, state: 'SETTLED' | 'CANCELED'): Verdict[] {
    const open = invoice.htlcs.filter((htlc) => htlc.state === 'ACCEPTED');
    for (const htlc of open) Object.assign(htlc, { state, resolvedAtS: nowS() });
    return open.map((htlc) => ({ attempt: htlc.attempt, paid: state === 'SETTLED' }));
  }

  #changed(invoice: Invoice): void {
    this.#given.store.save('invoice', this.#given.alias, invoice.hash, invoice);
    this.events.emit('changed', invoice);
  }

  #expires(invoice: Invoice): void {
    const atS = invoice.createdAtS + invoice.expiryS;
    const others = this.#expiring.get(atS);
    if (others) others.push(invoice);
    else this.#expiring.set(atS, [invoice]);
    this.#checkedS ||= atS;
    if (atS < this.#checkedS) this.#checkedS = atS;
  }

  #closeExpired(): void {
    for (; this.#checkedS && this.#checkedS <= nowS(); this.#checkedS++) {
      for (const invoice of this.#expiring.get(this.#checkedS) ?? []) {
        if (invoice.state === 'OPEN') this.cancel(invoice.hash);
      }
      this.#expiring.delete(this.#checkedS);
    }
  }
}

function check(wanted: NewInvoice): void {
  const { memo, valueMsat, expiryS } = wanted;
  const memoBytes = Buffer.byteLength(memo);
  if (memoBytes > MEMO_LIMIT) {
    throw new RpcError(UNKNOWN, `memo too large: ${memoBytes} bytes (maxsize=${MEMO_LIMIT})`);
  }
  if (valueMsat < 0n) throw new RpcError(UNKNOWN, 'amount cannot be negative');
  if (expiryS > EXPIRY_LIMIT_S) {
    throw new RpcError(UNKNOWN, `expiry of ${expiryS} seconds greater than max expiry of 3.1536e+07 seconds`);
  }
  if (wanted.descriptionHash && wanted.descriptionHash.length !== 64) {
    throw new RpcError(INVALID_ARGUMENT, 'description hash is not 32 bytes');
  }
}

function sumAccepted(invoice: Invoice): bigint {
  return invoice.htlcs.reduce((sum, htlc) => (htlc.state === 'ACCEPTED' ? sum + htlc.amtMsat : sum), 0n);
}

export function sha256(hex: string): string {
  return createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
}
