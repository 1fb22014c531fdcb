// Worlds that are watched: how often a node was told to send, and whether anything leaves the process while a
// transaction is open.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { LightningNode } from '../../src/infra/lightning/pool.ts';
import type { WorkerWorld } from '../../src/world.ts';

/** The same world, and how often a payment was handed to a node through it. */
export function countingSends(world: WorkerWorld): { world: WorkerWorld; sends(): number } {
  let sends = 0;
  const routerOf = (router: object) =>
    new Proxy(router, {
      get(target, name) {
        if (name === 'sendPaymentV2') sends++;
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const counted = (node: LightningNode): LightningNode => ({
    ...node,
    connection: () =>
      new Proxy(node.connection(), {
        get: (target, name) => (name === 'router' ? routerOf(target.router) : Reflect.get(target, name)),
      }),
  });
  return { world: { ...world, lightning: nodesAs(world.lightning, counted) }, sends: () => sends };
}

/**
 * The same world, whose every way out (nodes, queues, Redis, cache, a second connection of the database) is told while
 * a transaction is open.
 * @param offence hears the name of what was called; what it throws is what the caller meets.
 */
export function guarded(world: WorkerWorld, offence: (what: string) => void): WorkerWorld {
  const open = new AsyncLocalStorage<string>();
  const watched = <T extends object>(part: T, name: string): T =>
    new Proxy(part, {
      get(target, key) {
        const value = Reflect.get(target, key) as unknown;
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          const inside = open.getStore();
          if (inside !== undefined) offence(`${name}.${String(key)} in ${inside}`);
          return value.apply(target, given);
        };
      },
    });
  const wholly = <T extends object>(part: T, name: string): T => {
    const watchedPart = watched(part, name);
    // A plain object again, so that it can be spread.
    return Object.fromEntries(Object.keys(part).map((key) => [key, Reflect.get(watchedPart, key)])) as T;
  };
  const db = wholly(world.db, 'db');
  return {
    ...world,
    db: {
      ...db,
      transaction: (name, run, options) => db.transaction(name, (tx) => open.run(name, () => run(tx)), options),
    },
    sessions: watched(world.sessions, 'sessions'),
    cache: watched(world.cache, 'cache'),
    queues: wholly(world.queues, 'queues'),
    lightning: nodesAs(world.lightning, (node) => ({ ...wholly(node, node.name), health: node.health })),
  };
}

function nodesAs(lightning: WorkerWorld['lightning'], change: (node: LightningNode) => LightningNode) {
  const known = new Map(lightning.names().map((name) => [name, change(lightning.node(name))]));
  const of = (name: string) => known.get(name) as LightningNode;
  return {
    ...lightning,
    node: of,
    forInvoice: (amountMsat?: bigint) => of(lightning.forInvoice(amountMsat).name),
    forPayment: (totalMsat: bigint) => of(lightning.forPayment(totalMsat).name),
  };
}
