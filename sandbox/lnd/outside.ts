// The wallet elsewhere: what a stranger on the Lightning network does with our invoices and asks us to pay. It speaks
// plain LND, so the same code drives carol in the sandbox and on real LND.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePaymentRequest } from 'invoices';
import {
  type AuthenticatedLnd,
  cancelHodlInvoice,
  createHodlInvoice,
  createInvoice,
  getChannelBalance,
  getFailedPayments,
  getInvoices,
  getPayments,
  getPendingPayments,
  payViaPaymentDetails,
  payViaPaymentRequest,
  settleHodlInvoice,
} from 'lightning';
import { clientOf, rejection } from './client.ts';
import type { LightningNode } from './lightning-network.ts';

const MAX_PATHS = 16;
const PATHFINDING_MS = 15_000;
const LIST_LIMIT = 50;

// Fields that the library gives but its types leave out.
type ReadRequest = {
  id: string;
  destination: string;
  mtokens?: string;
  payment?: string;
  cltv_delta: number;
  features: { bit: number }[];
};
type ListedInvoice = { mtokens?: string };
type ListedPayment = { fee_mtokens?: string };
type ChannelBalance = { channel_balance_mtokens: string; inbound_mtokens?: string };

export type OutsideInvoice = {
  hash: string;
  request: string;
  memo: string;
  /** '0': the payer chooses. */
  amountMsat: string;
  receivedMsat: string;
  state: 'open' | 'held' | 'paid' | 'closed';
  createdAt: string;
};

export type OutsidePayment = {
  hash: string;
  amountMsat: string;
  feeMsat: string;
  state: 'paid' | 'failed' | 'in_flight';
  createdAt: string;
};

export type OutsideOutcome =
  | { hash: string; state: 'paid'; feeMsat: string; preimage: string }
  | { hash: string; state: 'in_flight' }
  | { hash: string; state: 'failed' | 'unknown'; reason: string };

export class OutsideWallet {
  readonly #lnd: AuthenticatedLnd;
  readonly #secretsFile: string;

  /** @param dir keeps the secrets of held invoices, so that they can be settled after a restart. */
  constructor(node: LightningNode, dir: string) {
    this.#lnd = clientOf(node);
    this.#secretsFile = join(dir, 'outside-secrets.json');
  }

