// One LND node of the real test network, spoken to over REST with its admin macaroon.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, type Guard } from '../../../scripts/process.ts';
import type { LightningNode } from '../lightning-network.ts';
import { PAYER_METHODS } from '../permissions.ts';
import type { Btcd } from './btcd.ts';
import { requestJson } from './https.ts';

// A start takes about 3 s alone and more when the machine is busy.
const START_TIMEOUT_MS = 90_000;

type LndOptions = {
  alias: string;
  binaries: string;
  dir: string;
  ports: [rpc: number, rest: number, p2p: number];
  btcd: Btcd;
  guard: Guard;
  flags: string[];
};

export class Lnd {
  readonly alias: string;
  readonly daemon: Daemon;
  readonly restPort: number;
  readonly p2pPort: number;
  /** What its clients need; the public key is known after the first start. */
  readonly node: LightningNode;
  #secrets: { ca: string; macaroon: string } | undefined;

  constructor(options: LndOptions) {
    const { alias, binaries, dir, ports, guard } = options;
    const [rpcPort, restPort, p2pPort] = ports;
    this.alias = alias;
    this.restPort = restPort;
    this.p2pPort = p2pPort;
    const own = join(dir, alias);
    const macaroons = join(own, 'data/chain/bitcoin/simnet');
    this.node = {
      alias,
      socket: `localhost:${rpcPort}`,
      certFile: join(own, 'tls.cert'),
      macaroonFile: join(macaroons, 'admin.macaroon'),
      readonlyMacaroonFile: join(macaroons, 'readonly.macaroon'),
      invoiceMacaroonFile: join(macaroons, 'invoice.macaroon'),
      payerMacaroonFile: join(macaroons, 'payer.macaroon'),
      pubkey: '',
    };
    this.daemon = new Daemon({
      name: alias,
      file: join(binaries, 'lnd'),
      logFile: join(dir, `${alias}.log`),
      guard,
      // Keeps a ~/.lnd of this machine's user out of it.
      env: { HOME: dir },
      args: lndArgs(options, own),
    });
  }

  /** The line about this node in the program's ready line. */
  describe(): Record<string, string> {
    const { socket, certFile, macaroonFile, payerMacaroonFile, pubkey } = this.node;
    return {
      alias: this.alias,
      rpc: socket,
      rest: `localhost:${this.restPort}`,
      p2p: `localhost:${this.p2pPort}`,
      cert: certFile,
      macaroon: macaroonFile,
      payerMacaroon: payerMacaroonFile,
      pubkey,
    };
  }

  /** Starts the program and resolves when it answers every RPC and has caught up with the chain. */
  async start(): Promise<void> {
    const { certFile, macaroonFile } = this.node;
    this.daemon.start();
    await this.daemon.until('is up', START_TIMEOUT_MS, async () => {
      const ca = readFileSync(certFile, 'utf8');
      const { body } = await requestJson({ port: this.restPort, method: 'GET', path: '/v1/state', ca });
      return (body as { state?: string }).state === 'SERVER_ACTIVE';
    });
    const macaroon = readFileSync(macaroonFile).toString('hex');
    this.#secrets = { ca: readFileSync(certFile, 'utf8'), macaroon };
    const info = await this.daemon.until('has caught up with the chain', START_TIMEOUT_MS, async () => {
      const answer = await this.rest<{ synced_to_chain: boolean; identity_pubkey: string }>('GET', '/v1/getinfo');
      return answer.synced_to_chain && answer;
    });
    this.node.pubkey = info.identity_pubkey;
  }

  /** Makes the macaroon that may do just what a payer's worker does. */
  async bakePayerMacaroon(): Promise<void> {
    const permissions = PAYER_METHODS.map((action) => ({ entity: 'uri', action }));
    const { macaroon } = await this.rest<{ macaroon: string }>('POST', '/v1/macaroon', { permissions });
    writeFileSync(this.node.payerMacaroonFile, Buffer.from(macaroon, 'hex'), { mode: 0o600 });
  }

  /** One REST call; throws LND's own message. */
  async rest<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    if (!this.#secrets) throw new Error(`${this.alias} was never up`);
    const { ca, macaroon } = this.#secrets;
    const headers = { 'grpc-metadata-macaroon': macaroon };
    const answer = await requestJson({ port: this.restPort, method, path, ca, headers, body });
    if (answer.status !== 200)
      throw new Error(`${this.alias} ${path}: ${(answer.body as { message: string }).message}`);
    return answer.body as T;
  }

  /** Connects to `other`, at its own port unless told another, and keeps reconnecting; being connected already is fine. */
  async connect(other: Lnd, port = other.p2pPort): Promise<void> {
    const addr = { pubkey: other.node.pubkey, host: `127.0.0.1:${port}` };
    await this.rest('POST', '/v1/peers', { addr, timeout: '10' }).catch((error: Error) => {
      if (!error.message.includes('already connected')) throw error;
    });
  }

  /** Offers a channel of which each side owns half, and resolves when its funding transaction is broadcast. */
  async openBalancedChannel(other: Lnd, capacitySats: number): Promise<void> {
    await this.rest('POST', '/v1/channels', {
      node_pubkey: Buffer.from(other.node.pubkey, 'hex').toString('base64'),
      local_funding_amount: String(capacitySats),
      push_sat: String(capacitySats / 2),
      sat_per_vbyte: '2',
    });
  }

  /** The public keys at the other end of this node's usable channels. */
  async activePeers(): Promise<Set<string>> {
    type Answer = { channels: { remote_pubkey: string }[] };
    const { channels } = await this.rest<Answer>('GET', '/v1/channels?active_only=true');
    return new Set(channels.map((channel) => channel.remote_pubkey));
  }

  /** Whether this node knows `count` public channels with the fees of both ends, which finding a route needs. */
  async knowsChannels(count: number): Promise<boolean> {
    type Answer = { edges: { node1_policy: unknown; node2_policy: unknown }[] };
    const { edges } = await this.rest<Answer>('GET', '/v1/graph');
    return edges.filter((edge) => edge.node1_policy && edge.node2_policy).length >= count;
  }
}

function lndArgs(options: LndOptions, own: string): string[] {
  const { alias, ports, btcd, flags } = options;
  const [rpcPort, restPort, p2pPort] = ports;
  return [
    `--lnddir=${own}`,
    `--alias=${alias}`,
    ...btcd.lndFlags(),
    `--rpclisten=127.0.0.1:${rpcPort}`,
    `--restlisten=127.0.0.1:${restPort}`,
    `--listen=127.0.0.1:${p2pPort}`,
    // A wallet at once and no unlocking after a restart.
    '--noseedbackup',
    '--nobootstrap',
    '--debuglevel=info',
    '--logging.file.disable',
    // Gossip and reconnection at the pace of a test: the defaults are 90 s, 5 s, 0.5 s and an hour.
    '--trickledelay=50',
    '--gossip.sub-batch-delay=50ms',
    '--db.batch-commit-interval=10ms',
    '--maxbackoff=2s',
    '--maxpendingchannels=10',
    '--protocol.wumbo-channels',
    '--accept-keysend',
    '--accept-amp',
    // By default a node that cannot reach its chain for some minutes ends itself.
    '--healthcheck.chainbackend.attempts=0',
    ...flags,
  ];
}
