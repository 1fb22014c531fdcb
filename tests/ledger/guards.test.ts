// What the database refuses by itself, whoever asks: the product's role may not write the ledger at all, and not even
// the owner of the tables can overdraw an account, or change or remove what has happened.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId, single, type TestLedger, testLedger } from '../support/ledger.ts';

let ledger: TestLedger;
let app: pg.Client;
let wallet: bigint;

beforeAll(async () => {
  ledger = await testLedger();
  app = new pg.Client({ connectionString: ledger.database.appUrl });
  await app.connect();
  wallet = await ledger.wallet(100n);
  await ledger.owner.query(
    `INSERT INTO audit (id, actor_id, action, details, at) VALUES ($1, $1, 'test', '{}', now())`,
    [newId()],
  );
  await ledger.owner.query(
    `INSERT INTO rates (id, leg, micro, sources, state, source_at, at) VALUES ($1, 'BTC/USD', 1, '{x}', 'accepted', now(), now())`,
    [newId()],
  );
});

afterEach(async () => {
  await ledger.check();
});

afterAll(async () => {
  await app.end();
  await ledger.end();
});

const LEDGER = [
  'accounts',
  'transfers',
  'pending_transfers',
  'ledger_months',
  'detached_totals',
  'events',
  'proven_totals',
];
const NOT_ALLOWED = '42501';

describe('the role of the product', () => {
  test.each(LEDGER)('reads %s and writes nothing of it', async (table) => {
    await app.query(`SELECT * FROM ${table} LIMIT 1`);
    await expect(app.query(`INSERT INTO ${table} DEFAULT VALUES`)).rejects.toMatchObject({ code: NOT_ALLOWED });
    await expect(app.query(`DELETE FROM ${table}`)).rejects.toMatchObject({ code: NOT_ALLOWED });
    await expect(app.query(`TRUNCATE ${table}`)).rejects.toMatchObject({ code: NOT_ALLOWED });
  });

  test('updates neither balances nor history', async () => {
    await expect(app.query('UPDATE accounts SET credits_posted = 1')).rejects.toMatchObject({ code: NOT_ALLOWED });
    await expect(app.query('UPDATE transfers SET amount = 1')).rejects.toMatchObject({ code: NOT_ALLOWED });
    await expect(app.query('UPDATE pending_transfers SET amount = 1')).rejects.toMatchObject({ code: NOT_ALLOWED });
    await expect(app.query('UPDATE audit SET action = $1', ['x'])).rejects.toMatchObject({ code: NOT_ALLOWED });
    await expect(app.query('DELETE FROM rates')).rejects.toMatchObject({ code: NOT_ALLOWED });
  });

  test.each(['payments', 'invoices', 'sends', 'requests'])('takes no row of %s away', async (table) => {
    await expect(app.query(`DELETE FROM ${table}`)).rejects.toMatchObject({ code: NOT_ALLOWED });
  });

  test('cannot reach a month directly, nor the inner functions, nor make tables', async () => {
    const { rows } = await ledger.owner.query('SELECT month::text FROM ledger_months LIMIT 1');
    const partition = `transfers_${rows[0].month.slice(0, 7).replace('-', '_')}`;
    await expect(app.query(`INSERT INTO ${partition} DEFAULT VALUES`)).rejects.toMatchObject({ code: NOT_ALLOWED });
    await expect(
      app.query(`SELECT ledger_move('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', now(), true)`),
    ).rejects.toMatchObject({ code: NOT_ALLOWED });
    await expect(app.query('CREATE TABLE mine (id int)')).rejects.toMatchObject({ code: NOT_ALLOWED });
    await expect(app.query('CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql RETURN 1')).rejects.toMatchObject({
      code: NOT_ALLOWED,
    });
  });

  test('owns nothing', async () => {
    const { rows } = await app.query(
      `SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = current_user
       UNION ALL SELECT proname FROM pg_proc WHERE pg_get_userbyid(proowner) = current_user`,
    );
    expect(rows).toEqual([]);
  });

  test('cannot make its own tables stand in for the ledger inside the posting function', async () => {
    await app.query('CREATE TEMP TABLE accounts (id bigint, code text)').catch(() => {});
    const values = ['{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', 0];
    await app.query('SELECT ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', values);
    const { rows } = await app.query(`SELECT ledger_open_account('wallet:real', 'BTC', true) AS id`);
    const real = await ledger.owner.query(`SELECT id FROM accounts WHERE code = 'wallet:real'`);
    expect(real.rows[0].id).toBe(rows[0].id);
  });
});

