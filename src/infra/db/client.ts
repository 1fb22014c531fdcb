// The database as the rest of the house sees it: named queries, transactions, and posts to the ledger, over one bounded
// pool. Promise: nothing waits without an end, amounts are bigint, a transaction the database asks to repeat is
// repeated whole, and money moves only through `post`.
import type { PoolClient, QueryConfig } from 'pg';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/ids.ts';
import { isTrace } from '../../base/trace.ts';
import { type PostResult, stands, type Transfer } from '../../domain/ledger.ts';
import { checkTexts, createPoster, POST_NAME, POST_TEXT, postSpan, postValues } from './batch.ts';
import type { PrismaClient } from './generated/client.ts';
import { createPool, type Pool, type PoolEvent, type PoolStats } from './pool.ts';
import { errorCode, isUnavailable, named, withRetry } from './retry.ts';

/** What a repository function needs: a database, or one transaction of it. */
export type Queryable = {
  /**
   * Runs one statement, prepared under its name: a name always goes with the same text.
   * BIGINT comes back as bigint. Values may be strings, numbers, bigints, booleans, null, and arrays of these.
   * @throws Unavailable when the pool or the server cannot serve in time.
   */
  query<Row = Record<string, unknown>>(name: string, text: string, values: readonly unknown[]): Promise<Row[]>;
};

/** One open transaction. Rows of state are locked first (by table, then by id), then money moves, once. */
export type Tx = Queryable & {
  /**
   * Moves money in this transaction, all of it or none: the last statement that locks anything, and at most once.
   * Gives `created` or `exists` for each.
   * @throws LedgerRefused when any transfer got another result; let it end the transaction.
   */
  post(transfers: readonly Transfer[]): Promise<PostResult[]>;
};

