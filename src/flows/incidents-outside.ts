// What an alert says outside the house, and the way out for the worst moment: when nothing can be written down, because
// the very database is what the alert is about, it is brought outside at once and by hand. The pager knows one occurrence
// by one key, whichever way it came.
import { type Alert, type EscalationStep, oneLine, type Severity, stepsOf } from '../domain/incidents.ts';
import { type Page, postPage, postText, type Sent } from '../infra/alarms/senders.ts';
import type { World } from '../world.ts';

/** An alert or its row. */
export type Occurrence = Omit<Alert, 'isOver'>;

const LONGEST_KEY = 200;
const MOST_REMEMBERED = 1_000;

/** Makes one call about one occurrence. Never throws. */
export function callOutside(world: World, step: EscalationStep, alert: Occurrence): Promise<Sent> {
  const { ALERT_WEBHOOK_URL, PAGERDUTY_KEY, PAGERDUTY_URL } = world.config;
  const unset: Promise<Sent> = Promise.resolve({ state: 'refused', why: 'its variable is not set' });
  if (step === 'webhook') return ALERT_WEBHOOK_URL ? postText(ALERT_WEBHOOK_URL, textOf(alert)) : unset;
  return PAGERDUTY_KEY ? postPage(PAGERDUTY_URL, PAGERDUTY_KEY, pageOf(step, alert)) : unset;
}

/** Remembers what was brought outside by hand, so that it is not said again each time it is brought to us. */
export type Brought = Set<string>;

/**
 * Brings outside, at once, what fires and would call somebody sooner or later; each once in this process. For alerts that
 * cannot be written down. Never throws.
 */
export async function bringOutside(world: World, alerts: readonly Alert[], brought: Brought): Promise<void> {
  for (const alert of alerts.filter(({ isOver }) => !isOver)) {
    for (const { step } of stepsOf(alert.severity)) {
      const name = `${step} ${keyOf(alert)}`;
      if (brought.has(name)) continue;
      const { state } = await callOutside(world, step, alert);
      world.log.error('alert brought outside by hand', { name: alert.name, step, state });
      if (state === 'later') continue;
      if (brought.size >= MOST_REMEMBERED) brought.clear();
      brought.add(name);
    }
  }
}

/** Ends at the pager what it may have been called for by hand. What it does not know it ignores. Never throws. */
export async function endOutside(world: World, alerts: readonly Occurrence[]): Promise<void> {
  if (world.config.PAGERDUTY_KEY === undefined) return;
  for (const alert of alerts.filter(({ severity }) => isPaged(severity))) await callOutside(world, 'pager_over', alert);
}

function isPaged(severity: Severity): boolean {
  return stepsOf(severity).some(({ step }) => step === 'pager');
}

/** Written for people of any house and language, so it is short. */
function textOf({ name, severity, summary, description, runbook, startedAtMs }: Occurrence): string {
  const lines = [
    `[${severity}] ${name}: ${summary}`,
    description && `What to do: ${description}`,
    runbook && `Runbook: ${runbook}`,
    `Since ${isoOf(startedAtMs)}. Nobody has acknowledged it in the chat (/incidents).`,
  ];
  return lines.filter(Boolean).join('\n');
}

function pageOf(step: Exclude<EscalationStep, 'webhook'>, alert: Occurrence): Page {
  const { name, severity, summary, description, runbook, startedAtMs } = alert;
  return {
    key: keyOf(alert),
    action: ACTIONS[step],
    summary: `[${severity}] ${name}: ${summary}`,
    severity: severity === 'emergency' ? 'critical' : 'error',
    component: name,
    startedAt: isoOf(startedAtMs),
    details: { description, runbook, severity },
  };
}

const ACTIONS = { pager: 'trigger', pager_ack: 'acknowledge', pager_over: 'resolve' } as const;

function keyOf({ fingerprint, startedAtMs }: Occurrence): string {
  return oneLine(`satfleet-${fingerprint}-${startedAtMs}`, LONGEST_KEY);
}

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
