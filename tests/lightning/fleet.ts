// A fleet for tests: our pool on alice and bob of a running network, carol outside, and the steps that tests take.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AuthenticatedLnd, cancelHodlInvoice, createHodlInvoice, settleHodlInvoice } from 'lightning';
import { expect } from 'vitest';
import { clientOf } from '../../sandbox/lnd/client.ts';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';
import { type Clock, hostClock } from '../../src/base/clock.ts';
import { nodeBalances } from '../../src/infra/lightning/accounts.ts';
import { decodeInvoice } from '../../src/infra/lightning/decode.ts';
import { createInvoice } from '../../src/infra/lightning/invoices.ts';
import { lookupPayment, pay } from '../../src/infra/lightning/pay.ts';
import type { LightningNode, NodeConfig } from '../../src/infra/lightning/pool.ts';
import { poolOf } from './scripted.ts';

export const HOUR_MS = 3_600_000;

export type Fleet = {
  network: LightningNetwork;
  /** alice and bob, with the macaroon a worker has. */
  pool: Awaited<ReturnType<typeof poolOf>>;
  /** carol, who may do everything. */
  outside: Awaited<ReturnType<typeof poolOf>>;
};

/** The clients of a network that runs; to be closed. */
export async function openFleet(network: LightningNetwork, clock?: Clock): Promise<Fleet> {
  const options = { network: network.bitcoinNetwork, ...(clock ? { clock } : {}) };
  return {
    network,
    pool: await poolOf([configOf(network, 'alice'), configOf(network, 'bob')], { ...options, connectionsPerNode: 2 }),
    outside: await poolOf([configOf(network, 'carol', 'macaroonFile')], options),
  };
}

function configOf(
  network: LightningNetwork,
  alias: string,
  macaroon: 'payerMacaroonFile' | 'macaroonFile' = 'payerMacaroonFile',
): NodeConfig {
  const node = network.nodes[alias];
  if (!node) throw new Error(`no node ${alias}`);
  return {
    name: alias,
    socket: node.socket,
    cert: readFileSync(node.certFile, 'utf8'),
    macaroon: readFileSync(node[macaroon]).toString('base64'),
  };
}

/** An invoice of the node as its payer reads it. */
export async function requested(node: LightningNode, amountMsat?: bigint, expiresInMs = HOUR_MS) {
  const expiresAtMs = Date.now() + expiresInMs;
  const made = await createInvoice(node, {
    secret: randomBytes(32),
    ...(amountMsat === undefined ? {} : { amountMsat }),
    expiresAtMs,
  });
  return decodeInvoice(made.request, node.network);
}

/** Pays it with a ceiling of 10 sats, waiting 5 s. */
export function paying(node: LightningNode, request: string, more: Partial<Parameters<typeof pay>[1]> = {}) {
  const invoice = decodeInvoice(request, node.network);
  const amountMsat = invoice.amountMsat ?? 1_000_000n;
  const refuseFromMs = Date.now() + 10_000;
  return pay(node, { invoice, amountMsat, feeCeilingMsat: 10_000n, refuseFromMs, deadlineMs: 5_000, ...more });
}

/** What is the node's, once its channels have come to rest: a paid part is still in the commitments for a moment. */
export async function quietLocalMsat(node: LightningNode): Promise<bigint> {
  let last = -1n;
  for (let same = 0; same < 3; ) {
    const { localMsat } = await nodeBalances(node);
    same = localMsat === last ? same + 1 : 0;
    last = localMsat;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return last;
}

const clients = new WeakMap<LightningNetwork, AuthenticatedLnd>();

function clientOfCarol(network: LightningNetwork): AuthenticatedLnd {
  const carol = network.nodes.carol;
  if (!carol) throw new Error('no carol');
  const lnd = clients.get(network) ?? clientOf(carol);
  clients.set(network, lnd);
  return lnd;
}

/** A hold invoice of carol's; its secret is kept here. */
export async function held(network: LightningNetwork, tokens = 1_000) {
  const lnd = clientOfCarol(network);
  const secret = randomBytes(32).toString('hex');
  const id = createHash('sha256').update(Buffer.from(secret, 'hex')).digest('hex');
  const { request } = await createHodlInvoice({ lnd, id, tokens });
  return {
    hash: id,
    request,
    settle: () => settleHodlInvoice({ lnd, secret }),
    cancel: () => cancelHodlInvoice({ lnd, id }),
  };
}

/** The host's clock, whose time of day runs faster. */
export function racingClock(factor: number): Clock {
  const clock = hostClock();
  const begun = clock.monotonicMs();
  return { ...clock, nowMs: () => Date.now() + (clock.monotonicMs() - begun) * factor };
}

/** Waits until a lookup says so. */
export function lookUntil(node: LightningNode, hash: string, state: string, timeout = 10_000): Promise<void> {
  const options = { timeout, interval: 50 };
  return expect.poll(async () => (await lookupPayment(node, hash)).state, options).toBe(state);
}
