// English: alerts and the morning's digest, for those who run it.
import type { Severity } from '../../../domain/incidents.ts';
import { bold, type Rich, rich } from '../../rich.ts';

export const incidents = {
  severities: {
    info: 'ℹ️ For your information',
    warning: '⚠️ Warning',
    critical: '🔴 Critical',
    emergency: '🚨 Emergency',
  } satisfies Record<Severity, string> as Record<Severity, string>,
  action: 'What to do',
  runbook: 'Runbook',
  more: (count: string): Rich => rich`And ${count} more: /incidents`,
  ack: '✋ I am on it',
  ackedBy: (by: Rich, at: string): Rich => rich`✋ Taken on by ${by} at ${at}. It calls nobody else while it lasts.`,
  ackedByYou: (at: string): Rich => rich`✋ You are on it since ${at}. It calls nobody else while it lasts.`,
  over: (since: string, at: string): Rich => rich`✅ Over. It went on from ${since} to ${at}.`,
  overBefore: (): Rich => rich`✅ Over already. There is nothing to take on.`,
  open: bold('Alerts that go on'),
  none: 'None. All is well.',
  past: bold('Over'),
  states: { open: '🔴', acked: '✋', over: '✅' },
  ackNumber: (number: string) => `✋ ${number}`,
  digest: {
    title: (day: string): Rich => rich`☀️ ${bold('The last 24 hours')}, until ${day}`,
    users: (users: string, fresh: string) => `Wallets: ${users} (${fresh} new)`,
    volume: (into: string, out: string, inside: string) => `In: ${into}\nOut: ${out}\nInside: ${inside}`,
    payments: (paid: string, failed: string) => `Payments: ${paid} paid, ${failed} failed`,
    noAlerts: 'No alert.',
    alerts: (names: string) => `Alerts: ${names}`,
    openNow: (count: string): Rich => rich`Still going on: ${count}. See /incidents`,
  },
};
