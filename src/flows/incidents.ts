// Alerts on their way to those who run the house: each occurrence is a row, made once however often it is brought; what
// comes together is told together; whoever takes it on silences it for all; and while nobody does, it goes on to who can
// be woken up (incidents-escalate.ts). What is told is written in the same transaction as what is known.
import { Refusal } from '../base/errors.ts';
import { type Alert, type AlertTold, type Incident, stepsOf } from '../domain/incidents.ts';
import type { Tx } from '../infra/db/client.ts';
import { insertEscalations, pagedOf } from '../infra/db/escalations.ts';
import {
  ackIncidents,
  closeIncidents,
  incidentsTold,
  insertIncidents,
  lockIncidents,
  openIncidents,
  pastIncidents,
} from '../infra/db/incidents.ts';
import { insertOutbox } from '../infra/db/outbox.ts';
import { adminIds, findUser } from '../infra/db/users.ts';
import type { World } from '../world.ts';
import { mayLook, mustBeAdmin, writeDown } from './admin.ts';
import { endOutside } from './incidents-outside.ts';
import { commit, type Step } from './outbox.ts';
import { nameOf } from './wallets.ts';

/** So many of those that came together are told in words; the others are counted. */
const MOST_IN_WORDS = 5;
const MOST_OPEN_SHOWN = 10;
const PAGE = 10;

/**
 * Takes alerts as Alertmanager brings them: what fires and is new is told and goes its way, what is known already says
 * nothing, what is over ends. An alert that fires anew is a new one, and ends what was left open of it.
 * @throws Unavailable: nothing was taken, and they must be brought again.
 */
export async function takeAlerts(world: World, alerts: readonly Alert[]): Promise<void> {
  const firing = alerts.filter(({ isOver }) => !isOver);
  const over = alerts.filter(({ isOver }) => isOver);
  const { result: ended } = await commit(world, 'incidents.take', async (step) => {
    await lockIncidents(step.tx);
    const toldId = world.ids.next();
    const rows = firing.map((alert) => ({ id: world.ids.next(), alert }));
    const made = await insertIncidents(step.tx, toldId, rows, step.nowMs);
    const fresh = rows.filter(({ id }) => made.some((each) => each.id === id)).map(({ alert }) => alert);
    const closed = await closeIncidents(
      step.tx,
      [
        ...fresh.map(({ fingerprint, startedAtMs }) => ({ fingerprint, beforeMs: startedAtMs })),
        ...over.map(({ fingerprint, startedAtMs }) => ({ fingerprint, beforeMs: startedAtMs + 1 })),
      ],
      step.nowMs,
    );
    await tellOver(world, step, closed);
    if (made.length > 0) await tellRaised(world, step, toldId, made);
    return closed;
  });
  const known = new Set(ended.map(({ fingerprint }) => fingerprint));
  await endOutside(
    world,
    over.filter(({ fingerprint }) => !known.has(fingerprint)),
  );
}

async function tellRaised(world: World, step: Step, toldId: string, made: readonly Incident[]): Promise<void> {
  const { nowMs, tx } = step;
  for (const { id, name, severity } of made) world.log.warn('alert', { incident: id, name, severity });
  for (const userId of await adminIds(tx)) await step.tell(userId, toldId, { kind: 'alert_raised', ...inWords(made) });
  const { ALERT_WEBHOOK_URL, PAGERDUTY_KEY } = world.config;
  const ways = { webhook: ALERT_WEBHOOK_URL, pager: PAGERDUTY_KEY };
  const calls = made.flatMap(({ id: incidentId, severity }) =>
    stepsOf(severity)
      .filter(({ step: way }) => ways[way] !== undefined)
      .map(({ step: way, afterMs }) => ({ id: world.ids.next(), incidentId, step: way, dueAtMs: nowMs + afterMs })),
  );
  await insertEscalations(tx, calls);
  for (const { id, dueAtMs } of calls) {
    // The relay brings it when it is due, and only from then on does anybody wait for it.
    await insertOutbox(tx, [{ id, queue: 'escalation', subjectId: id }], { nowMs: dueAtMs, dueAtMs });
  }
}

