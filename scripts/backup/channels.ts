// Static channel backups of every node, shipped as soon as its channels are others than before. Never a copy of a channel
// database: that is the one thing that must not exist.
import { hostClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { channelBackup } from '../../src/infra/lightning/channel-backups.ts';
import { createLightningPool, type NodeConfig } from '../../src/infra/lightning/pool.ts';
import type { Place } from './place.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export type ChannelKeeper = {
  /** Looks at every node once. Gives a sentence for each that could not be asked. */
  look(): Promise<string[]>;
  close(): Promise<void>;
};

/** Keeps the channel backups of these nodes in a place. The macaroon needs nothing but ExportAllChannelBackups. */
export function keepChannels(nodes: readonly NodeConfig[], place: Place): ChannelKeeper {
  const pool = createLightningPool({
    nodes,
    // Nothing is paid, so it does not matter.
    network: 'bitcoin',
    connectionsPerNode: 1,
    clock: hostClock(),
    random: systemRandom(),
    log: silent,
  });
  const shipped = new Map<string, string>();
  const ship = async (name: string) => {
    const { channels, content } = await channelBackup(pool.node(name));
    const list = channels.join();
    if (shipped.get(name) === list) return;
    await place.write(`channels/${name}/${new Date().toISOString().replaceAll(/[-:.]/g, '')}`, content);
    shipped.set(name, list);
    console.log(`The channel backup of ${name} is shipped: ${channels.length} channel(s).`);
  };
  return {
    async look() {
      const faults: string[] = [];
      for (const name of pool.names()) {
        await ship(name).catch((error: Error) => {
          const words = (error as { details?: string }).details ?? error.message;
          faults.push(`The channel backup of ${name} could not be shipped: ${words}`);
        });
      }
      return faults;
    },
    close: () => pool.close(),
  };
}

/** What `lncli restorechanbackup --multi_file` takes: the newest of a node. Throws a sentence when there is none. */
export async function newestChannels(place: Place, node: string): Promise<Buffer> {
  const newest = (await place.names(`channels/${node}`)).at(-1);
  if (newest) return place.read(`channels/${node}/${newest}`);
  const nodes = (await place.folders('channels')).join(', ');
  throw new Error(`There is no channel backup of "${node}"; there are those of: ${nodes || 'no node'}.`);
}
