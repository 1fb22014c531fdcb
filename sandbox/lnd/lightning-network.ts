// A Lightning network for demo, tests and benches, whichever it is: the sandbox's own nodes or real LND. Whoever uses
// one through this type can use the other.

/** What a client of a node needs. */
export type LightningNode = {
  alias: string;
  /** "localhost:PORT", for gRPC over TLS. */
  socket: string;
  certFile: string;
  /** May do everything. */
  macaroonFile: string;
  readonlyMacaroonFile: string;
  invoiceMacaroonFile: string;
  /** May do just what a payer's worker does. */
  payerMacaroonFile: string;
  /** 66 hex digits. */
  pubkey: string;
};

export type LightningNetwork = {
  kind: 'sandbox' | 'real';
  /** The chain its requests and nodes name. */
  bitcoinNetwork: 'regtest' | 'simnet';
  /** Its data, and the nodes' files. */
  dir: string;
  /** alice and bob are ours, carol is the world outside. */
  nodes: Record<string, LightningNode>;
  isRunning(alias: string): boolean;
  /** Ends a node like kill -9. */
  kill(alias: string): Promise<void>;
  /** Starts it again on its old port; resolves when payments can go through it. */
  start(alias: string): Promise<void>;
  /** It hangs: connections stay, no call is answered. */
  pause(alias: string): Promise<void>;
  resume(alias: string): Promise<void>;
  /** Ends the whole network. */
  stop(): Promise<void>;
};

/** The ready line both programs print. */
export function readyLine(network: LightningNetwork): Record<string, unknown> {
  const { kind, bitcoinNetwork, dir } = network;
  const nodes = Object.values(network.nodes).map((node) => ({
    alias: node.alias,
    rpc: node.socket,
    cert: node.certFile,
    macaroon: node.macaroonFile,
    payerMacaroon: node.payerMacaroonFile,
    pubkey: node.pubkey,
  }));
  return { nodes, kind, bitcoinNetwork, dir };
}
