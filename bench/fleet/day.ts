// A day of the crowd, and the flood after it, on the fleet as it stands: what each kind of question took, what each program
// used, and how late the generator itself was, which is in every time.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Rig } from '../../scripts/rig.ts';
import { type Measure, percentile } from '../report.ts';
import type { Crowd, Pace, Tally } from './crowd.ts';
import { sessionBytes } from './sessions.ts';
import { usage, usageLines } from './usage.ts';

export const rising = (lists: Iterable<readonly number[]>): number[] => [...lists].flat().sort((a, b) => a - b);
const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;

export function timesLine(name: string, list: readonly number[], seconds?: number): string {
  const sorted = rising([list]);
  const at = (share: number) => `${percentile(sorted, share).toFixed(0)} ms`.padStart(8);
  const rate = seconds === undefined ? '' : ` ${(list.length / seconds).toFixed(1).padStart(6)}/s`;
  return `${name.padEnd(24)} ${String(list.length).padStart(6)} times${rate}, avg ${mean(sorted).toFixed(0)} ms, p50${at(0.5)}, p95${at(0.95)}, p99${at(0.99)}`;
}

export function answered({ asked, unanswered }: Tally): number {
  return (asked - unanswered) / asked;
}

export type Day = {
  measures: Measure[];
  notes: string[];
  /** Messages and edits that Telegram was sent in the fullest seconds (the 99th percentile). */
  busiest: number;
};

/** Lets them live and then all write at once. */
export async function measureDay(rig: Rig, crowd: Crowd, pace: Pace): Promise<Day> {
  const lag = monitorEventLoopDelay({ resolution: 10 });
  crowd.perSecond();
  const [before, begun] = [usage(), performance.now()];
  lag.enable();
  const day = await crowd.live(pace);
  lag.disable();
  const seconds = (performance.now() - begun) / 1_000;
  const after = usage();
  const busiest = percentile(crowd.perSecond(), 0.99);
  const floodBegun = performance.now();
  const flood = await crowd.flood();
  const floodS = (performance.now() - floodBegun) / 1_000;
  const bytes = await sessionBytes(rig.environment.REDIS_SESSION_URL ?? '');
  const all = rising(day.answers.values());
  // A timer of 10 ms that comes late by so much: what the load generator adds by itself.
  const late = (share: number) => `${Math.max(0, lag.percentile(share) / 1e6 - 10).toFixed(0)} ms`;
  return {
    busiest,
    measures: [
      { name: 'answered_ratio', value: answered(day), goal: 1, better: 'higher' },
      { name: 'miscounted', value: crowd.miscounted(), goal: 0, better: 'lower' },
      { name: 'avg_ms', value: mean(all), goal: 50, better: 'lower' },
      { name: 'p95_ms', value: percentile(all, 0.95), goal: 150, better: 'lower' },
      { name: 'p99_ms', value: percentile(all, 0.99), goal: 500, better: 'lower' },
      { name: 'flood_answered_ratio', value: answered(flood), goal: 1, better: 'higher' },
      { name: 'flood_disordered', value: flood.disordered, goal: 0, better: 'lower' },
      { name: 'flood_s', value: floodS, goal: 20, better: 'lower' },
      { name: 'session_bytes', value: bytes.p95, goal: 4_096, better: 'lower' },
    ],
    notes: [
      `${(day.asked / seconds).toFixed(0)} answers a second over ${seconds.toFixed(0)} s, ${day.unanswered} without one; slowest ${(all.at(-1) ?? 0).toFixed(0)} ms`,
      ...[...day.answers].map(([kind, list]) => timesLine(kind, list, seconds)),
      timesLine('asked until the invoice', day.invoices),
      timesLine('tap until the receipt', day.receipts),
      timesLine('in the flood', flood.answers.get('balance') ?? []),
      ...usageLines(before, after, { seconds, answers: all.length }),
      `the generator itself was late by ${late(50)} (half of the time at most), ${late(95)} (p95), ${late(99)} (p99)`,
      `a session takes ${bytes.mean.toFixed(0)} bytes of Redis on average, ${bytes.p95} at the 95th percentile`,
    ],
  };
}
