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
  nothing: 'nothing',
};
