// The one queue of all that happens in a simulated run: what is next happens, virtual time jumps there, and nothing else
// runs until everything it set off has come to rest. Every call of a simulated process to the outside goes through here,
// so a process can die, freeze or be cut off at any of them, and the same seed gives the same order.
import { createHash } from 'node:crypto';
import type { Clock } from '../../src/base/clock.ts';
import { dice } from './dice.ts';
import { type Happening, Heap } from './heap.ts';
import type { Life } from './life.ts';
import { allQuiet } from './virtual.ts';

/** `cut`: refused at once. `deaf`: the request arrives, the answer does not. `silent`: neither. */
export type LinkState = 'cut' | 'deaf' | 'silent';

export type Reach = {
  readonly life: Life;
  /** What is called: `redis`, `queue`, `postgres`, `telegram`, `lnd-alice`. */
  readonly part: string;
  readonly name: string;
  /** Of the way there, on the average. */
  readonly usualMs: number;
  /** After which the caller's library gives up by itself. */
  readonly timeoutMs: number;
  readonly failure: (state: LinkState) => unknown;
};

export class Machine {
  now: number;
  readonly seed: string;
  readonly links = new Map<string, { state: LinkState; until: number }>();
  /** Called when a process has died, to start another. */
  onDead: (life: Life) => void = () => {};
  steps = 0;
  readonly story: { atMs: number; line: string }[] = [];
  /** What a watcher wants to see of every step. */
  watch: ((line: string) => void) | undefined;
  readonly #heap = new Heap();
  readonly #hash = createHash('sha256');
  /** Of the trace, what is not yet in the hash. */
  #noted = '';
  #joined: Promise<unknown>[] = [];
  #lives = 0;

  constructor(seed: string, startMs: number) {
    this.seed = seed;
    this.now = startMs;
  }

  life(kind: string): Life {
    const name = `${kind}-${++this.#lives}`;
    const life: Life = {
      name,
      dice: dice(`${this.seed}/${name}`),
      isAlive: true,
      frozenUntil: 0,
      fuse: undefined,
      onDeath: new Set(),
    };
    return life;
  }

  /** Lets something happen `afterMs` from now; to a process only while it lives and is not frozen. */
  after(afterMs: number, label: string, life: Life | undefined, run: () => unknown): Happening {
    return this.#heap.push(this.now + Math.max(afterMs, 0), label, life, run);
  }

  /** The next step waits for this. */
  join(work: Promise<unknown>): void {
    this.#joined.push(work);
  }

  /** Writes into the trace, which two runs of one seed must share. */
  note(line: string): void {
    this.#noted += `${line}\n`;
    if (this.#noted.length > 65_536) this.#hashNoted();
    this.watch?.(`${(this.now / 1_000).toFixed(4)} ${line}`);
  }

  /** A line of the story, for whoever reads what went wrong. */
  say(line: string): void {
    this.note(line);
    this.story.push({ atMs: this.now, line });
  }

  #hashNoted(): void {
    this.#hash.update(this.#noted);
    this.#noted = '';
  }

  traceHash(): string {
    this.#hashNoted();
    return this.#hash.copy().digest('hex');
  }

  /** Runs until `isOver` or nothing is left to happen. */
  async run(isOver: () => boolean): Promise<void> {
    await this.#settle();
    while (!isOver()) {
      const next = this.#heap.pop();
      if (!next) return;
      await this.#step(next);
    }
  }

  async #step(next: Happening): Promise<void> {
    const { life } = next;
    if (next.isOff || (life && !life.isAlive)) return;
    this.now = Math.max(this.now, next.at);
    if (life && life.frozenUntil > this.now) {
      this.#heap.push(life.frozenUntil, next.label, life, next.run);
      return;
    }
    this.steps++;
    this.note(`${Math.round(this.now * 1_000)} ${next.label}`);
    const work = next.run();
    if (work instanceof Promise) await work;
    await this.#settle();
  }

  async #settle(): Promise<void> {
    await allQuiet();
    while (this.#joined.length > 0) {
      await Promise.all(this.#joined.splice(0));
      await allQuiet();
    }
  }

  async kill(life: Life): Promise<void> {
    if (!life.isAlive) return;
    life.isAlive = false;
    this.say(`${life.name} dies`);
    for (const end of [...life.onDeath]) await end();
    this.onDead(life);
  }

  linkState(life: Life, part: string): LinkState | undefined {
    for (const name of [`${life.name}>${part}`, `*>${part}`]) {
      const link = this.links.get(name);
      if (link && link.until > this.now) return link.state;
    }
    return undefined;
  }

  /** Whether the process dies at this call: counts it. */
  fate(life: Life): 'before' | 'after' | undefined {
    if (!life.fuse || --life.fuse.calls > 0) return undefined;
    const { when } = life.fuse;
    life.fuse = undefined;
    return when;
  }

  /** One call to the outside. Never settles for a process that is dead. */
  call<T>(reach: Reach, effect: () => T | Promise<T>): Promise<T> {
    const { life, part, name, usualMs, timeoutMs, failure } = reach;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (!life.isAlive) return promise;
    const fate = this.fate(life);
    const label = `${life.name} ${part} ${name}`;
    if (fate === 'before') {
      this.after(0, label, life, () => this.kill(life));
      return promise;
    }
    const fail = (state: LinkState) => reject(failure(state));
    this.after(life.dice.hop(usualMs), label, life, async () => {
      const state = this.linkState(life, part);
      if (state === 'cut') return fail('cut');
      if (state === 'silent') return void this.after(timeoutMs, `${label} times out`, life, () => fail('silent'));
      const end = await outcomeOf(effect);
      if (fate === 'after') return this.kill(life);
      if (state === 'deaf') return void this.after(timeoutMs, `${label} times out`, life, () => fail('deaf'));
      if ('error' in end) reject(end.error);
      else resolve(end.value);
    });
    return promise;
  }

  clock(life: Life): Clock {
    const never = new Promise<never>(() => {});
    return {
      nowMs: () => Math.floor(this.now),
      monotonicMs: () => this.now,
      sleep: (ms, signal) => {
        if (!life.isAlive) return never;
        if (signal?.aborted) return Promise.resolve();
        const { promise, resolve } = Promise.withResolvers<void>();
        const planned = this.after(ms, `${life.name} wakes`, life, resolve);
        signal?.addEventListener(
          'abort',
          () => {
            planned.isOff = true;
            resolve();
          },
          { once: true },
        );
        return promise;
      },
      every: (everyMs, run, onError) => this.#every(life, everyMs, run, onError),
    };
  }

  #every(life: Life, everyMs: number, run: () => Promise<void> | void, onError: (error: unknown) => void): () => void {
    let isRunning = false;
    let isOver = false;
    const once = async () => {
      isRunning = true;
      try {
        await run();
      } catch (error) {
        onError(error);
      }
      isRunning = false;
    };
    const tick = () => {
      if (isOver) return;
      this.after(everyMs, `${life.name} ticks`, life, tick);
      // Not waited for: what it asks outside are steps of their own.
      if (!isRunning) void once();
    };
    this.after(everyMs, `${life.name} ticks`, life, tick);
    return () => {
      isOver = true;
    };
  }
}

async function outcomeOf<T>(effect: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await effect() };
  } catch (error) {
    return { error };
  }
}
