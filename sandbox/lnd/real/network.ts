// A real Lightning network for demo, tests and benches: btcd on simnet and the LND nodes alice, bob and carol, each
// joined to both others by a channel of which each side owns half. Nothing of it outlives this process.
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, Guard, until } from '../../../scripts/process.ts';
import type { LightningNetwork, LightningNode } from '../lightning-network.ts';
import { areBuilt, BUILD_SCRIPT, binariesFolder } from './binaries.ts';
import { Btcd } from './btcd.ts';
import { Lnd } from './lnd.ts';

const ALIASES = ['alice', 'bob', 'carol'];
// The first of each pair opens the channel and so pays its on-chain fees: our fleet's nodes, not the outside world.
const CHANNELS = [
  ['alice', 'carol'],
  ['bob', 'carol'],
  ['alice', 'bob'],
] as const;
const COINS_PER_NODE = 4;
// A channel is announced to others after six blocks.
const BLOCKS_TO_ANNOUNCE = 6;
const CHANNEL_TIMEOUT_MS = 60_000;
const PORTS_PER_NODE = 3;

/** The port at which a node finds another, in place of the other's own. */
export type PeerPort = (from: string, to: string, port: number) => Promise<number>;

export type RealLightningOptions = {
  /** Of each channel, in sats, an even number. */
  capacitySats?: number;
  /** Where lnd and btcd are; default: where `build` puts them. */
  binaries?: string;
  /** A new or empty folder for all data and logs, kept at the end; default: a temporary one, removed at the end. */
  dir?: string;
  /** What stands between two nodes. */
  peers?: PeerPort;
  /** More flags for every lnd. */
  lndFlags?: string[];
  /** Hears of each step of the start, with the milliseconds since its beginning. */
  onStep?: (step: string, ms: number) => void;
  /** Hears of a program that, once the network was ready, ended without having been asked to. */
  onDeath?: (name: string, lastWords: string) => void;
};

export class RealLightning implements LightningNetwork {
  readonly kind = 'real';
  readonly bitcoinNetwork = 'simnet';
  readonly dir: string;
  readonly btcd: Btcd;
  readonly nodes: Record<string, LightningNode>;
  readonly #lnds: Map<string, Lnd>;
  readonly #guard: Guard;

  constructor(given: { dir: string; btcd: Btcd; lnds: Map<string, Lnd>; guard: Guard }) {
    this.dir = given.dir;
    this.btcd = given.btcd;
    this.#lnds = given.lnds;
    this.#guard = given.guard;
    this.nodes = Object.fromEntries([...given.lnds].map(([alias, lnd]) => [alias, lnd.node]));
  }

