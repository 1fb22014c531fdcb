// What is written down of every move of a state: by the database, so that no path can forget it; without a gap, however
// many move at once; never changed. And what it costs to prove the accounts' totals again: what has moved since.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId, single, type TestLedger, testLedger } from '../support/ledger.ts';

let ledger: TestLedger;
let app: pg.Client;

beforeAll(async () => {
  ledger = await testLedger();
  app = new pg.Client({ connectionString: ledger.database.appUrl, application_name: 'bot-0a1b2c3d' });
  await app.connect();
});

afterAll(async () => {
  await app.end();
  await ledger.end();
});

const INSERT = `insert into requests (id, from_user_id, to_user_id, amount_msat, state, cause, expires_at, created_at)
  select id, id, id, 1, 'open', 'tap', now(), now() from unnest($1::uuid[]) as given (id)`;
const eventsOf = async (id: string) => {
  const text = `select seq, from_state as "from", to_state as "to", cause, actor from events where row_id = $1 order by seq`;
  return (await app.query(text, [id])).rows;
};

describe('events', () => {
  test('one for each row that is made, also for many at once, and one for each move, with who and why', async () => {
    const ids = Array.from({ length: 50 }, newId);
    await app.query(INSERT, [ids]);
    await app.query(`update requests set state = 'paid', cause = 'send' where id = any($1)`, [ids.slice(0, 2)]);
    await app.query('update requests set memo = $2 where id = $1', [ids[0], 'no move']);
    const made = { seq: 1, from: null, to: 'open', cause: 'tap', actor: 'bot-0a1b2c3d' };
    expect(await eventsOf(ids[49] ?? '')).toEqual([made]);
    expect(await eventsOf(ids[0] ?? '')).toEqual([
      made,
      { seq: 2, from: 'open', to: 'paid', cause: 'send', actor: 'bot-0a1b2c3d' },
    ]);
  });

  test('what is refused or taken back leaves none', async () => {
    const id = newId();
    await app.query(INSERT, [[id]]);
    await expect(app.query(INSERT, [[id]])).rejects.toMatchObject({ code: '23505' });
    await app.query('begin');
    await app.query(`update requests set state = 'declined', cause = 'decline' where id = $1`, [id]);
    await app.query('rollback');
    expect(await eventsOf(id)).toHaveLength(1);
  });

  test('a move without a cause of its own is refused, as is a cause that nobody knows', async () => {
    const id = newId();
    await app.query(INSERT, [[id]]);
    await expect(app.query(`update requests set state = 'paid' where id = $1`, [id])).rejects.toThrow(
      'request moved from open to paid without a cause of its own',
    );
    const unknown = app.query(`update requests set state = 'paid', cause = 'mood' where id = $1`, [id]);
    await expect(unknown).rejects.toMatchObject({ code: '23514' });
    await app.query(`update requests set state = 'paid', cause = $2 where id = $1`, [id, `admin:${newId()}`]);
  });

  test('of many who move one row at once, each that does gets the next number', async () => {
    const id = newId();
    await app.query(
      `insert into invoices (id, user_id, state, cause, expires_at, created_at) values ($1, $1, 'open', 'node', now(), now())`,
      [id],
    );
    const movers = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const client = new pg.Client({ connectionString: ledger.database.appUrl, application_name: `worker-${i}` });
        await client.connect();
        return client;
      }),
    );
    const there = `update invoices set state = 'closing', cause = 'payer' where id = $1 and state = 'open'`;
    const back = `update invoices set state = 'open', cause = 'node' where id = $1 and state = 'closing'`;
    try {
      for (let round = 0; round < 10; round++) {
        await Promise.all(movers.map((client, i) => client.query(i % 2 ? there : back, [id])));
      }
    } finally {
      await Promise.all(movers.map((client) => client.end()));
    }
    const events = await eventsOf(id);
    expect(events.length).toBeGreaterThan(10);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
    for (const [at, event] of events.entries()) if (at > 0) expect(event.from).toBe(events[at - 1].to);
  });

  test.each(["update events set cause = 'tap'", 'delete from events', 'truncate events'])(
    'are never changed: %s',
    async (text) => {
      await expect(ledger.owner.query(text)).rejects.toMatchObject({ code: '23001' });
      await expect(app.query(text)).rejects.toMatchObject({ code: '42501' });
    },
  );
});

describe('proving the totals', () => {
  const prove = async () => (await app.query('select code, why from prove_accounts(0, 1)')).rows;
  /** How many transfers were looked up by it. */
  const cost = async () => {
    await ledger.owner.query('begin');
    const looked = `select coalesce(sum(idx_scan), 0)::int as count from pg_stat_xact_user_tables where relname like 'transfers_2%'`;
    const before = (await ledger.owner.query(looked)).rows[0].count;
    await ledger.owner.query('select count(*) from prove_accounts(0, 1)');
    const after = (await ledger.owner.query(looked)).rows[0].count;
    await ledger.owner.query('commit');
    return after - before;
  };

  test('costs what has moved since it was done last, whatever moved before', async () => {
    const [one, other] = [await ledger.wallet(10_000n), await ledger.wallet()];
    for (let i = 0; i < 20; i++) {
      await ledger.db.post(Array.from({ length: 20 }, () => single(one, other, 1n)));
    }
    expect(await prove()).toEqual([]);
    expect(await cost()).toBe(0);
    await ledger.db.post([single(other, one, 3n)]);
    const [few, { length: months }] = [await cost(), (await app.query('select 1 from ledger_months')).rows];
    expect(few).toBeGreaterThan(0);
    // Both sides of one transfer, in whichever months it may be looked for.
    expect(few).toBeLessThanOrEqual(2 * months);
    expect(await prove()).toEqual([]);
  });

  test('finds what is wrong at every look until it is right again, also what was wrong from the beginning', async () => {
    const wallet = await ledger.wallet(1_000n);
    const code = (await app.query('select code from accounts where id = $1', [wallet])).rows[0].code;
    const change = (by: number) =>
      ledger.owner.query('update accounts set credits_posted = credits_posted + $2 where id = $1', [wallet, by]);
    await change(1);
    // No slice of a thousand has it by its number alone.
    expect(await prove()).toEqual([{ code, why: 'posted totals' }]);
    await ledger.db.post([single(wallet, await ledger.wallet(), 1n)]);
    const elsewhere = (Number(wallet) + 1) % 1000;
    expect((await app.query('select code from prove_accounts($1, 1000)', [elsewhere])).rows).toEqual([{ code }]);
    await change(-1);
    expect(await prove()).toEqual([]);
    await ledger.owner.query('update accounts set last_transfer_id = $2 where id = $1', [wallet, newId()]);
    expect(await prove()).toEqual([{ code, why: 'its chain is broken' }]);
  });
});
