// What is done with a run that went wrong: it is told again with less and less in it, as long as it goes wrong in the
// same way, until nothing can be left out any more or the time for it is over. What it finds is the shortest so far.
import { isDeepStrictEqual } from 'node:util';
import type { Plan } from './plan.ts';
import type { Outcome } from './run.ts';

export type WentWrong = { readonly plan: Plan; readonly outcome: Outcome };
export type Shortened = WentWrong & {
  readonly runs: number;
  /** Nothing more can be left out; else the time was over. */
  readonly isShortest: boolean;
};

export type ShortenOptions = {
  readonly tell: (plan: Plan) => Promise<Outcome>;
  /** How many runs go on side by side. */
  readonly atOnce: number;
  readonly mostMs: number;
  /** Hears of each step forward. */
  readonly onStep: (plan: Plan, runs: number) => void;
};

const AFTER_THE_LAST_MS = 20_000;
// What happens all the time, beside faults: first left out all at once, at last one by one.
const CALM: readonly Partial<Plan>[] = [
  { doubledJobs: 0 },
  { doubledUpdates: 0 },
  { veiled: 0 },
  { weather: { lostBefore: 0, lostAfter: 0, tooFast: 0 } },
];

/** The kinds of what is broken: its sentences without ids and amounts. */
export function kindsOf(broken: readonly string[]): Set<string> {
  return new Set(broken.map((line) => line.replace(/[0-9a-f]{8}[0-9a-f-]*|\d+/g, '#').slice(0, 60)));
}

/** The shortest plan found that still goes wrong in a like manner. */
export async function shorten(first: WentWrong, options: ShortenOptions): Promise<Shortened> {
  const search = new Search(first, options);
  await search.change({ faults: [] });
  await search.change(Object.assign({}, ...CALM));
  for (let before = Infinity; sizeOf(search.best.plan) < before; ) {
    before = sizeOf(search.best.plan);
    await leaveOut(search, 'operations');
    await leaveOut(search, 'faults');
    await search.change({ lastMs: Math.min(search.best.plan.lastMs, lastOf(search.best.plan) + AFTER_THE_LAST_MS) });
  }
  for (const calm of CALM) await search.change(calm);
  return { ...search.best, runs: search.runs, isShortest: !search.isOver() };
}

/** Delta debugging: halves, then quarters, down to single items, each part left out if all goes wrong without it. */
async function leaveOut(search: Search, list: 'operations' | 'faults'): Promise<void> {
  const length = () => search.best.plan[list].length;
  for (let size = Math.ceil(length() / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < length() && !search.isOver(); ) {
      const items: readonly unknown[] = search.best.plan[list];
      const starts = Array.from({ length: search.options.atOnce }, (_, nth) => at + nth * size);
      const parts = starts.filter((start) => start < items.length);
      const found = await search.first(parts.map((start) => ({ [list]: items.toSpliced(start, size) })));
      // What came after a part that is gone stands in its place now.
      at = found === undefined ? at + parts.length * size : (parts[found] as number);
    }
  }
}

class Search {
  best: WentWrong;
  runs = 0;
  readonly options: ShortenOptions;
  readonly #kinds: Set<string>;
  readonly #untilMs: number;

  constructor(first: WentWrong, options: ShortenOptions) {
    this.best = first;
    this.options = options;
    this.#kinds = kindsOf(first.outcome.broken);
    this.#untilMs = performance.now() + options.mostMs;
  }

  isOver(): boolean {
    return performance.now() > this.#untilMs;
  }

  async change(change: Partial<Plan>): Promise<void> {
    if (!isDeepStrictEqual({ ...this.best.plan, ...change }, this.best.plan)) await this.first([change]);
  }

  /** Keeps the first of these changes with which the plan goes wrong in the same way. Gives its place, if any. */
  async first(changes: readonly Partial<Plan>[]): Promise<number | undefined> {
    if (this.isOver()) return undefined;
    const plans = changes.map((change) => ({ ...this.best.plan, ...change }));
    this.runs += plans.length;
    const outcomes = await Promise.all(plans.map((plan) => this.options.tell(plan)));
    const at = outcomes.findIndex(({ broken }) => [...kindsOf(broken)].some((kind) => this.#kinds.has(kind)));
    const [plan, outcome] = [plans[at], outcomes[at]];
    if (!plan || !outcome) return undefined;
    this.best = { plan, outcome };
    this.options.onStep(plan, this.runs);
    return at;
  }
}

function sizeOf({ operations, faults }: Plan): number {
  return operations.length + faults.length;
}

function lastOf({ operations, faults }: Plan): number {
  return Math.max(0, ...[...operations, ...faults].map(({ atMs }) => atMs));
}
