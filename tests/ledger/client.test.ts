// The database client: an exhausted pool is answered in time, what the database asks to repeat is repeated whole, a
// failed call hurts nobody else, and money moves at most once in a transaction.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { Unavailable } from '../../src/base/errors.ts';
import type { Transfer } from '../../src/domain/ledger.ts';
import { accountCodes, accountId, openAccount } from '../../src/infra/db/accounts.ts';
import { isUniqueViolation, LedgerRefused } from '../../src/infra/db/client.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import type { PoolEvent } from '../../src/infra/db/pool.ts';
import { testDb } from '../support/database.ts';
import { newId, single, type TestLedger, testLedger } from '../support/ledger.ts';

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger();
});

afterEach(async () => {
  await ledger.check();
});

afterAll(() => ledger.end());

test('a full pool answers Unavailable within its two seconds, and works again afterwards', async () => {
  const events: PoolEvent[] = [];
  const db = testDb(ledger.database, { poolMin: 1, poolMax: 2, onPool: (event) => events.push(event) });
  const sleepers = [1, 2].map(() => db.query('test.sleep', 'SELECT pg_sleep(3)', []));
  const begun = performance.now();
  const asked = [
    db.query('test.one', 'SELECT 1', []),
    db.transaction('test.two', (tx) => tx.query('test.one', 'SELECT 1', [])),
    db.post([single(1n, 2n, 1n)]),
  ];
  const answers = await Promise.allSettled(asked);
  expect(performance.now() - begun).toBeLessThan(2_500);
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 'rejected', reason: { what: 'database pool' } });
    expect((answer as PromiseRejectedResult).reason).toBeInstanceOf(Unavailable);
  }
  expect(events).toContainEqual({ kind: 'exhausted', waitedMs: 2_000 });
  expect(db.poolStats()).toMatchObject({ total: 2, max: 2 });
  await Promise.all(sleepers);
  expect(await db.query('test.one', 'SELECT 1 AS one', [])).toEqual([{ one: 1 }]);
  await db.close();
});

test('a statement that takes too long, and a server that is not there, are Unavailable', async () => {
  const db = testDb(ledger.database, { statementMs: 200 });
  await expect(db.query('test.sleep', 'SELECT pg_sleep(3)', [])).rejects.toMatchObject({ what: 'database' });
  await db.close();
  const nobody = testDb({ ...ledger.database, appUrl: 'postgresql://a:b@127.0.0.1:1/none' });
  await expect(nobody.health()).rejects.toMatchObject({ what: 'database' });
  await expect(nobody.transaction('test.none', (tx) => tx.post([single(1n, 2n, 1n)]))).rejects.toBeInstanceOf(
    Unavailable,
  );
  await nobody.close();
});

test('a connection that is cut is replaced; the transaction on it fails as Unavailable', async () => {
  const db = testDb(ledger.database);
  const cut = db.transaction('test.cut', async (tx) => {
    const [row] = await tx.query<{ pid: number }>('test.pid', 'SELECT pg_backend_pid() AS pid', []);
    const admin = new pg.Client({ connectionString: ledger.database.appUrl });
    await admin.connect();
    await admin.query('SELECT pg_terminate_backend($1)', [row!.pid]);
    await admin.end();
    await tx.query('test.one', 'SELECT 1', []);
  });
  await expect(cut).rejects.toBeInstanceOf(Unavailable);
  await db.health();
  await db.close();
});

test('a serialisation failure and a deadlock repeat the whole function', async () => {
  for (const code of ['40001', '40P01']) {
    let tries = 0;
    const result = await ledger.db.transaction('test.retry', async (tx) => {
      tries++;
      if (tries < 4) {
        await tx.query(
          `test.raise_${code}`,
          `DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '${code}'; END $$`,
          [],
        );
      }
      return 'done';
    });
    expect([result, tries]).toEqual(['done', 4]);
  }
});

