// One LND node as this house sees it: its connections, the policy of every call to it, its health. A node is believed
// only after it showed that it is on our network and still has the key it had when we first met it: what a wrong or
// replaced node does not know says nothing about a payment.
import type { ClientUnaryCall } from '@grpc/grpc-js';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/ids.ts';
import type { Log } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { type Outside, outside } from '../../base/outside.ts';
import type { PayOutcome } from '../../domain/states.ts';
import { closeConnection, openConnection } from './connection.ts';
import type { NodeConfig } from './credentials.ts';
import type { Network } from './decode.ts';
import { explain, isTransport, isUnavailable } from './faults.ts';
import { networkOf, versionMayPay } from './judge.ts';
import type { Done, Lnd, WireChannel, WireInfo } from './wire.ts';

/** What the pool tells about its nodes, for logs and metrics and to hurry a sweep. */
export type NodeEvent =
  | { readonly kind: 'up' | 'down' | 'refused'; readonly node: string; readonly why: string }
  | { readonly kind: 'circuit_open' | 'circuit_closed'; readonly node: string }
  /** A payment whose caller was told `unknown` at its deadline has ended after all: finish it. */
  | {
      readonly kind: 'late_outcome';
      readonly node: string;
      readonly paymentHash: string;
      readonly outcome: PayOutcome;
    };

/** `refused`: reachable, but not to be used (other network, other key than before). `syncing`: behind the chain. */
export type NodeState = 'up' | 'syncing' | 'down' | 'refused';

export type NodeHealth = {
  readonly name: string;
  readonly state: NodeState;
  /** Why it is not up, or may not pay; empty otherwise. */
  readonly why: string;
  /** False for a node that is not up or whose LND is older than a safe one. */
  readonly canPay: boolean;
  readonly publicKey: string | undefined;
  readonly version: string | undefined;
  readonly syncedToGraph: boolean;
  readonly activeChannels: number;
  /** What active channels can send: without their reserves and commitment fees. */
  readonly spendableMsat: bigint;
  /** What active channels can receive. */
  readonly inboundMsat: bigint;
  readonly checkedAtMs: number;
  /** Since when every look found it up and no connection to it broke; undefined while it is not up. */
  readonly steadySinceMs: number | undefined;
};

export type LightningNode = {
  readonly name: string;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  readonly config: NodeConfig;
  health(): NodeHealth;
  /** Asks the node how it is. Never throws; concurrent callers share one look. */
  check(): Promise<NodeHealth>;
  /** Looks at once, and counts the node as steady only from now. For a caller whose connection broke. */
  doubt(): void;
  /** Whether the key is one of our pool's nodes. */
  isOurs(publicKey: string): boolean;
  /** One request and answer under the node's policy: deadline 10 s, breaker, one repetition when unreachable. */
  ask<Answer>(send: (lnd: Lnd, done: Done<Answer>) => ClientUnaryCall): Promise<Answer>;
  /** The next connection, for a stream. */
  connection(): Lnd;
  /** The room for payments in flight: 400 at once, none waiting. Throws NotCalled beyond. */
  readonly paymentRoom: Outside;
  emit(event: NodeEvent): void;
  close(): void;
};

export type NodeSurroundings = {
  readonly network: Network;
  readonly connections: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  readonly isOurs: (publicKey: string) => boolean;
  readonly emit: (event: NodeEvent) => void;
};

const MOST_PAYMENTS = 400;
// setTimeout's longest. A payment's own deadline is its caller's (pay.ts).
const NO_DEADLINE_MS = 2 ** 31 - 1;

/** Makes a node. Nothing is sent until the first call. Throws on an unreadable certificate or macaroon. */
export function createNode(config: NodeConfig, around: NodeSurroundings): LightningNode {
  const connections = Array.from({ length: around.connections }, () => openConnection(config, around.metrics));
  const askPolicy = policyOf(config.name, around);
  let turn = 0;
  let health: NodeHealth = unseen(config.name);
  let looking: Promise<NodeHealth> | undefined;

  const connection = () => {
    turn = (turn + 1) % connections.length;
    return connections[turn] as Lnd;
  };

  const ask: LightningNode['ask'] = (send) =>
    askPolicy(
      (signal) =>
        new Promise((resolve, reject) => {
          const call = send(connection(), (error, answer) => {
            if (error) reject(error);
            else if (answer === undefined) reject(new Error('LND gave no answer'));
            else resolve(answer);
          });
          signal.addEventListener('abort', () => call.cancel(), { once: true });
        }),
    );

  function adopt(next: NodeHealth): NodeHealth {
    if (next.state !== health.state || next.why !== health.why) tell(health, next, around);
    // What was known before the look began may have been doubted while it ran.
    const steadySinceMs = next.state === 'up' ? (health.steadySinceMs ?? next.checkedAtMs) : undefined;
    health = { ...next, steadySinceMs };
    return health;
  }

  return {
    ...around,
    name: config.name,
    config,
    health: () => health,
    check() {
      looking ??= look(config.name, ask, around, health)
        .then(adopt)
        .finally(() => {
          looking = undefined;
        });
      return looking;
    },
    doubt() {
      if (health.state === 'up') health = { ...health, steadySinceMs: around.clock.nowMs() };
      void this.check();
    },
    ask,
    connection,
    paymentRoom: outside(`lnd ${config.name} payments`, {
      deadlineMs: NO_DEADLINE_MS,
      bulkhead: { running: MOST_PAYMENTS },
    }),
    close() {
      for (const each of connections) closeConnection(each);
    },
  };
}

