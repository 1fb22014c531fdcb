// One sandbox node: its keys, books and faults, and whether it is up. What it says over the wire is in the files
// serve-*.ts and listener.ts.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Carrier, Station } from './carrier.ts';
import { makeCertificate } from './certificate.ts';
import { type Faults, NO_FAULTS, type PaymentFault } from './faults.ts';
import { InvoiceBook } from './invoices.ts';
import { bakeMacaroon } from './macaroon.ts';
import { PaymentBook, type PaymentsGiven } from './payments.ts';
import { MACAROON_FILES } from './permissions.ts';
import { publicKeyOf } from './requests.ts';
import type { Network } from './routes.ts';
import type { Attempt } from './state.ts';
import type { SavedNode, Store } from './store.ts';

export type NodeFiles = { cert: string; key: string; macaroons: Record<string, string> };

export class SandboxNode implements Station {
  readonly alias: string;
  readonly pubkey: string;
  readonly rootKey: Buffer;
  readonly files: NodeFiles;
  readonly invoices: InvoiceBook;
  readonly payments: PaymentBook;
  readonly network: Network;
  readonly carrier: Carrier;
  faults: Faults = { ...NO_FAULTS };
  /** Whether its program runs. */
  running = false;
  upSinceMs = 0;
  /** Loses all its connections; set by its listener. */
  dropConnections: () => void = () => {};
  /** Ends it like kill -9; set by the network. */
  die: () => void = () => {};
  /** All nodes of the network by alias; set by the network. */
  peers: ReadonlyMap<string, SandboxNode> = new Map();
  readonly #saved: SavedNode;
  readonly #store: Store;
  readonly #wakers: (() => void)[] = [];
  /** Since the transient faults were switched on. */
  #paymentsMet = 0;
  #transientsMet = 0;

  constructor(
    given: { alias: string; dir: string } & Pick<PaymentsGiven, 'store' | 'network' | 'carrier' | 'dropParts'>,
  ) {
    const { alias, dir, store, network, carrier, dropParts } = given;
    this.alias = alias;
    this.#store = store;
    this.network = network;
    this.carrier = carrier;
    const key = () => randomBytes(32).toString('hex');
    this.#saved = store.saved('node', alias)[0] ?? { privateKey: key(), rootKey: key(), settleOffset: 0 };
    store.save('node', alias, '', this.#saved);
    this.pubkey = publicKeyOf(this.#saved.privateKey);
    this.rootKey = Buffer.from(this.#saved.rootKey, 'hex');
    this.files = makeFiles(join(dir, alias), this.rootKey);
    const { privateKey, settleOffset } = this.#saved;
    const forgets = () => this.faults.forgetCanceled;
    this.invoices = new InvoiceBook({ alias, pubkey: this.pubkey, privateKey, store, settleOffset, forgets });
    this.payments = new PaymentBook({ alias, store, network, carrier, dropParts, isUp: () => this.running });
  }

  pubkeyOf(alias: string): string {
    return this.peers.get(alias)?.pubkey ?? '';
  }

  /** The node with this public key; empty for a stranger, to whom no way leads. */
  aliasOf(pubkey: string): string {
    return [...this.peers.values()].find((peer) => peer.pubkey === pubkey)?.alias ?? '';
  }

  get up(): boolean {
    return this.running && !this.faults.hang;
  }

  get connected(): boolean {
    return this.running;
  }

  attemptChanged(attempt: Attempt): void {
    this.payments.attemptChanged(attempt);
  }

  /** Switches faults; what is not named stays as it is. */
  setFaults(change: Partial<Faults>): void {
    this.faults = { ...this.faults, ...change };
    if (change.transient !== undefined) {
      this.#paymentsMet = 0;
      this.#transientsMet = 0;
    }
    if (this.faults.hang) return;
    for (const wake of this.#wakers.splice(0)) wake();
    this.carrier.resume();
  }

  /** Resolves at once, or when the node no longer hangs. */
  awake(): Promise<void> | undefined {
    return this.faults.hang ? new Promise((resolve) => this.#wakers.push(resolve)) : undefined;
  }

  /** The fault that the payment asked for now meets. */
  nextPaymentFault(): PaymentFault | null {
    const { payment, transient } = this.faults;
    this.#paymentsMet++;
    if (payment) return payment;
    if (!transient || this.#paymentsMet % transient.every) return null;
    return transient.kinds[this.#transientsMet++ % transient.kinds.length] ?? null;
  }

  restartSettleIndex(): void {
    this.#saved.settleOffset = this.invoices.restartSettleIndex();
    this.#store.save('node', this.alias, '', this.#saved);
  }
}

/** The node's files as LND lays them: made at the first start, kept afterwards. */
function makeFiles(dir: string, rootKey: Buffer): NodeFiles {
  mkdirSync(dir, { recursive: true });
  const cert = join(dir, 'tls.cert');
  const key = join(dir, 'tls.key');
  if (!existsSync(cert) || !existsSync(key)) {
    const made = makeCertificate();
    writeFileSync(key, made.key, { mode: 0o600 });
    writeFileSync(cert, made.cert);
  }
  const macaroons: Record<string, string> = {};
  for (const [name, ops] of Object.entries(MACAROON_FILES)) {
    const file = join(dir, `${name}.macaroon`);
    macaroons[name] = file;
    if (!existsSync(file)) writeFileSync(file, bakeMacaroon(rootKey, ops), { mode: 0o600 });
  }
  return { cert, key, macaroons };
}
