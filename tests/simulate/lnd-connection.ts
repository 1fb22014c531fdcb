// Stands in the place of src/infra/lightning/connection.ts in a simulated process: connections to the nodes of a run,
// at the level of LND's own messages, so that everything above the wire is the house's. Requests may come late, twice or
// after their sender's death, answers may be lost, lines break.
import { Readable } from 'node:stream';
import type { Metadata } from '@grpc/grpc-js';
import { BEGIN_WITHIN_MS } from '../../src/infra/lightning/pay.ts';
import type { Lnd, WireInvoice, WirePayment } from '../../src/infra/lightning/wire.ts';
import type { Life } from './life.ts';
import { type Invoice, type Listener, type LndNode, RpcError, wireInvoice } from './lnd-node.ts';

export type Door = { readonly life: Life; readonly node: LndNode };

/** Where the socket of a node's configuration leads. */
export const doors = new Map<string, Door>();

type Done<Answer> = (error: unknown, answer?: Answer) => void;

const WAY_MS = 3;
const AGAIN_MS = 2_000;

export function openConnection(config: { readonly socket: string }): Lnd {
  const door = doors.get(config.socket);
  if (!door) throw new Error(`no node listens at ${config.socket}`);
  const { node } = door;
  const cancelInvoice = unary(door, 'cancelInvoice', (given: { payment_hash: Buffer }) => {
    node.cancelInvoice(given.payment_hash.toString('hex'));
    return {};
  });
  const calls = { ...aboutItself(door), ...ofInvoices(door), ...lists(door) };
  return { default: calls, router: routerOf(door), invoices: { cancelInvoice } } as unknown as Lnd;
}

function aboutItself(door: Door) {
  const { node } = door;
  const channel = () => ({
    active: true,
    initiator: true,
    local_balance: '1000000000',
    remote_balance: '1000000000',
    commit_fee: '0',
    local_constraints: null,
    remote_constraints: null,
    pending_htlcs: [],
  });
  return {
    getInfo: unary(door, 'getInfo', () => ({
      version: '0.20.0-beta',
      identity_pubkey: node.publicKey,
      synced_to_chain: true,
      synced_to_graph: true,
      block_height: 100,
      best_header_timestamp: String(Math.floor(node.machine.now / 1_000)),
      chains: [{ network: 'regtest' }],
    })),
    listChannels: unary(door, 'listChannels', () => ({ channels: [channel()] })),
    channelBalance: unary(door, 'channelBalance', () => balanceOf(node)),
    pendingChannels: unary(door, 'pendingChannels', () => ({ total_limbo_balance: '0' })),
    walletBalance: unary(door, 'walletBalance', () => ({ total_balance: '0' })),
  };
}

function ofInvoices(door: Door) {
  const { node } = door;
  return {
    addInvoice: unary(
      door,
      'addInvoice',
      (given: { r_preimage: Buffer; value_msat: string; memo: string; expiry: string }) => {
        const order = { secret: given.r_preimage, valueMsat: BigInt(given.value_msat), memo: given.memo };
        return { payment_request: node.addInvoice({ ...order, expiryS: Number(given.expiry) }).request };
      },
    ),
    lookupInvoice: unary(door, 'lookupInvoice', (given: { r_hash: Buffer }) => {
      const invoice = node.invoices.get(given.r_hash.toString('hex'));
      if (!invoice) throw new RpcError(2, 'unable to locate invoice');
      return wireInvoice(invoice);
    }),
    subscribeInvoices: streaming<{ settle_index: string }, WireInvoice>(
      door,
      'subscribeInvoices',
      (given, listener) => {
        const after = Number(given.settle_index);
        if (after > 0) for (const invoice of node.settledSince(after)) listener.tell(wireInvoice(invoice));
        node.invoiceListeners.add(listener);
        return () => node.invoiceListeners.delete(listener);
      },
    ),
  };
}

function lists(door: Door) {
  const { node } = door;
  return {
    listInvoices: unary(door, 'listInvoices', (given: { index_offset: string; num_max_invoices: string }) => {
      const later = (invoice: Invoice) => invoice.addIndex > Number(given.index_offset);
      const invoices = [...node.invoices.values()].filter(later).slice(0, Number(given.num_max_invoices));
      return {
        invoices: invoices.map(wireInvoice),
        last_index_offset: String(invoices.at(-1)?.addIndex ?? given.index_offset),
      };
    }),
    listPayments: unary(
      door,
      'listPayments',
      (given: { index_offset: string; max_payments: string; reversed?: true }) => {
        const all = [...node.payments.values()];
        const found = given.reversed ? all.slice(-1) : all.filter(({ index }) => index > Number(given.index_offset));
        const payments = found.slice(0, Number(given.max_payments));
        return {
          payments: payments.map((payment) => node.wirePayment(payment)),
          last_index_offset: String(payments.at(-1)?.index ?? given.index_offset),
        };
      },
    ),
  };
}

function routerOf(door: Door) {
  const { node } = door;
  return {
    sendPaymentV2: streaming<{ payment_request: string; amt_msat?: string }, WirePayment>(
      door,
      'sendPayment',
      (given, listener, header) => {
        node.admit(String(header?.get('macaroon')[0]));
        const amount = given.amt_msat === undefined ? undefined : BigInt(given.amt_msat);
        const payment = node.sendPayment(given.payment_request, amount);
        listener.tell(node.wirePayment(payment));
        const late = () => {
          if (payment.status === 'IN_FLIGHT') listener.fail(new RpcError(4, 'Deadline exceeded'));
        };
        node.machine.after(BEGIN_WITHIN_MS, `${node.name} has been heard`, door.life, late);
        return listenTo(node, payment.hash, listener);
      },
    ),
    trackPaymentV2: streaming<{ payment_hash: Buffer }, WirePayment>(door, 'trackPayment', (given, listener) => {
      const hash = given.payment_hash.toString('hex');
      const payment = node.payments.get(hash);
      if (!payment) throw new RpcError(5, "payment isn't initiated");
      listener.tell(node.wirePayment(payment));
      return listenTo(node, hash, listener);
    }),
  };
}

