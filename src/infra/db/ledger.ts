// What an account holds, read from its running totals: one row by its key, however long its history.
import type { Queryable } from './client.ts';

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

export const BALANCE_TEXT = `SELECT credits_posted - debits_posted AS "postedMsat", debits_pending AS "heldMsat",
  credits_pending AS "incomingMsat", credits_posted - debits_posted - debits_pending AS "availableMsat"
  FROM accounts WHERE id = $1`;

/** @throws Error when there is no such account. */
export async function balanceOf(q: Queryable, accountId: bigint): Promise<Balance> {
  const [row] = await q.query<Balance>('ledger.balance', BALANCE_TEXT, [accountId]);
  if (!row) throw new Error(`there is no account number ${accountId}`);
  return row;
}
