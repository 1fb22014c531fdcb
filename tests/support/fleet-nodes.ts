// What the nodes themselves say of a payment, whatever our books say: how often the payee was sent it, and what each of
// our nodes has under its hash.
import { getFailedPayments, getInvoice, getPayments, getPendingPayments } from 'lightning';
import { clientOf } from '../../sandbox/lnd/client.ts';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';

const OURS = ['alice', 'bob'];

export type Seen = { node: string; state: 'paid' | 'in_flight' | 'failed' };

export type Nodes = {
  /** Every payment of our nodes with this hash: at most one when nothing was sent from two. */
  payments(hash: string): Promise<Seen[]>;
  /** How many parts of payment have ever reached carol for this invoice. */
  partsAtPayee(hash: string): Promise<number>;
};

export function nodesOf(network: LightningNetwork): Nodes {
  const client = (alias: string) => {
    const node = network.nodes[alias];
    if (!node) throw new Error(`no node ${alias}`);
    return clientOf(node);
  };
  const ours = OURS.map((alias) => ({ alias, lnd: client(alias) }));
  const carol = client('carol');
  return {
    async payments(hash) {
      const lists = ours.map(async ({ alias, lnd }) => {
        const limit = 500;
        const [paid, pending, failed] = await Promise.all([
          getPayments({ lnd, limit }),
          getPendingPayments({ lnd, limit }),
          getFailedPayments({ lnd, limit }),
        ]);
        const of = (list: { payments: { id: string }[] }, state: Seen['state']) =>
          list.payments.filter(({ id }) => id === hash).map((): Seen => ({ node: alias, state }));
        return [...of(paid, 'paid'), ...of(pending, 'in_flight'), ...of(failed, 'failed')];
      });
      return (await Promise.all(lists)).flat();
    },
    async partsAtPayee(hash) {
      return (await getInvoice({ lnd: carol, id: hash })).payments.length;
    },
  };
}
