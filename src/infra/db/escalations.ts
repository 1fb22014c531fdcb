// Rows of the calls that go out about an incident, each once per incident and step. A row is claimed for the moments in
// which one process makes the call, so that two that come to it at once do not both ring.
import type { EscalationStep, Incident } from '../../domain/incidents.ts';
import type { Queryable, Tx } from './client.ts';
import { INCIDENT } from './incidents.ts';

export type Escalation = {
  readonly id: string;
  readonly step: EscalationStep;
  readonly dueAtMs: number;
  readonly incident: Incident;
};

/** Gives the ids of those that were not there yet. */
export async function insertEscalations(
  tx: Tx,
  given: readonly { id: string; incidentId: string; step: EscalationStep; dueAtMs: number }[],
): Promise<string[]> {
  if (given.length === 0) return [];
  const rows = await tx.query<{ id: string }>(
    'escalations.insert',
    `insert into escalations (id, incident_id, step, state, due_at)
     select id, incident_id, step, 'waiting', to_timestamp(due / 1000)
     from unnest($1::uuid[], $2::uuid[], $3::text[], $4::float8[]) as given (id, incident_id, step, due)
     on conflict (incident_id, step) do nothing returning id`,
    [
      given.map(({ id }) => id),
      given.map(({ incidentId }) => incidentId),
      given.map(({ step }) => step),
      given.map(({ dueAtMs }) => dueAtMs),
    ],
  );
  return rows.map(({ id }) => id);
}

/** Takes a call that waits and that nobody is at, for as long as it may take. */
export async function claimEscalation(
  q: Queryable,
  given: { id: string; nowMs: number; untilMs: number },
): Promise<Escalation | undefined> {
  const [row] = await q.query<Incident & { step: EscalationStep; dueAtMs: number }>(
    'escalations.claim',
    `with claimed as (
       update escalations set claimed_until = to_timestamp($3::float8 / 1000)
       where id = $1 and state = 'waiting' and coalesce(claimed_until, '-infinity') <= to_timestamp($2::float8 / 1000)
       returning incident_id, step, due_at)
     select ${INCIDENT}, e.step, (extract(epoch from e.due_at) * 1000)::float8 as "dueAtMs"
     from claimed e join incidents i on i.id = e.incident_id`,
    [given.id, given.nowMs, given.untilMs],
  );
  if (!row) return undefined;
  const { step, dueAtMs, ...incident } = row;
  return { id: given.id, step, dueAtMs, incident };
}

/** Whether it is still to be made. */
export async function isEscalationWaiting(q: Queryable, id: string): Promise<boolean> {
  const rows = await q.query('escalations.waiting', `select 1 from escalations where id = $1 and state = 'waiting'`, [
    id,
  ]);
  return rows.length > 0;
}

/** `needless`: it was taken on or over before. `failed`: the other side will not have it. */
export async function endEscalation(
  q: Queryable,
  given: { id: string; state: 'done' | 'needless' | 'failed'; nowMs: number },
): Promise<void> {
  await q.query(
    'escalations.end',
    `update escalations set state = $2, ended_at = to_timestamp($3::float8 / 1000) where id = $1 and state = 'waiting'`,
    [given.id, given.state, given.nowMs],
  );
}

/** Which of these incidents somebody was paged for. */
export async function pagedOf(q: Queryable, incidentIds: readonly string[]): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'escalations.paged',
    `select incident_id as id from escalations
     where incident_id = any($1::uuid[]) and step = 'pager' and state = 'done'`,
    [incidentIds],
  );
  return rows.map(({ id }) => id);
}

/** Calls that were due before a moment and that nobody is at, the oldest first. */
export async function overdueEscalations(
  q: Queryable,
  given: { beforeMs: number; nowMs: number; limit: number },
): Promise<string[]> {
  const rows = await q.query<{ id: string }>(
    'escalations.overdue',
    `select id from escalations where state = 'waiting' and due_at <= to_timestamp($1::float8 / 1000)
       and coalesce(claimed_until, '-infinity') <= to_timestamp($2::float8 / 1000)
     order by due_at limit $3`,
    [given.beforeMs, given.nowMs, given.limit],
  );
  return rows.map(({ id }) => id);
}