export type Db = Queryable & {
  /**
   * Runs `run` in one transaction (READ COMMITTED) and commits when it resolves. Runs it again, whole, on a
   * serialisation failure or deadlock, so it must have no effect outside. What it throws rolls back and is passed on.
   */
  transaction<T>(name: string, run: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * One statement that is a whole step by itself, as a call of a function of ours. Run again when the database asks for
   * it. Throws LedgerRefused when the step raised that the ledger refused: nothing of it has happened.
   */
  call<Row = Record<string, unknown>>(name: string, text: string, values: readonly unknown[]): Promise<Row[]>;
  /**
   * Moves money by itself, sharing a round trip with whoever posts at the same time. One result each, in order;
   * a call's transfers stand alone unless they are `linked`.
   */
  post(transfers: readonly Transfer[]): Promise<PostResult[]>;
  /** For what may be a moment old: the read replica where there is one. */
  readonly read: Queryable;
  /** Prisma's client on the same pool, loaded and made at its first use: it weighs some 50 MB. */
  prisma(): Promise<PrismaClient>;
  /** The server's time, in milliseconds since 1970. */
  nowMs(): Promise<number>;
  /** Throws when the database does not answer. */
  health(): Promise<void>;
  poolStats(): PoolStats;
  /** Tells whoever counts that so many transfers were posted together; for statements of ours that post by themselves. */
  onPost(way: PostWay, transfers: number): void;
  /** Lets what is under way end, then closes every connection. */
  close(): Promise<void>;
};

/** `post`: by a group commit, `transaction`: among other statements, `statement`: by a function that does all at once. */
export type PostWay = 'post' | 'transaction' | 'statement';

export type TransactionOptions = {
  /** Reads only, and sees the database as it stood at the first statement. */
  snapshot?: boolean;
  /** Instead of the pool's statement time-out. */
  statementMs?: number;
  /** Of the message that it serves: the rows that it makes bear it. */
  trace?: string | null;
};

export type DbOptions = {
  databaseUrl: string;
  /** Who is connected, the actor in the events of the rows it moves; what the URL says, or the role, when missing. */
  name?: string;
  /** A read replica; the same database when missing. */
  readUrl?: string | undefined;
  /** Connections kept, 2, and allowed, 10, in each pool. */
  poolMin?: number;
  poolMax?: number;
  connectMs?: number;
  idleMs?: number;
  /** How long to wait for a connection: 2 s unless given, less where a person waits, 30 s for jobs. */
  acquireMs?: number;
  statementMs?: number;
  clock: Clock;
  random: Random;
  /** A statement that took over 50 ms, by its name, never with its values. */
  onSlow: (name: string, ms: number) => void;
  onPool: (event: PoolEvent) => void;
  /** The ledger was asked to move so many transfers in one go. Must not throw. */
  onPost?: (way: PostWay, transfers: number) => void;
};

/** Money that was not moved: the results say why, one for each transfer of the call. */
export class LedgerRefused extends Error {
  readonly results: readonly PostResult[];

  constructor(results: readonly PostResult[]) {
    super(`the ledger refused: ${results.join(', ')}`);
    this.name = 'LedgerRefused';
    this.results = results;
  }
}

/** Whether a statement was refused because a unique value is taken; with a name, by that constraint or index. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (errorCode(error) !== '23505') return false;
  return constraint === undefined || (error as { constraint?: string }).constraint === constraint;
}

const SLOW_MS = 50;

// Raised by our functions, with the ledger's first answer as its detail.
function refusedBy(error: unknown): LedgerRefused | undefined {
  if (errorCode(error) !== 'LR001') return undefined;
  return new LedgerRefused([(error as { detail?: string }).detail as PostResult]);
}

export function createDb(options: DbOptions): Db {
  const { clock, random, onSlow, onPool, onPost = () => {}, readUrl, acquireMs = 2_000 } = options;
  const { poolMin = 2, poolMax = 10, connectMs = 10_000, idleMs = 30_000, statementMs = 5_000 } = options;
  const limits = { name: options.name, poolMin, poolMax, connectMs, idleMs, acquireMs, statementMs, clock, onPool };
  const pool = createPool({ databaseUrl: options.databaseUrl, ...limits });
  const readPool = readUrl ? createPool({ databaseUrl: readUrl, ...limits }) : pool;
  const retry = { clock, random, budgetMs: acquireMs };
  let prisma: Promise<PrismaClient> | undefined;

  const timed: Timed = async (name, run) => {
    const begun = clock.monotonicMs();
    try {
      return await run();
    } finally {
      const tookMs = clock.monotonicMs() - begun;
      if (tookMs > SLOW_MS) onSlow(name, tookMs);
    }
  };

  const poster = createPoster((calls) =>
    withRetry({ ...retry, evenWhenLost: true }, async () => {
      const values = postValues(calls, clock.nowMs());
      const [row] = await queryable(pool, timed, statementMs).query<{ results: PostResult[] }>(
        POST_NAME,
        POST_TEXT,
        values,
      );
      onPost('post', row!.results.length);
      return row!.results;
    }),
  );

  const db: Db = {
    ...queryable(pool, timed, statementMs),
    transaction: (name, run, how = {}) =>
      withRetry(retry, () => transaction({ pool, timed, clock, statementMs, onPost }, name, run, how)),
    call: (name, text, values) =>
      withRetry(retry, () => db.query(name, text, values)).catch((error: unknown) => {
        throw refusedBy(error) ?? error;
      }) as Promise<never>,
    post: (transfers) => postSpan(POST_NAME, transfers.length, () => poster.post(transfers)),
    read: queryable(readPool, timed, statementMs),
    prisma() {
      prisma ??= makePrisma(pool);
      return prisma;
    },
    async nowMs() {
      const text = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now';
      const [row] = await db.query<{ now: number }>('db.now', text, []);
      return row!.now;
    },
    async health() {
      await db.query('db.health', 'SELECT 1', []);
    },
    poolStats: () => pool.stats(),
    onPost,
    async close() {
      await poster.idle();
      await (await prisma)?.$disconnect();
      await pool.end();
      if (readPool !== pool) await readPool.end();
    },
  };
  return db;
}

async function makePrisma(pool: Pool): Promise<PrismaClient> {
  const [{ PrismaClient }, { PrismaPg }] = await Promise.all([
    import('./generated/client.ts'),
    import('@prisma/adapter-pg'),
  ]);
  return new PrismaClient({ adapter: new PrismaPg(pool.raw) });
}

type Timed = <T>(name: string, run: () => Promise<T>) => Promise<T>;

// How much longer than the server we wait before giving a connection up as dead.
const GRACE_MS = 5_000;

type Statement = { name: string; text: string; values: readonly unknown[]; statementMs: number };

async function execute<Row>(client: PoolClient, timed: Timed, statement: Statement): Promise<Row[]> {
  const { name, text, values, statementMs } = statement;
  const query = { name, text, values: [...values], query_timeout: statementMs + GRACE_MS };
  return (await timed(name, () => client.query(query))).rows as Row[];
}

function queryable(pool: Pool, timed: Timed, statementMs: number): Queryable {
  return {
    async query<Row>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
      const client = await pool.acquire();
      let broken = false;
      try {
        return await execute<Row>(client, timed, { name, text, values, statementMs });
      } catch (error) {
        broken = isUnavailable(error);
        throw named(error);
      } finally {
        client.release(broken);
      }
    },
  };
}

type OnPost = NonNullable<DbOptions['onPost']>;
type Setting = { pool: Pool; timed: Timed; clock: Clock; statementMs: number; onPost: OnPost };

async function transaction<T>(
  setting: Setting,
  name: string,
  run: (tx: Tx) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const { pool, timed } = setting;
  const statementMs = options.statementMs ?? setting.statementMs;
  const client = await pool.acquire();
  let broken = false;
  try {
    // Not waited for: it travels with the first statement. Should it fail, so does that.
    const begun = client.query(beginText(options));
    begun.catch(() => {});
    const result = await run(txOn(client, { ...setting, statementMs }));
    await begun;
    await timed(`${name}.commit`, () =>
      client.query({ text: 'COMMIT', query_timeout: statementMs + GRACE_MS } as QueryConfig),
    );
    return result;
  } catch (error) {
    broken = isUnavailable(error);
    if (!broken) {
      await client.query('ROLLBACK').catch(() => {
        broken = true;
      });
    }
    throw error;
  } finally {
    client.release(broken);
  }
}

function beginText({ snapshot, statementMs, trace }: TransactionOptions): string {
  const parts = [snapshot ? 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' : 'BEGIN'];
  if (statementMs !== undefined) parts.push(`SET LOCAL statement_timeout = ${Math.ceil(statementMs)}`);
  // Of the shape of a UUID, so that it can stand in the text.
  if (isTrace(trace)) parts.push(`SET LOCAL satfleet.trace = '${trace}'`);
  return parts.join('; ');
}

function txOn(client: PoolClient, { timed, clock, statementMs, onPost }: Setting): Tx {
  let posted = false;
  const run = <Row>(name: string, text: string, values: readonly unknown[]) =>
    execute<Row>(client, timed, { name, text, values, statementMs });
  return {
    query(name, text, values) {
      // A row locked after the accounts can wait for somebody who waits for the accounts.
      if (posted && LOCKS.test(text))
        throw new Error(`${name} locks rows after money was moved: lock first, post last`);
      return run(name, text, values);
    },
    async post(transfers) {
      if (posted) throw new Error('money was moved already in this transaction: post once, with all transfers');
      if (transfers.length === 0) return [];
      checkTexts(transfers);
      posted = true;
      const values = postValues([transfers], clock.nowMs());
      const send = () => run<{ results: PostResult[] }>(POST_NAME, POST_TEXT, values);
      const [row] = await postSpan(POST_NAME, transfers.length, send);
      const { results } = row!;
      onPost('transaction', results.length);
      if (!results.every(stands)) throw new LedgerRefused(results);
      return results;
    },
  };
}

const LOCKS = /\bfor\s+(no\s+key\s+)?update\b|\bfor\s+(key\s+)?share\b/i;
