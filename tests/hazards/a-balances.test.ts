// Balances under many at once, at the ledger itself: from many pools as from many processes, with nothing but the database
// to decide. What the same hazards are to whole processes is in a-processes.test.ts.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { PostResult } from '../../src/domain/ledger.ts';
import type { Db } from '../../src/infra/db/client.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import { testDb } from '../support/database.ts';
import { newId, pending, post, single, type TestLedger, testLedger } from '../support/ledger.ts';
import { long } from './long.ts';

let ledger: TestLedger;
let outside: bigint;
/** Each stands for a process with its own pool and its own batches. */
let processes: Db[];

beforeAll(async () => {
  ledger = await testLedger();
  outside = await ledger.house('lightning:alice');
  processes = Array.from({ length: 4 }, () => testDb(ledger.database, { acquireMs: 30_000 }));
});

afterEach(async () => {
  await ledger.check();
  const { rows } = await ledger.owner.query(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  expect(rows[0].deadlocks).toBe('0');
});

afterAll(async () => {
  await Promise.all(processes.map((db) => db.close()));
  await ledger.end();
});

const count = (results: PostResult[][], wanted: PostResult) => results.filter(([result]) => result === wanted).length;
const of = (index: number) => processes[index % processes.length]!;

test('A1: of 200 withdrawals of all there is, one goes through', async () => {
  const wallet = await ledger.wallet(1_000n);
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, i) => of(i).post([single(wallet, outside, 1_000n)])),
  );
  expect(count(results, 'created')).toBe(1);
  expect(count(results, 'insufficient_funds')).toBe(199);
  expect((await balanceOf(ledger.db, wallet)).postedMsat).toBe(0n);
});

test('A1: the same through transactions of their own', async () => {
  const wallet = await ledger.wallet(1_000n);
  const tries = Array.from({ length: 40 }, (_, i) =>
    of(i).transaction('test.withdraw', (tx) => tx.post([single(wallet, outside, 1_000n)])),
  );
  const settled = await Promise.allSettled(tries);
  expect(settled.filter(({ status }) => status === 'fulfilled').length).toBe(1);
});

test('A1: a payment to oneself moves nothing', async () => {
  const wallet = await ledger.wallet(1_000n);
  const results = await Promise.all(Array.from({ length: 50 }, (_, i) => of(i).post([single(wallet, wallet, 1_000n)])));
  expect(count(results, 'same_account')).toBe(50);
  expect((await balanceOf(ledger.db, wallet)).postedMsat).toBe(1_000n);
});

test('A1: one held amount claimed by 100 goes to one', async () => {
  const giver = await ledger.wallet(500n);
  const outgoing = await ledger.house('outgoing:BTC');
  const takers = await Promise.all(Array.from({ length: 100 }, () => ledger.wallet()));
  const hold = pending(giver, outgoing, 500n);
  await ledger.db.post([hold]);
  const results = await Promise.all(
    takers.map((taker, i) => of(i).post([{ ...post(hold.id, 500n), linked: true }, single(outgoing, taker, 500n)])),
  );
  expect(count(results, 'created')).toBe(1);
  expect(count(results, 'already_posted')).toBe(99);
  const balances = await Promise.all(takers.map((taker) => balanceOf(ledger.db, taker)));
  expect(balances.filter(({ postedMsat }) => postedMsat === 500n).length).toBe(1);
});

test('A3: the same movement sent again and again, from everywhere, moves once', async () => {
  const [from, to] = [await ledger.wallet(1_000n), await ledger.wallet()];
  const transfer = single(from, to, 100n);
  const results = await Promise.all(Array.from({ length: 100 }, (_, i) => of(i).post([transfer])));
  expect(count(results, 'created')).toBe(1);
  expect(count(results, 'exists')).toBe(99);
  expect((await balanceOf(ledger.db, to)).postedMsat).toBe(100n);
});

test('A3: one id used at once on different accounts is taken by one of them', async () => {
  const pairs = await Promise.all(
    Array.from({ length: 20 }, async () => [await ledger.wallet(10n), await ledger.wallet()] as const),
  );
  const id = newId();
  const results = await Promise.all(pairs.map(([from, to], i) => of(i).post([single(from, to, 10n, { id })])));
  expect(count(results, 'created')).toBe(1);
  expect(count(results, 'exists_different')).toBe(19);
});

