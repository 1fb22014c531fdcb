// What a node has, what passed through it and who it is: for the books, the doctor and the start-up checks. All calls here throw as any call to LND does; none decides about a payment.
import { isPermissionDenied } from './faults.ts';
import { networkOf } from './judge.ts';
import { type LightningNode, liquidity } from './node.ts';
import type { WireChannel, WireChannelBalance, WireInfo, WireInvoice, WirePayment } from './wire.ts';

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
  const info = await node.ask<WireInfo>((lnd, done) => lnd.default.getInfo({}, done));
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
    node.ask<WireChannelBalance>((lnd, done) => lnd.default.channelBalance({}, done)),
    node.ask<{ total_limbo_balance: string }>((lnd, done) => lnd.default.pendingChannels({}, done)),
    node.ask<{ channels: WireChannel[] }>((lnd, done) => lnd.default.listChannels({ active_only: false }, done)),
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
    const wallet = await node.ask<{ total_balance: string }>((lnd, done) => lnd.default.walletBalance({}, done));
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

/**
 * Every invoice settled since then, in the order in which they were made. LND's times are whole seconds, so those of
 * the same second are included. Invoices older than 60 days at `sinceMs` are not looked at.
 */
export async function* settledInvoices(
  node: LightningNode,
  { sinceMs }: { sinceMs: number },
): AsyncGenerator<SettledListed> {
  const sinceS = Math.floor(sinceMs / 1_000);
  for (let offset = '0'; ; ) {
    const page = await node.ask<{ invoices: WireInvoice[]; last_index_offset: string }>((lnd, done) =>
      lnd.default.listInvoices(
        { index_offset: offset, num_max_invoices: PAGE, creation_date_start: startOf(sinceS) },
        done,
      ),
    );
    for (const invoice of page.invoices) {
      if (invoice.state !== 'SETTLED' || Number(invoice.settle_date) < sinceS) continue;
      yield {
        paymentHash: invoice.r_hash.toString('hex'),
        receivedMsat: BigInt(invoice.amt_paid_msat),
        settledAtMs: Number(invoice.settle_date) * 1_000,
        addedIndex: BigInt(invoice.add_index),
        settledIndex: BigInt(invoice.settle_index),
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

/** Every payment that succeeded since then, in the order in which they were begun, of those begun 60 days before. */
export async function* succeededPayments(
  node: LightningNode,
  { sinceMs }: { sinceMs: number },
): AsyncGenerator<SucceededListed> {
  for (let offset = '0'; ; ) {
    const page = await node.ask<{ payments: WirePayment[]; last_index_offset: string }>((lnd, done) =>
      lnd.default.listPayments(
        {
          include_incomplete: false,
          index_offset: offset,
          max_payments: PAGE,
          creation_date_start: startOf(Math.floor(sinceMs / 1_000)),
        },
        done,
      ),
    );
    for (const payment of page.payments) {
      const succeededAtMs = endOf(payment);
      if (payment.status !== 'SUCCEEDED' || succeededAtMs < sinceMs) continue;
      yield {
        paymentHash: payment.payment_hash.toLowerCase(),
        amountMsat: BigInt(payment.value_msat),
        feeMsat: BigInt(payment.fee_msat),
        succeededAtMs,
      };
    }
    if (page.payments.length === 0 || page.last_index_offset === offset) return;
    offset = page.last_index_offset;
  }
}

function startOf(sinceS: number): string {
  return Math.max(sinceS - LONGEST_LIFE_S, 0).toString();
}

function endOf(payment: WirePayment): number {
  const ends = payment.htlcs.filter((htlc) => htlc.status === 'SUCCEEDED').map((htlc) => Number(htlc.resolve_time_ns));
  return Math.max(...ends, 0) / 1e6;
}