test('who is asked for another try until the time is over is told that the database is not there', async () => {
  const again = `DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END $$`;
  const db = testDb(ledger.database, { acquireMs: 50 });
  const refused = db.transaction('test.busy', (tx) => tx.query('test.raise', again, []));
  await expect(refused).rejects.toBeInstanceOf(Unavailable);
  await db.close();
});

test('two transactions that lock two rows crosswise both end, by one of them being repeated', async () => {
  const [a, b] = [newId(), newId()];
  const insert = `INSERT INTO outbox (id, queue, subject_id, created_at, due_at) VALUES ($1, 'x', $1, now(), now())`;
  for (const id of [a, b]) await ledger.db.query('test.outbox', insert, [id]);
  const lock = (first: string, second: string) =>
    ledger.db.transaction('test.cross', async (tx) => {
      await tx.query('test.lock', 'SELECT FROM outbox WHERE id = $1 FOR UPDATE', [first]);
      await hostClock().sleep(100);
      await tx.query('test.lock', 'SELECT FROM outbox WHERE id = $1 FOR UPDATE', [second]);
    });
  await Promise.all([lock(a, b), lock(b, a)]);
});

test('what a transaction throws rolls it back and is passed on; its posts are undone with it', async () => {
  const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
  const id = newId();
  const boom = ledger.db.transaction('test.boom', async (tx) => {
    await tx.query(
      'test.outbox',
      `INSERT INTO outbox (id, queue, subject_id, created_at, due_at) VALUES ($1, 'x', $1, now(), now())`,
      [id],
    );
    expect(await tx.post([single(a, b, 40n)])).toEqual(['created']);
    throw new RangeError('boom');
  });
  await expect(boom).rejects.toThrow(RangeError);
  expect((await balanceOf(ledger.db, a)).postedMsat).toBe(100n);
  expect(await ledger.db.query('test.find', 'SELECT FROM outbox WHERE id = $1', [id])).toEqual([]);
});

test('a refused post throws its results; posting twice, or locking after it, is a fault', async () => {
  const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
  const refused = ledger.db.transaction('test.refused', (tx) => tx.post([single(a, b, 60n), single(a, b, 60n)]));
  const error = await refused.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LedgerRefused);
  expect((error as LedgerRefused).results).toEqual(['created', 'insufficient_funds']);
  expect((await balanceOf(ledger.db, a)).postedMsat).toBe(100n);

  const twice = ledger.db.transaction('test.twice', async (tx) => {
    await tx.post([single(a, b, 1n)]);
    await tx.post([single(a, b, 1n)]);
  });
  await expect(twice).rejects.toThrow(/once/);
  const late = ledger.db.transaction('test.late', async (tx) => {
    await tx.post([single(a, b, 1n)]);
    await tx.query('test.lock', 'SELECT FROM outbox WHERE id = $1 FOR UPDATE', [newId()]);
  });
  await expect(late).rejects.toThrow(/lock first, post last/);
  expect((await balanceOf(ledger.db, a)).postedMsat).toBe(100n);
});

test('callers who post at once share round trips and get their own answers', async () => {
  const wallets = await Promise.all(Array.from({ length: 20 }, () => ledger.wallet(1_000n)));
  const calls = Array.from({ length: 600 }, (_, i) => {
    const from = wallets[i % 20]!;
    const to = wallets[(i * 7 + 1) % 20]!;
    return i % 50 === 3 ? [single(from, to, 5_000n)] : i % 50 === 4 ? [single(from, from, 1n)] : [single(from, to, 1n)];
  });
  const results = await Promise.all(calls.map((transfers) => ledger.db.post(transfers)));
  results.forEach(([result], i) => {
    const { debitId, creditId } = calls[i]![0]! as { debitId: bigint; creditId: bigint };
    const wanted = i % 50 === 3 ? 'insufficient_funds' : debitId === creditId ? 'same_account' : 'created';
    expect(result).toBe(wanted);
  });
});

