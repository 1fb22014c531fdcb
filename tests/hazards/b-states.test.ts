// A row's state moves only where its table of moves allows, whoever moves it: every pair of states there is, tried on the
// database itself with the product's role.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { systemRandom, uuidIds } from '../../src/base/ids.ts';
import { INVOICE_MOVES, PAYMENT_MOVES, REQUEST_MOVES, SEND_MOVES } from '../../src/domain/states.ts';
import type { Db } from '../../src/infra/db/client.ts';
import { type TestDatabase, testDatabase, testDb } from '../support/database.ts';

let database: TestDatabase;
let db: Db;
const ids = uuidIds(hostClock(), systemRandom());

beforeAll(async () => {
  database = await testDatabase();
  db = testDb(database);
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

// Whole rows of which only the state matters; $1 is the id and $2 the state.
const ROWS = {
  payments: `insert into payments (id, user_id, state, cause, payment_hash, request, destination, amount_msat,
      fee_ceiling_msat, node, due_at, expires_at, created_at)
    values ($1, $1, $2, 'tap', ($1::uuid)::text, 'lnbc1', '02', 1000, 10, 'alice', now(), now(), now())`,
  invoices: `insert into invoices (id, user_id, state, cause, expires_at, created_at)
    values ($1, $1, $2, 'tap', now(), now())`,
  sends: `insert into sends (id, from_user_id, to_name, amount_msat, state, cause, created_at)
    values ($1, $1, '@a', 1000, $2, 'tap', now())`,
  requests: `insert into requests (id, from_user_id, to_user_id, amount_msat, state, cause, expires_at, created_at)
    values ($1, $1, $1, 1000, $2, 'tap', now(), now())`,
} as const;
// Another than that of the row before.
const CAUSES = { payments: 'lookup', invoices: 'lookup', sends: 'claim', requests: 'send' } as const;

test.each([
  ['payments', PAYMENT_MOVES],
  ['invoices', INVOICE_MOVES],
  ['sends', SEND_MOVES],
  ['requests', REQUEST_MOVES],
] as const)('B9: %s: every move of its table is made, every other is refused by the database', async (table, moves) => {
  const states = Object.keys(moves);
  const made: Record<string, string[]> = {};
  for (const from of states) {
    made[from] = [];
    for (const to of states.filter((each) => each !== from)) {
      const id = ids.next();
      await db.query(`test.insert_${table}`, ROWS[table], [id, from]);
      const move = `update ${table} set state = $2, cause = '${CAUSES[table]}' where id = $1`;
      const refusal = await db.query(`test.move_${table}`, move, [id, to]).then(
        () => undefined,
        (error: { code?: string }) => error.code,
      );
      if (refusal === undefined) made[from].push(to);
      else expect(refusal).toBe('23514');
    }
    made[from].sort();
  }
  const allowed = Object.fromEntries(Object.entries(moves).map(([from, to]) => [from, [...to].sort()]));
  expect(made).toEqual(allowed);
});

test('B9: a state that no table knows is refused', async () => {
  for (const [table, text] of Object.entries(ROWS)) {
    await expect(db.query(`test.odd_${table}`, text, [ids.next(), 'pending'])).rejects.toMatchObject({ code: '23514' });
  }
});
