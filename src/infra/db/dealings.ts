// What somebody has paid to a payee before, so that they do not pay twice without noticing.
import type { Queryable } from './client.ts';

/** What a payer should know of earlier dealings with this payee: paid before, and one still pending for this amount. */
export async function dealings(
  q: Queryable,
  given: { userId: string; destination: string; amountMsat: bigint },
): Promise<{ paidBefore: boolean; twinId: string | null }> {
  const [row] = await q.query<{ paidBefore: boolean; twinId: string | null }>(
    'payments.dealings',
    `select coalesce(bool_or(state = 'paid' and destination = $2), false) as "paidBefore",
       max(id::text) filter (where state in ('held', 'sending') and destination = $2 and amount_msat = $3) as "twinId"
     from (select id, state, amount_msat, destination from payments where user_id = $1 order by id desc limit 200) recent`,
    [given.userId, given.destination, given.amountMsat],
  );
  return row ?? { paidBefore: false, twinId: null };
}
