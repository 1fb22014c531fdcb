// Balance and history: each one statement that finds its rows by key, however much lies behind them; and the history's
// chain gives what a full reading of the transfers gives.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { historyPage } from '../../src/infra/db/history.ts';
import { BALANCE_TEXT, balanceOf } from '../../src/infra/db/ledger.ts';
import { newId, pending, post, single, type TestLedger, testLedger, voided } from '../support/ledger.ts';

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger();
});

afterEach(async () => {
  await ledger.check();
});

afterAll(() => ledger.end());

/** The plan, and what it did, of a statement with numbered parameters, in the plan that serves all values. */
async function plan(text: string, types: string, values: unknown[], settings: string[] = []): Promise<string> {
  const client = ledger.owner;
  await client.query('BEGIN');
  for (const setting of ['plan_cache_mode=force_generic_plan', ...settings]) {
    const [name, value] = setting.split('=');
    await client.query('SELECT set_config($1, $2, true)', [name, value]);
  }
  await client.query(`PREPARE reading (${types}) AS ${text}`);
  const shown = values.map((value) => (value === null ? 'NULL' : `'${value}'`)).join(', ');
  const { rows } = await client.query(
    `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) EXECUTE reading(${shown})`,
  );
  await client.query('DEALLOCATE reading');
  await client.query('ROLLBACK');
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

test('a balance is one row by its key', async () => {
  const wallet = await ledger.wallet(5n);
  const text = await plan(BALANCE_TEXT, 'bigint', [wallet]);
  expect(text).toMatch(/^Index Scan using accounts_pkey on accounts/);
  expect(text).not.toMatch(/Sort|Seq Scan/);
});

test('a history page reads as many transfers as it shows, by key, behind thousands of others', async () => {
  const [a, b, c] = [await ledger.wallet(100_000n), await ledger.wallet(), await ledger.wallet(100_000n)];
  for (let i = 0; i < 5; i++) {
    await ledger.db.post(Array.from({ length: 300 }, (_, n) => (n % 3 ? single(c, b, 1n) : single(a, b, 1n))));
  }
  await ledger.owner.query('ANALYZE transfers');
  const { rows } = await ledger.owner.query(`SELECT prosrc, proconfig FROM pg_proc WHERE proname = 'ledger_history'`);
  const text = await plan(rows[0].prosrc, 'bigint, uuid, int', [a, null, 20], rows[0].proconfig);
  const ran = text.split('\n').filter((line) => !line.includes('never executed'));
  expect(ran.join('\n')).not.toMatch(/Seq Scan/);
  // The page's 20 rows in their order: not a sort of the account's or the ledger's transfers.
  expect(text).toMatch(/^Sort \(actual rows=20/);
  const reads = ran.flatMap((line) => {
    const found = /Index Scan using transfers_\w+ on transfers_\w+ t\w* \(actual rows=([\d.]+) loops=(\d+)\)/.exec(
      line,
    );
    return found ? [Number(found[1]) * Number(found[2])] : [];
  });
  expect(Math.round(reads.reduce((sum, one) => sum + one, 0))).toBe(20);
  await expect(historyPage(ledger.db, a, { limit: 5 })).resolves.toHaveLength(5);
});

test('pages follow each other without a gap or a repeat, on both sides, over batches and repeats', async () => {
  const wallets = await Promise.all(Array.from({ length: 4 }, () => ledger.wallet(10_000n)));
  const outgoing = await ledger.house(`holds:${newId()}`);
  const pick = () => wallets[Math.floor(Math.random() * wallets.length)]!;
  for (let round = 0; round < 12; round++) {
    const calls = Array.from({ length: 8 }, () => {
      const [from, to] = [pick(), pick()];
      const hold = pending(from, outgoing, 3n);
      // Refused ones leave the chain untouched; holds and releases are not in it.
      const kinds = [
        [single(from, to, 2n)],
        [single(from, to, 99_999n)],
        [hold, post(hold.id, 2n)],
        [hold, voided(hold.id)],
        [{ ...single(from, outgoing, 1n), linked: true }, single(outgoing, from, 1n)],
      ];
      return kinds[Math.floor(Math.random() * kinds.length)]!;
    });
    await Promise.all(calls.map((transfers) => ledger.db.post(transfers)));
  }
  for (const id of [...wallets, outgoing]) {
    const pages = [];
    let before: string | undefined;
    for (;;) {
      const page = await historyPage(ledger.db, id, { before, limit: 7 });
      pages.push(...page);
      if (page.length < 7) break;
      before = page.at(-1)!.id;
    }
    const { rows } = await ledger.owner.query(
      `SELECT id, CASE WHEN debit_id = $1 THEN -amount ELSE amount END AS amount FROM transfers
       WHERE (debit_id = $1 OR credit_id = $1) AND kind IN ('single', 'post')`,
      [String(id)],
    );
    const sorted = (list: { id: string; amount: bigint }[]) => list.map(({ id, amount }) => `${id} ${amount}`).sort();
    expect(sorted(pages.map((row) => ({ id: row.id, amount: row.amountMsat })))).toEqual(sorted(rows));
    const total = pages.reduce((sum, { amountMsat }) => sum + amountMsat, 0n);
    expect((await balanceOf(ledger.db, id)).postedMsat).toBe(total);
    const times = pages.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((x, y) => y - x));
  }
});

test('a stranger to the transfer named as the last row gets an empty page', async () => {
  const [a, b, c] = [await ledger.wallet(10n), await ledger.wallet(), await ledger.wallet(10n)];
  const transfer = single(a, b, 1n);
  await ledger.db.post([transfer]);
  expect(await historyPage(ledger.db, c, { before: transfer.id, limit: 5 })).toEqual([]);
  expect(await historyPage(ledger.db, a, { before: newId(), limit: 5 })).toEqual([]);
  const page = await historyPage(ledger.db, a, { limit: 1 });
  expect(page).toMatchObject([{ id: transfer.id, kind: 'single', code: 'adjust', amountMsat: -1n, otherId: b }]);
});
