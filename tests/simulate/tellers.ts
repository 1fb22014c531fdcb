// A few processes that tell plans side by side, each on a database of its own. A process that dies of a run, or of which
// nothing is heard any more, is replaced; the run counts as one that went wrong.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Plan } from './plan.ts';
import type { Outcome } from './run.ts';
import { openStage, type Stage, type StageOptions } from './stage.ts';
import type { Asked, Told } from './teller.ts';

export type Tellers = {
  readonly count: number;
  /** Tells a plan as soon as one of them is free, in the order of the calls. */
  tell(plan: Plan, how?: HowTold): Promise<Outcome>;
  close(): Promise<void>;
};

export type HowTold = { readonly watch?: boolean; readonly settlingMs?: number };
export type TellerOptions = Omit<StageOptions, 'name'>;

// What a run makes is short-lived; with more room for it less of it has to be looked through.
const YOUNG_SPACE = '--max-semi-space-size=32';
const ENTRY = fileURLToPath(new URL('./teller.ts', import.meta.url));
/** A run takes seconds; on the busiest of machines some more. */
const LONGEST_RUN_MS = 10 * 60_000;
/** What the server keeps of tables that were is left behind with the database after so many runs. */
const RUNS_ON_A_STAGE = 100;

/**
 * Each begins when it is first needed.
 * @param given.template the migrated database that each of them gets a copy of.
 */
export function openTellers(given: TellerOptions & { count: number }): Tellers {
  const all = Array.from({ length: given.count }, () => new Teller(given));
  const free = [...all];
  const waiting: ((teller: Teller) => void)[] = [];
  const take = () => {
    const teller = free.shift();
    return teller ? Promise.resolve(teller) : new Promise<Teller>((resolve) => waiting.push(resolve));
  };
  const give = (teller: Teller) => {
    const next = waiting.shift();
    if (next) next(teller);
    else free.push(teller);
  };
  return {
    count: given.count,
    async tell(plan, how = {}) {
      const teller = await take();
      try {
        return await teller.tell(plan, how);
      } finally {
        give(teller);
      }
    },
    async close() {
      await Promise.all(all.map((teller) => teller.close()));
    },
  };
}

let stages = 0;

class Teller {
  readonly #options: TellerOptions;
  #child: ChildProcess | undefined;
  #stage: Stage | undefined;
  #runs = 0;

  constructor(options: TellerOptions) {
    this.#options = options;
  }

  async tell(plan: Plan, { watch = false, settlingMs }: HowTold): Promise<Outcome> {
    if (this.#runs >= RUNS_ON_A_STAGE) await this.close();
    if (this.#runs > 0) await this.#stage?.clear();
    this.#runs++;
    this.#stage ??= await openStage({ ...this.#options, name: `simulated_${process.pid}_${++stages}` });
    this.#child ??= fork(ENTRY, { execArgv: [YOUNG_SPACE] });
    const told = await ask(this.#child, { plan, databaseUrl: this.#stage.url, watch, settlingMs });
    if ('outcome' in told) return told.outcome;
    await this.close();
    return wentWrong(plan, told.fault);
  }

  async close(): Promise<void> {
    const [child, stage] = [this.#child, this.#stage];
    this.#child = undefined;
    this.#stage = undefined;
    this.#runs = 0;
    child?.kill('SIGKILL');
    await stage?.close();
  }
}

function ask(child: ChildProcess, question: Asked): Promise<Told> {
  return new Promise((resolve) => {
    const end = (told: Told) => {
      clearTimeout(timer);
      child.off('exit', gone);
      child.off('message', end);
      resolve(told);
    };
    const gone = (code: number | null) => end({ fault: `the process that told it ended with ${code}` });
    const timer = setTimeout(
      () => end({ fault: `it was not told within ${LONGEST_RUN_MS / 60_000} minutes` }),
      LONGEST_RUN_MS,
    );
    child.once('exit', gone);
    child.once('message', end);
    child.send(question);
  });
}

/** The outcome of a run that has none. */
function wentWrong(plan: Plan, fault: string): Outcome {
  const nothing = { operations: 0, statements: 0, steps: 0, simulatedMs: 0, settledAfterMs: 0, tookMs: 0 };
  return {
    broken: [`the run itself failed: ${fault}`],
    story: [],
    traceHash: '',
    faults: plan.faults.length,
    ...nothing,
  };
}
