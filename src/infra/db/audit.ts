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

/** A deed about a payment. */
export type AuditRow = {
  readonly id: string;
  readonly actorId: string;
  readonly action: string;
  readonly payment: string;
  readonly details: Readonly<Record<string, unknown>>;
};

const ROW = `id, actor_id as "actorId", action, details->>'payment' as payment, details`;

export async function findAudit(q: Queryable, id: string): Promise<AuditRow | undefined> {
  const [row] = await q.query<AuditRow>('audit.find', `select ${ROW} from audit where id = $1`, [id]);
  return row;
}

/** What admins did about a payment, newest first. Rarely asked, of a small table, so it has no index. */
export async function auditsAbout(q: Queryable, payment: string): Promise<AuditRow[]> {
  return q.query<AuditRow>(
    'audit.about',
    `select ${ROW} from audit where details->>'payment' = $1 order by at desc, id desc limit 200`,
    [payment],
  );
}
