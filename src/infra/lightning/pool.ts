// The house's LND nodes: which of them are well, which one gets the next invoice or payment. A node that is down costs
// its users nothing but time: new work goes to the others, what was pinned to it waits.
import type { Clock } from '../../base/clock.ts';
import { Unavailable } from '../../base/errors.ts';
import type { Random } from '../../base/ids.ts';
import type { Log } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { NodeConfig } from './credentials.ts';
import type { Network } from './decode.ts';
import type * as nodes from './node.ts';
import { createNode } from './node.ts';

export type { NodeConfig };
export type LightningNode = nodes.LightningNode;
export type NodeHealth = nodes.NodeHealth;
export type NodeEvent = nodes.NodeEvent;

export type LightningPool = {
  names(): string[];
  /** The node of that name, however it is. Throws on a name that is not configured. */
  node(name: string): LightningNode;
  /**
   * From now on the node may be chosen for new work, since its books are ours: what went through it before could not be
   * booked. Asking and cancelling need no such word.
   */
  admit(name: string): void;
  /**
   * A node for a new invoice: admitted and up, by chance weighted with what it can receive, of those that can receive the amount
   * where there are any. Throws Unavailable('lightning node') when none is.
   */
  forInvoice(amountMsat?: bigint): LightningNode;
  /**
   * A node for a new payment: admitted, up, of a safe version, able to send amount and fee ceiling, by chance weighted with what
   * it can send. Throws Unavailable: 'lightning node' when none may pay now, 'lightning liquidity' when none can send
   * that much.
   */
  forPayment(totalMsat: bigint): LightningNode;
  /** The most that `forPayment` would find a node for now; undefined when none may pay. */
  sendableMsat(): bigint | undefined;
  health(): NodeHealth[];
  /** Looks at every node once and then every 10 s. Does not throw for nodes that are down. */
  start(): Promise<void>;
  /** Ends the looks and the connections. Payments under way go on in LND; their callers hear `unknown`. */
  close(): Promise<void>;
  /** Whether the payee is one of our nodes. A node that was down ever since we started is not known yet. */
  isOurs(destinationPubkey: string): boolean;
};

const LOOK_EVERY_MS = 10_000;
const NONE_ADOPTED = 'no node is adopted: run "npm run adopt -- <node>"';

/**
 * Makes the pool; nothing is sent before `start` or a first call.
 * @param options.connectionsPerNode HTTP/2 connections per node; two unless given.
 * @param options.metrics is told of every call to a node and of its breaker.
 * @param options.onEvent hears what happens to nodes, and late ends of payments.
 * @throws on unreadable certificates or macaroons, and when two nodes bear one name.
 */
export function createLightningPool(options: {
  nodes: readonly NodeConfig[];
  network: Network;
  connectionsPerNode?: number;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: Metrics;
  onEvent?: (event: NodeEvent) => void;
}): LightningPool {
  const { clock, random, log, metrics, network } = options;
  const emit = (event: NodeEvent) => {
    try {
      options.onEvent?.(event);
    } catch (error) {
      log.error('lightning event handler threw', { error });
    }
  };
  const isOurs = (key: string): boolean => Array.from(nodes.values()).some((node) => node.health().publicKey === key);
  const around = { network, connections: options.connectionsPerNode ?? 2, clock, random, log, metrics, isOurs, emit };
  const nodes = new Map<string, LightningNode>(
    options.nodes.map((config) => [config.name, createNode(config, around)]),
  );
  if (nodes.size !== options.nodes.length) throw new Error('two LND nodes bear one name');
  let stop: (() => void) | undefined;

  async function look(): Promise<void> {
    await Promise.all(Array.from(nodes.values(), (node) => node.check()));
  }

  return {
    names: () => [...nodes.keys()],
    node(name) {
      const node = nodes.get(name);
      if (!node) throw new Error(`there is no LND node ${name}`);
      return node;
    },
    ...choices(nodes, random),
    health: () => Array.from(nodes.values(), (node) => node.health()),
    async start() {
      await look();
      stop ??= clock.every(LOOK_EVERY_MS, look, (error) => log.error('looking at LND nodes failed', { error }));
    },
    async close() {
      stop?.();
      for (const node of nodes.values()) node.close();
    },
    isOurs,
  };
}

/** Which node gets the next invoice or payment, of those that are admitted. */
function choices(
  nodes: ReadonlyMap<string, LightningNode>,
  random: Random,
): Pick<LightningPool, 'admit' | 'forInvoice' | 'forPayment' | 'sendableMsat'> {
  const admitted = new Set<string>();
  const admittedThat = (isWell: (health: NodeHealth) => boolean): LightningNode[] =>
    [...nodes.values()].filter((node) => admitted.has(node.name) && isWell(node.health()));
  function someThat(isWell: (health: NodeHealth) => boolean): LightningNode[] {
    const found = admittedThat(isWell);
    if (found.length > 0) return found;
    throw new Unavailable('lightning node', admitted.size === 0 ? new Error(NONE_ADOPTED) : undefined);
  }
  return {
    admit(name) {
      admitted.add(name);
    },
    forInvoice(amountMsat = 0n) {
      const up = someThat(({ state }) => state === 'up');
      const able = up.filter((node) => node.health().inboundMsat >= amountMsat);
      const chosen = choose(random, able.length > 0 ? able : up, 'inboundMsat');
      if (!chosen) throw new Unavailable('lightning node');
      return chosen;
    },
    forPayment(totalMsat) {
      const able = someThat(({ canPay }) => canPay).filter((node) => node.health().spendableMsat >= totalMsat);
      const chosen = choose(random, able, 'spendableMsat');
      if (!chosen) throw new Unavailable('lightning liquidity');
      return chosen;
    },
    sendableMsat() {
      const each = admittedThat(({ canPay }) => canPay).map((node) => node.health().spendableMsat);
      return each.sort((one, other) => (one > other ? -1 : 1))[0];
    },
  };
}

/** One of them by chance, weighted with its whole sats; undefined of none. */
function choose(
  random: Random,
  candidates: readonly LightningNode[],
  weight: 'inboundMsat' | 'spendableMsat',
): LightningNode | undefined {
  const weights = candidates.map((node) => Number(node.health()[weight] / 1_000n));
  const sum = weights.reduce((total, each) => total + each, 0);
  if (sum === 0) return candidates[Math.floor(random.fraction() * candidates.length)];
  let left = sum * random.fraction();
  return candidates.find((_, index) => {
    left -= weights[index] ?? 0;
    return left < 0;
  });
}