test('a call the database cannot take fails alone', async () => {
  const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
  const unguarded = await ledger.house(`house:${newId()}`);
  const other = await ledger.house(`house:${newId()}`);
  const most = 2_000_000_000_000_000_000n;
  // Together these run over the end of a BIGINT.
  const overflow = Array.from({ length: 6 }, () => single(unguarded, other, most));
  const settled = await Promise.allSettled([
    ledger.db.post([single(a, b, 1n)]),
    ledger.db.post(overflow),
    ledger.db.post([{ ...single(a, b, 1n), code: 'nonsense' } as unknown as Transfer]),
    ledger.db.post([single(a, b, 2n)]),
  ]);
  expect(settled[0]).toMatchObject({ status: 'fulfilled', value: ['created'] });
  expect(settled[1]).toMatchObject({ status: 'rejected', reason: { code: '22003' } });
  expect(settled[2]).toMatchObject({ status: 'rejected', reason: { code: '22P02' } });
  expect(settled[3]).toMatchObject({ status: 'fulfilled', value: ['created'] });
});

test.each([
  ['an id', { id: 'x},{y' }],
  ['a subject', { subjectId: 'a,b' }],
  ['a pending id', { kind: 'void', pendingId: '{}' }],
  ['a currency', { currency: 'B,C' }],
])('%s that is none is refused before it is sent', async (_, more) => {
  const transfer = { ...single(1n, 2n, 1n), ...more } as Transfer;
  await expect(ledger.db.post([transfer])).rejects.toThrow(RangeError);
  await expect(ledger.db.transaction('test.bad', (tx) => tx.post([transfer]))).rejects.toThrow(RangeError);
});

test('slow statements are reported by name, with how long they took and nothing else', async () => {
  const slow: unknown[][] = [];
  const db = testDb(ledger.database, { onSlow: (...told) => slow.push(told) });
  await db.query('test.slow', 'SELECT pg_sleep($1::float8)', [0.08]);
  await db.query('test.quick', 'SELECT 1', []);
  expect(slow).toEqual([['test.slow', expect.any(Number)]]);
  await db.close();
});

test('accounts open once, are found by name, and cannot be reopened otherwise', async () => {
  const account = { code: `wallet:${newId()}`, currency: 'BTC', guarded: true };
  const opened = await Promise.all(Array.from({ length: 10 }, () => openAccount(ledger.db, account)));
  expect(new Set(opened).size).toBe(1);
  expect(await accountId(ledger.db, account.code)).toBe(opened[0]);
  expect(await accountId(ledger.db, account.code)).toBe(opened[0]);
  expect(await accountCodes(ledger.db, [opened[0]!])).toEqual(new Map([[opened[0], account.code]]));
  await expect(openAccount(ledger.db, { ...account, guarded: false })).rejects.toThrow(/another currency or guard/);
  await expect(openAccount(ledger.db, { ...account, code: 'x', currency: 'btc' })).rejects.toMatchObject({
    code: '23514',
  });
  await expect(accountId(ledger.db, 'wallet:nobody')).rejects.toThrow(/no account/);
  await expect(balanceOf(ledger.db, 999_999n)).rejects.toThrow(/no account/);
});

test('unique violations are told apart, time is the server’s, and Prisma reads the same rows', async () => {
  const text = `INSERT INTO outbox (id, queue, subject_id, created_at, due_at) VALUES ($1, 'x', $1, now(), now())`;
  const id = newId();
  await ledger.db.query('test.outbox', text, [id]);
  const error = await ledger.db.query('test.outbox', text, [id]).catch((reason: unknown) => reason);
  expect(isUniqueViolation(error)).toBe(true);
  expect(isUniqueViolation(error, 'outbox_pkey')).toBe(true);
  expect(isUniqueViolation(error, 'other')).toBe(false);
  expect(isUniqueViolation(new Error('x'))).toBe(false);
  expect(Math.abs((await ledger.db.nowMs()) - Date.now())).toBeLessThan(1_000);
  const prisma = await ledger.db.prisma();
  expect(await prisma.outbox.findUnique({ where: { id } })).toMatchObject({ id, queue: 'x' });
  expect(await prisma.account.count()).toBeGreaterThan(0);
});
