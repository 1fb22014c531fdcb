// One run: a house on a database of its own, people and faults as the plan says, then quiet until everything has come to
// rest, then the questions. Two runs of one plan are the same, step by step.

import { adopt } from '../../src/flows/node-books.ts';
import { checkPromises } from '../../src/flows/promises.ts';
import { brokenPromises } from './checks.ts';
import { dice } from './dice.ts';
import { strike } from './faults.ts';
import { LndNode } from './lnd-node.ts';
import { Machine } from './machine.ts';
import { Outside } from './outside.ts';
import { People } from './people.ts';
import { type Fault, type Plan, START_MS } from './plan.ts';
import { Server, serveFrom } from './postgres.ts';
import { NODES, type Process, type Surroundings, startBot, startWorker, type WorkerProcess } from './processes.ts';
import { Broker } from './queues.ts';
import { SessionStore } from './redis.ts';
import { Telegram } from './telegram.ts';
import { Updates } from './updates.ts';
import { keepTimeOf, realNowMs } from './virtual.ts';

export type Outcome = {
  readonly broken: string[];
  /** What people did, what broke and what nodes moved, in words, from the plan's start; only of a run that broke a promise. */
  readonly story: string[];
  readonly traceHash: string;
  /** Messages and presses that people sent. */
  readonly operations: number;
  readonly statements: number;
  readonly steps: number;
  readonly faults: number;
  readonly simulatedMs: number;
  /** From the last fault until all had come to rest. */
  readonly settledAfterMs: number;
  readonly tookMs: number;
};

const BOTS = 2;
const WORKERS = 2;
const LONGEST_SETTLING_MS = 3 * 3_600_000;
const LOOK_EVERY_MS = 5_000;

export type How = {
  readonly watch?: ((line: string) => void) | undefined;
  /** How long it may take until all has come to rest: three hours unless given. */
  readonly settlingMs?: number | undefined;
};

/** Runs a plan on an empty, migrated database that has the months of the run. */
export async function runPlan(plan: Plan, databaseUrl: string, { watch, settlingMs }: How = {}): Promise<Outcome> {
  const begunMs = realNowMs();
  const run = new Run(plan, databaseUrl);
  run.machine.watch = watch;
  run.settlingMs = settlingMs ?? LONGEST_SETTLING_MS;
  try {
    const broken = await run.tell();
    const { machine, settledAfterMs } = run;
    return {
      broken,
      story: broken.length > 0 ? machine.story.map(({ atMs, line }) => `${clockOf(atMs)}  ${line}`) : [],
      traceHash: machine.traceHash(),
      operations: run.updates.all.length,
      statements: run.server.statements,
      steps: machine.steps,
      faults: plan.faults.length,
      simulatedMs: machine.now - START_MS,
      settledAfterMs,
      tookMs: realNowMs() - begunMs,
    };
  } finally {
    await run.close();
  }
}

function clockOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23);
}

class Run {
  readonly machine: Machine;
  readonly server: Server;
  readonly updates: Updates;
  settledAfterMs = 0;
  settlingMs = LONGEST_SETTLING_MS;
  readonly #plan: Plan;
  readonly #around: Surroundings;
  readonly #outside: Outside;
  readonly #people: People;
  #bots: Process[] = [];
  #workers: WorkerProcess[] = [];
  #isQuiet = false;
  #isRedisWiped = false;

