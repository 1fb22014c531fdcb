// The watch over those who watch. Prometheus has one alert that always fires (Watchdog), and Alertmanager brings it each
// minute: no news to anybody, but a sign that both live. Once it stays away, the house tells the admins itself, by the road
// of every other alert, and that it is over when the sign comes again.
import type { Alert } from '../domain/incidents.ts';
import { openIncidents } from '../infra/db/incidents.ts';
import { keepHeard, lastHeard } from '../infra/redis/watchdog.ts';
import type { World } from '../world.ts';
import { takeAlerts } from './incidents.ts';
import { type Brought, bringOutside } from './incidents-outside.ts';

export const WATCHDOG = 'Watchdog';
export const SILENT_AFTER_MS = 5 * 60_000;
const LOOK_EVERY_MS = 30_000;
const MOST_OPEN = 500;

/** Names it among the alerts, as Alertmanager's fingerprints name theirs. */
const FINGERPRINT = 'prometheussilent';

/**
 * Takes the sign. That it is over is said by Alertmanager when Prometheus has not renewed it for minutes: then nobody
 * waits any longer.
 * @throws Unavailable: it must be brought again.
 */
export async function hearWatchdog(world: World, signs: readonly Alert[]): Promise<void> {
  if (signs.length === 0) return;
  const nowMs = world.clock.nowMs();
  if (signs.some(({ isOver }) => !isOver)) return keepHeard(world.sessions, nowMs);
  const silentSinceMs = nowMs - SILENT_AFTER_MS;
  // Said twice it is no news.
  if (((await lastHeard(world.sessions)) ?? 0) > silentSinceMs) await keepHeard(world.sessions, silentSinceMs);
}

/**
 * Looks now and then whether the sign has come of late, where alerts are brought to us at all. From the first look of the
 * first worker on it is waited for. Gives the function that stops it.
 */
export function keepWatchdog(world: World): () => void {
  if (world.config.ALERTS_TOKEN === undefined) return () => {};
  const look = watchdogLook(world);
  return world.clock.every(LOOK_EVERY_MS, look, (error) =>
    world.log.warn('the watchdog was not looked for', { error }),
  );
}

/** Makes one look: tells of a silence that has begun, and of one that is over. */
export function watchdogLook(world: World): () => Promise<void> {
  const brought: Brought = new Set();
  // Whether a silence may stand open in the list: unknown at first, since an earlier process may have told of it.
  let mayBeOpen = true;
  return async () => {
    const nowMs = world.clock.nowMs();
    const heardMs = await lastHeard(world.sessions);
    if (heardMs === undefined) return keepHeard(world.sessions, nowMs, true);
    const isSilent = nowMs - heardMs >= SILENT_AFTER_MS;
    if (!isSilent && !mayBeOpen) return;
    if (isSilent) {
      mayBeOpen = true;
      return tell(world, silence(heardMs, false), brought);
    }
    const open = await openIncidents(world.db, MOST_OPEN);
    if (open.some(({ fingerprint }) => fingerprint === FINGERPRINT)) await takeAlerts(world, [silence(nowMs, true)]);
    mayBeOpen = false;
  };
}

async function tell(world: World, alert: Alert, brought: Brought): Promise<void> {
  try {
    await takeAlerts(world, [alert]);
  } catch (error) {
    // With the database away as well, nobody else would say a word.
    await bringOutside(world, [alert], brought);
    throw error;
  }
}

/** Its words, in the language of the rules. */
function silence(startedAtMs: number, isOver: boolean): Alert {
  return {
    fingerprint: FINGERPRINT,
    startedAtMs,
    isOver,
    name: 'PrometheusSilent',
    severity: 'critical',
    summary: 'Prometheus or Alertmanager has not been heard for five minutes',
    description:
      'Nobody watches the house: whatever breaks now calls nobody. See whether both run and reach each other and a worker, then look at /stats.',
    runbook: 'docs/RUNBOOK.md#prometheussilent',
  };
}