function policyOf(name: string, { emit, metrics }: NodeSurroundings): Outside {
  return outside(`lnd ${name}`, {
    deadlineMs: 10_000,
    retries: { times: 1, firstDelayMs: 100, when: isUnavailable },
    breaker: { failures: 10, openMs: 2_000, counts: isTransport },
    bulkhead: { running: 100, waiting: 1_000 },
    onEvent(event) {
      metrics?.breaker(event);
      if (event.kind === 'opened') emit({ kind: 'circuit_open', node: name });
      if (event.kind === 'closed') emit({ kind: 'circuit_closed', node: name });
    },
  });
}

function tell(before: NodeHealth, now: NodeHealth, { log, emit }: NodeSurroundings): void {
  const up = now.state === 'up';
  log[up ? 'info' : 'warn'](`lightning node ${now.state}`, { node: now.name, was: before.state, why: now.why });
  emit({ kind: up ? 'up' : now.state === 'refused' ? 'refused' : 'down', node: now.name, why: now.why });
}

function unseen(name: string): NodeHealth {
  return {
    name,
    state: 'down',
    why: 'not asked yet',
    canPay: false,
    publicKey: undefined,
    version: undefined,
    syncedToGraph: false,
    activeChannels: 0,
    spendableMsat: 0n,
    inboundMsat: 0n,
    checkedAtMs: 0,
    steadySinceMs: undefined,
  };
}

async function look(
  name: string,
  ask: LightningNode['ask'],
  around: NodeSurroundings,
  before: NodeHealth,
): Promise<NodeHealth> {
  try {
    const info = await ask<WireInfo>((lnd, done) => lnd.default.getInfo({}, done));
    const listed = await ask<{ channels: WireChannel[] }>((lnd, done) =>
      lnd.default.listChannels({ active_only: true }, done),
    );
    const network = networkOf(info);
    const moved = before.publicKey !== undefined && before.publicKey !== info.identity_pubkey;
    let state: NodeState = info.synced_to_chain ? 'up' : 'syncing';
    let why = info.synced_to_chain ? '' : 'behind the chain';
    if (network !== around.network) [state, why] = ['refused', `on ${network}, not ${around.network}`];
    if (moved) [state, why] = ['refused', 'answers with another key than before'];
    const safe = versionMayPay(info.version);
    return {
      name,
      state,
      why: why || (safe ? '' : `LND ${info.version} is too old to pay with`),
      canPay: state === 'up' && safe,
      publicKey: before.publicKey ?? (state === 'refused' ? undefined : info.identity_pubkey),
      version: info.version,
      syncedToGraph: info.synced_to_graph,
      activeChannels: listed.channels.length,
      ...liquidity(listed.channels),
      checkedAtMs: around.clock.nowMs(),
      steadySinceMs: undefined,
    };
  } catch (error) {
    return { ...before, state: 'down', why: explain(error), canPay: false, checkedAtMs: around.clock.nowMs() };
  }
}

/** What these channels can send and receive, without reserves, and without the fee the opener owes for a commitment. */
export function liquidity(channels: readonly WireChannel[]): { spendableMsat: bigint; inboundMsat: bigint } {
  let spendableSat = 0n;
  let inboundSat = 0n;
  for (const channel of channels) {
    if (!channel.active) continue;
    const fee = BigInt(channel.commit_fee);
    spendableSat += atLeastZero(
      BigInt(channel.local_balance) -
        BigInt(channel.local_constraints?.chan_reserve_sat ?? 0) -
        (channel.initiator ? fee : 0n),
    );
    inboundSat += atLeastZero(
      BigInt(channel.remote_balance) -
        BigInt(channel.remote_constraints?.chan_reserve_sat ?? 0) -
        (channel.initiator ? 0n : fee),
    );
  }
  return { spendableMsat: spendableSat * 1_000n, inboundMsat: inboundSat * 1_000n };
}

function atLeastZero(value: bigint): bigint {
  return value > 0n ? value : 0n;
}
