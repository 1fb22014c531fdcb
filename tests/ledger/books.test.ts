// The books' check finds what is wrong: each way of being wrong is made by hand, as the owner, and named by the check.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkBooks } from '../../src/infra/db/books.ts';
import { newId, pending, single, type TestLedger, testLedger } from '../support/ledger.ts';

let ledger: TestLedger;
let wallet: bigint;
let outgoing: bigint;

beforeAll(async () => {
  ledger = await testLedger();
  wallet = await ledger.wallet(1_000n);
  outgoing = await ledger.house('outgoing:BTC');
  await ledger.db.post([pending(wallet, outgoing, 100n)]);
});

afterAll(() => ledger.end());

test('right books name what we owe and what we have', async () => {
  expect(await checkBooks(ledger.db)).toEqual({
    ok: true,
    currencies: [{ code: 'BTC', sum: 0n }],
    offAccounts: [],
    liabilitiesMsat: 1_000n,
    assetsMsat: 1_000n,
  });
});

test.each([
  ['posted totals', 'UPDATE accounts SET credits_posted = credits_posted + $2 WHERE id = $1'],
  ['pending totals', 'UPDATE accounts SET debits_pending = debits_pending + $2 WHERE id = $1'],
])('%s that are not those of the transfers', async (why, text) => {
  await ledger.owner.query(text, [String(wallet), 1]);
  const books = await checkBooks(ledger.db);
  expect(books.ok).toBe(false);
  expect(books.offAccounts).toMatchObject([{ why }]);
  await ledger.owner.query(text, [String(wallet), -1]);
  expect((await checkBooks(ledger.db)).ok).toBe(true);
});

test('a posted balance left in outgoing', async () => {
  const move = single(outgoing, wallet, 5n);
  await ledger.db.post([move]);
  expect((await checkBooks(ledger.db)).offAccounts).toEqual([{ code: 'outgoing:BTC', why: 'outgoing is not empty' }]);
  await ledger.db.post([single(wallet, outgoing, 5n)]);
  expect((await checkBooks(ledger.db)).ok).toBe(true);
});

test('a transfer slipped in beside the posting function', async () => {
  await ledger.owner.query(
    `INSERT INTO transfers (id, debit_id, credit_id, amount, created_at, kind, code, currency)
     VALUES ($1, $2, 777777, 1, now(), 'single', 'adjust', 'BTC')`,
    [newId(), String(wallet)],
  );
  const books = await checkBooks(ledger.db);
  expect(books.ok).toBe(false);
  expect(books.offAccounts.map(({ why }) => why).sort()).toEqual(['posted totals', 'transfers without an account']);
});
