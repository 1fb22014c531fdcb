// What a node has, what passed through it and who it is: for the books, the doctor and the start-up checks.
// All calls here throw Unavailable when the node does not answer; none decides about a payment.
import type { ClientUnaryCall } from '@grpc/grpc-js';
import { Unavailable } from '../../base/errors.ts';
import { NotCalled } from '../../base/outside.ts';
import { explain, isPermissionDenied, isTransport } from './faults.ts';
import { networkOf } from './judge.ts';
import { type LightningNode, liquidity } from './node.ts';
import { wholeOf } from './whole.ts';
import type { Done, Lnd, WireChannel, WireChannelBalance, WireInfo, WireInvoice, WirePayment } from './wire.ts';

export type NodeInfo = {
  readonly publicKey: string;
  readonly version: string;
  readonly syncedToChain: boolean;
  readonly syncedToGraph: boolean;
  readonly network: string;
  readonly blockHeight: number;
  readonly bestHeaderAtMs: number;
};

/** Who the node is and how far it has come. */
export async function nodeInfo(node: LightningNode): Promise<NodeInfo> {
  const info = await asked<WireInfo>(node, (lnd, done) => lnd.default.getInfo({}, done));
  return {
    publicKey: info.identity_pubkey,
    version: info.version,
    syncedToChain: info.synced_to_chain,
    syncedToGraph: info.synced_to_graph,
    network: networkOf(info),
    blockHeight: info.block_height,
    bestHeaderAtMs: Number(info.best_header_timestamp) * 1_000,
  };
}

export type NodeBalances = {
  /** Our side of all open channels, reserves included, what is in flight already taken off. */
  readonly localMsat: bigint;
  /** The other side of all open channels. */
  readonly inboundMsat: bigint;
  /** Ours in channels that are opening or closing. */
  readonly pendingMsat: bigint;
  /** Confirmed and unconfirmed. Undefined when the macaroon may not ask (`onchain:read`). */
  readonly onchainMsat: bigint | undefined;
  /** Outgoing and in flight: neither in `localMsat` nor gone. Whole sats per part, rounded down by LND. */
  readonly unsettledMsat: bigint;
  /** What active channels can send. */
  readonly spendableMsat: bigint;
};

/** What the node has, in millisatoshi. */
export async function nodeBalances(node: LightningNode): Promise<NodeBalances> {
  const [balance, pending, listed, onchainMsat] = await Promise.all([
    asked<WireChannelBalance>(node, (lnd, done) => lnd.default.channelBalance({}, done)),
    asked<{ total_limbo_balance: string }>(node, (lnd, done) => lnd.default.pendingChannels({}, done)),
    asked<{ channels: WireChannel[] }>(node, (lnd, done) => lnd.default.listChannels({ active_only: false }, done)),
    onchain(node),
  ]);
  const outgoing = listed.channels.flatMap((channel) => channel.pending_htlcs.filter((htlc) => !htlc.incoming));
  return {
    localMsat: BigInt(balance.local_balance?.msat ?? 0),
    inboundMsat: BigInt(balance.remote_balance?.msat ?? 0),
    pendingMsat: BigInt(balance.pending_open_local_balance?.msat ?? 0) + BigInt(pending.total_limbo_balance) * 1_000n,
    onchainMsat,
    unsettledMsat: outgoing.reduce((sum, htlc) => sum + BigInt(htlc.amount), 0n) * 1_000n,
    spendableMsat: liquidity(listed.channels).spendableMsat,
  };
}

async function onchain(node: LightningNode): Promise<bigint | undefined> {
  try {
    const wallet = await asked<{ total_balance: string }>(node, (lnd, done) => lnd.default.walletBalance({}, done));
    return BigInt(wallet.total_balance) * 1_000n;
  } catch (error) {
    if (isPermissionDenied(error)) return undefined;
    throw error;
  }
}

/** LND lists by the time of making, we by the time of the end: so far before `sinceMs` the listing begins. */
const LONGEST_LIFE_S = 60 * 24 * 60 * 60;
const PAGE = '100';

export type SettledListed = {
  readonly paymentHash: string;
  readonly receivedMsat: bigint;
  readonly settledAtMs: number;
  readonly addedIndex: bigint;
  readonly settledIndex: bigint;
};

/** A moment, and the node's newest index at it where that is known: then the index decides, and no clock. */
export type Since = {
  readonly sinceMs: number;
  readonly afterIndex?: bigint;
  /** Only what was made since then is looked at at all. */
  readonly madeSinceMs?: number;
};

/**
 * Every invoice settled since then, in the order in which they were made. `afterIndex` is a settled index. LND's times
 * are whole seconds, so without it those of the same second are included. Invoices older than 60 days at `sinceMs` are
 * not looked at.
 */
