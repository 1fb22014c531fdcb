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

/** One line of what admins did, with names for display. */
export type AuditLine = {
  readonly id: string;
  readonly action: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly atMs: number;
  /** Null where no person acted. */
  readonly actor: string | null;
  /** Whom it was about. */
  readonly user: string | null;
};

const calledAs = (id: string) =>
  `(select case when i.username is not null then '@' || i.username else i.name end
    from identities i where i.user_id = ${id} order by i.id limit 1)`;

/**
 * What admins did, newest first, before the row given.
 * @param given.userId only what this person did, or what was done to them.
 * @param given.action only this; without it mere looks are left out.
 */
export async function auditPage(
  q: Queryable,
  given: { beforeId: string | null; userId: string | null; action: string | null; limit: number },
): Promise<AuditLine[]> {
  return q.query<AuditLine>(
    'audit.page',
    `select a.id, a.action, a.details, (extract(epoch from a.at) * 1000)::float8 as "atMs",
       ${calledAs('a.actor_id')} as actor,
       coalesce(${calledAs("(a.details->>'user')::uuid")}, a.details->>'user') as "user"
     from audit a where ($1::uuid is null or a.id < $1)
       and ($2::uuid is null or a.actor_id = $2 or a.details->>'user' = $2::text)
       and case when $3::text is not null then a.action = $3 else a.action <> 'looked' or $2 is not null end
     order by a.id desc limit $4`,
    [given.beforeId, given.userId, given.action, given.limit],
  );
}
