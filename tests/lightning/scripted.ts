// An LND whose every answer is written by the test: it speaks LND's gRPC over TLS with the real protos, and says what
// no well-behaved node would. For the sandbox node, which behaves like LND, see sandbox.test.ts.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { makeCertificate } from '../../sandbox/lnd/certificate.ts';
import { bakeMacaroon } from '../../sandbox/lnd/macaroon.ts';
import { type Clock, hostClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/ids.ts';
import type { Log } from '../../src/base/logger.ts';
import { type DecodedInvoice, decodeInvoice } from '../../src/infra/lightning/decode.ts';
import {
  createLightningPool,
  type LightningPool,
  type NodeConfig,
  type NodeEvent,
} from '../../src/infra/lightning/pool.ts';
import { bytesField, FEATURES, forge, MEMO, SECRET } from './forge.ts';

/** A whole one, of nobody's node. */
export const MACAROON = bakeMacaroon(Buffer.alloc(32), []).toString('hex');

type Message = Record<string, unknown>;
export type Failure = { code: number; details: string };
/** A stream as its handler sees it. */
export type Out = {
  request: Message;
  write(message: Message): void;
  end(): void;
  fail(failure: Failure): void;
  isCancelled(): boolean;
};

export type ScriptedNode = {
  readonly config: NodeConfig;
  /** What GetInfo says. */
  readonly info: Message;
  /** One per call, by its lower-case name; replace them at will. A unary one returns its answer or throws a Failure. */
  readonly unary: Record<string, (request: Message) => Message>;
  readonly streams: Record<string, (out: Out) => void>;
  /** Every request, in order. */
  readonly calls: { name: string; request: Message }[];
  stop(): void;
};

const { cert, key } = makeCertificate();
const folder = join(dirname(createRequire(import.meta.url).resolve('lightning')), 'grpc', 'protos');
const definition = loadPackageDefinition(
  loadSync(
    ['lightning.proto', 'router.proto', 'invoices.proto'].map((file) => join(folder, file)),
    { defaults: true, enums: String, keepCase: true, longs: String, oneofs: true, includeDirs: [folder] },
  ),
) as unknown as Record<'lnrpc' | 'routerrpc' | 'invoicesrpc', Record<string, { service: ServiceDefinition }>>;

export async function startScripted(name = 'alice', publicKey = `02${'ab'.repeat(32)}`): Promise<ScriptedNode> {
  const node: Omit<ScriptedNode, 'config' | 'stop'> = {
    info: {
      version: '0.20.0-beta',
      identity_pubkey: publicKey,
      synced_to_chain: true,
      synced_to_graph: true,
      chains: [{ chain: 'bitcoin', network: 'regtest' }],
    },
    unary: {
      getinfo: () => node.info,
      listchannels: () => ({
        channels: [{ active: true, local_balance: '1000000', remote_balance: '500000', commit_fee: '0' }],
      }),
    },
    streams: {
      trackpaymentv2: (out) => out.fail({ code: 5, details: "payment isn't initiated" }),
    },
    calls: [],
  };
  const server = new Server();
  for (const service of [
    definition.lnrpc.Lightning?.service,
    definition.routerrpc.Router?.service,
    definition.invoicesrpc.Invoices?.service,
  ]) {
    if (service) server.addService(service, implement(service, node));
  }
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = ServerCredentials.createSsl(null, [
      { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) },
    ]);
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return {
    ...node,
    config: { name, socket: `localhost:${port}`, cert, macaroon: MACAROON },
    stop: () => server.forceShutdown(),
  };
}

function implement(service: ServiceDefinition, node: Omit<ScriptedNode, 'config' | 'stop'>) {
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(service)) {
    const script = name.toLowerCase();
    if (method.responseStream) {
      implementation[name] = ((call: {
        request: Message;
        cancelled: boolean;
        write(message: Message): void;
        end(): void;
        emit(event: 'error', failure: Failure): void;
      }) => {
        node.calls.push({ name: script, request: call.request });
        node.streams[script]?.({
          request: call.request,
          write: (message) => call.write(message),
          end: () => call.end(),
          fail: (failure) => call.emit('error', failure),
          isCancelled: () => call.cancelled,
        });
      }) as never;
      continue;
    }
    implementation[name] = ((call: { request: Message }, done: (error: Failure | null, answer?: Message) => void) => {
      node.calls.push({ name: script, request: call.request });
      try {
        const answer = node.unary[script]?.(call.request);
        if (answer) done(null, answer);
        else done({ code: 12, details: 'not scripted' });
      } catch (error) {
        done(error as Failure);
      }
    }) as never;
  }
  return implementation;
}

export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The host's clock, whose pauses are shorter by the factor. */
export function hastyClock(factor: number): Clock {
  const clock = hostClock();
  return { ...clock, sleep: (ms, signal) => clock.sleep(ms / factor, signal) };
}

/** A pool whose nodes are all adopted. */
export async function poolOf(
  nodes: readonly NodeConfig[],
  options: { clock?: Clock; network?: 'regtest' | 'simnet'; connectionsPerNode?: number } = {},
): Promise<LightningPool & { events: NodeEvent[] }> {
  const events: NodeEvent[] = [];
  const pool = createLightningPool({
    nodes,
    network: options.network ?? 'regtest',
    connectionsPerNode: options.connectionsPerNode ?? 1,
    clock: options.clock ?? hostClock(),
    random: systemRandom(),
    log: SILENT,
    onEvent: (event) => events.push(event),
  });
  await pool.start();
  for (const name of pool.names()) pool.admit(name);
  return { ...pool, events };
}

/** An invoice of 1,000 sats of nobody's node, and what proves that it was paid. */
export function someInvoice(prefix = 'lnbcrt10u'): { invoice: DecodedInvoice; preimage: string; hash: string } {
  const preimage = systemRandom().bytes(32);
  const hash = createHash('sha256').update(preimage).digest();
  const request = forge([bytesField('p', hash), SECRET, MEMO, FEATURES], prefix);
  return {
    invoice: decodeInvoice(request, 'regtest'),
    preimage: preimage.toString('hex'),
    hash: hash.toString('hex'),
  };
}

/** A payment's record as LND writes it. */
export function record(hash: string, fields: Message): Message {
  return { payment_hash: hash, value_msat: '1000000', fee_msat: '0', htlcs: [], ...fields };
}

export const ATTEMPT = { status: 'IN_FLIGHT', attempt_time_ns: '1' };
