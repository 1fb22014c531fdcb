// Rows of alerts. An occurrence is inserted once, whoever brings it and however often; everything that changes them takes
// one lock first, since they are few and what is told of them hangs on several rows at once.
import type { Alert, Incident } from '../../domain/incidents.ts';
import type { Queryable, Tx } from './client.ts';

const ms = (column: string, name: string) => `(extract(epoch from i.${column}) * 1000)::float8 as "${name}"`;

/** The columns of an Incident, of a table called `i`. */
export const INCIDENT = `i.id, i.told_id as "toldId", i.fingerprint, i.name, i.severity, i.summary, i.description, i.runbook,
  ${ms('started_at', 'startedAtMs')}, ${ms('opened_at', 'openedAtMs')}, ${ms('acked_at', 'ackedAtMs')},
  i.acked_by as "ackedBy", ${ms('closed_at', 'closedAtMs')}`;

/** Nobody else changes an incident until the transaction ends. */
export async function lockIncidents(tx: Tx): Promise<void> {
  await tx.query('incidents.lock', `select pg_advisory_xact_lock(hashtext('incidents'))`, []);
}

/** Gives those that were not there yet, as they stand now. */
export async function insertIncidents(
  tx: Tx,
  toldId: string,
  given: readonly { id: string; alert: Alert }[],
  nowMs: number,
): Promise<Incident[]> {
  const column = (of: (alert: Alert) => unknown) => given.map(({ alert }) => of(alert));
  return tx.query<Incident>(
    'incidents.insert',
    `insert into incidents as i (id, told_id, fingerprint, name, severity, summary, description, runbook, started_at, opened_at)
     select id, $1, fingerprint, name, severity, summary, description, runbook, to_timestamp(started / 1000),
       to_timestamp($10::float8 / 1000)
     from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::float8[])
       as given (id, fingerprint, name, severity, summary, description, runbook, started)
     on conflict (fingerprint, started_at) do nothing returning ${INCIDENT}`,
    [
      toldId,
      given.map(({ id }) => id),
      column(({ fingerprint }) => fingerprint),
      column(({ name }) => name),
      column(({ severity }) => severity),
      column(({ summary }) => summary),
      column(({ description }) => description),
      column(({ runbook }) => runbook),
      column(({ startedAtMs }) => startedAtMs),
      nowMs,
    ],
  );
}

/** Ends what is open under these fingerprints and began before that moment. Gives what was ended by this. */
export async function closeIncidents(
  tx: Tx,
  given: readonly { fingerprint: string; beforeMs: number }[],
  nowMs: number,
): Promise<Incident[]> {
  if (given.length === 0) return [];
  return tx.query<Incident>(
    'incidents.close',
    `update incidents i set closed_at = to_timestamp($3::float8 / 1000)
     from unnest($1::text[], $2::float8[]) as given (fingerprint, before)
     where i.fingerprint = given.fingerprint and i.started_at < to_timestamp(given.before / 1000) and i.closed_at is null
     returning ${INCIDENT}`,
    [given.map(({ fingerprint }) => fingerprint), given.map(({ beforeMs }) => beforeMs), nowMs],
  );
}

/** Somebody takes on all that one piece of news told of. Gives what is taken on by this. */
export async function ackIncidents(
  tx: Tx,
  given: { toldId: string; userId: string; nowMs: number },
): Promise<Incident[]> {
  return tx.query<Incident>(
    'incidents.ack',
    `update incidents i set acked_at = to_timestamp($3::float8 / 1000), acked_by = $2
     where i.told_id = $1 and i.acked_at is null and i.closed_at is null returning ${INCIDENT}`,
    [given.toldId, given.userId, given.nowMs],
  );
}

/** All that these pieces of news told of, the oldest first. */
export async function incidentsTold(q: Queryable, toldIds: readonly string[]): Promise<Incident[]> {
  return q.query<Incident>(
    'incidents.told',
    `select ${INCIDENT} from incidents i where i.told_id = any($1::uuid[]) order by i.id`,
    [toldIds],
  );
}

/** What goes on now, the newest first. */
export async function openIncidents(q: Queryable, limit: number): Promise<Incident[]> {
  return q.query<Incident>(
    'incidents.open',
    `select ${INCIDENT} from incidents i where i.closed_at is null order by i.id desc limit $1`,
    [limit],
  );
}

/** What is over, the newest first, from before an id on. */
export async function pastIncidents(q: Queryable, before: string | null, limit: number): Promise<Incident[]> {
  return q.query<Incident>(
    'incidents.past',
    `select ${INCIDENT} from incidents i where i.closed_at is not null and ($1::uuid is null or i.id < $1)
     order by i.id desc limit $2`,
    [before, limit],
  );
}
