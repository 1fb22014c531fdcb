// Jobs that must be done. A row is written in the transaction that made the job necessary and deleted when the job is
// done; whatever lies here past its due moment is put into its queue again, so a wiped or missing Redis loses nothing.
import type { Queryable } from './client.ts';

export type OutboxRow = { id: string; queue: string; subjectId: string };

/** `trace`: of the message that made it necessary, where one did. */
export type OverdueRow = OutboxRow & { trace: string | null };

export async function insertOutbox(
  q: Queryable,
  rows: readonly OutboxRow[],
  at: { nowMs: number; dueAtMs: number },
): Promise<void> {
  if (rows.length === 0) return;
  await q.query(
    'outbox.insert',
    `insert into outbox (id, queue, subject_id, created_at, due_at)
     select id, queue, subject_id, to_timestamp($4::float8 / 1000), to_timestamp($5::float8 / 1000)
     from unnest($1::uuid[], $2::text[], $3::uuid[]) as given (id, queue, subject_id)
     on conflict (id) do nothing`,
    [rows.map((row) => row.id), rows.map((row) => row.queue), rows.map((row) => row.subjectId), at.nowMs, at.dueAtMs],
  );
}

/** The jobs are done. */
export async function deleteOutbox(q: Queryable, ids: readonly string[]): Promise<void> {
  await q.query('outbox.delete', 'delete from outbox where id = any($1::uuid[])', [ids]);
}

/** Rows past their due moment; their next one is set, so that two relays do not take the same. */
export async function takeOverdue(
  q: Queryable,
  given: { nowMs: number; nextMs: number; limit: number },
): Promise<OverdueRow[]> {
  return q.query<OverdueRow>(
    'outbox.overdue',
    `update outbox set due_at = to_timestamp($2::float8 / 1000) where id in (
       select id from outbox where due_at <= to_timestamp($1::float8 / 1000) order by due_at limit $3
       for update skip locked)
     returning id, queue, subject_id as "subjectId", trace`,
    [given.nowMs, given.nextMs, given.limit],
  );
}

/** Rows that `takeOverdue` gave and that could not be added: due again at `dueAtMs`, unless another has taken them since. */
export async function giveBackTaken(
  q: Queryable,
  given: { ids: readonly string[]; takenMs: number; dueAtMs: number },
): Promise<void> {
  await q.query(
    'outbox.give_back',
    `update outbox set due_at = to_timestamp($3::float8 / 1000)
     where id = any($1::uuid[]) and due_at = to_timestamp($2::float8 / 1000)`,
    [given.ids, given.takenMs, given.dueAtMs],
  );
}

/** How many jobs are not done, and when the oldest of them was made. */
export async function countOutbox(q: Queryable): Promise<{ jobs: number; oldestMs: number | null }> {
  const [row] = await q.query<{ jobs: number; oldestMs: number | null }>(
    'outbox.count',
    `select count(*)::int4 as jobs, (extract(epoch from min(created_at)) * 1000)::float8 as "oldestMs" from outbox`,
    [],
  );
  return row ?? { jobs: 0, oldestMs: null };
}
