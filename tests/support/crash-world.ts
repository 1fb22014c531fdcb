// Worlds that die or stumble at a chosen step, and the worker that comes afterwards. A step is whatever leaves the
// process: a query, a transaction, a post, jobs for the queue, a call to a node. The steps of one run are counted in the
// order in which they begin.

import { Unavailable } from '../../src/base/errors.ts';
import { relay } from '../../src/flows/outbox.ts';
import { sweepAsked, sweepInvoices, sweepPayments, sweepPeople } from '../../src/flows/reconcile.ts';
import { deleteOutbox } from '../../src/infra/db/outbox.ts';
import type { LightningNode } from '../../src/infra/lightning/pool.ts';
import type { QueuedJob } from '../../src/infra/queue/jobs.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { anotherWorker, type MovableWorld, movableClock } from './flow-clock.ts';

/** `dies`: nothing gets out any more from then on. `stumbles`: this one step fails, the next ones work. */
export type Mishap = {
  readonly step: number;
  readonly what: 'dies before' | 'dies after' | 'stumbles before' | 'stumbles after';
};

export const MISHAPS: readonly Mishap['what'][] = ['dies before', 'dies after', 'stumbles before', 'stumbles after'];

export class Dead extends Error {}

export type Life = { steps: number; isDead: boolean; met: boolean };

/** The same world with one mishap in it, and what has become of it so far. */
export function mortal(world: WorkerWorld, mishap: Mishap): { world: WorkerWorld; life: Life } {
  const life: Life = { steps: 0, isDead: false, met: false };
  const dies = mishap.what.startsWith('dies');
  const before = mishap.what.endsWith('before');
  const strike = (): never => {
    life.met = true;
    life.isDead ||= dies;
    throw dies ? new Dead('dead') : new Unavailable('a stumbling step');
  };
  const enter = (): boolean => {
    if (life.isDead) throw new Dead('dead');
    life.steps++;
    if (life.steps !== mishap.step) return false;
    if (before) strike();
    return true;
  };
  const step = async <T>(run: () => Promise<T>): Promise<T> => {
    const isLast = enter();
    const result = await run();
    if (isLast) strike();
    if (life.isDead) throw new Dead('dead');
    return result;
  };
  const node = (real: LightningNode): LightningNode => ({
    ...real,
    ask: (send) => step(() => real.ask(send)),
    connection() {
      const isLast = enter();
      const connection = real.connection();
      // The call that is about to be made still leaves; its answer finds nobody.
      if (isLast) {
        life.met = true;
        life.isDead ||= dies;
      }
      return connection;
    },
  });
  const nodes = new Map(world.lightning.names().map((name) => [name, node(world.lightning.node(name))]));
  const known = (name: string) => nodes.get(name) as LightningNode;
  const { db, queues, lightning } = world;
  return {
    life,
    world: {
      ...world,
      db: {
        ...db,
        query: (...given) => step(() => db.query(...given)),
        transaction: (...given) => step(() => db.transaction(...given)),
        post: (...given) => step(() => db.post(...given)),
        call: (...given) => step(() => db.call(...given)),
      } as WorkerWorld['db'],
      queues: { ...queues, add: (...given) => step(() => queues.add(...given)) },
      lightning: {
        ...lightning,
        node: known,
        forInvoice: (amount) => known(lightning.forInvoice(amount).name),
        forPayment: (total) => known(lightning.forPayment(total).name),
      },
    },
  };
}

export type Survivor = MovableWorld & {
  /** Lets so much time pass that every row is due, relays, works all jobs, and sweeps; until `isOver`. */
  recover(isOver: () => Promise<boolean>): Promise<void>;
};

const ROUND_MS = 45_000;
const MOST_ROUNDS = 40;

/** The worker after the crash: knows nothing but the database. Its queues are a list that `recover` works. */
export async function survivor(dead: WorkerWorld): Promise<Survivor> {
  const jobs: QueuedJob[] = [];
  const queues = {
    ...dead.queues,
    async add(added: readonly QueuedJob[]) {
      jobs.push(...added);
    },
  };
  const worker = await anotherWorker({ ...dead, queues }, movableClock(20));
  const work = async () => {
    for (const job of jobs.splice(0)) {
      if (job.queue === 'notification') await deleteOutbox(worker.db, [job.id]);
      else await PROCESSORS[job.queue](toolsOf(worker), { ...job, attempt: 1, last: false });
    }
  };
  return {
    ...worker,
    async recover(isOver) {
      for (let round = 0; round < MOST_ROUNDS; round++) {
        worker.clock.move(ROUND_MS);
        await relay(worker);
        await work();
        await sweepPayments(worker);
        await sweepAsked(worker);
        await sweepInvoices(worker);
        await sweepPeople(worker);
        await work();
        if (await isOver()) return;
        await worker.clock.sleep(400);
      }
      throw new Error(`no end after ${MOST_ROUNDS} rounds`);
    },
  };
}

function toolsOf(world: WorkerWorld): Parameters<(typeof PROCESSORS)['payment']>[0] {
  const none = () => Promise.reject(new Error('not for this'));
  return { world, channels: {}, sources: { fetchAll: none } as never };
}
