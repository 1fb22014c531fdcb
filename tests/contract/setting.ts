// What every part of the contract stands on: clients of the three nodes, and the few steps that all of them take.
import { createHash, randomBytes } from 'node:crypto';
import {
  type AuthenticatedLnd,
  createHodlInvoice,
  createInvoice,
  type GetInvoiceResult,
  getChannels,
  getInvoice,
  getWalletInfo,
  payViaPaymentRequest,
} from 'lightning';
import { clientOf } from '../../sandbox/lnd/client.ts';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';
import { until } from '../../scripts/process.ts';

export type Setting = {
  network: LightningNetwork;
  alice: AuthenticatedLnd;
  bob: AuthenticatedLnd;
  carol: AuthenticatedLnd;
};

/** Reached only once the network has started. */
export type At = () => Setting;

export function openSetting(network: LightningNetwork): Setting {
  const client = (alias: string) => clientOf(nodeOf(network, alias));
  return { network, alice: client('alice'), bob: client('bob'), carol: client('carol') };
}

export function nodeOf(network: LightningNetwork, alias: string) {
  const node = network.nodes[alias];
  if (!node) throw new Error(`no node ${alias}`);
  return node;
}

/** An invoice as it is now, with the fields that the library gives but its types leave out. */
export async function lookup(lnd: AuthenticatedLnd, id: string): Promise<Looked> {
  return (await getInvoice({ lnd, id })) as Looked;
}

export type Looked = GetInvoiceResult & { index: number; confirmed_index?: number };

/** `[code, name]`, and gRPC's code and words where there are any. */
export type Rejection = { code: number; name: string; grpc: number | undefined; details: string | undefined };

/** What the call was rejected with. Throws when it was not, or not in the library's way. */
export async function rejected(call: Promise<unknown>): Promise<Rejection> {
  const error: unknown = await call.then(
    () => new Error('was not rejected'),
    (reason) => reason,
  );
  if (!Array.isArray(error)) throw error;
  const [code, name, rest] = error as [number, string, { err?: { code?: number; details?: string } } | undefined];
  return { code, name, grpc: rest?.err?.code, details: rest?.err?.details };
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(Buffer.from(secret, 'hex')).digest('hex');
}

export function newSecret(): string {
  return randomBytes(32).toString('hex');
}

/** Starts a node that was down and waits until its old client reaches it again; a client tries once a second. */
export async function restart(network: LightningNetwork, alias: string, lnd: AuthenticatedLnd): Promise<void> {
  await network.start(alias);
  await until('reached again', 10_000, () => getWalletInfo({ lnd }).then(() => true));
}

export type Requested = { id: string; request: string; secret: string; payment: string };

/** An ordinary invoice. */
export async function request(lnd: AuthenticatedLnd, tokens: number, expiresInMs?: number): Promise<Requested> {
  const made: unknown = await createInvoice({ lnd, tokens, ...expiry(expiresInMs) });
  return made as Requested;
}

function expiry(ms: number | undefined): { expires_at?: string } {
  return ms === undefined ? {} : { expires_at: new Date(Date.now() + ms).toISOString() };
}

export type Hold = { id: string; secret: string; request: string };

/** A hold invoice of which the secret is kept here. */
export async function hold(lnd: AuthenticatedLnd, tokens: number): Promise<Hold> {
  const secret = newSecret();
  const id = hashOf(secret);
  const made = await createHodlInvoice({ lnd, id, tokens });
  return { id, secret, request: made.request };
}

export type Paid = { id: string; secret: string; fee: number; fee_mtokens: string; tokens: number; mtokens: string };

/** Pays with a limit of ten sats and one path, unless told otherwise. */
export function pay(lnd: AuthenticatedLnd, wanted: { request: string } & Record<string, unknown>): Promise<Paid> {
  const limit = 'max_fee_mtokens' in wanted ? {} : { max_fee: 10 };
  const paid: Promise<unknown> = payViaPaymentRequest({ lnd, pathfinding_timeout: 10_000, ...limit, ...wanted });
  return paid as Promise<Paid>;
}

/** Pays a hold invoice and resolves when the payee holds it; `outcome` is the payment's own promise. */
export async function payAndWaitUntilHeld(
  payer: AuthenticatedLnd,
  payee: AuthenticatedLnd,
  held: Hold,
  more: Record<string, unknown> = {},
): Promise<{ outcome: Promise<Paid> }> {
  const outcome = pay(payer, { request: held.request, ...more });
  outcome.catch(() => {});
  await until('held', 5_000, async () => (await getInvoice({ lnd: payee, id: held.id })).is_held === true);
  return { outcome };
}

/** The channel between two nodes, as the first one names it. */
export async function channelTo(lnd: AuthenticatedLnd, pubkey: string): Promise<string> {
  const { channels } = await getChannels({ lnd });
  const channel = channels.find((one) => one.partner_public_key === pubkey);
  if (!channel) throw new Error('no such channel');
  return channel.id;
}