  /** Makes an invoice to be paid by our users. Without an amount the payer chooses; held: paid only when settled. */
  async makeInvoice(wanted: {
    amountMsat?: bigint;
    memo?: string;
    hold?: boolean;
    expiresInS?: number;
  }): Promise<{ hash: string; request: string }> {
    const { amountMsat = 0n, memo = '', hold = false, expiresInS = 3600 } = wanted;
    const terms = {
      lnd: this.#lnd,
      mtokens: amountMsat.toString(),
      description: memo,
      expires_at: new Date(Date.now() + expiresInS * 1000).toISOString(),
    };
    if (!hold) {
      const { id, request } = await createInvoice(terms);
      return { hash: id, request };
    }
    const secret = randomBytes(32);
    const id = createHash('sha256').update(secret).digest('hex');
    const secrets = { ...this.#secrets(), [id]: secret.toString('hex') };
    writeFileSync(this.#secretsFile, JSON.stringify(secrets), { mode: 0o600 });
    const { request } = await createHodlInvoice({ ...terms, id });
    return { hash: id, request };
  }

  /**
   * Pays a request. An amount beside one that the request names over-pays (or under-pays) it. Gives the outcome, or
   * `in_flight` after `waitMs`.
   */
  async pay(wanted: { request: string; amountMsat?: bigint; waitMs?: number }): Promise<OutsideOutcome> {
    const { request, amountMsat, waitMs = 10_000 } = wanted;
    const read = readRequest(request);
    const hash = read.id;
    const common = { lnd: this.#lnd, max_paths: MAX_PATHS, pathfinding_timeout: PATHFINDING_MS };
    const max_fee_mtokens = (10_000n + (amountMsat ?? BigInt(read.mtokens ?? 0)) / 100n).toString();
    const chosen = amountMsat === undefined ? {} : { mtokens: amountMsat.toString() };
    const named = read.mtokens !== undefined && read.mtokens !== '0';
    const paying =
      named && amountMsat !== undefined
        ? payViaPaymentDetails({
            ...common,
            ...chosen,
            max_fee_mtokens,
            destination: read.destination,
            id: hash,
            cltv_delta: read.cltv_delta,
            features: read.features,
            ...(read.payment ? { payment: read.payment } : {}),
          })
        : payViaPaymentRequest({ ...common, ...chosen, max_fee_mtokens, request });
    const outcome = paying.then(
      (paid): OutsideOutcome => ({ hash, state: 'paid', feeMsat: paid.fee_mtokens, preimage: paid.secret }),
      (error): OutsideOutcome => {
        const { name, details } = rejection(error);
        return { hash, state: isFinal(name) ? 'failed' : 'unknown', reason: details || name };
      },
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<OutsideOutcome>((resolve) => {
      timer = setTimeout(() => resolve({ hash, state: 'in_flight' }), waitMs);
    });
    return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
  }

  /** Takes the money of a held invoice. */
  async settle(hash: string): Promise<void> {
    const secret = this.#secrets()[hash];
    if (!secret) throw new Error('no held invoice of ours has this hash');
    await settleHodlInvoice({ lnd: this.#lnd, secret });
  }

  /** Refuses a held invoice, or withdraws one that is still open. */
  async cancel(hash: string): Promise<void> {
    await cancelHodlInvoice({ lnd: this.#lnd, id: hash });
  }

  /** The newest invoices, newest first. */
  async invoices(): Promise<OutsideInvoice[]> {
    const { invoices } = await getInvoices({ lnd: this.#lnd, limit: LIST_LIMIT });
    return invoices.map((invoice) => ({
      hash: invoice.id,
      request: invoice.request ?? '',
      memo: invoice.description,
      amountMsat: (invoice as ListedInvoice).mtokens ?? '0',
      receivedMsat: invoice.is_confirmed ? invoice.received_mtokens : '0',
      state: invoice.is_confirmed ? 'paid' : invoice.is_held ? 'held' : invoice.is_canceled ? 'closed' : 'open',
      createdAt: invoice.created_at,
    }));
  }

  /** The newest payments, newest first. */
  async payments(): Promise<OutsidePayment[]> {
    const lists = await Promise.all([
      getPayments({ lnd: this.#lnd, limit: LIST_LIMIT }),
      getPendingPayments({ lnd: this.#lnd, limit: LIST_LIMIT }),
      getFailedPayments({ lnd: this.#lnd, limit: LIST_LIMIT }),
    ]);
    const states = ['paid', 'in_flight', 'failed'] as const;
    return lists
      .flatMap(({ payments }, i) =>
        payments.map((payment) => ({
          hash: payment.id,
          amountMsat: payment.mtokens,
          feeMsat: (payment as ListedPayment).fee_mtokens ?? '0',
          state: states[i] ?? 'paid',
          createdAt: payment.created_at,
        })),
      )
      .sort((a, b) => b.createdAt.localeCompare(a.createdAt))
      .slice(0, LIST_LIMIT);
  }

  /** What it has in its channels, and what it could still be paid. */
  async balance(): Promise<{ balanceMsat: string; inboundMsat: string }> {
    const balance = (await getChannelBalance({ lnd: this.#lnd })) as ChannelBalance;
    return { balanceMsat: balance.channel_balance_mtokens, inboundMsat: balance.inbound_mtokens ?? '0' };
  }

  #secrets(): Record<string, string> {
    return existsSync(this.#secretsFile) ? JSON.parse(readFileSync(this.#secretsFile, 'utf8')) : {};
  }
}

function readRequest(request: string): ReadRequest {
  try {
    const read: unknown = parsePaymentRequest({ request });
    return read as ReadRequest;
  } catch (error) {
    throw new Error(`this is no payment request: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isFinal(name: string): boolean {
  return [
    'PaymentRejectedByDestination',
    'InsufficientBalanceToAttemptPayment',
    'PaymentPathfindingFailedToFindPossibleRoute',
    'PaymentAttemptsTimedOut',
    'PaymentExecutionCanceled',
    'FailedToFindPayableRouteToDestination',
  ].includes(name);
}
