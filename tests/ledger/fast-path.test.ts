// Batches of which all must succeed never come to be decided one by one: with that way barred, they give the same
// results and totals as the model.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Transfer } from '../../src/domain/ledger.ts';
import { newId, pending, post, single, type TestLedger, testLedger, voided } from '../support/ledger.ts';
import { LedgerModel } from '../support/ledger-model.ts';

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger();
  const { rows } = await ledger.owner.query(`SELECT pg_get_functiondef('ledger_walk'::regproc) AS text`);
  const barred = rows[0].text.replace(/\nBEGIN\n/, `\nBEGIN\n  RAISE EXCEPTION 'the batch was walked';\n`);
  expect(barred).not.toBe(rows[0].text);
  await ledger.owner.query(barred);
});

afterAll(() => ledger.end());

const step = fc.record({
  kind: fc.constantFrom('single', 'pending'),
  from: fc.nat(4),
  to: fc.nat(4),
  amount: fc.integer({ min: 1, max: 9 }),
});
const end = fc.record({ how: fc.constantFrom('whole', 'part', 'void', 'pay'), amount: fc.integer({ min: 1, max: 9 }) });
const rounds = fc.array(fc.tuple(fc.array(step, { minLength: 1, maxLength: 12 }), fc.array(end, { maxLength: 12 })), {
  minLength: 1,
  maxLength: 4,
});

test('what must succeed succeeds at once, and as the model says', async () => {
  await fc.assert(
    fc.asyncProperty(rounds, async (given) => {
      const model = new LedgerModel();
      const wallets = await Promise.all(Array.from({ length: 5 }, () => ledger.wallet(10_000n)));
      const outgoing = await ledger.house(`holds:${newId()}`);
      model.open(ledger.source, { currency: 'BTC', guarded: false });
      for (const id of wallets) model.open(id, { currency: 'BTC', guarded: true });
      model.open(outgoing, { currency: 'BTC', guarded: false });
      model.post([wallets.map((id) => single(ledger.source, id, 10_000n))]);
      const open: (Transfer & { amount: bigint })[] = [];
      for (const [steps, ends] of given) {
        const begun = steps.map(({ kind, from, to, amount }) => {
          const debitId = wallets[from]!;
          if (kind === 'single') return single(debitId, wallets[to === from ? (to + 1) % 5 : to]!, BigInt(amount));
          const hold = pending(debitId, outgoing, BigInt(amount)) as Transfer & { amount: bigint };
          open.push(hold);
          return hold;
        });
        await expectSame(
          model,
          begun.map((transfer) => [transfer]),
        );
        const ended = ends.flatMap(({ how, amount }) => {
          const hold = open.shift();
          if (!hold) return [];
          const part = BigInt(Math.min(amount, Number(hold.amount)));
          if (how === 'void') return [[voided(hold.id)]];
          if (how === 'pay') return [[{ ...post(hold.id, part), linked: true }, single(outgoing, ledger.source, part)]];
          return [[post(hold.id, how === 'whole' ? hold.amount : part)]];
        });
        await expectSame(model, ended);
      }
      for (const [id, account] of model.accounts()) {
        if (id === ledger.source) continue;
        const { rows } = await ledger.owner.query('SELECT * FROM accounts WHERE id = $1', [String(id)]);
        expect(BigInt(rows[0].debits_posted)).toBe(account.debitsPosted);
        expect(BigInt(rows[0].credits_posted)).toBe(account.creditsPosted);
        expect(BigInt(rows[0].debits_pending)).toBe(account.debitsPending);
        expect(BigInt(rows[0].credits_pending)).toBe(account.creditsPending);
      }
    }),
    { numRuns: 40 },
  );
  expect((await ledger.check()).offAccounts).toEqual([]);
}, 60_000);

async function expectSame(model: LedgerModel, calls: Transfer[][]): Promise<void> {
  const results = await Promise.all(calls.map((transfers) => ledger.db.post(transfers)));
  expect(results.flat()).toEqual(model.post(calls));
  expect(results.flat().every((result) => result === 'created')).toBe(true);
}