  constructor(plan: Plan, databaseUrl: string) {
    this.#plan = plan;
    const { seed } = plan;
    const machine = new Machine(seed, START_MS);
    this.machine = machine;
    keepTimeOf({ machine, dice: dice(`${seed}/libraries`) });
    this.server = new Server(machine, databaseUrl);
    serveFrom(this.server);
    this.#outside = new Outside(machine, dice(`${seed}/outside`));
    const nodes = NODES.map(
      (name) => new LndNode(name, { machine, dice: dice(`${seed}/${name}`), outside: this.#outside }),
    );
    for (const node of nodes) node.veiled = plan.veiled;
    const telegram = new Telegram(machine, {
      dice: dice(`${seed}/telegram`),
      weather: { lostBefore: 0, lostAfter: 0, tooFast: 0 },
    });
    this.#around = {
      machine,
      server: this.server,
      broker: new Broker(machine, { dice: dice(`${seed}/queues`), doubled: plan.doubledJobs / 100 }),
      redis: new SessionStore(machine),
      telegram,
      nodes,
      errors: [],
    };
    this.updates = new Updates({ machine, telegram, dice: dice(`${seed}/updates`), bots: () => this.#bots });
    const parts = { machine, telegram, updates: this.updates, outside: this.#outside, nodes };
    this.#people = new People({ ...parts, count: plan.people });
  }

  async close(): Promise<void> {
    keepTimeOf(undefined);
    await this.server.close();
    serveFrom(undefined);
  }

  async tell(): Promise<string[]> {
    const { machine } = this;
    await this.#open();
    // Of everybody's first hello there is nothing to tell.
    machine.story.length = 0;
    const from = machine.now;
    const { weather, doubledUpdates, operations, faults, lastMs } = this.#plan;
    this.#around.telegram.weather = weather;
    this.updates.doubled = doubledUpdates;
    for (const operation of operations) {
      machine.after(operation.atMs, `${operation.deed} of ${operation.who}`, undefined, () =>
        this.#people.do(operation),
      );
    }
    for (const fault of faults)
      machine.after(fault.atMs, `fault ${fault.trouble}`, undefined, () => this.#strike(fault));
    await this.#until(from + lastMs);
    this.#calm();
    await this.#settle();
    return [...(await this.#watched()), ...(await this.#found())];
  }

  /** What the house's own watch says of its promises. */
  async #watched(): Promise<string[]> {
    const [worker] = this.#workers;
    if (!worker) throw new Error('no worker to ask');
    const results = await this.#drive(checkPromises(worker.world, { slice: 'all' }));
    // What cannot be seen from here stands in the other checks.
    return results.filter(({ kept }) => kept === false).map(({ promise, why }) => `${promise} is broken: ${why}`);
  }

  #found(): Promise<string[]> {
    return brokenPromises({
      ask: (text, values) => this.#ask(text, values),
      nodes: this.#around.nodes,
      outside: this.#outside,
      telegram: this.#around.telegram,
      updates: this.updates,
      people: this.#people,
      errors: this.#around.errors,
      isRedisWiped: this.#isRedisWiped,
    });
  }

  async #open(): Promise<void> {
    const { machine } = this;
    const first = startWorker(this.#around);
    for (const name of NODES) await this.#drive(adopt(first.world, name));
    this.#workers = [first, ...Array.from({ length: WORKERS - 1 }, () => startWorker(this.#around))];
    this.#bots = Array.from({ length: BOTS }, () => startBot(this.#around));
    machine.onDead = (life) => {
      const isWorker = this.#workers.some((each) => each.life === life);
      machine.after(500 + life.dice.wait(3_000), `another ${life.name} starts`, undefined, () => {
        if (isWorker)
          this.#workers = this.#workers.map((each) => (each.life === life ? startWorker(this.#around) : each));
        else this.#bots = this.#bots.map((each) => (each.life === life ? startBot(this.#around) : each));
      });
    };
    await this.#drive(this.#people.begin());
    await this.#ask(
      `update users set role = 'admin' where id = (select user_id from identities where external_id = '1000')`,
    );
  }

  #strike(fault: Fault): void {
    if (this.#isQuiet) return;
    this.#isRedisWiped ||= fault.trouble === 'redis-wiped';
    strike(fault, { ...this.#around, bots: this.#bots, workers: this.#workers });
  }

  /** Faults end here; what they left behind has to be put right by the house alone. */
  #calm(): void {
    this.#isQuiet = true;
    this.machine.say('the faults are over');
    this.machine.links.clear();
    this.server.downUntil = 0;
    this.#around.telegram.weather = { lostBefore: 0, lostAfter: 0, tooFast: 0 };
    this.#around.broker.doubled = 0;
    this.updates.doubled = 0;
    for (const { life } of [...this.#bots, ...this.#workers]) Object.assign(life, { frozenUntil: 0, fuse: undefined });
    for (const node of this.#around.nodes) Object.assign(node, { downUntil: 0, hungUntil: 0, veiled: 0 });
    for (const phone of this.#around.telegram.phones.values()) phone.isBlocked = false;
    this.#around.broker.retryFailed(undefined, 10_000);
  }

  async #settle(): Promise<void> {
    const from = this.machine.now;
    while (this.machine.now < from + this.settlingMs) {
      await this.#until(this.machine.now + LOOK_EVERY_MS);
      if (await this.#isSettled()) break;
    }
    this.settledAfterMs = this.machine.now - from;
  }

  async #isSettled(): Promise<boolean> {
    // Whoever died in the last moment is started again first: the dead answer no questions.
    if ([...this.#bots, ...this.#workers].some(({ life }) => !life.isAlive)) return false;
    if (this.#people.busy.size > 0) return false;
    const [row] = await this.#ask<{ open: boolean }>(
      `select exists (select from outbox) or exists (select from payments where state in ('held', 'sending'))
         or exists (select from notices where state = 'waiting') or exists (select from invoices where state in ('asked', 'closing'))
         as open`,
    );
    const unheard = this.#around.nodes.flatMap((node) =>
      [...node.invoices.values()].filter(({ state }) => state === 'ACCEPTED'),
    );
    return row?.open === false && unheard.length === 0 && (await this.#areAllCredited());
  }

  /** The sweep of open invoices comes once a minute. */
  async #areAllCredited(): Promise<boolean> {
    const settled = this.#around.nodes.flatMap(({ invoices }) =>
      [...invoices.values()].filter(({ state }) => state === 'SETTLED').map(({ hash }) => hash),
    );
    const [row] = await this.#ask<{ count: number }>(
      `select count(*)::int4 as count from invoices where payment_hash = any($1) and state <> 'settled'`,
      [settled],
    );
    return row?.count === 0;
  }

  async #ask<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = await this.server.take();
    try {
      return (await client.query(text, values)).rows as Row[];
    } finally {
      this.server.give(client);
    }
  }

  async #until(atMs: number): Promise<void> {
    let isOver = false;
    this.machine.after(atMs - this.machine.now, 'a moment', undefined, () => {
      isOver = true;
    });
    await this.machine.run(() => isOver);
  }

  async #drive<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    await this.machine.run(() => isOver);
    return over;
  }
}
