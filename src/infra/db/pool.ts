// A bounded pool of connections. Who asks for one gets it within the time allowed or is told `Unavailable('database
// pool')`: a full pool is answered kindly and never with silence. Amounts come back as bigint.
import pg from 'pg';
import type { Clock } from '../../base/clock.ts';
import { Unavailable } from '../../base/errors.ts';
import { named, POOL } from './retry.ts';

export type PoolOptions = {
  databaseUrl: string;
  /** Who is connected, as the server and the events of the tables name it. */
  name?: string | undefined;
  poolMin: number;
  poolMax: number;
  /** To reach the server. */
  connectMs: number;
  /** After which an unused connection beyond `poolMin` is closed. */
  idleMs: number;
  /** How long to wait for a connection: less than 2 s where a person waits, 30 s for a job. */
  acquireMs: number;
  /** After which the server breaks a statement off. */
  statementMs: number;
  clock: Clock;
  /** An unused connection broke, or somebody waited in vain for one. */
  onPool: (event: PoolEvent) => void;
};

export type PoolEvent = { kind: 'broken'; error: Error } | { kind: 'exhausted'; waitedMs: number };

/** `refused`: how many have waited in vain so far. */
export type PoolStats = { total: number; idle: number; waiting: number; max: number; refused: number };

export type Pool = {
  /** A connection, to be given back by `release`; with an error when it must not be used again. */
  acquire(): Promise<pg.PoolClient>;
  stats(): PoolStats;
  /** The pool under it all, for Prisma's adapter. */
  raw: pg.Pool;
  end(): Promise<void>;
};

const INT8 = 20;
const types = {
  getTypeParser(type: number): (text: string) => unknown {
    return type === INT8 ? BigInt : pg.types.getTypeParser(type);
  },
};

export function createPool(options: PoolOptions): Pool {
  const { clock, acquireMs, connectMs, statementMs, onPool } = options;
  const raw = new pg.Pool({
    connectionString: options.databaseUrl,
    ...(options.name === undefined ? {} : { application_name: options.name }),
    min: options.poolMin,
    max: options.poolMax,
    idleTimeoutMillis: options.idleMs,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs + 5_000,
    keepAlive: true,
    // Statements go out without waiting for the answer of the one before, so BEGIN costs no round trip.
    pipeline: true,
    types,
  } as pg.PoolConfig);
  raw.on('error', (error) => onPool({ kind: 'broken', error }));
  // A connection that breaks in use fails its statement; the event beside it would end the process if nobody listened.
  raw.on('connect', (client) => client.on('error', () => {}));
  let refused = 0;
  const told: PoolOptions['onPool'] = (event) => {
    if (event.kind === 'exhausted') refused++;
    onPool(event);
  };

  return {
    raw,
    acquire: () => acquire(raw, clock, acquireMs, told),
    stats: () => {
      const { totalCount: total, idleCount: idle, waitingCount: waiting } = raw;
      return { total, idle, waiting, max: options.poolMax, refused };
    },
    end: () => raw.end(),
  };
}

async function acquire(
  raw: pg.Pool,
  clock: Clock,
  acquireMs: number,
  onPool: PoolOptions['onPool'],
): Promise<pg.PoolClient> {
  const wanted = raw.connect().catch((error: unknown) => {
    throw /timeout exceeded when trying to connect/.test(String(error)) ? exhausted(acquireMs) : named(error);
  });
  // Most of the time one is free, and no timer is worth its while.
  if (raw.idleCount > 0 && raw.waitingCount === 0) return wanted;
  const enough = new AbortController();
  const late = clock.sleep(acquireMs, enough.signal).then(() => undefined);
  const client = await Promise.race([wanted, late]).finally(() => enough.abort('enough'));
  if (client) return client;
  // It may still come: then it goes straight back.
  wanted.then(
    (unwanted) => unwanted.release(),
    () => {},
  );
  throw exhausted(acquireMs);

  function exhausted(waitedMs: number): Unavailable {
    onPool({ kind: 'exhausted', waitedMs });
    return new Unavailable(POOL);
  }
}
