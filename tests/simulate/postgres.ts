// PostgreSQL as the processes of a run see it: a pool of connections in the place of `pg.Pool`, whose statements are run
// on the real server, one at a time over all processes, in the order of the run. Connections can be cut before a
// statement or after it, so that nobody knows what became of a commit. Whoever would have to wait for a lock is told at
// once: a single statement tries again later, a transaction hears of a deadlock, which is the server asking for another.
import { EventEmitter } from 'node:events';
import pg from 'pg';
import type { Life } from './life.ts';
import type { LinkState, Machine } from './machine.ts';

type Statement = { name?: string; text: string; values?: unknown[] };
type Result = { rows: unknown[] };

const STATEMENT_MS = 0.3;
// Whoever has the lock does nothing meanwhile: waiting longer would not help.
const LOCK_MS = 1;
const IDLE_IN_TRANSACTION_MS = 10_000;

// Real connections outlive a run, for what each has learned of the database; a run takes them in the order of their making.
let kept: { readonly url: string; readonly clients: pg.Client[] } = { url: '', clients: [] };

/** The server of a run, and who it is being opened for. */
export class Server {
  readonly machine: Machine;
  readonly url: string;
  downUntil = 0;
  statements = 0;
  /** For whom the next pool is made. */
  opening: Life | undefined;
  readonly clients = new Set<Client>();
  readonly #free: pg.Client[] = [];
  #taken = 0;

  constructor(machine: Machine, url: string) {
    this.machine = machine;
    this.url = url;
  }

