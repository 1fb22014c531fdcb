// Connections to an LND node. The protos (they lie in the npm package `lightning`) are read once per process and only
// the four services that we use are loaded: each `authenticatedLndGrpc` of ln-service would parse all fourteen again,
// for 20 MB each. Being ours, the clients also have keepalive, without which a dead link keeps its streams silent.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type ChannelOptions, type ClientOptions, credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Metrics } from '../../base/metrics.ts';
import { measuring } from './measure-calls.ts';
import type { Lnd } from './wire.ts';

/** One node as configured. `cert` is PEM, or hex or base64 of the file; `macaroon` is hex or base64 of the file. */
export type NodeConfig = {
  readonly name: string;
  /** `host:port`. */
  readonly socket: string;
  readonly cert: string;
  readonly macaroon: string;
};

type ClientClass = new (socket: string, creds: unknown, options: ClientOptions) => never;
type Services = {
  lnrpc: { Lightning: ClientClass; State: ClientClass };
  routerrpc: { Router: ClientClass };
  invoicesrpc: { Invoices: ClientClass };
};

let services: Services | undefined;

function loadServices(): Services {
  if (services) return services;
  const folder = join(dirname(createRequire(import.meta.url).resolve('lightning')), 'grpc', 'protos');
  const definition = loadSync(
    ['lightning.proto', 'router.proto', 'invoices.proto', 'stateservice.proto'].map((file) => join(folder, file)),
    { defaults: true, enums: String, keepCase: true, longs: String, oneofs: true, includeDirs: [folder] },
  );
  services = loadPackageDefinition(definition) as unknown as Services;
  return services;
}

// LND refuses pings more often than every 5 s and pings without a running call (its own defaults).
const CHANNEL: ChannelOptions = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // Else all clients with equal credentials share one HTTP/2 connection.
  'grpc.use_local_subchannel_pool': 1,
};

/**
 * Opens one connection; it is established by the first call, and again after every loss.
 * @param metrics is told of every call.
 * @throws when certificate or macaroon are neither hex nor base64 nor PEM. The message names the node, never the value.
 */
export function openConnection(config: NodeConfig, metrics?: Metrics): Lnd {
  const macaroon = macaroonOf(config).toString('hex');
  const credential = credentials.combineChannelCredentials(
    credentials.createSsl(certificateOf(config)),
    credentials.createFromMetadataGenerator((_, done) => {
      const metadata = new Metadata();
      metadata.add('macaroon', macaroon);
      done(null, metadata);
    }),
  );
  const { lnrpc, routerrpc, invoicesrpc } = loadServices();
  const options: ClientOptions = metrics ? { ...CHANNEL, interceptors: [measuring(metrics)] } : CHANNEL;
  const first = new lnrpc.Lightning(config.socket, credential, options) as Lnd['default'];
  // The other services' clients ride on the first one's channel.
  const shared: ClientOptions = { ...options, channelOverride: first.getChannel() };
  return {
    default: first,
    router: new routerrpc.Router(config.socket, credential, shared),
    invoices: new invoicesrpc.Invoices(config.socket, credential, shared),
    status: new lnrpc.State(config.socket, credential, shared),
  };
}

/** Ends the connection; running calls end with an error. */
export function closeConnection(connection: Lnd): void {
  connection.default.close();
}

/** The macaroon's bytes. */
export function macaroonOf(config: NodeConfig): Buffer {
  const bytes = bytesOf(config.macaroon);
  if (bytes.length === 0) throw new Error(`LND node ${config.name}: the macaroon is neither hex nor base64`);
  return bytes;
}

function certificateOf(config: NodeConfig): Buffer {
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
