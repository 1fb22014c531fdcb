// The chain of the real test network: one btcd on simnet, mined on request only.
// btcd has no generatetoaddress: blocks pay the address it was started with. That address is the P2SH of the script
// OP_TRUE, which anyone may spend without a signature, so coins can be handed out here with no wallet and no key, and
// the chain can be mined before any Lightning node exists.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, type Guard } from '../../../scripts/process.ts';
import { requestJson } from './https.ts';

const ANYONE_CAN_SPEND_ADDRESS = 'rqTMJDfpq2kCv6VQbPDqP1opgLBeMRrasV';
// Spends it: two bytes of script, which push the one byte 0x51 (OP_TRUE).
const ANYONE_CAN_SPEND_INPUT_SCRIPT = '020151';
const BLOCK_REWARD_SATS = 50e8;
const FUNDING_FEE_SATS = 20_000;
// Simnet's segwit and taproot become active at block 300; a reward can be spent 100 blocks after it was mined.
const FIRST_BLOCKS = 400;
const COINBASE_MATURITY = 100;
const START_TIMEOUT_MS = 30_000;

const RPC_USER = 'test';
const RPC_PASSWORD = 'test';

export type BtcdDescription = { rpc: string; user: string; password: string; cert: string; p2p: string };

export class Btcd {
  readonly daemon: Daemon;
  readonly rpcPort: number;
  readonly p2pPort: number;
  readonly certFile: string;
  #rewardsSpent = 0;

  constructor(given: { binaries: string; dir: string; ports: [rpc: number, p2p: number]; guard: Guard }) {
    const { binaries, dir, ports, guard } = given;
    [this.rpcPort, this.p2pPort] = ports;
    this.certFile = join(dir, 'btcd-rpc.cert');
    const own = join(dir, 'btcd');
    this.daemon = new Daemon({
      name: 'btcd',
      file: join(binaries, 'btcd'),
      logFile: join(dir, 'btcd.log'),
      guard,
      // Keeps a ~/.btcd of this machine's user out of it.
      env: { HOME: dir },
      args: [
        '--simnet',
        `--configfile=${join(dir, 'btcd.conf')}`,
        `--datadir=${own}`,
        `--logdir=${own}`,
        `--rpcuser=${RPC_USER}`,
        `--rpcpass=${RPC_PASSWORD}`,
        `--rpccert=${this.certFile}`,
        `--rpckey=${join(dir, 'btcd-rpc.key')}`,
        `--rpclisten=127.0.0.1:${this.rpcPort}`,
        `--listen=127.0.0.1:${this.p2pPort}`,
        '--nodnsseed',
        '--txindex',
        // LND opens several websockets per node, and each of our requests is a client too.
        '--rpcmaxwebsockets=100',
        '--rpcmaxclients=50',
        '--debuglevel=warn',
        `--miningaddr=${ANYONE_CAN_SPEND_ADDRESS}`,
      ],
    });
  }

  /** The flags with which an lnd uses this chain. */
  lndFlags(): string[] {
    return [
      '--bitcoin.simnet',
      '--bitcoin.node=btcd',
      `--btcd.rpchost=127.0.0.1:${this.rpcPort}`,
      `--btcd.rpcuser=${RPC_USER}`,
      `--btcd.rpcpass=${RPC_PASSWORD}`,
      `--btcd.rpccert=${this.certFile}`,
    ];
  }

  /** What a client of btcd needs to know. */
  describe(): BtcdDescription {
    const { rpcPort, p2pPort, certFile } = this;
    const access = { user: RPC_USER, password: RPC_PASSWORD, cert: certFile };
    return { rpc: `localhost:${rpcPort}`, ...access, p2p: `localhost:${p2pPort}` };
  }

  /** Starts it and mines the first blocks. */
  async start(): Promise<void> {
    this.daemon.start();
    await this.daemon.until('answers', START_TIMEOUT_MS, () => this.rpc('getblockcount').then(() => true));
    await this.mine(FIRST_BLOCKS);
  }

  /** One JSON-RPC call; throws btcd's own message. */
  async rpc<T>(method: string, ...params: unknown[]): Promise<T> {
    const { body } = await requestJson({
      port: this.rpcPort,
      method: 'POST',
      path: '/',
      ca: readFileSync(this.certFile, 'utf8'),
      auth: `${RPC_USER}:${RPC_PASSWORD}`,
      body: { jsonrpc: '1.0', id: 1, method, params },
    });
    const { error, result } = body as { error: { message: string } | null; result: T };
    if (error) throw new Error(`btcd ${method}: ${error.message}`);
    return result;
  }

  /** Mines `count` blocks and gives the new height. */
  async mine(count: number): Promise<number> {
    await this.rpc('generate', count);
    return this.rpc<number>('getblockcount');
  }

  /** Pays `sats` to each of the addresses (all different) in one transaction and mines it. */
  async fund(addresses: string[], sats: number): Promise<void> {
    const needed = addresses.length * sats + FUNDING_FEE_SATS;
    const rewards = Math.ceil(needed / BLOCK_REWARD_SATS);
    if (this.#rewardsSpent + rewards > FIRST_BLOCKS - COINBASE_MATURITY) {
      throw new Error('the test chain has not that many coins');
    }
    const inputs: { txid: string | undefined; vout: number }[] = [];
    for (let i = 0; i < rewards; i++) {
      const blockHash = await this.rpc<string>('getblockhash', ++this.#rewardsSpent);
      const block = await this.rpc<{ tx: string[] }>('getblock', blockHash, 1);
      inputs.push({ txid: block.tx[0], vout: 0 });
    }
    const outputs = Object.fromEntries(addresses.map((address) => [address, toBitcoin(sats)]));
    const change = rewards * BLOCK_REWARD_SATS - needed;
    if (change > FUNDING_FEE_SATS) outputs[ANYONE_CAN_SPEND_ADDRESS] = toBitcoin(change);
    const unsigned = await this.rpc<string>('createrawtransaction', inputs, outputs);
    await this.rpc('sendrawtransaction', withInputScripts(unsigned, rewards));
    await this.mine(1);
  }
}

function toBitcoin(sats: number): number {
  return Number((sats / 1e8).toFixed(8));
}

// Hex of: version (4 bytes), count of inputs (1 byte below 253), then per input 36 bytes of outpoint, script length
// (zero as yet), sequence (4 bytes); the outputs follow untouched.
function withInputScripts(unsigned: string, inputs: number): string {
  if (inputs > 252) throw new Error('more than 252 block rewards in one transaction');
  let at = (4 + 1) * 2;
  let signed = unsigned.slice(0, at);
  for (let i = 0; i < inputs; i++) {
    signed += unsigned.slice(at, at + 72) + ANYONE_CAN_SPEND_INPUT_SCRIPT + unsigned.slice(at + 74, at + 82);
    at += 82;
  }
  return signed + unsigned.slice(at);
}
