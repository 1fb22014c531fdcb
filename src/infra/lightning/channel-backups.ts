// A node's static channel backup: what is needed, beside its seed, to have its channels closed by their other ends and
// the money back on the chain. The only copy of a channel database that may ever be used; an old copy of the database
// itself would publish an old state and lose everything in the channel.
import type { LightningNode } from './node.ts';
import type { WireChannelBackups } from './wire.ts';

export type ChannelBackup = {
  /** The channels that are in it, sorted: their funding outputs. It is worth nothing for any other. */
  readonly channels: readonly string[];
  /** What `lncli restorechanbackup --multi_file` takes; encrypted with the node's seed. */
  readonly content: Buffer;
};

/** The backup as of now. Needs `uri:/lnrpc.Lightning/ExportAllChannelBackups`. Throws what every call to LND may. */
export async function channelBackup(node: LightningNode): Promise<ChannelBackup> {
  const { multi_chan_backup: multi } = await node.ask<WireChannelBackups>((lnd, done) =>
    lnd.default.exportAllChannelBackups({}, done),
  );
  if (!multi) throw new Error('LND gave no channel backup');
  const channels = multi.chan_points.map(
    ({ funding_txid_bytes, funding_txid_str, output_index }) =>
      `${funding_txid_str || Buffer.from(funding_txid_bytes).reverse().toString('hex')}:${output_index}`,
  );
  return { channels: channels.sort(), content: multi.multi_chan_backup };
}
