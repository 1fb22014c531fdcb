// The sandbox's Lightning network: alice and bob, our nodes, and carol, the world outside, in one process, joined into
// a triangle of channels. It speaks LND's gRPC, keeps its state in a folder, and can be broken in every way we know.
import { mkdirSync } from 'node:fs';
import { freePorts } from '../../scripts/process.ts';
import { Carrier } from './carrier.ts';
import { Channels } from './channels.ts';
import type { Faults } from './faults.ts';
import type { LightningNetwork, LightningNode } from './lightning-network.ts';
import { Listener } from './listener.ts';
import { SandboxNode } from './node.ts';
import type { Served } from './rpc.ts';
import { lightning } from './serve-lightning.ts';
import { payments } from './serve-payments.ts';
import { Store } from './store.ts';

const ALIASES = ['alice', 'bob', 'carol'] as const;
export type SandboxAlias = (typeof ALIASES)[number];

// The first of each pair opens the channel and so pays its commitment fee.
const CHANNELS: [id: string, ends: [string, string]][] = [
  ['442003674497024', ['alice', 'carol']],
  ['442003674431488', ['bob', 'carol']],
  ['442003674562560', ['alice', 'bob']],
];
const CAPACITY_SATS = 16_000_000n;

const SERVED: Served = {
  unary: { ...lightning.unary, ...payments.unary },
  streaming: { ...lightning.streaming, ...payments.streaming },
};

export type SandboxLightning = LightningNetwork & {
  nodes: Record<SandboxAlias, LightningNode>;
  /** Switches faults of a node; what is not named stays as it is. `NO_FAULTS` ends all. */
  setFaults(alias: string, change: Partial<Faults>): void;
  faults(alias: string): Faults;
  /** Cuts the node's connections once, as a network does. */
  dropConnections(alias: string): void;
  /** From now on the node counts settled invoices from 1 again. */
  restartSettleIndex(alias: string): void;
  /** Keeps the node's invoices as they are now; what it gives puts them back, as a restored copy would. */
  keepInvoices(alias: string): () => void;
  /** A payment that the node died in goes on after all. */
  revivePayment(alias: string, hash: string): void;
};

export type SandboxLightningOptions = {
  /** Keeps the state: an empty or new folder begins a new network, an old one goes on where it ended. */
  dir: string;
  /** By default any free ones. */
  ports?: Record<SandboxAlias, number>;
  /** Of each of the three channels, when the network is new. */
  capacitySats?: bigint;
};

/** Starts the network; resolves when every node answers. */
export async function startSandboxLightning(options: SandboxLightningOptions): Promise<SandboxLightning> {
  const { dir, capacitySats = CAPACITY_SATS } = options;
  mkdirSync(dir, { recursive: true });
  const free = options.ports ? [] : await freePorts(ALIASES.length);
  const store = new Store(dir);
  const { members, channels } = makeMembers(dir, store);
  if (!channels.all.size) for (const [id, ends] of CHANNELS) channels.open(id, ends, capacitySats * 1000n);
  store.loaded();
  const listeners = new Map(
    ALIASES.map((alias, i) => {
      const port = options.ports?.[alias] ?? free[i] ?? 0;
      return [alias as string, new Listener({ node: member(members, alias), served: SERVED, port })];
    }),
  );
  const network = makeNetwork({ dir, members, listeners, store });
  for (const alias of ALIASES) await network.start(alias);
  return network;
}

function makeMembers(dir: string, store: Store): { members: Map<string, SandboxNode>; channels: Channels } {
  const members = new Map<string, SandboxNode>();
  const channels = new Channels(store);
  const carrier = new Carrier(channels, members);
  const reachable = (alias: string) => members.get(alias)?.running ?? false;
  const feePpm = (alias: string) => BigInt(member(members, alias).faults.feePpm);
  const dropParts = (payee: string, hash: string) => carrier.apply(member(members, payee).invoices.dropParts(hash));
  for (const alias of ALIASES) {
    const node = new SandboxNode({ alias, dir, store, carrier, dropParts, network: { channels, reachable, feePpm } });
    node.peers = members;
    members.set(alias, node);
  }
  return { members, channels };
}

function makeNetwork(given: {
  dir: string;
  members: Map<string, SandboxNode>;
  listeners: Map<string, Listener>;
  store: Store;
}): SandboxLightning {
  const { dir, members, listeners, store } = given;
  const kill = async (alias: string) => {
    const node = member(members, alias);
    node.running = false;
    node.invoices.pause();
    await listeners.get(alias)?.close();
  };
  for (const node of members.values()) node.die = () => void kill(node.alias);
  const describe = (alias: SandboxAlias) => nodeOf(member(members, alias), listeners.get(alias)?.port ?? 0);
  return {
    kind: 'sandbox',
    bitcoinNetwork: 'regtest',
    dir,
    nodes: { alice: describe('alice'), bob: describe('bob'), carol: describe('carol') },
    isRunning: (alias) => member(members, alias).running,
    kill,
    async start(alias) {
      const node = member(members, alias);
      if (node.running) throw new Error(`${alias} is already running`);
      await listeners.get(alias)?.open();
      node.running = true;
      node.upSinceMs = Date.now();
      node.invoices.run();
      node.carrier.resume();
    },
    pause: async (alias) => member(members, alias).setFaults({ hang: true }),
    resume: async (alias) => member(members, alias).setFaults({ hang: false }),
    async stop() {
      await Promise.all([...members.keys()].map(kill));
      store.close();
    },
    setFaults: (alias, change) => member(members, alias).setFaults(change),
    faults: (alias) => member(members, alias).faults,
    dropConnections: (alias) => member(members, alias).dropConnections(),
    restartSettleIndex: (alias) => member(members, alias).restartSettleIndex(),
    keepInvoices: (alias) => member(members, alias).invoices.keep(),
    revivePayment: (alias, hash) => member(members, alias).payments.revive(hash),
  };
}

function nodeOf(node: SandboxNode, port: number): LightningNode {
  const file = (name: string) => node.files.macaroons[name] ?? '';
  return {
    alias: node.alias,
    socket: `localhost:${port}`,
    certFile: node.files.cert,
    macaroonFile: file('admin'),
    readonlyMacaroonFile: file('readonly'),
    invoiceMacaroonFile: file('invoice'),
    payerMacaroonFile: file('payer'),
    pubkey: node.pubkey,
  };
}

function member(members: Map<string, SandboxNode>, alias: string): SandboxNode {
  const node = members.get(alias);
  if (!node) throw new Error(`there is no node "${alias}", only ${[...members.keys()].join(', ')}`);
  return node;
}
