// The months of the ledger: made once, refused outside, detached when old, and the books add up without them.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Transfer } from '../../src/domain/ledger.ts';
import { historyPage } from '../../src/infra/db/history.ts';
import { detachPartition, makePartitions } from '../../src/infra/db/partitions.ts';
import { pending, post, single, type TestLedger, testLedger, voided } from '../support/ledger.ts';

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger();
});

afterEach(async () => {
  await ledger.check();
});

afterAll(() => ledger.end());

const at = (text: string) => Date.parse(`${text}Z`);

/** The transfer under an id of that moment. */
function dated<T extends Transfer>(moment: string, transfer: T): T {
  const hex = at(moment).toString(16).padStart(12, '0');
  return { ...transfer, id: `${hex.slice(0, 8)}-${hex.slice(8)}-${transfer.id.slice(14)}` };
}

async function months(): Promise<string[]> {
  const { rows } = await ledger.owner.query('SELECT month::text FROM ledger_months ORDER BY month');
  return rows.map((row) => row.month);
}

test('a migrated ledger has the last month, this one and three ahead', async () => {
  const now = new Date();
  const wanted = [-1, 0, 1, 2, 3].map((n) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + n, 1)));
  expect(await months()).toEqual(wanted.map((month) => month.toISOString().slice(0, 10)));
});

test('months are made once, also by many jobs at the same time', async () => {
  const made = await Promise.all(
    Array.from({ length: 6 }, () => makePartitions(ledger.db, at('2024-11-15T12:00:00'), 3)),
  );
  expect(made.reduce((sum, one) => sum + one, 0)).toBe(3);
  expect((await months()).slice(0, 3)).toEqual(['2024-11-01', '2024-12-01', '2025-01-01']);
  expect(await makePartitions(ledger.db, at('2024-11-15T12:00:00'), 3)).toBe(0);
});

test('a transfer goes into the month of its id, up to the millisecond', async () => {
  const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
  const last = dated('2024-11-30T23:59:59.999', single(a, b, 1n));
  const first = dated('2024-12-01T00:00:00.000', single(a, b, 1n));
  expect(await ledger.db.post([last, first])).toEqual(['created', 'created']);
  const { rows } = await ledger.owner.query(
    'SELECT tableoid::regclass::text AS month FROM transfers WHERE id = ANY ($1::uuid[]) ORDER BY id',
    [[last.id, first.id]],
  );
  expect(rows.map((row) => row.month)).toEqual(['transfers_2024_11', 'transfers_2024_12']);
});

test('an id in a gap between months, or before or after them all, is refused and hurts nobody', async () => {
  const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
  const results = await Promise.all([
    ledger.db.post([dated('2025-03-01T00:00:00', single(a, b, 1n))]),
    ledger.db.post([single(a, b, 2n)]),
    ledger.db.post([dated('2020-01-01T00:00:00', single(a, b, 1n))]),
    ledger.db.post([dated('2077-01-01T00:00:00', single(a, b, 1n))]),
  ]);
  expect(results.flat()).toEqual(['id_invalid', 'created', 'id_invalid', 'id_invalid']);
  expect(await ledger.db.post([dated('2025-03-01T00:00:00', single(a, b, 1n))])).toEqual(['id_invalid']);
});

test('an old month leaves: its ids are refused, its money stays counted, history ends before it', async () => {
  const [a, b] = [await ledger.wallet(100n), await ledger.wallet()];
  const old = dated('2024-11-10T00:00:00', single(a, b, 30n));
  const hold = dated('2024-11-11T00:00:00', pending(a, b, 20n));
  expect(await ledger.db.post([old, hold])).toEqual(['created', 'created']);
  await expect(detachPartition(ledger.db, '2024-11-01')).rejects.toThrow(/open holds/);
  const end = dated('2024-11-11T00:00:00', post(hold.id, 5n));
  const young = single(a, b, 7n);
  expect(await ledger.db.post([end, young])).toEqual(['created', 'created']);
  expect((await historyPage(ledger.db, b, { limit: 10 })).map(({ amountMsat }) => amountMsat)).toEqual([7n, 5n, 30n]);

  await detachPartition(ledger.db, '2024-11-01');
  expect(await months()).not.toContain('2024-11-01');
  await ledger.check();
  expect(await ledger.db.post([old])).toEqual(['id_invalid']);
  expect(await ledger.db.post([voided(hold.id)])).toEqual(['pending_not_found']);
  expect((await historyPage(ledger.db, b, { limit: 10 })).map(({ amountMsat }) => amountMsat)).toEqual([7n]);
  const { rows } = await ledger.owner.query('SELECT count(*)::int AS kept FROM transfers_2024_11');
  expect(rows[0].kept).toBeGreaterThanOrEqual(3);
});

test('posting goes on while a month is detached and others are made', async () => {
  const [a, b] = [await ledger.wallet(1_000n), await ledger.wallet()];
  await makePartitions(ledger.db, at('2023-01-15T00:00:00'), 2);
  await ledger.db.post([dated('2023-01-20T00:00:00', single(a, b, 1n))]);
  const posts = Promise.all(Array.from({ length: 200 }, () => ledger.db.post([single(a, b, 1n)])));
  await detachPartition(ledger.db, '2023-01-01');
  await makePartitions(ledger.db, at('2022-01-15T00:00:00'), 2);
  expect(new Set((await posts).flat())).toEqual(new Set(['created']));
});

test('the present and the last month stay', async () => {
  const present = new Date().toISOString().slice(0, 8);
  await expect(detachPartition(ledger.db, `${present}01`)).rejects.toThrow(/too young/);
  await expect(detachPartition(ledger.db, '1999-01-01')).rejects.toThrow(/not attached/);
});
