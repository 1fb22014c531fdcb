// What a node has, what passed through it and who it is: for the books, the doctor and the start-up checks.
// All calls here throw Unavailable when the node does not answer; none decides about a payment.
import { isPermissionDenied } from './faults.ts';
import { networkOf } from './judge.ts';
import { asked, invoicesListed, isSettledSince, paymentsListed, type Since } from './lists.ts';
import { type LightningNode, liquidity } from './node.ts';
import { wholeOf } from './whole.ts';
import type { WireChannel, WireChannelBalance, WireInfo } from './wire.ts';

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

export type SettledListed = {
  readonly paymentHash: string;
  readonly receivedMsat: bigint;
  readonly settledAtMs: number;
  readonly addedIndex: bigint;
  readonly settledIndex: bigint;
};

/**
 * Every invoice settled since then, in the order in which they were made. `afterIndex` is a settled index. LND's times
 * are whole seconds, so without it those of the same second are included. Invoices older than 60 days at `sinceMs` are
 * not looked at.
 */
export async function* settledInvoices(node: LightningNode, since: Since): AsyncGenerator<SettledListed> {
  for await (const invoice of invoicesListed(node, since)) {
    if (!isSettledSince(invoice, since)) continue;
    yield {
      paymentHash: invoice.r_hash.toString('hex'),
      receivedMsat: wholeOf(invoice.amt_paid_msat),
      settledAtMs: Number(invoice.settle_date) * 1_000,
      addedIndex: wholeOf(invoice.add_index),
      settledIndex: wholeOf(invoice.settle_index),
    };
  }
}

/** A payment as its node lists it, whatever became of it. */
export type PaymentListed = {
  readonly paymentHash: string;
  /** Without the fee. */
  readonly amountMsat: bigint;
  readonly feeMsat: bigint;
  /** `open`: under way, or of a state that is new to us. */
  readonly state: 'paid' | 'failed' | 'open';
};

/**
 * Every payment begun since then, in the order in which they were begun, of those begun 60 days before. With
 * `afterIndex`, a payment index: of those begun after it.
 */
export async function* allPayments(node: LightningNode, since: Since): AsyncGenerator<PaymentListed> {
  for await (const payment of paymentsListed(node, since)) {
    const state = payment.status === 'SUCCEEDED' ? 'paid' : payment.status === 'FAILED' ? 'failed' : 'open';
    yield {
      paymentHash: payment.payment_hash.toLowerCase(),
      amountMsat: wholeOf(payment.value_msat),
      feeMsat: wholeOf(payment.fee_msat),
      state,
    };
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
