// Connections to an LND node. The protos (they lie in the npm package `lightning`) are read once per process and only
// the four services that we use are loaded: each `authenticatedLndGrpc` of ln-service would parse all fourteen again,
// for 20 MB each. Being ours, the clients also have keepalive, without which a dead link keeps its streams silent.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  type ChannelOptions,
  type ClientOptions,
  credentials,
  InterceptingCall,
  type Interceptor,
  loadPackageDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Metrics } from '../../base/metrics.ts';
import { certificateOf, macaroonOf, type NodeConfig } from './credentials.ts';
import { measuring } from './measure-calls.ts';
import type { Lnd } from './wire.ts';

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
 * @throws when certificate or macaroon are neither hex nor base64 nor PEM, or not what LND writes. The message names the node, never the value.
 */
export function openConnection(config: NodeConfig, metrics?: Metrics): Lnd {
  const credential = credentials.createSsl(certificateOf(config));
  const { lnrpc, routerrpc, invoicesrpc } = loadServices();
  const shown = showing(macaroonOf(config).toString('hex'));
  const options: ClientOptions = { ...CHANNEL, interceptors: metrics ? [measuring(metrics), shown] : [shown] };
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

/** Shows the macaroon with every call that brings none of its own: LND refuses two. */
function showing(macaroon: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        if (metadata.get('macaroon').length === 0) metadata.set('macaroon', macaroon);
        next(metadata, listener);
      },
    });
}

/** Ends the connection; running calls end with an error. */
export function closeConnection(connection: Lnd): void {
  connection.default.close();
}