test('A6: a second live payment of one hash is refused by the database', async () => {
  const insert = (db: Db) =>
    db.query(
      'test.payment',
      `INSERT INTO payments (id, user_id, state, cause, payment_hash, request, destination, amount_msat, fee_ceiling_msat,
         due_at, expires_at, created_at)
       VALUES ($1, $2, 'held', 'tap', 'hash', 'lnbc1', 'dest', 1000, 10, now(), now(), now())`,
      [newId(), newId()],
    );
  const settled = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => insert(of(i))));
  const refused = settled.filter((one) => one.status === 'rejected');
  expect(refused.length).toBe(7);
  expect(refused.every(({ reason }) => reason.code === '23505')).toBe(true);
});

test('A9: 32 workers move between 10 accounts both ways: no deadlock, nothing lost', () => bothWays(2_000));

async function bothWays(ms: number): Promise<void> {
  const wallets = await Promise.all(Array.from({ length: 10 }, () => ledger.wallet(10_000n)));
  const pick = () => Math.floor(Math.random() * wallets.length);
  const until = performance.now() + ms;
  let moved = 0;
  const workers = Array.from({ length: 32 }, async (_, i) => {
    while (performance.now() < until) {
      const from = pick();
      const to = (from + 1 + Math.floor(Math.random() * 9)) % wallets.length;
      const transfers = [single(wallets[from]!, wallets[to]!, 7n), single(wallets[to]!, wallets[pick()]!, 1n)];
      // Half of them each in a transaction of its own, the other half sharing batches.
      if (i % 2) await of(i).post(transfers);
      else
        await of(i)
          .transaction('test.move', (tx) => tx.post([transfers[0]!]))
          .catch(() => {});
      moved++;
    }
  });
  await Promise.all(workers);
  expect(moved).toBeGreaterThan(ms / 8);
  const balances = await Promise.all(wallets.map((id) => balanceOf(ledger.db, id)));
  expect(balances.reduce((sum, { postedMsat }) => sum + postedMsat, 0n)).toBe(100_000n);
}

test('A9: holds ended by many at once, each in another order: each ends once, and no deadlock', async () => {
  const giver = await ledger.wallet(10_000n);
  const outgoing = await ledger.house(`holds:${newId()}`);
  for (let round = 0; round < 5; round++) {
    const holds = Array.from({ length: 40 }, () => pending(giver, outgoing, 5n));
    await ledger.db.post(holds);
    const shuffled = () => [...holds].sort(() => Math.random() - 0.5);
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        of(i)
          .transaction('test.end', (tx) => tx.post(shuffled().map((hold) => post(hold.id, 5n))))
          .then(
            () => 'all',
            () => 'refused',
          ),
      ),
    );
    expect(results.filter((result) => result === 'all').length).toBe(1);
  }
  expect((await balanceOf(ledger.db, outgoing)).postedMsat).toBe(1_000n);
});

test('A12: 64 at once by one person with money for 32: exactly 32, within 2 s', async () => {
  const wallet = await ledger.wallet(32_000n);
  const begun = performance.now();
  const results = await Promise.all(
    Array.from({ length: 64 }, (_, i) => of(i).post([single(wallet, outside, 1_000n)])),
  );
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(count(results, 'created')).toBe(32);
  expect(count(results, 'insufficient_funds')).toBe(32);
});

long('A12: what a movement costs with 100,000 entries behind its wallet is what it costs with none', async () => {
  const [old, young] = [await ledger.wallet(1_000_000n), await ledger.wallet(1_000_000n)];
  for (let batch = 0; batch < 100; batch++) {
    await ledger.db.post(
      Array.from({ length: 500 }, () => [single(old, outside, 1n), single(outside, old, 1n)]).flat(),
    );
  }
  const times = new Map([old, young].map((wallet) => [wallet, [] as number[]]));
  for (let round = 0; round < 1_000; round++) {
    for (const [wallet, list] of times) {
      const begun = performance.now();
      await ledger.db.post([single(wallet, outside, 1n)]);
      list.push(performance.now() - begun);
    }
  }
  const [ofOld = 0, ofYoung = 0] = [old, young].map((wallet) => times.get(wallet)?.toSorted((a, b) => a - b)[500]);
  expect(ofOld / ofYoung).toBeLessThan(1.2);
});

long('A9: 32 workers move between 10 accounts both ways for a minute', () => bothWays(60_000));
