// Whether the books are right: every currency sums to zero, every account's totals are those of its transfers, every
// hold is accounted for, and nothing is left in an account that must be empty. `checkBooks` reads all transfers, so it is
// for tests and for benches; `checkAccounts` reads the accounts alone, for a schedule.
import type { Db } from './client.ts';

export type Books = {
  /** Whether everything below is as it must be. */
  ok: boolean;
  /** Per currency the sum of all balances: zero. */
  currencies: { code: string; sum: bigint }[];
  /** Accounts whose totals differ from their transfers or holds, or that hold what they may not. */
  offAccounts: { code: string; why: string }[];
  /** What we owe people, in BTC: the wallets, and what is held for them. */
  liabilitiesMsat: bigint;
  /** What we have to pay it with, in BTC, after our own capital and income. */
  assetsMsat: bigint;
};

const SUMS = `SELECT currency AS code, sum(credits_posted - debits_posted)::bigint AS sum FROM accounts
  GROUP BY currency ORDER BY currency`;

// Every posted or pending movement once per side, summed per account, beside the totals of the account's row.
const OFF = `WITH side AS (
    SELECT debit_id AS id, amount AS dp, 0 AS cp, 0 AS dh, 0 AS ch FROM transfers WHERE kind IN ('single', 'post')
    UNION ALL SELECT credit_id, 0, amount, 0, 0 FROM transfers WHERE kind IN ('single', 'post')
    UNION ALL SELECT debit_id, 0, 0, amount, 0 FROM pending_transfers WHERE state = 'pending'
    UNION ALL SELECT credit_id, 0, 0, 0, amount FROM pending_transfers WHERE state = 'pending'
    UNION ALL SELECT account_id, debits_posted, credits_posted, 0, 0 FROM detached_totals
  ), total AS (
    SELECT id, sum(dp) AS dp, sum(cp) AS cp, sum(dh) AS dh, sum(ch) AS ch FROM side GROUP BY id
  )
  SELECT coalesce(a.code, 'number ' || t.id) AS code,
    CASE WHEN a.id IS NULL THEN 'transfers without an account'
      WHEN (a.debits_posted, a.credits_posted) <> (coalesce(t.dp, 0), coalesce(t.cp, 0)) THEN 'posted totals'
      WHEN (a.debits_pending, a.credits_pending) <> (coalesce(t.dh, 0), coalesce(t.ch, 0)) THEN 'pending totals'
      WHEN a.code LIKE 'outgoing:%' AND a.debits_posted <> a.credits_posted THEN 'outgoing is not empty'
      ELSE 'overdrawn' END AS why
  FROM accounts AS a FULL JOIN total AS t ON t.id = a.id
  WHERE a.id IS NULL
    OR (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending)
      <> (coalesce(t.dp, 0), coalesce(t.cp, 0), coalesce(t.dh, 0), coalesce(t.ch, 0))
    OR (a.code LIKE 'outgoing:%' AND a.debits_posted <> a.credits_posted)
    OR (a.guarded AND a.credits_posted - a.debits_posted - a.debits_pending < 0)
  ORDER BY 1 LIMIT 100`;

// The same without the transfers: what the accounts' rows and the open holds say by themselves.
const OFF_ALONE = `WITH total AS (
    SELECT id, sum(dh) AS dh, sum(ch) AS ch FROM (
      SELECT debit_id AS id, amount AS dh, 0 AS ch FROM pending_transfers WHERE state = 'pending'
      UNION ALL SELECT credit_id, 0, amount FROM pending_transfers WHERE state = 'pending') AS side GROUP BY id
  )
  SELECT coalesce(a.code, 'number ' || t.id) AS code,
    CASE WHEN a.id IS NULL THEN 'holds without an account'
      WHEN a.guarded AND a.credits_posted - a.debits_posted - a.debits_pending < 0 THEN 'overdrawn'
      WHEN a.code LIKE 'outgoing:%' AND a.debits_posted <> a.credits_posted THEN 'outgoing is not empty'
      ELSE 'pending totals' END AS why
  FROM accounts AS a FULL JOIN total AS t ON t.id = a.id
  WHERE a.id IS NULL
    OR (a.debits_pending, a.credits_pending) <> (coalesce(t.dh, 0), coalesce(t.ch, 0))
    OR (a.code LIKE 'outgoing:%' AND a.debits_posted <> a.credits_posted)
    OR (a.guarded AND a.credits_posted - a.debits_posted - a.debits_pending < 0)
  ORDER BY 1 LIMIT 100`;

const WORTH = `SELECT
    coalesce(sum(credits_posted - debits_posted) FILTER (WHERE code LIKE 'wallet:%'), 0)::bigint AS liabilities,
    coalesce(-sum(credits_posted - debits_posted) FILTER (WHERE code NOT LIKE 'wallet:%'), 0)::bigint AS assets
  FROM accounts WHERE currency = 'BTC'`;

// A full reading of a large ledger takes its time.
const PATIENCE_MS = 15 * 60_000;

/** Checks all the books as they stand at one moment, while posting goes on. */
export async function checkBooks(db: Db): Promise<Books> {
  return check(db, 'books.off', OFF);
}

/** The same as far as the accounts and the open holds tell: its cost does not grow with the transfers. */
export async function checkAccounts(db: Db): Promise<Books> {
  return check(db, 'books.off_alone', OFF_ALONE);
}

async function check(db: Db, name: string, off: string): Promise<Books> {
  const options = { snapshot: true, statementMs: PATIENCE_MS };
  return db.transaction(
    'books',
    async (tx) => {
      const currencies = await tx.query<{ code: string; sum: bigint }>('books.sums', SUMS, []);
      const offAccounts = await tx.query<{ code: string; why: string }>(name, off, []);
      const [worth] = await tx.query<{ liabilities: bigint; assets: bigint }>('books.worth', WORTH, []);
      const ok = offAccounts.length === 0 && currencies.every(({ sum }) => sum === 0n);
      return { ok, currencies, offAccounts, liabilitiesMsat: worth!.liabilities, assetsMsat: worth!.assets };
    },
    options,
  );
}