  /** The program's ready line. */
  describe(): Record<string, unknown> {
    const nodes = [...this.#lnds.values()].map((lnd) => lnd.describe());
    const { kind, bitcoinNetwork, dir } = this;
    return { nodes, btcd: this.btcd.describe(), kind, bitcoinNetwork, dir };
  }

  isRunning(alias: string): boolean {
    return this.#lnd(alias).daemon.running;
  }

  async kill(alias: string): Promise<void> {
    await this.#lnd(alias).daemon.kill();
  }

  async pause(alias: string): Promise<void> {
    this.#lnd(alias).daemon.signal('SIGSTOP');
  }

  async resume(alias: string): Promise<void> {
    this.#lnd(alias).daemon.signal('SIGCONT');
  }

  /** Starts a killed node again; resolves when its channels with the running nodes can be used. */
  async start(alias: string): Promise<void> {
    const lnd = this.#lnd(alias);
    await lnd.start();
    const others = [...this.#lnds.values()].filter((other) => other !== lnd && other.daemon.running);
    await Promise.all(others.map((other) => lnd.connect(other)));
    await channelsActive([lnd, ...others]);
    // A router that met the dead node avoids that channel for minutes; a test wants a network as good as new.
    await Promise.all([lnd, ...others].map((each) => each.rest('POST', '/v2/router/mc/reset', {})));
  }

  /**
   * Starts the program of a killed node and nothing else, as a supervisor does: it finds its peers by itself, and what
   * the others have learned of its absence stays. Resolves when it answers.
   */
  async revive(alias: string): Promise<void> {
    await this.#lnd(alias).start();
  }

  /** Ends everything at once; the data goes with it unless the folder was given. */
  async stop(): Promise<void> {
    const daemons = [this.btcd.daemon, ...[...this.#lnds.values()].map((lnd) => lnd.daemon)];
    await Promise.all(daemons.map((daemon) => (daemon.running ? daemon.kill() : undefined)));
    await this.#guard.finish();
  }

  #lnd(alias: string): Lnd {
    const lnd = this.#lnds.get(alias);
    if (!lnd) throw new Error(`there is no node "${alias}", only ${[...this.#lnds.keys()].join(', ')}`);
    return lnd;
  }
}

/** Starts the whole network; on failure nothing of it stays. */
export async function startRealLightning(options: RealLightningOptions = {}): Promise<RealLightning> {
  const { capacitySats = 16_000_000, binaries = binariesFolder(), lndFlags = [], onStep = () => {} } = options;
  if (!Number.isSafeInteger(capacitySats) || capacitySats < 40_000 || capacitySats > 10e8 || capacitySats % 2) {
    throw new Error('the capacity is an even number of sats between 40,000 and 1,000,000,000');
  }
  if (!areBuilt(binaries)) throw new Error(`no lnd and btcd in ${binaries}; run ${BUILD_SCRIPT} first`);
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'satfleet-lightning-'));
  mkdirSync(dir, { recursive: true });
  if (readdirSync(dir).length) throw new Error(`${dir} is not empty`);
  const begun = performance.now();
  const step = (name: string) => onStep(name, Math.round(performance.now() - begun));
  const guard = new Guard(options.dir ? '' : dir);
  const ports = await freePorts(2 + PORTS_PER_NODE * ALIASES.length);
  const port = (i: number) => ports[i] ?? 0;
  const btcd = new Btcd({ binaries, dir, ports: [port(0), port(1)], guard });
  const lnds = new Map(
    ALIASES.map((alias, i) => {
      const first = 2 + PORTS_PER_NODE * i;
      const own: [number, number, number] = [port(first), port(first + 1), port(first + 2)];
      return [alias, new Lnd({ alias, binaries, dir, ports: own, btcd, guard, flags: lndFlags })];
    }),
  );
  const network = new RealLightning({ dir, btcd, lnds, guard });
  try {
    await btcd.start();
    step('chain mined');
    await Promise.all([...lnds.values()].map((lnd) => lnd.start()));
    step('nodes up');
    await openChannels(btcd, lnds, capacitySats, step, options.peers);
    await Promise.all([...lnds.values()].map((lnd) => lnd.bakePayerMacaroon()));
    for (const daemon of [btcd.daemon, ...[...lnds.values()].map((lnd) => lnd.daemon)]) {
      daemon.onDeath = () => options.onDeath?.(daemon.name, daemon.lastWords());
    }
    step('ready');
    return network;
  } catch (error) {
    await network.stop();
    throw error;
  }
}

/** Connects the nodes, gives them coins, opens the channels and waits until payments can go every way. */
async function openChannels(
  btcd: Btcd,
  lnds: Map<string, Lnd>,
  capacitySats: number,
  step: (name: string) => void,
  peers: PeerPort = async (_from, _to, port) => port,
): Promise<void> {
  const nodes = [...lnds.values()];
  const pairs = CHANNELS.map(([from, to]) => [lnds.get(from), lnds.get(to)] as [Lnd, Lnd]);
  // Type 1 is segwit inside P2SH: btcd's createrawtransaction takes no native segwit address.
  const newAddress = (node: Lnd) => node.rest<{ address: string }>('GET', '/v1/newaddress?type=1');
  const wanted = nodes.flatMap((node) => Array.from({ length: COINS_PER_NODE }, () => newAddress(node)));
  const addresses = (await Promise.all(wanted)).map((answer) => answer.address);
  const coinSats = capacitySats + 1_000_000;
  const join = async (from: Lnd, to: Lnd) => from.connect(to, await peers(from.alias, to.alias, to.p2pPort));
  await Promise.all([btcd.fund(addresses, coinSats), ...pairs.map(([from, to]) => join(from, to))]);
  const isFunded = async (node: Lnd) => {
    const [balance, info] = await Promise.all([
      node.rest<{ confirmed_balance: string }>('GET', '/v1/balance/blockchain'),
      node.rest<{ synced_to_chain: boolean }>('GET', '/v1/getinfo'),
    ]);
    return Number(balance.confirmed_balance) >= COINS_PER_NODE * coinSats && info.synced_to_chain;
  };
  await Promise.all(nodes.map((node) => node.daemon.until('has its coins', CHANNEL_TIMEOUT_MS, () => isFunded(node))));
  step('nodes funded');
  await Promise.all(pairs.map(([from, to]) => from.openBalancedChannel(to, capacitySats)));
  await until('funding transactions in the mempool', CHANNEL_TIMEOUT_MS, async () => {
    return (await btcd.rpc<string[]>('getrawmempool')).length >= CHANNELS.length;
  });
  await btcd.mine(BLOCKS_TO_ANNOUNCE);
  step('channels opened');
  await channelsActive(nodes);
  step('channels active');
  const knowsAll = (node: Lnd) => () => node.knowsChannels(CHANNELS.length);
  await Promise.all(nodes.map((node) => node.daemon.until('knows all channels', CHANNEL_TIMEOUT_MS, knowsAll(node))));
}

async function channelsActive(nodes: Lnd[]): Promise<void> {
  const isJoined = async (node: Lnd) => {
    const active = await node.activePeers();
    return nodes.every((other) => other === node || active.has(other.node.pubkey));
  };
  const wait = (node: Lnd) => node.daemon.until('has usable channels', CHANNEL_TIMEOUT_MS, () => isJoined(node));
  await Promise.all(nodes.map(wait));
}
