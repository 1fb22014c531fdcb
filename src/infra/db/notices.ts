// Rows of what people are to be told, at most one per person, kind and subject. The row is made with the news itself
// and marked when it is sent; a mark lost to a crash may repeat the message once, never the news.
import type { Notice, StoredNotice } from '../../domain/notice.ts';
import type { Queryable } from './client.ts';

/** False when this person was (or is about to be) told already. */
export async function insertNotice(
  q: Queryable,
  given: { id: string; userId: string; subjectId: string; notice: Notice; nowMs: number },
): Promise<boolean> {
  const { kind, ...details } = given.notice;
  const rows = await q.query(
    'notices.insert',
    `insert into notices (id, user_id, kind, subject_id, details, state, created_at)
     values ($1, $2, $3, $4, $5, 'waiting', to_timestamp($6::float8 / 1000))
     on conflict (user_id, kind, subject_id) do nothing returning id`,
    [given.id, given.userId, kind, given.subjectId, JSON.stringify(details), given.nowMs],
  );
  return rows.length === 1;
}

export async function findNotice(q: Queryable, id: string): Promise<StoredNotice | undefined> {
  const [row] = await q.query<{
    id: string;
    userId: string;
    kind: string;
    subjectId: string;
    details: object;
    state: StoredNotice['state'];
  }>(
    'notices.find',
    'select id, user_id as "userId", kind, subject_id as "subjectId", details, state from notices where id = $1',
    [id],
  );
  if (!row) return undefined;
  const { kind, details, ...rest } = row;
  // Written by insertNotice and by nothing else.
  return { ...rest, notice: { kind, ...details } as Notice };
}

/** The newest news about a subject for a person, sent or not. */
export async function newestAbout(
  q: Queryable,
  given: { userId: string; subjectId: string },
): Promise<StoredNotice | undefined> {
  const [row] = await q.query<{ id: string }>(
    'notices.newest',
    'select id from notices where user_id = $1 and subject_id = $2 order by id desc limit 1',
    [given.userId, given.subjectId],
  );
  return row && findNotice(q, row.id);
}

/** Whether there is newer news about the same subject for the same person, which makes this one stale. */
export async function hasNewer(q: Queryable, notice: StoredNotice): Promise<boolean> {
  const rows = await q.query(
    'notices.newer',
    'select 1 from notices where user_id = $1 and subject_id = $2 and id > $3 limit 1',
    [notice.userId, notice.subjectId, notice.id],
  );
  return rows.length > 0;
}

export async function markNotice(
  q: Queryable,
  given: { id: string; state: 'sent' | 'unreachable'; nowMs: number },
): Promise<void> {
  await q.query(
    'notices.mark',
    `update notices set state = $2, sent_at = to_timestamp($3::float8 / 1000) where id = $1`,
    [given.id, given.state, given.nowMs],
  );
}

/** Takes the text of what was told long ago; the row stays, so that nobody is told again. */
export async function forgetDetails(q: Queryable, given: { beforeMs: number; limit: number }): Promise<number> {
  const rows = await q.query(
    'notices.forget',
    `update notices set details = '{}' where id in (
       select id from notices where state <> 'waiting' and details <> '{}'
         and created_at < to_timestamp($1::float8 / 1000) limit $2) returning id`,
    [given.beforeMs, given.limit],
  );
  return rows.length;
}
