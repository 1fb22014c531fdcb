// Where Alertmanager brings its alerts (its webhook, version 4). Only who bears the token is heard; the form of what is
// read is held to, fields that Alertmanager may add are not. It hears 200 when all is written down and brings again what
// was not; and when the database is what is away, the alert goes outside by hand meanwhile.
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Unavailable } from '../base/errors.ts';
import { type Alert, oneLine, severityOf } from '../domain/incidents.ts';
import { takeAlerts } from '../flows/incidents.ts';
import { type Brought, bringOutside } from '../flows/incidents-outside.ts';
import { hearWatchdog, WATCHDOG } from '../flows/watchdog.ts';
import type { World } from '../world.ts';
import type { HttpAnswer, HttpServer } from './server.ts';

export const ALERTS_PATH = '/alerts';
const MOST_BYTES = 512 * 1024;
const MOST_ALERTS = 500;
const LONGEST_NAME = 80;
const LONGEST_SUMMARY = 200;
const LONGEST_DESCRIPTION = 600;
const LONGEST_RUNBOOK = 200;

const words = z.record(z.string().max(200), z.string().max(5_000));
const moment = z.iso.datetime({ offset: true });
const form = z.object({
  version: z.literal('4'),
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels: words,
        annotations: words,
        startsAt: moment,
        fingerprint: z.string().regex(/^[0-9a-f]{1,64}$/),
      }),
    )
    .min(1)
    .max(MOST_ALERTS),
});

type Brings = z.output<typeof form>['alerts'][number];

/** Adds the path. Without ALERTS_TOKEN there is nothing there. */
export function addAlerts(server: HttpServer, world: World): void {
  const token = world.config.ALERTS_TOKEN;
  if (token === undefined) return;
  const brought: Brought = new Set();
  server.route('POST', ALERTS_PATH, async ({ headers, rawBody }) => {
    if (!bears(headers.authorization, token)) {
      world.metrics.refuse('alert_forged');
      return { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: { error: 'Who are you?' } };
    }
    if (rawBody.length > MOST_BYTES) return { status: 413, body: { error: 'The body is too large.' } };
    const alerts = alertsIn(rawBody);
    if (!alerts) {
      world.log.error('alerts that cannot be read', { bytes: rawBody.length });
      return { status: 400, body: { error: 'This is not what Alertmanager sends (webhook, version 4).' } };
    }
    return take(world, alerts, brought);
  });
}

async function take(world: World, alerts: readonly Alert[], brought: Brought): Promise<HttpAnswer> {
  // A sign of life is no news.
  const news = alerts.filter(({ name }) => name !== WATCHDOG);
  try {
    await hearWatchdog(
      world,
      alerts.filter(({ name }) => name === WATCHDOG),
    );
    if (news.length > 0) await takeAlerts(world, news);
    return { status: 200, body: { taken: alerts.length } };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    world.log.error('alerts not written down', { error });
    await bringOutside(world, news, brought);
    return { status: 503, headers: { 'retry-after': '5' }, body: { error: 'Not written down. Bring them again.' } };
  }
}

function alertsIn(rawBody: Buffer): Alert[] | undefined {
  try {
    return form.parse(JSON.parse(rawBody.toString())).alerts.map(alertOf);
  } catch {
    return undefined;
  }
}

function alertOf({ status, labels, annotations, startsAt, fingerprint }: Brings): Alert {
  return {
    fingerprint,
    startedAtMs: Date.parse(startsAt),
    isOver: status === 'resolved',
    name: oneLine(labels.alertname ?? '', LONGEST_NAME) || '?',
    severity: severityOf(labels.severity),
    summary: oneLine(annotations.summary ?? '', LONGEST_SUMMARY),
    description: oneLine(annotations.description ?? '', LONGEST_DESCRIPTION),
    runbook: oneLine(annotations.runbook_url ?? annotations.runbook ?? '', LONGEST_RUNBOOK),
  };
}

/** Compares in a time that does not depend on how much of it is right. */
function bears(header: string | string[] | undefined, token: string): boolean {
  if (typeof header !== 'string' || !/^bearer /i.test(header)) return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header.slice('bearer '.length).trim()), digest(token));
}
