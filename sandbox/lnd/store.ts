// The sandbox network's memory on disk: one file of JSON lines, each the newest state of one thing, appended as it
// changes and written anew, without what is superseded, at each start. It survives the end of the program, also by
// force; it does not promise to survive the end of the machine (no fsync: this is play money).
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Channel, Invoice, Payment } from './state.ts';

export type SavedNode = { privateKey: string; rootKey: string; settleOffset: number };

type Things = { node: SavedNode; invoice: Invoice; payment: Payment; channel: Channel };
type Kind = keyof Things;

export class Store {
  readonly #file: string;
  readonly #lines = new Map<string, unknown>();
  readonly #changed = new Map<string, unknown>();
  #log: number;

  /** @param dir an existing folder, for this store alone. */
  constructor(dir: string) {
    this.#file = join(dir, 'network.jsonl');
    if (existsSync(this.#file)) this.#read();
    const fresh = `${this.#file}.new`;
    const log = openSync(fresh, 'w');
    for (const [key, value] of this.#lines) writeSync(log, line(key, value));
    closeSync(log);
    renameSync(fresh, this.#file);
    this.#log = openSync(this.#file, 'a');
  }

  /** All things of a kind that a node, or the network (''), had at the end of the last run, oldest first. */
  saved<K extends Kind>(kind: K, owner: string): Things[K][] {
    const prefix = `${kind} ${owner} `;
    return [...this.#lines].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value as Things[K]);
  }

  /** Frees what `saved` needs. */
  loaded(): void {
    this.#lines.clear();
  }

  /** Keeps the thing's state as it is at the end of the present tick. */
  save<K extends Kind>(kind: K, owner: string, id: string, thing: Things[K] | null): void {
    if (!this.#changed.size) queueMicrotask(() => this.#flush());
    this.#changed.set(`${kind} ${owner} ${id}`, thing);
  }

  close(): void {
    this.#flush();
    closeSync(this.#log);
    this.#log = -1;
  }

  #flush(): void {
    if (!this.#changed.size || this.#log < 0) return;
    let text = '';
    for (const [key, value] of this.#changed) text += line(key, value);
    this.#changed.clear();
    writeSync(this.#log, text);
  }

  #read(): void {
    // What follows the last line's end was cut off by the end of the program.
    for (const text of readFileSync(this.#file, 'utf8').split('\n').slice(0, -1)) {
      const [key, value] = JSON.parse(text, revive) as [string, unknown];
      if (value === null) this.#lines.delete(key);
      else this.#lines.set(key, value);
    }
  }
}

function line(key: string, value: unknown): string {
  return `${JSON.stringify([key, value], replace)}\n`;
}

function replace(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}

function revive(name: string, value: unknown): unknown {
  if (name === 'balanceMsat') {
    return Object.fromEntries(
      Object.entries(value as Record<string, string>).map(([end, text]) => [end, BigInt(text)]),
    );
  }
  return name.endsWith('Msat') ? BigInt(value as string) : value;
}