describe('even the owner', () => {
  test.each([
    ['overdraws no wallet', 'UPDATE accounts SET debits_posted = 101 WHERE id = $1', '23514'],
    ['holds no more than there is', 'UPDATE accounts SET debits_pending = 101 WHERE id = $1', '23514'],
    ['makes no total negative', 'UPDATE accounts SET credits_pending = -1 WHERE id = $1', '23514'],
    ['turns no guard off', 'UPDATE accounts SET guarded = false WHERE id = $1', '23001'],
    ['gives no account another name', `UPDATE accounts SET code = 'x' WHERE id = $1`, '23001'],
    ['removes no account', 'DELETE FROM accounts WHERE id = $1', '23001'],
    ['changes no transfer', 'UPDATE transfers SET amount = 1 WHERE credit_id = $1', '23001'],
    ['removes no transfer', 'DELETE FROM transfers WHERE credit_id = $1', '23001'],
  ])('%s', async (_, text, code) => {
    await expect(ledger.owner.query(text, [String(wallet)])).rejects.toMatchObject({ code });
  });

  test.each(['transfers', 'audit', 'rates', 'accounts'])('empties %s not', async (table) => {
    await expect(ledger.owner.query(`TRUNCATE ${table}`)).rejects.toMatchObject({ code: '23001' });
  });

  test('empties no month', async () => {
    const { rows } = await ledger.owner.query(`SELECT tableoid::regclass::text AS month FROM transfers LIMIT 1`);
    await expect(ledger.owner.query(`TRUNCATE ${rows[0].month}`)).rejects.toMatchObject({ code: '23001' });
  });

  test.each<[string, unknown[]]>([
    ['UPDATE audit SET action = $1', ['x']],
    ['DELETE FROM audit', []],
    ['UPDATE rates SET micro = $1', [2]],
    ['DELETE FROM rates', []],
  ])('may not: %s', async (text, values) => {
    await expect(ledger.owner.query(text, values)).rejects.toMatchObject({ code: '23001' });
  });

  test.each([
    ['amount of nothing', '0', '1', '2', '0190b5a0-0000-7000-8000-000000000001'],
    ['negative amount', '-1', '1', '2', '0190b5a0-0000-7000-8000-000000000001'],
    ['account with itself', '1', '1', '1', '0190b5a0-0000-7000-8000-000000000001'],
  ])('adds no transfer of a %s', async (_, amount, debit, credit) => {
    await expect(
      ledger.owner.query(
        `INSERT INTO transfers (id, debit_id, credit_id, amount, created_at, kind, code, currency)
         VALUES ($1, $2, $3, $4, now(), 'single', 'adjust', 'BTC')`,
        [newId(), debit, credit, amount],
      ),
    ).rejects.toMatchObject({ code: '23514' });
  });

  test.each([
    [
      'payments',
      `state, payment_hash, request, destination, amount_msat, fee_ceiling_msat, due_at, expires_at`,
      `'gone', 'h', 'r', 'd', 1, 1, now(), now()`,
    ],
    ['invoices', 'state, expires_at', `'gone', now()`],
    [
      'requests',
      'from_user_id, to_user_id, state, amount_msat, expires_at',
      `gen_random_uuid(), gen_random_uuid(), 'gone', 1, now()`,
    ],
  ])('writes no unknown state into %s', async (table, columns, values) => {
    const user = table === 'requests' ? '' : ', user_id';
    const text = `INSERT INTO ${table} (id, created_at, cause, ${columns}${user}) VALUES ($1, now(), 'tap', ${values}${user && ', $1'})`;
    await expect(ledger.owner.query(text, [newId()])).rejects.toMatchObject({ code: '23514' });
  });
});

test('a posted transfer is still there after all that', async () => {
  const other = await ledger.wallet();
  expect(await ledger.db.post([single(wallet, other, 100n)])).toEqual(['created']);
});