  /** A real connection that nobody uses. */
  async take(): Promise<pg.Client> {
    const free = this.#free.pop();
    if (free) return free;
    if (kept.url !== this.url) kept = { url: this.url, clients: [] };
    const { clients } = kept;
    const known = clients[this.#taken++];
    if (known) return known;
    const types = {
      getTypeParser: (type: number): ((text: string) => unknown) =>
        type === 20 ? BigInt : (pg.types.getTypeParser(type) as (text: string) => unknown),
    };
    const options = `-c lock_timeout=${LOCK_MS} -c jit=off -c plan_cache_mode=force_generic_plan`;
    const client = new pg.Client({ connectionString: this.url, types, options, pipeline: true } as pg.ClientConfig);
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  }

  give(client: pg.Client): void {
    this.#free.push(client);
  }

  /** Every connection is cut, and none is let in for a while. */
  async restart(downMs: number): Promise<void> {
    this.downUntil = this.machine.now + downMs;
    for (const client of [...this.clients]) await client.sever();
  }

  /** The server's own limit for a transaction in which nothing happens. */
  async endIdle(): Promise<void> {
    const before = this.machine.now - IDLE_IN_TRANSACTION_MS;
    for (const client of [...this.clients]) if (client.isOpen() && client.lastAt < before) await client.sever();
  }

  /** Leaves the connections as if they were new: how a statement is run must not hang on what was there before. */
  async close(): Promise<void> {
    const used = kept.clients.slice(0, this.#taken);
    await Promise.all(used.map((client) => client.query('ROLLBACK; DISCARD PLANS; SELECT pg_advisory_unlock_all()')));
  }
}

let server: Server | undefined;

/** Puts the run's server in the place of `pg.Pool`, for every pool made from now on. */
export function serveFrom(given: Server | undefined): void {
  server = given;
  (pg as { Pool: unknown }).Pool = Pool;
}

class Pool extends EventEmitter {
  readonly #life: Life;
  readonly #server: Server;
  readonly #max: number;
  readonly #waiting: ((client: Client) => void)[] = [];
  #leased = 0;

  constructor(config: pg.PoolConfig) {
    super();
    if (!server?.opening) throw new Error('a pool that nobody opens');
    this.#server = server;
    this.#life = server.opening;
    this.#max = config.max ?? 10;
  }

  get totalCount(): number {
    return this.#leased;
  }

  get idleCount(): number {
    return this.#max - this.#leased;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  connect(): Promise<Client> {
    const { promise, resolve, reject } = Promise.withResolvers<Client>();
    const { machine } = this.#server;
    if (!this.#life.isAlive) return promise;
    if (this.#server.downUntil > machine.now) {
      const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      machine.after(1, `${this.#life.name} postgres refuses`, this.#life, () => reject(refused));
      return promise;
    }
    if (this.#leased < this.#max) resolve(this.#lease());
    else this.#waiting.push(resolve);
    return promise;
  }

  #lease(): Client {
    this.#leased++;
    return new Client(this.#server, this.#life, () => {
      this.#leased--;
      const next = this.#waiting.shift();
      if (next) next(this.#lease());
    });
  }

  async end(): Promise<void> {}
}

class Client {
  lastAt: number;
  readonly #server: Server;
  readonly #life: Life;
  readonly #free: () => void;
  #real: pg.Client | undefined;
  #begin: { text: string; sent: () => void } | undefined;
  #isBroken = false;
  #inTransaction = false;

  constructor(given: Server, life: Life, free: () => void) {
    this.#server = given;
    this.#life = life;
    this.#free = free;
    this.lastAt = given.machine.now;
    given.clients.add(this);
  }

  isOpen(): boolean {
    return this.#real !== undefined;
  }

  isOf(life: Life): boolean {
    return this.#life === life;
  }

  query(given: string | Statement): Promise<Result> {
    const statement = typeof given === 'string' ? { text: given } : given;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (!this.#life.isAlive) return promise;
    if (this.#isBroken) return Promise.reject(new Error('Client was closed and is not queryable'));
    const nothing = { rows: [] };
    if (statement.text.startsWith('BEGIN')) {
      this.#begin = { text: statement.text, sent: () => resolve(nothing) };
      return promise;
    }
    // Nothing was asked between the beginning and this end.
    if (this.#begin && isEnd(statement)) {
      this.#begin = undefined;
      return Promise.resolve(nothing);
    }
    this.#plan(statement, resolve, reject);
    return promise;
  }

  #plan(statement: Statement, resolve: (result: Result) => void, reject: (error: unknown) => void): void {
    const { machine } = this.#server;
    const fate = machine.fate(this.#life);
    const label = `${this.#life.name} sql ${statement.name ?? statement.text}`;
    const at = Math.max(this.lastAt, machine.now) + this.#life.dice.hop(STATEMENT_MS);
    this.lastAt = at;
    const step = async (): Promise<void> => {
      if (fate === 'before') return machine.kill(this.#life);
      if (this.#isBroken) return reject(lost());
      const link = machine.linkState(this.#life, 'postgres');
      if (link === 'cut' || link === 'silent') return this.#cut(() => reject(lost(link)));
      const end = await this.#run(statement);
      if (fate === 'after') return machine.kill(this.#life);
      if (link === 'deaf') return this.#cut(() => reject(lost(link)));
      if (end === 'again') {
        machine.after(1 + this.#life.dice.wait(2), label, this.#life, step);
      } else if ('error' in end) {
        machine.note(`refused ${(end.error as { code?: string }).code}`);
        reject(end.error);
      } else {
        machine.note(`${end.result.rows.length} rows`);
        resolve(end.result);
      }
    };
    machine.after(at - machine.now, label, this.#life, step);
  }

  async #cut(tell: () => void): Promise<void> {
    await this.sever();
    tell();
  }

  async #run(statement: Statement): Promise<{ result: Result } | { error: unknown } | 'again'> {
    const { name, text, values = [] } = statement;
    this.#server.statements++;
    const real = this.#real ?? (await this.#server.take());
    this.#real = real;
    const begin = this.#begin;
    this.#begin = undefined;
    if (begin) this.#inTransaction = true;
    // In one write, as the product's own pool does it.
    const begun = begin ? real.query(begin.text) : undefined;
    try {
      const result = await real.query({ ...(name ? { name } : {}), text, values } as pg.QueryConfig);
      await begun;
      begin?.sent();
      if (isEnd(statement)) this.#inTransaction = false;
      if (!this.#inTransaction) this.#leave();
      return { result };
    } catch (error) {
      begin?.sent();
      // The server says what is wrong before it lets go of the locks; this it answers when it has.
      await real.query('').catch(() => {});
      const isInTransaction = this.#inTransaction;
      if (!isInTransaction) this.#leave();
      if ((error as { code?: string }).code !== '55P03') return { error };
      await this.#server.endIdle();
      if (!isInTransaction) return 'again';
      return { error: Object.assign(new Error('deadlock detected'), { code: '40P01' }) };
    }
  }

  #leave(): void {
    if (this.#real) this.#server.give(this.#real);
    this.#real = undefined;
  }

  /** The connection is gone; the server gives up what was open on it. */
  async sever(): Promise<void> {
    this.#isBroken = true;
    const real = this.#real;
    this.#real = undefined;
    this.#inTransaction = false;
    if (!real) return;
    await real.query('ROLLBACK').catch(() => {});
    this.#server.give(real);
  }

  release(): void {
    this.#server.clients.delete(this);
    if (this.#real) this.#server.machine.join(this.sever());
    this.#free();
  }
}

/** What of a process that died is still open on the server. */
export async function severAllOf(given: Server, life: Life): Promise<void> {
  for (const client of [...given.clients]) if (client.isOf(life)) await client.sever();
}

function isEnd({ text }: Statement): boolean {
  return text === 'COMMIT' || text === 'ROLLBACK';
}

function lost(link: LinkState = 'cut'): Error {
  const message = link === 'cut' ? 'read ECONNRESET' : 'Connection terminated unexpectedly';
  return Object.assign(new Error(message), link === 'cut' ? { code: 'ECONNRESET' } : {});
}
