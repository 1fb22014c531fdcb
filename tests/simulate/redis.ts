// The session Redis of a run: one memory that all its processes reach over the run's network. It knows the commands and
// the scripts that the house sends, each script by what it does, and keeps the run's time; wiping it forgets all.
import { createHash } from 'node:crypto';
import type { Redis } from '../../src/infra/redis/connection.ts';
import type { Life } from './life.ts';
import type { Machine } from './machine.ts';

type Entry = { value: string; until: number };
type Script = (keys: readonly string[], values: readonly (string | number)[]) => unknown;

export class SessionStore {
  readonly machine: Machine;
  readonly #entries = new Map<string, Entry>();
  readonly #scripts = new Map<string, Script>();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  wipe(): void {
    this.#entries.clear();
    this.#scripts.clear();
  }

  get(key: string): string | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.until > this.machine.now ? entry.value : undefined;
  }

  set(key: string, value: string, lifeMs: number): void {
    this.#entries.set(key, { value, until: this.machine.now + lifeMs });
  }

  del(key: string): string | undefined {
    const value = this.get(key);
    this.#entries.delete(key);
    return value;
  }

  /** The connection of one process. */
  connection(life: Life): Redis {
    const call = <T>(name: string, run: () => T) =>
      this.machine.call({ life, part: 'redis', name, usualMs: 0.3, timeoutMs: 2_000, failure: away }, run);
    const runScript = (source: Script, given: (string | number)[]) => {
      const [count = 0, ...rest] = given;
      return source(rest.slice(0, Number(count)).map(String), rest.slice(Number(count)));
    };
    return {
      ping: () => call('ping', () => 'PONG'),
      get: (key: string) => call('get', () => this.get(key) ?? null),
      set: (key: string, value: string, _px: string, lifeMs: number) =>
        call(`set ${key}`, () => this.set(key, value, lifeMs)),
      getdel: (key: string) => call(`getdel ${key}`, () => this.del(key) ?? null),
      srem: (key: string, name: string) => call(`srem ${key}`, () => this.#remove(key, name)),
      evalsha: (hash: string, ...given: (string | number)[]) =>
        call(`script ${given[1]}`, () => {
          const known = this.#scripts.get(hash);
          if (!known) throw new Error('NOSCRIPT No matching script.');
          return runScript(known, given);
        }),
      eval: (source: string, ...given: (string | number)[]) =>
        call(`script ${given[1]}`, () => {
          const script = this.#read(source);
          this.#scripts.set(hashOf(source), script);
          return runScript(script, given);
        }),
    } as unknown as Redis;
  }

  // Known by a word that only the one script has; a new script of the house has to be taught here.
  #read(source: string): Script {
    if (source.includes('GETDEL')) {
      return ([clock = '', kept = ''], [every, ahead]) =>
        this.del(kept) === undefined ? [this.#slot(clock, Number(every), Number(ahead)), 0] : [0, 1];
    }
    if (source.includes('before - now')) {
      return ([clock = ''], [wait, ahead]) => this.#pushBack(clock, Number(wait), Number(ahead));
    }
    if (source.includes('return slot(')) {
      return ([clock = ''], [every, ahead]) => this.#slot(clock, Number(every), Number(ahead));
    }
    if (source.includes('KEEPTTL')) return ([clock = ''], [every]) => this.#giveBack(clock, Number(every));
    if (source.includes('if owner then return 0')) {
      return ([lease = '', count = ''], [owner, lifeMs]) => this.#lease(lease, count, String(owner), Number(lifeMs));
    }
    if (source.includes(`== ARGV[1] then redis.call('DEL'`)) {
      return ([lease = ''], [owner]) => void (this.get(lease) === owner && this.del(lease));
    }
    if (source.includes('SCARD')) {
      return ([key = '', lost = ''], [name]) => [this.#addName(key, String(name)), this.#names(lost).length];
    }
    if (source.includes('SADD')) return ([key = ''], [name]) => void this.#addName(key, String(name));
    if (source.includes('ZRANGEBYSCORE')) return () => [];
    throw new Error(`a script that the simulated Redis does not know: ${source}`);
  }

  #names(key: string): string[] {
    return this.get(key)?.split(' ').filter(Boolean) ?? [];
  }

  #addName(key: string, name: string): number {
    const names = new Set([...this.#names(key), name]);
    this.set(key, [...names].join(' '), 24 * 3_600_000);
    return names.size;
  }

  #remove(key: string, name: string): void {
    const names = this.#names(key).filter((each) => each !== name);
    this.set(key, names.join(' '), 24 * 3_600_000);
  }

  #slot(key: string, every: number, ahead: number): number {
    const { now } = this.machine;
    const kept = Number(this.get(key) ?? 0);
    if (every === 0) return Math.max(0, Math.ceil(kept - now));
    const at = Math.max(kept, now);
    this.set(key, String(at + every), at + every - now + 1_000);
    return Math.max(0, Math.ceil(at - ahead - now));
  }

  #pushBack(key: string, wait: number, ahead: number): number {
    const { now } = this.machine;
    const before = Number(this.get(key) ?? 0);
    const at = Math.max(before, now + wait + ahead);
    this.set(key, String(at), at - now + 1_000);
    return Math.ceil(Math.max(0, before - now));
  }

  #giveBack(key: string, every: number): void {
    const at = this.get(key);
    if (at !== undefined) this.set(key, String(Number(at) - every), Number(at) - this.machine.now + 1_000);
  }

  #lease(key: string, counter: string, owner: string, lifeMs: number): number {
    const present = this.get(key);
    if (present !== undefined && present !== owner) return 0;
    const count = Number(this.get(counter) ?? 0) + (present === owner ? 0 : 1);
    this.set(key, owner, lifeMs);
    this.set(counter, String(count), 30 * 24 * 3_600_000);
    return count;
  }
}

function away(): Error {
  return new Error('Connection is closed.');
}

function hashOf(source: string): string {
  return createHash('sha1').update(source).digest('hex');
}
