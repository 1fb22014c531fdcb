// A ledger to test on: a fresh database, its `Db`, accounts at hand, and short words for the transfers of a case.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { hostClock } from '../../src/base/clock.ts';
import { systemRandom, uuidIds } from '../../src/base/ids.ts';
import type { Transfer } from '../../src/domain/ledger.ts';
import { openAccount } from '../../src/infra/db/accounts.ts';
import { type Books, checkBooks } from '../../src/infra/db/books.ts';
import type { Db, DbOptions } from '../../src/infra/db/client.ts';
import { type TestDatabase, testDatabase, testDb } from './database.ts';

const ids = uuidIds(hostClock(), systemRandom());

/** A fresh UUIDv7. */
export const newId = () => ids.next();

export type TestLedger = {
  database: TestDatabase;
  db: Db;
  /** The role that owns the tables. */
  owner: pg.Client;
  /** A new wallet with this much in it, from the house account `source`. */
  wallet(amount?: bigint): Promise<bigint>;
  /** A new account that may go below zero. */
  house(code: string, currency?: string): Promise<bigint>;
  source: bigint;
  /** Throws unless the books are clean. */
  check(): Promise<Books>;
  end(): Promise<void>;
};

export async function testLedger(options: Partial<DbOptions> = {}): Promise<TestLedger> {
  const database = await testDatabase();
  const db = testDb(database, { poolMax: 20, acquireMs: 30_000, ...options });
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const house = (code: string, currency = 'BTC') => openAccount(db, { code, currency, guarded: false });
  const source = await house('capital:test');
  return {
    database,
    db,
    owner,
    source,
    house,
    async wallet(amount = 0n) {
      const code = `wallet:${randomBytes(8).toString('hex')}`;
      const id = await openAccount(db, { code, currency: 'BTC', guarded: true });
      if (amount > 0n) await db.post([single(source, id, amount)]);
      return id;
    },
    async check() {
      const books = await checkBooks(db);
      if (!books.ok)
        throw new Error(`the books are off: ${JSON.stringify(books, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`);
      return books;
    },
    async end() {
      await db.close();
      await owner.end();
      await database.drop();
    },
  };
}

type More = Partial<Transfer>;

export function single(debitId: bigint, creditId: bigint, amount: bigint, more: More = {}): Transfer {
  return {
    id: newId(),
    kind: 'single',
    code: 'adjust',
    debitId,
    creditId,
    amount,
    currency: 'BTC',
    ...more,
  } as Transfer;
}

export function pending(debitId: bigint, creditId: bigint, amount: bigint, more: More = {}): Transfer {
  return { ...single(debitId, creditId, amount, more), kind: 'pending' } as Transfer;
}

export function post(pendingId: string, amount: bigint, more: More = {}): Transfer {
  return { id: newId(), kind: 'post', code: 'pay', pendingId, amount, ...more } as Transfer;
}

export function voided(pendingId: string, more: More = {}): Transfer {
  return { id: newId(), kind: 'void', code: 'release', pendingId, ...more } as Transfer;
}
