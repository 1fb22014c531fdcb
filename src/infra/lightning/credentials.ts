// What lets us speak to a node: its certificate, by which we know it, and the macaroon, by which it knows what we may do.
// Both come from the configuration, in any of the forms in which operators copy such files.
import { isMacaroon } from './until.ts';

/** One node as configured. `cert` is PEM, or hex or base64 of the file; `macaroon` is hex or base64 of the file. */
export type NodeConfig = {
  readonly name: string;
  /** `host:port`. */
  readonly socket: string;
  readonly cert: string;
  readonly macaroon: string;
};

/**
 * The macaroon's bytes.
 * @throws when they are neither hex nor base64, or not what LND writes. The message names the node, never the value.
 */
export function macaroonOf(config: NodeConfig): Buffer {
  const bytes = bytesOf(config.macaroon);
  if (bytes.length === 0) throw new Error(`LND node ${config.name}: the macaroon is neither hex nor base64`);
  if (!isMacaroon(bytes)) throw new Error(`LND node ${config.name}: the macaroon is not a whole file of LND's`);
  return bytes;
}

/**
 * The certificate's bytes, PEM.
 * @throws when it is not one. The message names the node, never the value.
 */
export function certificateOf(config: NodeConfig): Buffer {
  if (config.cert.includes('-----BEGIN')) return Buffer.from(config.cert);
  const bytes = bytesOf(config.cert);
  if (!bytes.includes('-----BEGIN CERTIFICATE')) {
    throw new Error(`LND node ${config.name}: the certificate is neither PEM nor hex or base64 of it`);
  }
  return bytes;
}

function bytesOf(text: string): Buffer {
  const bare = text.replace(/\s/g, '');
  if (/^(?:[0-9a-f]{2})+$/i.test(bare)) return Buffer.from(bare, 'hex');
  return /^[a-z0-9+/_-]+=*$/i.test(bare) ? Buffer.from(bare, 'base64') : Buffer.alloc(0);
}
