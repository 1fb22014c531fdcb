// What admins did: who, what, when. Rows are only added.
import type { Queryable } from './client.ts';

export async function insertAudit(
  q: Queryable,
  given: { id: string; actorId: string; action: string; details: Record<string, unknown>; nowMs: number },
): Promise<void> {
  await q.query(
    'audit.insert',
    'insert into audit (id, actor_id, action, details, at) values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000))',
    [given.id, given.actorId, given.action, JSON.stringify(given.details), given.nowMs],
  );
}
