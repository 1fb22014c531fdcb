// What an alert is to the house: how bad it may be, whom it is brought to when nobody takes it on, and how its words are
// made fit for one line. The words are an operator's own, but labels in them may hold what came from elsewhere.

/** From what can be read in the morning to money at risk. */
export const SEVERITIES = ['info', 'warning', 'critical', 'emergency'] as const;

export type Severity = (typeof SEVERITIES)[number];

/** An alert as it came: `fingerprint` names its labels, and with `startedAtMs` one occurrence of it. */
export type Alert = {
  readonly fingerprint: string;
  readonly startedAtMs: number;
  readonly isOver: boolean;
  readonly name: string;
  readonly severity: Severity;
  readonly summary: string;
  /** What it means and what to do first. */
  readonly description: string;
  /** The place in the runbook. */
  readonly runbook: string;
};

/** Its row. */
export type Incident = Omit<Alert, 'isOver'> & {
  readonly id: string;
  /** The subject of the news that told of it, together with those that came at the same moment. */
  readonly toldId: string;
  readonly openedAtMs: number;
  readonly ackedAtMs: number | null;
  /** An admin's id. */
  readonly ackedBy: string | null;
  readonly closedAtMs: number | null;
};

/** An alert in words, as it is told. */
export type AlertTold = Pick<Alert, 'name' | 'severity' | 'summary' | 'description' | 'runbook'>;

/**
 * Calls to somebody outside. `webhook` and `pager` are for an alert that nobody takes on; the pager then hears of its
 * `pager_ack` and `pager_over` as well, or it would ring on.
 */
export type EscalationStep = 'webhook' | 'pager' | 'pager_ack' | 'pager_over';

const MINUTE_MS = 60_000;

/** Whom an alert that nobody takes on is brought to, and how long after it began. A warning wakes nobody up. */
export function stepsOf(
  severity: Severity,
): readonly { readonly step: 'webhook' | 'pager'; readonly afterMs: number }[] {
  const webhook = { step: 'webhook', afterMs: 5 * MINUTE_MS } as const;
  const pager = { step: 'pager', afterMs: 15 * MINUTE_MS } as const;
  if (severity === 'info') return [];
  return severity === 'warning' ? [webhook] : [webhook, pager];
}

/** The severity that a label names; what names none is a warning, so that no alert is lost for want of a label. */
export function severityOf(label: string | undefined): Severity {
  return SEVERITIES.find((each) => each === label) ?? 'warning';
}

/** The worst of them. */
export function worstOf(alerts: readonly { readonly severity: Severity }[]): Severity {
  return SEVERITIES.findLast((each) => alerts.some(({ severity }) => severity === each)) ?? 'info';
}

// Control and format characters, line and paragraph separators: whatever could begin a line or turn one around.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** A text as one line of at most `longest` characters. */
export function oneLine(text: string, longest: number): string {
  const clean = text.toWellFormed().replace(UNSAFE, ' ').replace(/\s+/g, ' ').trim();
  const points = [...clean];
  return points.length > longest ? `${points.slice(0, longest - 1).join('')}…` : clean;
}
