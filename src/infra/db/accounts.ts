// Accounts by name and by number. A number never changes and an account is never removed, so what was found once is
// remembered by the process.
import type { Queryable } from './client.ts';

// Wallets are many, and each user's row holds its number: only the first so many names are remembered.
const REMEMBERED = 1_000;
const known = new WeakMap<object, Map<string, bigint>>();

/**
 * The number of an account. Remembered per database; inside a transaction it is asked for.
 * @throws Error when no account has this code.
 */
export async function accountId(q: Queryable, code: string): Promise<bigint> {
  const remembered = known.get(q)?.get(code);
  if (remembered !== undefined) return remembered;
  const [row] = await q.query<{ id: bigint }>('accounts.id', 'SELECT id FROM accounts WHERE code = $1', [code]);
  if (!row) throw new Error(`there is no account ${code}`);
  remember(q, code, row.id);
  return row.id;
}

export type NewAccount = {
  code: string;
  /** Three letters. */
  currency: string;
  /** Whether it may never spend more than it has. */
  guarded: boolean;
};

/**
 * Opens an account, or finds it open. Gives its number.
 * @throws Error when it exists with another currency or guard.
 */
export async function openAccount(q: Queryable, account: NewAccount): Promise<bigint> {
  const { code, currency, guarded } = account;
  const text = 'SELECT ledger_open_account($1, $2, $3) AS id';
  const [row] = await q.query<{ id: bigint }>('accounts.open', text, [code, currency, guarded]);
  return row!.id;
}

/** The names of accounts by number, for a history page. */
export async function accountCodes(q: Queryable, ids: readonly bigint[]): Promise<Map<bigint, string>> {
  const text = 'SELECT id, code FROM accounts WHERE id = ANY ($1::bigint[])';
  const rows = await q.query<{ id: bigint; code: string }>('accounts.codes', text, [ids]);
  return new Map(rows.map(({ id, code }) => [id, code]));
}

function remember(q: Queryable, code: string, id: bigint): void {
  const ids = known.get(q) ?? new Map<string, bigint>();
  known.set(q, ids);
  if (ids.size < REMEMBERED) ids.set(code, id);
}
