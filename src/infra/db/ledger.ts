// What an account holds, read from its running totals: one row by its key, however long its history.
import type { Db, Queryable } from './client.ts';
import { together } from './together.ts';

export type Balance = {
  /** Everything booked, whether held or not. */
  postedMsat: bigint;
  /** Reserved for payments and sends under way. */
  heldMsat: bigint;
  /** On the way here from somebody's hold. */
  incomingMsat: bigint;
  /** What may be spent now: posted, less what is held. */
  availableMsat: bigint;
};

const BALANCE = `credits_posted - debits_posted AS "postedMsat", debits_pending AS "heldMsat",
  credits_pending AS "incomingMsat", credits_posted - debits_posted - debits_pending AS "availableMsat"`;

export const BALANCE_TEXT = `SELECT ${BALANCE} FROM accounts WHERE id = $1`;
const BALANCES_TEXT = `SELECT id, ${BALANCE} FROM accounts WHERE id = ANY ($1::bigint[])`;

/** @throws Error when there is no such account. */
export async function balanceOf(q: Queryable, accountId: bigint): Promise<Balance> {
  const [row] = await q.query<Balance>('ledger.balance', BALANCE_TEXT, [accountId]);
  if (!row) throw new Error(`there is no account number ${accountId}`);
  return row;
}

const lookTogether = together<bigint, Balance | undefined>(async (db, ids) => {
  const rows = await db.query<Balance & { id: bigint }>('ledger.balances', BALANCES_TEXT, [ids]);
  const byId = new Map(rows.map(({ id, ...balance }) => [id, balance]));
  return ids.map((id) => byId.get(id));
});

/**
 * The same as it stands after the call, in one look for all who ask in the same moment.
 * @throws Error when there is no such account.
 */
export async function balanceNow(db: Db, accountId: bigint): Promise<Balance> {
  const balance = await lookTogether(db, accountId);
  if (!balance) throw new Error(`there is no account number ${accountId}`);
  return balance;
}
