// English: for those who run it.
import { bold, type Rich, rich } from '../../rich.ts';

export const admin = {
  stats: bold('State of the fleet'),
  instances: 'Instances',
  queues: 'Queues (waiting, active, delayed, failed)',
  users: 'Wallets',
  volume: 'Moved in 24 hours',
  payments: (held: string, sending: string) => `Payments held: ${held}, sending: ${sending}`,
  rate: (age: string | undefined) => (age ? `Rate ${age} old` : 'No rate'),
  books: (isOk: boolean): string =>
    isOk ? '✅ Books: every currency sums to zero' : '🚨 Books: the sums are NOT zero',
  noFailed: (): Rich => rich`No failed jobs.`,
  failed: bold('Failed jobs, newest first'),
  attempts: (count: number) => `${count} ${count === 1 ? 'attempt' : 'attempts'}`,
  retried: (lines: string, unknown: number): Rich =>
    rich`Retried:\n${lines}\n\nPayments with unknown outcome: ${String(unknown)}. They stay as they are and are asked about by themselves.`,
  refundUsage: (): Rich => rich`Write /refund and the full number of a payment. Nothing was done.`,
  refundAsked: (): Rich =>
    rich`A worker looks at this payment and its node now; the answer comes here. Nothing is given back before.`,
  sending: (isOn: boolean, since: string): Rich =>
    isOn
      ? rich`✅ Sending is on since ${since}.`
      : rich`⛔ Sending is stopped since ${since}. Receiving goes on. To start it again: /sending on`,
  broken: (promises: string): Rich => rich`Broken and known: ${promises}`,
  unknownId: (): Rich =>
    rich`I know nothing of this number. Write /why and the eight characters after "No.", or the whole id.`,
  nothing: 'nothing',
};
