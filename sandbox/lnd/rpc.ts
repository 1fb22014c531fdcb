// Between gRPC and a sandbox node: every call of LND's protos passes here, meets the node's faults, shows its macaroon,
// and only then reaches what serves it. Calls that the sandbox does not play answer UNIMPLEMENTED, after the macaroon.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  type GrpcObject,
  loadPackageDefinition,
  type Metadata,
  Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { allows, checkCaveats, type Grant, readMacaroon } from './macaroon.ts';
import type { SandboxNode } from './node.ts';
import { NEEDED_OPS } from './permissions.ts';
import { RpcError, UNKNOWN } from './state.ts';

const UNIMPLEMENTED = 12;
const STATE_SERVICE = '/lnrpc.State/';
export const STARTING_UP = 'the RPC server is in the process of starting up, but not yet ready to accept calls';

export type Message = Record<string, unknown>;

/** The answers of a streaming call. After the client has gone, nothing is written. */
export type Out = {
  write(message: Message): void;
  end(): void;
  fail(error: RpcError): void;
  /** Called once, when the client has gone. */
  onClose(run: () => void): void;
};

export type Unary = (node: SandboxNode, request: Message) => Message;
export type Streaming = (node: SandboxNode, request: Message, out: Out) => void;
/** By full name: "/lnrpc.Lightning/GetInfo". */
export type Served = { unary: Record<string, Unary>; streaming: Record<string, Streaming> };

/** Makes a gRPC server that speaks for the node; it listens nowhere by itself. */
export function makeServer(node: SandboxNode, served: Served): Server {
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  for (const service of services()) {
    const implementation: UntypedServiceImplementation = {};
    for (const [name, { path, responseStream }] of Object.entries(service)) {
      implementation[name] = responseStream
        ? streamingHandler(node, path, served.streaming[path])
        : unaryHandler(node, path, served.unary[path]);
    }
    server.addService(service, implementation);
  }
  return server;
}

let loaded: ServiceDefinition[] | undefined;

function services(): ServiceDefinition[] {
  if (loaded) return loaded;
  const folder = join(dirname(createRequire(import.meta.url).resolve('lightning/package.json')), 'grpc/protos');
  const files = ['lightning.proto', 'router.proto', 'invoices.proto', 'stateservice.proto'];
  const definition = loadSync(files, {
    defaults: true,
    enums: String,
    keepCase: true,
    longs: String,
    oneofs: true,
    includeDirs: [folder],
  });
  const packages = loadPackageDefinition(definition);
  const service = (name: string, of: string) =>
    ((packages[name] as GrpcObject)[of] as ServiceClientConstructor).service;
  loaded = [
    service('lnrpc', 'Lightning'),
    service('lnrpc', 'State'),
    service('routerrpc', 'Router'),
    service('invoicesrpc', 'Invoices'),
  ];
  return loaded;
}

function unaryHandler(node: SandboxNode, path: string, serve: Unary | undefined) {
  return async (call: ServerUnaryCall<Message, Message>, answer: sendUnaryData<Message>) => {
    const hanging = node.awake();
    if (hanging) await hanging;
    let result: Message | undefined;
    let failure: RpcError | undefined;
    try {
      admit(node, path, call.metadata);
      if (!serve) throw new RpcError(UNIMPLEMENTED, `unknown method ${path}`);
      result = serve(node, call.request);
    } catch (error) {
      failure = asRpcError(error);
    }
    const reply = () => {
      if (failure) answer({ code: failure.code, details: failure.message });
      else answer(null, result);
    };
    if (node.faults.lateMs) setTimeout(reply, node.faults.lateMs);
    else reply();
  };
}

function streamingHandler(node: SandboxNode, path: string, serve: Streaming | undefined) {
  return async (call: ServerWritableStream<Message, Message>) => {
    const out = outOf(node, call);
    const hanging = node.awake();
    if (hanging) await hanging;
    try {
      admit(node, path, call.metadata);
      if (!serve) throw new RpcError(UNIMPLEMENTED, `unknown method ${path}`);
      serve(node, call.request, out);
    } catch (error) {
      out.fail(asRpcError(error));
    }
  };
}

function outOf(node: SandboxNode, call: ServerWritableStream<Message, Message>): Out {
  let closed = false;
  let close = () => {};
  call.on('cancelled', () => {
    closed = true;
    close();
  });
  call.on('error', () => {});
  // Answers keep their order: what is late or hangs holds back what comes after it.
  let queue: Promise<unknown> | undefined;
  const inTurn = (run: () => void) => {
    const { lateMs, hang } = node.faults;
    const doIt = () => {
      if (!closed) run();
    };
    if (!queue && !lateMs && !hang) return doIt();
    const late = new Promise((resolve) => setTimeout(resolve, lateMs));
    queue = Promise.all([queue, late])
      .then(() => node.awake())
      .then(doIt);
  };
  return {
    write: (message) => inTurn(() => call.write(message)),
    end: () => inTurn(() => call.end()),
    fail: (error) => inTurn(() => call.emit('error', { code: error.code, details: error.message })),
    onClose: (run) => {
      close = run;
      if (closed) run();
    },
  };
}

/** Throws unless the node serves now and the macaroon allows this call. */
function admit(node: SandboxNode, path: string, metadata: Metadata): void {
  if (path.startsWith(STATE_SERVICE)) return;
  if (node.faults.starting) throw new RpcError(UNKNOWN, STARTING_UP);
  const given = metadata.get('macaroon');
  if (given.length !== 1) throw new RpcError(UNKNOWN, `expected 1 macaroon, got ${given.length}`);
  const { ops, caveats } = readGrant(node, Buffer.from(String(given[0]), 'hex'));
  checkCaveats(caveats, Date.now());
  const needed = NEEDED_OPS.get(path);
  if (!needed || !allows(ops, path, needed)) throw new RpcError(UNKNOWN, 'permission denied');
}

// Few different macaroons are shown with every call; one that its holder restricted is shown once.
const readTokens = new Map<string, Grant>();

function readGrant(node: SandboxNode, token: Buffer): Grant {
  const key = `${node.pubkey} ${token.toString('base64')}`;
  const known = readTokens.get(key);
  if (known) return known;
  const grant = readMacaroon(node.rootKey, token);
  if (grant.caveats.length === 0) readTokens.set(key, grant);
  return grant;
}

function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  return new RpcError(UNKNOWN, error instanceof Error ? error.message : String(error));
}
