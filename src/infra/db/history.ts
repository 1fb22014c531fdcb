// An account's history, newest first. Every transfer points to the one before it on either side, and the account to the
// newest, so a page is as many look-ups by key as it has rows: it needs no index beside the key, and costs the same
// behind ten transfers and ten million. Only what changed the posted balance is in it; what is held shows in the rows of
// payments and sends.
import type { TransferCode, TransferKind } from '../../domain/ledger.ts';
import type { Queryable } from './client.ts';

export type HistoryRow = {
  id: string;
  kind: TransferKind;
  code: TransferCode;
  /** Above zero when the account gained, below when it lost. */
  amountMsat: bigint;
  /** The account on the other side. */
  otherId: bigint;
  subjectId: string | null;
  /** When it was posted. */
  atMs: number;
};

const HISTORY_TEXT = `SELECT id, kind::text, code::text, amount AS "amountMsat", other_id AS "otherId",
  subject_id AS "subjectId", (extract(epoch FROM created_at) * 1000)::float8 AS "atMs"
  FROM ledger_history($1::bigint, $2::uuid, $3::int)`;

/**
 * A page of what changed the account's posted balance, in the order in which it happened, newest first.
 * @param page.before the last row's id of the page before; the newest page when missing.
 * @param page.limit at most 100 rows.
 */
export async function historyPage(
  q: Queryable,
  accountId: bigint,
  page: { before?: string | undefined; limit: number },
): Promise<HistoryRow[]> {
  const limit = Math.min(Math.max(1, page.limit), 100);
  return q.query<HistoryRow>('ledger.history', HISTORY_TEXT, [accountId, page.before ?? null, limit]);
}