async function tellOver(world: World, step: Step, ended: readonly Incident[]): Promise<void> {
  if (ended.length === 0) return;
  await followUp(world, step, ended, 'pager_over');
  const told = Map.groupBy(
    await incidentsTold(step.tx, [...new Set(ended.map(({ toldId }) => toldId))]),
    (each) => each.toldId,
  );
  const admins = await adminIds(step.tx);
  for (const [toldId, together] of told) {
    if (together.some(({ closedAtMs }) => closedAtMs === null)) continue;
    const sinceMs = Math.min(...together.map(({ startedAtMs }) => startedAtMs));
    for (const userId of admins) {
      await step.tell(userId, toldId, { kind: 'alert_over', ...inWords(together), sinceMs, atMs: step.nowMs });
    }
  }
}

/** Lets the pager know what became of what it was called for. */
export async function followUp(
  world: World,
  step: Step,
  incidents: readonly Incident[],
  what: 'pager_ack' | 'pager_over',
): Promise<void> {
  const paged = await pagedOf(
    step.tx,
    incidents.map(({ id }) => id),
  );
  const calls = paged.map((incidentId) => ({ id: world.ids.next(), incidentId, step: what, dueAtMs: step.nowMs }));
  for (const id of await insertEscalations(step.tx, calls)) await step.enqueue('escalation', id);
}

/** Some of what came together in words, and how many more there are. */
export function inWords(incidents: readonly Incident[]): { alerts: AlertTold[]; more: number } {
  const alerts = incidents
    .slice(0, MOST_IN_WORDS)
    .map(({ name, severity, summary, description, runbook }) => ({ name, severity, summary, description, runbook }));
  return { alerts, more: incidents.length - alerts.length };
}

/** What came together, and who took it on; nobody where all was over before. */
export type Acked = {
  readonly together: readonly Incident[];
  readonly by: { readonly userId: string; readonly name: string; readonly atMs: number } | undefined;
};

/**
 * Takes on all that one piece of news told of, audited: from now on it calls nobody. Doing it again changes nothing and
 * gives who did it first.
 * @throws Refusal not_allowed, not_found.
 */
export async function acknowledge(world: World, userId: string, toldId: string): Promise<Acked> {
  await mustBeAdmin(world, userId, 'ack_incident');
  const { result } = await commit(world, 'incidents.ack', async (step) => {
    const { tx, nowMs } = step;
    await lockIncidents(tx);
    const acked = await ackIncidents(tx, { toldId, userId, nowMs });
    const together = await incidentsTold(tx, [toldId]);
    if (together.length === 0) throw new Refusal('not_found');
    const by = await whoTook(tx, together);
    if (acked.length === 0 || !by) return { together, by };
    await writeDown(world, tx, userId, 'incident_acked', { told: toldId, alerts: namesOf(acked) });
    const news = { kind: 'alert_acked', ...inWords(together), byName: by.name, atMs: nowMs } as const;
    for (const other of await adminIds(tx)) if (other !== userId) await step.tell(other, toldId, news);
    await followUp(world, step, acked, 'pager_ack');
    return { together, by };
  });
  return result;
}

async function whoTook(tx: Tx, together: readonly Incident[]): Promise<Acked['by']> {
  const taken = together.find(({ ackedBy }) => ackedBy !== null);
  if (!taken?.ackedBy || taken.ackedAtMs === null) return undefined;
  const admin = await findUser(tx, taken.ackedBy);
  return { userId: taken.ackedBy, name: admin ? nameOf(admin) : '?', atMs: taken.ackedAtMs };
}

function namesOf(list: readonly Incident[]): string[] {
  return [...new Set(list.map(({ name }) => name))];
}

export type Incidents = {
  /** What goes on now, the newest first. Only on the first page. */
  readonly open: readonly Incident[];
  readonly past: readonly Incident[];
  /** From where the next page goes on. */
  readonly next: string | undefined;
};

/** Open alerts and those that are over, ten a page, the newest first. Throws Refusal not_allowed. */
export async function incidents(world: World, userId: string, before?: string): Promise<Incidents> {
  await mayLook(world, userId, 'incidents');
  const [open, past] = await Promise.all([
    before === undefined ? openIncidents(world.db, MOST_OPEN_SHOWN) : [],
    pastIncidents(world.db, before ?? null, PAGE + 1),
  ]);
  const page = past.slice(0, PAGE);
  return { open, past: page, next: past.length > PAGE ? page.at(-1)?.id : undefined };
}
