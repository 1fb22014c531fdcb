// Everything that the three LND nodes list by themselves: every payment and every invoice since they were made, read
// with the nodes' own library and through nothing of the product.
import {
  type AuthenticatedLnd,
  type GetInvoicesResult,
  getFailedPayments,
  getInvoices,
  getPayments,
  getPendingPayments,
} from 'lightning';
import { clientOf } from '../../sandbox/lnd/client.ts';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';

export type ListedPayment = {
  readonly node: string;
  readonly hash: string;
  readonly state: 'paid' | 'pending' | 'failed';
  readonly amountMsat: bigint;
  readonly feeMsat: bigint;
};

export type ListedInvoice = {
  readonly node: string;
  readonly hash: string;
  readonly state: 'paid' | 'held' | 'open' | 'closed';
  readonly receivedMsat: bigint;
};

export type NodeLists = { readonly payments: readonly ListedPayment[]; readonly invoices: readonly ListedInvoice[] };

const PAGE = 500;

export async function listsOf(nodes: LightningNetwork['nodes']): Promise<NodeLists> {
  const all = await Promise.all(
    Object.values(nodes).map(async (node) => {
      const lnd = clientOf(node);
      const [paid, pending, failed, invoices] = await Promise.all([
        paymentsOf(node.alias, 'paid', (page) => getPayments({ lnd, ...page })),
        paymentsOf(node.alias, 'pending', (page) => getPendingPayments({ lnd, ...page })),
        paymentsOf(node.alias, 'failed', (page) => getFailedPayments({ lnd, ...page })),
        invoicesOf(node.alias, lnd),
      ]);
      return { payments: [...paid, ...pending, ...failed], invoices };
    }),
  );
  return { payments: all.flatMap(({ payments }) => payments), invoices: all.flatMap(({ invoices }) => invoices) };
}

type Page = { limit: number } | { token: string };
// The library gives the fee, and its types leave it out.
type PaymentPage = { payments: { id: string; mtokens: string; fee_mtokens?: string }[]; next?: string };

async function paymentsOf(
  node: string,
  state: ListedPayment['state'],
  ask: (page: Page) => Promise<PaymentPage>,
): Promise<ListedPayment[]> {
  const found: ListedPayment[] = [];
  let page: Page | undefined = { limit: PAGE };
  while (page) {
    const answer: PaymentPage = await ask(page);
    for (const { id, mtokens, fee_mtokens } of answer.payments) {
      found.push({ node, hash: id, state, amountMsat: BigInt(mtokens), feeMsat: BigInt(fee_mtokens ?? 0) });
    }
    page = answer.next === undefined ? undefined : { token: answer.next };
  }
  return found;
}

async function invoicesOf(node: string, lnd: AuthenticatedLnd): Promise<ListedInvoice[]> {
  const found: ListedInvoice[] = [];
  let page: Page | undefined = { limit: PAGE };
  while (page) {
    const answer: GetInvoicesResult = await getInvoices({ lnd, ...page });
    for (const { id, is_confirmed, is_held, is_canceled, received_mtokens } of answer.invoices) {
      const state = is_confirmed ? 'paid' : is_held ? 'held' : is_canceled ? 'closed' : 'open';
      found.push({ node, hash: id, state, receivedMsat: is_confirmed ? BigInt(received_mtokens) : 0n });
    }
    page = answer.next === undefined ? undefined : { token: answer.next };
  }
  return found;
}
