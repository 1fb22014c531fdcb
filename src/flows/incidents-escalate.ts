// An alert that nobody takes on, brought to somebody outside: a chat's webhook, then a pager. Each call is made once per
// incident, as often as it takes until the other side has it, and not at all once somebody has taken the alert on. Workers
// do it as jobs; bots look after what no worker has done, for the alert may be that there is none.
import {
  claimEscalation,
  type Escalation,
  endEscalation,
  isEscalationWaiting,
  overdueEscalations,
} from '../infra/db/escalations.ts';
import { incidentsTold, lockIncidents } from '../infra/db/incidents.ts';
import { deleteOutbox } from '../infra/db/outbox.ts';
import type { World } from '../world.ts';
import { followUp } from './incidents.ts';
import { callOutside } from './incidents-outside.ts';
import { commit, RELAY_AFTER_MS } from './outbox.ts';

/** Longer than a call may take. */
const CLAIM_MS = 20_000;
const AGAIN_MS = 20_000;
const GIVE_UP_MS = 24 * 60 * 60_000;
const LOOK_EVERY_MS = 30_000;
const MOST_AT_ONCE = 20;

/**
 * Makes one call, if it is still to be made. Running it twice, or in two processes at once, calls once.
 * @returns when to come again, where the other side could not be reached.
 */
export async function escalate(world: World, id: string): Promise<{ laterMs: number } | undefined> {
  const nowMs = world.clock.nowMs();
  const found = await claimEscalation(world.db, { id, nowMs, untilMs: nowMs + CLAIM_MS });
  if (!found) {
    if (await isEscalationWaiting(world.db, id)) return { laterMs: nowMs + CLAIM_MS };
    await deleteOutbox(world.db, [id]);
    return undefined;
  }
  if (isNeedless(found)) return end(world, found, 'needless');
  const { step, incident } = found;
  const sent = await callOutside(world, step, incident);
  if (sent.state === 'done') {
    world.log.warn('alert brought outside', { incident: incident.id, name: incident.name, step });
    return end(world, found, 'done');
  }
  if (sent.state === 'refused' || nowMs - found.dueAtMs > GIVE_UP_MS) {
    world.log.error('alert not brought outside', { incident: incident.id, name: incident.name, step, why: sent.why });
    return end(world, found, 'failed');
  }
  world.log.warn('alert brought outside later', { incident: incident.id, step, why: sent.why });
  return { laterMs: nowMs + Math.max(sent.waitMs ?? 0, CLAIM_MS, AGAIN_MS * (1 + world.random.fraction())) };
}

/** Looks now and then for calls that no worker makes. Gives the function that stops it. */
export function keepEscalating(world: World): () => void {
  return world.clock.every(
    LOOK_EVERY_MS,
    () => escalateOverdue(world),
    (error) => world.log.warn('overdue escalations not looked for', { error }),
  );
}

/** Makes the calls that a worker should have made half a minute ago. */
export async function escalateOverdue(world: World): Promise<void> {
  const nowMs = world.clock.nowMs();
  const asked = { beforeMs: nowMs - RELAY_AFTER_MS, nowMs, limit: MOST_AT_ONCE };
  for (const id of await overdueEscalations(world.db, asked)) await escalate(world, id);
}

function isNeedless({ step, incident }: Escalation): boolean {
  if (step === 'pager_ack') return incident.closedAtMs !== null;
  if (step === 'pager_over') return false;
  return incident.ackedAtMs !== null || incident.closedAtMs !== null;
}

async function end(world: World, { id, step, incident }: Escalation, state: 'done' | 'needless' | 'failed') {
  await commit(world, 'incidents.escalated', async (given) => {
    await lockIncidents(given.tx);
    await endEscalation(given.tx, { id, state, nowMs: given.nowMs });
    await deleteOutbox(given.tx, [id]);
    if (step !== 'pager' || state !== 'done') return;
    // Taken on or over in the very moment of the call: the pager must hear of it, or it would ring on.
    const now = (await incidentsTold(given.tx, [incident.toldId])).find((each) => each.id === incident.id);
    if (now?.ackedAtMs != null) await followUp(world, given, [now], 'pager_ack');
    if (now?.closedAtMs != null) await followUp(world, given, [now], 'pager_over');
  });
  return undefined;
}