export async function* settledInvoices(
  node: LightningNode,
  { sinceMs, afterIndex, madeSinceMs }: Since,
): AsyncGenerator<SettledListed> {
  const sinceS = Math.floor(sinceMs / 1_000);
  const creation_date_start = madeSinceMs === undefined ? startOf(sinceS) : secondsOf(madeSinceMs);
  for (let offset = '0'; ; ) {
    const page = await asked<{ invoices: WireInvoice[]; last_index_offset: string }>(node, (lnd, done) =>
      lnd.default.listInvoices({ index_offset: offset, num_max_invoices: PAGE, creation_date_start }, done),
    );
    for (const invoice of page.invoices) {
      if (invoice.state !== 'SETTLED') continue;
      const isBefore =
        afterIndex === undefined ? Number(invoice.settle_date) < sinceS : wholeOf(invoice.settle_index) <= afterIndex;
      if (isBefore) continue;
      yield {
        paymentHash: invoice.r_hash.toString('hex'),
        receivedMsat: wholeOf(invoice.amt_paid_msat),
        settledAtMs: Number(invoice.settle_date) * 1_000,
        addedIndex: wholeOf(invoice.add_index),
        settledIndex: wholeOf(invoice.settle_index),
      };
    }
    if (page.invoices.length === 0 || page.last_index_offset === offset) return;
    offset = page.last_index_offset;
  }
}

export type SucceededListed = {
  readonly paymentHash: string;
  /** Without the fee. */
  readonly amountMsat: bigint;
  readonly feeMsat: bigint;
  readonly succeededAtMs: number;
};

/**
 * Every payment that succeeded since then, in the order in which they were begun, of those begun 60 days before. With
 * `afterIndex`, a payment index: of those begun after it.
 */
export async function* succeededPayments(node: LightningNode, since: Since): AsyncGenerator<SucceededListed> {
  for await (const payment of paymentsListed(node, since, false)) {
    const succeededAtMs = endOf(payment);
    if (payment.status !== 'SUCCEEDED') continue;
    if (since.afterIndex === undefined && succeededAtMs < since.sinceMs) continue;
    const { paymentHash, amountMsat, feeMsat } = amountsOf(payment);
    yield { paymentHash, amountMsat, feeMsat, succeededAtMs };
  }
}

/** A payment as its node lists it, whatever became of it. */
export type PaymentListed = Omit<SucceededListed, 'succeededAtMs'> & {
  /** `open`: under way, or of a state that is new to us. */
  readonly state: 'paid' | 'failed' | 'open';
};

/** Every payment begun since then, as `succeededPayments`, with those that failed and those without an end. */
export async function* allPayments(node: LightningNode, since: Since): AsyncGenerator<PaymentListed> {
  for await (const payment of paymentsListed(node, since, true)) {
    const state = payment.status === 'SUCCEEDED' ? 'paid' : payment.status === 'FAILED' ? 'failed' : 'open';
    yield { ...amountsOf(payment), state };
  }
}

function amountsOf(payment: WirePayment) {
  return {
    paymentHash: payment.payment_hash.toLowerCase(),
    amountMsat: wholeOf(payment.value_msat),
    feeMsat: wholeOf(payment.fee_msat),
  };
}

async function* paymentsListed(
  node: LightningNode,
  { sinceMs, afterIndex, madeSinceMs }: Since,
  include_incomplete: boolean,
): AsyncGenerator<WirePayment> {
  const hasIndex = afterIndex !== undefined;
  for (let offset = hasIndex ? afterIndex.toString() : '0'; ; ) {
    const page = await asked<{ payments: WirePayment[]; last_index_offset: string }>(node, (lnd, done) =>
      lnd.default.listPayments(
        {
          include_incomplete,
          index_offset: offset,
          max_payments: PAGE,
          ...(hasIndex ? {} : { creation_date_start: startOf(Math.floor(sinceMs / 1_000)) }),
          ...(madeSinceMs === undefined ? {} : { creation_date_start: secondsOf(madeSinceMs) }),
        },
        done,
      ),
    );
    yield* page.payments;
    if (page.payments.length === 0 || page.last_index_offset === offset) return;
    offset = page.last_index_offset;
  }
}

export type NewestIndexes = { readonly settledIndex: bigint; readonly paymentIndex: bigint };

/**
 * How far the node has counted its settled invoices and its payments: what comes later has a higher index. 0 when there
 * is none, or when the last settled invoice is older than 60 days at `nowMs`.
 */
export async function newestIndexes(node: LightningNode, nowMs: number): Promise<NewestIndexes> {
  const payments = await asked<{ last_index_offset: string }>(node, (lnd, done) =>
    lnd.default.listPayments({ include_incomplete: true, index_offset: '0', max_payments: '1', reversed: true }, done),
  );
  let settledIndex = 0n;
  for await (const invoice of settledInvoices(node, { sinceMs: nowMs, afterIndex: 0n })) {
    if (invoice.settledIndex > settledIndex) settledIndex = invoice.settledIndex;
  }
  return { settledIndex, paymentIndex: BigInt(payments.last_index_offset) };
}

function secondsOf(timeMs: number): string {
  return Math.max(Math.floor(timeMs / 1_000), 0).toString();
}

function startOf(sinceS: number): string {
  return Math.max(sinceS - LONGEST_LIFE_S, 0).toString();
}

function endOf(payment: WirePayment): number {
  const ends = payment.htlcs.filter((htlc) => htlc.status === 'SUCCEEDED').map((htlc) => Number(htlc.resolve_time_ns));
  return Math.max(...ends, 0) / 1e6;
}

async function asked<Answer>(
  node: LightningNode,
  send: (lnd: Lnd, done: Done<Answer>) => ClientUnaryCall,
): Promise<Answer> {
  try {
    return await node.ask(send);
  } catch (error) {
    if (!isTransport(error) && !(error instanceof NotCalled)) throw error;
    throw new Unavailable(`lightning node ${node.name}`, new Error(explain(error)));
  }
}
