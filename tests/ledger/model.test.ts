// The ledger against a simple model in memory: random transfers, holds, chains and repeats, posted from many
// connections at once, played back into the model in the order in which the database committed them. Every result and
// every running total must agree, whichever path of ledger_post a batch took.
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PostResult, Transfer } from '../../src/domain/ledger.ts';
import { POST_TEXT, postValues } from '../../src/infra/db/batch.ts';
import { newId, pending, post, single, type TestLedger, testLedger, voided } from '../support/ledger.ts';
import { LedgerModel } from '../support/ledger-model.ts';

const CONNECTIONS = 6;
const WALLETS = 5;

let ledger: TestLedger;
const clients: pg.Client[] = [];

beforeAll(async () => {
  ledger = await testLedger();
  for (let i = 0; i < CONNECTIONS; i++) {
    const client = new pg.Client({ connectionString: ledger.database.appUrl });
    await client.connect();
    clients.push(client);
  }
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await ledger.end();
});

type Ran = { calls: Transfer[][]; results: PostResult[]; xid: string };

async function run(client: pg.Client, calls: Transfer[][]): Promise<Ran> {
  const text = `${POST_TEXT}, pg_current_xact_id()::text AS xid`;
  const { rows } = await client.query({ name: 'model', text, values: postValues(calls, Date.now()) });
  return { calls, results: rows[0].results, xid: rows[0].xid };
}

async function inOrderOfCommit(ran: Ran[]): Promise<Ran[]> {
  const text = 'SELECT x AS xid, pg_xact_commit_timestamp(x::xid)::text AS at FROM unnest($1::text[]) AS x';
  const { rows } = await clients[0]!.query(text, [ran.map(({ xid }) => xid)]);
  const at = new Map(rows.map((row) => [row.xid, row.at as string]));
  return [...ran].sort((one, other) => (at.get(one.xid)! < at.get(other.xid)! ? -1 : 1));
}

// What a case does, in numbers, to be turned into transfers over its own accounts, holds and ids.
const step = fc.record({
  what: fc.constantFrom('single', 'single', 'single', 'pending', 'post', 'void', 'again', 'same_account'),
  from: fc.nat(WALLETS + 1),
  to: fc.nat(WALLETS + 1),
  amount: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constantFrom(0, -1, 1_000_000)),
  hold: fc.nat(11),
  linked: fc.boolean(),
});
const call = fc.array(step, { minLength: 1, maxLength: 4 });
const batch = fc.array(call, { minLength: 1, maxLength: 6 });
// Batches that follow each other on each connection.
const plan = fc.array(fc.array(batch, { minLength: 1, maxLength: 3 }), {
  minLength: CONNECTIONS,
  maxLength: CONNECTIONS,
});

type Setting = { accounts: bigint[]; holds: Transfer[]; made: Transfer[] };

function transfersOf(
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
  setting: Setting,
): Transfer[] {
  const { accounts, holds, made } = setting;
  return steps.map((given) => {
    const { what, amount: plain, linked } = given;
    const amount = BigInt(plain);
    const [from, to] = [accounts[given.from]!, accounts[given.to]!];
    const hold = holds[given.hold % holds.length]!;
    // Holds that this very batch made may be ended in it, too; those of other batches are known before all begin.
    const transfer =
      what === 'single'
        ? single(from, to, amount, { linked })
        : what === 'pending'
          ? pending(from, to, amount, { linked })
          : what === 'post'
            ? post(hold.id, amount, { linked })
            : what === 'void'
              ? voided(hold.id, { linked })
              : what === 'same_account'
                ? single(from, from, amount, { linked })
                : { ...(made[given.hold % Math.max(1, made.length)] ?? single(from, to, amount)), linked };
    made.push(transfer);
    return transfer;
  });
}

async function accountsWith(model: LedgerModel): Promise<bigint[]> {
  const wallets = await Promise.all(Array.from({ length: WALLETS }, () => ledger.wallet()));
  const house = await ledger.house(`house:${newId()}`);
  for (const id of wallets) model.open(id, { currency: 'BTC', guarded: true });
  model.open(house, { currency: 'BTC', guarded: false });
  // The last one is missing.
  return [...wallets, house, 888_888_888n];
}

async function expectTotals(model: LedgerModel): Promise<void> {
  for (const [id, account] of model.accounts()) {
    const { rows } = await ledger.owner.query('SELECT * FROM accounts WHERE id = $1', [String(id)]);
    const { debits_posted, credits_posted, debits_pending, credits_pending } = rows[0];
    expect([debits_posted, credits_posted, debits_pending, credits_pending].map(BigInt)).toEqual([
      account.debitsPosted,
      account.creditsPosted,
      account.debitsPending,
      account.creditsPending,
    ]);
  }
}

test('results and totals are those of the model, from many connections at once', async () => {
  const counts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(plan, async (lanes) => {
      const model = new LedgerModel();
      const accounts = await accountsWith(model);
      const house = accounts[WALLETS]!;
      const fund = accounts.slice(0, WALLETS).map((id) => [single(house, id, 100n)]);
      const holds = Array.from({ length: 12 }, (_, i) =>
        pending(accounts[i % WALLETS]!, accounts[(i + 1) % WALLETS]!, 20n),
      );
      const first = await run(clients[0]!, [...fund, ...holds.map((hold) => [hold])]);
      expect(model.post(first.calls)).toEqual(first.results);

      const ran = await Promise.all(
        lanes.map(async (batches, lane) => {
          const mine: Ran[] = [];
          const made: Transfer[] = [];
          for (const calls of batches) {
            const transfers = calls.map((steps) => transfersOf(steps, { accounts, holds, made }));
            mine.push(await run(clients[lane]!, transfers));
          }
          return mine;
        }),
      );
      for (const { calls, results } of await inOrderOfCommit(ran.flat())) {
        expect(results).toEqual(model.post(calls));
        for (const result of results) counts.set(result, (counts.get(result) ?? 0) + 1);
      }
      await expectTotals(model);
    }),
    { numRuns: 60 },
  );
  await ledger.check();
  // The cases above are worth something only if they reach the answers that matter.
  for (const result of [
    'created',
    'exists',
    'linked_failed',
    'insufficient_funds',
    'already_posted',
    'already_voided',
  ]) {
    expect(counts.get(result) ?? 0, result).toBeGreaterThan(0);
  }
}, 60_000);

test('both paths agree: a batch beside a refused transfer answers as it would alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), async (batches) => {
      // The same history on two sets of accounts; on the second, every batch is walked.
      for (const walk of [false, true]) {
        const model = new LedgerModel();
        const accounts = await accountsWith(model);
        const house = accounts[WALLETS]!;
        const holds = Array.from({ length: 6 }, (_, i) => pending(accounts[i % WALLETS]!, house, 8n));
        const begin = [...accounts.slice(0, WALLETS).map((id) => single(house, id, 100n)), ...holds];
        expect((await run(clients[0]!, [begin])).results).toEqual(model.post([begin]));
        const made: Transfer[] = [];
        for (const calls of batches) {
          const transfers = calls.map((steps) => transfersOf(steps, { accounts, holds, made }));
          const refused = walk ? [[single(house, house, 1n)]] : [];
          const { results } = await run(clients[0]!, [...transfers, ...refused]);
          expect(results.slice(0, transfers.flat().length)).toEqual(model.post(transfers));
        }
        await expectTotals(model);
      }
    }),
    { numRuns: 40 },
  );
  await ledger.check();
}, 60_000);
