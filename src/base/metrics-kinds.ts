// How a measure is described and what can be done with it. A label is a closed set of words, which the compiler then
// holds its callers to, or one that grows with what is set up (nodes, commands, currencies); never with people.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Per label the words it can have; `null` where what is set up decides. */
export type Labels = Readonly<Record<string, readonly string[] | null>>;

type Values<L extends Labels> = { readonly [Name in keyof L]: L[Name] extends readonly (infer Word)[] ? Word : string };
type Given<L extends Labels> = keyof L extends never ? [] : [labels: Values<L>];

/** Only grows. `reset` is for what is counted elsewhere and told anew at each reading. */
export type Count<L extends Labels> = { inc(...given: [...Given<L>, by?: number]): void; reset(): void };
/** A level now. Not told before it is set for the first time, nor after `remove` or `reset`, which removes all. */
export type Level<L extends Labels> = {
  set(...given: [...Given<L>, value: number]): void;
  remove(...given: Given<L>): void;
  reset(): void;
};
/** How values are spread over buckets, with their sum and number. */
export type Spread<L extends Labels> = { observe(...given: [...Given<L>, value: number]): void };

type Kinds<L extends Labels> = { counter: Count<L>; gauge: Level<L>; histogram: Spread<L> };

export type Description<Kind extends keyof Kinds<Labels> = keyof Kinds<Labels>, L extends Labels = Labels> = {
  readonly kind: Kind;
  /** With its prefix, in base units (seconds, bytes, ratios; money in millisatoshi), counters ending in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels: L;
  readonly buckets?: readonly number[];
};

export type Described<D> = D extends Description<infer Kind, infer L> ? Kinds<L>[Kind] : never;

const PREFIX = 'satfleet_';

export function counter<const L extends Labels>(name: string, help: string, labels: L): Description<'counter', L> {
  return { kind: 'counter', name: PREFIX + name, help, labels };
}

export function gauge<const L extends Labels>(name: string, help: string, labels: L): Description<'gauge', L> {
  return { kind: 'gauge', name: PREFIX + name, help, labels };
}

export function histogram<const L extends Labels>(
  name: string,
  help: string,
  labels: L,
  buckets: readonly number[],
): Description<'histogram', L> {
  return { kind: 'histogram', name: PREFIX + name, help, labels, buckets };
}

/**
 * Makes a measure. What is counted begins at 0 for all words that are known now, since a series that is born at 1 has no
 * rise anyone could see; a level that was never set is not told, since 0 would be a lie.
 */
export function make(registry: Registry, { kind, name, help, labels, buckets }: Description): unknown {
  const options = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  if (kind === 'gauge') {
    const made = new Gauge(options);
    if (options.labelNames.length === 0) made.remove();
    return made;
  }
  if (kind === 'counter') {
    const made = new Counter(options);
    for (const words of combinations(labels)) made.inc(words, 0);
    return made;
  }
  const made = new Histogram({ ...options, buckets: [...(buckets ?? [])] });
  for (const words of combinations(labels)) made.zero(words);
  return made;
}

/** Every combination of the words of all labels; none while some label's words are not known. */
function combinations(labels: Labels): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [label, words] of Object.entries(labels)) {
    all = all.flatMap((before) => (words ?? []).map((word) => ({ ...before, [label]: word })));
  }
  return all;
}
