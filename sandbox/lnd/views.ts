// What the sandbox knows in the words of LND's protos: every field that LND 0.20.0 fills, as it fills it.

import { otherEnd } from './channels.ts';
import type { SandboxNode } from './node.ts';
import { BLOCK_HEIGHT } from './routes.ts';
import type { Message } from './rpc.ts';
import type { Attempt, Channel, Hop, Invoice, Payment } from './state.ts';

const FEATURES = {
  8: { name: 'tlv-onion', is_required: true, is_known: true },
  14: { name: 'payment-addr', is_required: true, is_known: true },
  17: { name: 'multi-path-payments', is_required: false, is_known: true },
};

export const invoiceFeatures = FEATURES;

export function hexBytes(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

function sats(msat: bigint): string {
  return (msat / 1000n).toString();
}

export function invoiceView(node: SandboxNode, invoice: Invoice): Message {
  const settled = invoice.state === 'SETTLED';
  return {
    memo: invoice.memo,
    r_preimage: hexBytes(invoice.preimage),
    r_hash: hexBytes(invoice.hash),
    value: sats(invoice.valueMsat),
    value_msat: invoice.valueMsat.toString(),
    settled,
    creation_date: invoice.createdAtS,
    settle_date: invoice.settledAtS,
    payment_request: invoice.request,
    description_hash: hexBytes(invoice.descriptionHash),
    expiry: invoice.expiryS,
    cltv_expiry: invoice.cltvExpiry,
    add_index: invoice.addIndex,
    settle_index: node.invoices.settleIndexOf(invoice),
    amt_paid: invoice.paidMsat.toString(),
    amt_paid_sat: sats(invoice.paidMsat),
    amt_paid_msat: invoice.paidMsat.toString(),
    state: invoice.state,
    features: FEATURES,
    payment_addr: hexBytes(invoice.paymentAddr),
    htlcs: invoice.htlcs.map((htlc) => ({
      chan_id: htlc.chanId,
      htlc_index: htlc.index,
      amt_msat: htlc.amtMsat.toString(),
      accept_height: BLOCK_HEIGHT,
      accept_time: htlc.acceptedAtS,
      resolve_time: htlc.resolvedAtS,
      expiry_height: htlc.expiryHeight,
      state: htlc.state,
      mpp_total_amt_msat: htlc.totalMsat.toString(),
    })),
  };
}

export function paymentView(node: SandboxNode, payment: Payment): Message {
  const { valueMsat, feeMsat } = payment;
  return {
    payment_hash: payment.hash,
    payment_preimage: payment.preimage,
    payment_request: payment.request,
    payment_index: payment.index,
    value: sats(valueMsat),
    value_sat: sats(valueMsat),
    value_msat: valueMsat.toString(),
    fee: sats(feeMsat),
    fee_sat: sats(feeMsat),
    fee_msat: feeMsat.toString(),
    creation_date: payment.createdAtNs.slice(0, -9),
    creation_time_ns: payment.createdAtNs,
    status: payment.status,
    failure_reason: `FAILURE_REASON_${payment.failureReason ?? 'NONE'}`,
    htlcs: payment.attempts.map((attempt) => attemptView(node, attempt)),
  };
}

function attemptView(node: SandboxNode, attempt: Attempt): Message {
  const { failure } = attempt;
  return {
    attempt_id: attempt.id,
    status: attempt.status,
    attempt_time_ns: attempt.sentAtNs,
    resolve_time_ns: attempt.resolvedAtNs,
    preimage: hexBytes(attempt.preimage),
    failure: failure && { code: failure.code, failure_source_index: failure.source, height: BLOCK_HEIGHT },
    route: routeView(node, attempt.hops, {
      total_amt_msat: attempt.totalMsat.toString(),
      payment_addr: hexBytes(attempt.paymentAddr),
    }),
  };
}

export function routeView(node: SandboxNode, hops: Hop[], mppRecord: Message | null): Message {
  const sentMsat = hops[0]?.amtMsat ?? 0n;
  const feeMsat = hops.reduce((sum, hop) => sum + hop.feeMsat, 0n);
  return {
    total_time_lock: hops[0]?.expiry ?? 0,
    total_fees: sats(feeMsat),
    total_fees_msat: feeMsat.toString(),
    total_amt: sats(sentMsat),
    total_amt_msat: sentMsat.toString(),
    first_hop_amount_msat: mppRecord ? sentMsat.toString() : '0',
    hops: hops.map((hop, i) => {
      // LND's hop tells what its end hands on, and takes for it: the next channel's amount and fee.
      const next = hops[i + 1] ?? { ...hop, feeMsat: 0n };
      return {
        chan_id: hop.chanId,
        chan_capacity: sats(node.network.channels.all.get(hop.chanId)?.capacityMsat ?? 0n),
        amt_to_forward: sats(next.amtMsat),
        amt_to_forward_msat: next.amtMsat.toString(),
        fee: sats(next.feeMsat),
        fee_msat: next.feeMsat.toString(),
        expiry: next.expiry,
        pub_key: node.pubkeyOf(hop.to),
        tlv_payload: true,
        mpp_record: i === hops.length - 1 ? mppRecord : null,
      };
    }),
  };
}

export function channelView(node: SandboxNode, channel: Channel): Message {
  const { channels } = node.network;
  const other = otherEnd(channel, node.alias);
  const [opener] = channel.ends;
  const reserve = sats(channel.capacityMsat / 100n);
  const locked = channels.locked(channel.id);
  const constraints = {
    csv_delay: 1922,
    chan_reserve_sat: reserve,
    dust_limit_sat: 354,
    max_pending_amt_msat: ((channel.capacityMsat * 99n) / 100n).toString(),
    min_htlc_msat: 1,
    max_accepted_htlcs: 483,
  };
  return {
    active: channel.ends.every((end) => node.network.reachable(end)),
    remote_pubkey: node.pubkeyOf(other),
    channel_point: `${BigInt(channel.id).toString(16).padStart(64, '0')}:0`,
    chan_id: channel.id,
    capacity: sats(channel.capacityMsat),
    local_balance: sats(channels.reportedMsat(channel, node.alias)),
    remote_balance: sats(channels.reportedMsat(channel, other)),
    commit_fee: channels.commitFeeSats(channel),
    commit_weight: 1116,
    fee_per_kw: 2500,
    unsettled_balance: sats(locked.reduce((sum, htlc) => sum + htlc.amtMsat, 0n)),
    total_satoshis_sent: 0,
    total_satoshis_received: 0,
    num_updates: channel.updates,
    pending_htlcs: locked.map((htlc) => ({
      incoming: htlc.from !== node.alias,
      amount: sats(htlc.amtMsat),
      hash_lock: hexBytes(htlc.hash),
      expiration_height: htlc.expiry,
      htlc_index: htlc.index,
      locked_in: true,
    })),
    csv_delay: 1922,
    initiator: opener === node.alias,
    chan_status_flags: 'ChanStatusDefault',
    local_chan_reserve_sat: reserve,
    remote_chan_reserve_sat: reserve,
    lifetime: secondsSince(node, node.upSinceMs),
    uptime: secondsSince(node, Math.max(node.upSinceMs, node.peers.get(other)?.upSinceMs ?? 0)),
    commitment_type: 'ANCHORS',
    push_amount_sat: sats(channel.capacityMsat / 2n),
    local_constraints: constraints,
    remote_constraints: constraints,
  };
}

function secondsSince(node: SandboxNode, atMs: number): number {
  return Math.floor((Date.now() - atMs) / 1000) + node.faults.olderS;
}
