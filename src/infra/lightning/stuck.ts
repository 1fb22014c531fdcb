// What a node shows of a payment that it calls in flight, for those who must decide whether that is true. Reads only.
import type { StuckEvidence } from '../../domain/refund.ts';
import type { LightningNode } from './node.ts';
import { firstRecord } from './pay.ts';
import type { WireChannel } from './wire.ts';

/**
 * Asks the node for the payment's record, its channels and what is bound in closing ones.
 * @returns undefined when its record does not say in flight.
 * @throws what every call to LND may throw.
 */
export async function stuckEvidence(node: LightningNode, paymentHash: string): Promise<StuckEvidence | undefined> {
  const record = await firstRecord(node, paymentHash);
  if (record?.status !== 'IN_FLIGHT' || record.payment_hash.toLowerCase() !== paymentHash) return undefined;
  const [{ channels }, { total_limbo_balance }] = await Promise.all([
    node.ask<{ channels: WireChannel[] }>((lnd, done) => lnd.default.listChannels({ active_only: false }, done)),
    node.ask<{ total_limbo_balance: string }>((lnd, done) => lnd.default.pendingChannels({}, done)),
  ]);
  const tries = [record.creation_time_ns, ...record.htlcs.map((htlc) => htlc.attempt_time_ns)];
  return {
    lastTryAtMs: Math.max(...tries.map((ns) => Number(BigInt(ns) / 1_000_000n))),
    channels: channels.map((channel) => ({
      id: channel.chan_id,
      isActive: channel.active,
      watchedMs: Number(channel.lifetime) * 1_000,
      peerUpMs: Number(channel.uptime) * 1_000,
      carriesIt: channel.pending_htlcs.some((htlc) => htlc.hash_lock.toString('hex') === paymentHash),
    })),
    closingMsat: BigInt(total_limbo_balance) * 1_000n,
  };
}
