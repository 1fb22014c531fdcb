// A client of a node for the sandbox's own use: the same library and the same wire as the product's.
import { readFileSync } from 'node:fs';
import { type AuthenticatedLnd, authenticatedLndGrpc } from 'lightning';
import type { LightningNode } from './lightning-network.ts';

/** Connects at the first call. @param macaroonFile by default the one that may do everything. */
export function clientOf(node: LightningNode, macaroonFile = node.macaroonFile): AuthenticatedLnd {
  const { lnd } = authenticatedLndGrpc({
    cert: readFileSync(node.certFile).toString('base64'),
    macaroon: readFileSync(macaroonFile).toString('base64'),
    socket: node.socket,
  });
  return lnd;
}

/** What a call of the library was rejected with: `[code, name, {err}]`; anything else is thrown again. */
export function rejection(error: unknown): { code: number; name: string; details: string } {
  if (!Array.isArray(error)) throw error;
  const [code, name, rest] = error as [number, string, { err?: { details?: string } } | undefined];
  return { code, name, details: rest?.err?.details ?? '' };
}