export function closeConnection(): void {}

function balanceOf(node: LndNode) {
  let localMsat = 1_000_000_000_000n;
  for (const { state, paidMsat } of node.invoices.values()) if (state === 'SETTLED') localMsat += paidMsat;
  for (const { status, valueMsat, feeMsat } of node.payments.values()) {
    if (status === 'SUCCEEDED') localMsat -= valueMsat + feeMsat;
  }
  const none = { msat: '0' };
  return { local_balance: { msat: String(localMsat) }, remote_balance: none, pending_open_local_balance: none };
}

function listenTo(node: LndNode, hash: string, listener: Listener<WirePayment>): () => void {
  const listeners = node.paymentListeners.get(hash) ?? new Set();
  node.paymentListeners.set(hash, listeners.add(listener));
  return () => listeners.delete(listener);
}

const UNAVAILABLE = (details: string) => new RpcError(14, details);

/** What was sent is on its way whatever becomes of its sender; `arrive` runs at the node, or `fail` says why not. */
function send(door: Door, name: string, arrive: () => void, fail: (error: RpcError) => void): void {
  const { life, node } = door;
  const { machine } = node;
  if (!life.isAlive) return;
  const fate = machine.fate(life);
  if (fate === 'before') return void machine.after(0, `${life.name} ends`, life, () => machine.kill(life));
  const label = `${life.name} ${node.name} ${name}`;
  const step = (): unknown => {
    const link = machine.linkState(life, `lnd-${node.name}`);
    if (link === 'cut') return fail(UNAVAILABLE('No connection established'));
    // A kernel sends again until it gets through, also what a dead process left to it.
    if (link === 'silent') return machine.after(node.dice.wait(AGAIN_MS), label, undefined, step);
    if (!node.isUp()) return fail(UNAVAILABLE('connect ECONNREFUSED'));
    if (node.hungUntil > machine.now) {
      const waitMs = node.hungUntil - machine.now + node.dice.wait(50);
      return machine.after(waitMs, label, undefined, step);
    }
    arrive();
    return fate === 'after' ? machine.kill(life) : undefined;
  };
  machine.after(life.dice.hop(WAY_MS), label, undefined, step);
}

/** The way back: nothing comes through a line that swallows, or to the dead. */
function bring({ life, node }: Door, label: string, afterMs: number, run: () => void): void {
  node.machine.after(afterMs, `${life.name} ${label}`, life, () => {
    const link = node.machine.linkState(life, `lnd-${node.name}`);
    if (link === undefined || link === 'cut') run();
  });
}

function unary<Request, Answer>(door: Door, name: string, handle: (request: Request) => Answer) {
  return (request: Request, done: Done<Answer>) => {
    let isOver = false;
    const end = (error: unknown, answer?: Answer) => {
      if (isOver) return;
      isOver = true;
      door.node.lines.delete(breaks);
      done(error, answer);
    };
    const breaks = (error: RpcError) => bring(door, `${name} breaks`, 0, () => end(error));
    door.node.lines.add(breaks);
    send(
      door,
      name,
      () => {
        let answer: Answer | undefined;
        let error: unknown = null;
        try {
          answer = handle(request);
        } catch (refusal) {
          error = refusal;
        }
        bring(door, `${name} answered`, door.life.dice.wait(WAY_MS), () => end(error, answer));
      },
      (error) => bring(door, `${name} fails`, 0, () => end(error)),
    );
    return { cancel: () => end(new RpcError(1, 'Cancelled on client')) };
  };
}

class Stream<Message> extends Readable {
  onCancel: () => void = () => {};

  constructor() {
    super({ objectMode: true, highWaterMark: 1_000 });
  }

  override _read(): void {}

  add(message: Message): void {
    if (!this.destroyed) this.push(message);
  }

  cancel(): void {
    this.onCancel();
    this.destroy();
  }
}

type Opened<Request, Message> = (request: Request, listener: Listener<Message>, header?: Metadata) => () => void;

function streaming<Request, Message>(door: Door, name: string, open: Opened<Request, Message>) {
  return (request: Request, header?: Metadata) => {
    const stream = new Stream<Message>();
    let leave = () => {};
    let lastAt = 0;
    const { node, life } = door;
    // In order, as they were said.
    const later = (label: string, run: () => void) => {
      lastAt = Math.max(lastAt, node.machine.now + life.dice.wait(WAY_MS));
      bring(door, `${name} ${label}`, lastAt - node.machine.now, run);
    };
    const breaks = (error: RpcError) => {
      node.lines.delete(breaks);
      leave();
      later('breaks', () => stream.destroy(error));
    };
    node.lines.add(breaks);
    stream.onCancel = () => {
      node.lines.delete(breaks);
      leave();
    };
    const listener: Listener<Message> = {
      tell: (message) => later('says', () => stream.add(message)),
      fail: breaks,
    };
    const arrive = () => {
      try {
        leave = open(request, listener, header);
      } catch (error) {
        breaks(error as RpcError);
      }
    };
    send(door, name, arrive, breaks);
    return stream;
  };
}
