// The figures of a run, and whether they are good enough: for people in lines, for machines in one object.
import type { Wait } from './caller.ts';
import type { Done } from './crowd.ts';
import type { Reckoning, Settled } from './reckoning.ts';
import type { Blow } from './storm.ts';

/** What a person is ready to wait for the first word of an answer. */
const ANSWERED_MS = 5_000;
const LEAST_AVAILABILITY = 0.99;
/** A share of fewer minutes says more about the dice than about us: it is told, and not judged. */
const JUDGED_FROM_MINUTES = 10;

export type Run = {
  readonly seed: number;
  readonly minutes: number;
  readonly blows: readonly Blow[];
  readonly broken: readonly string[];
  readonly done: readonly Done[];
  /** Of the time while faults were running. */
  readonly waits: readonly Wait[];
  readonly troubles: readonly string[];
  readonly copies: number;
  /** From the end of the last fault until everybody had ended what they were doing and nothing was left. */
  readonly settleMs: number;
  /** What was waited for: while people still ended what they had begun, and after the last of them. */
  readonly settled: readonly [Settled, Settled];
  readonly reckoning: Reckoning;
};

export type Verdict = {
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly figures: Readonly<Record<string, unknown>>;
};

export function judge(run: Run): Verdict {
  const { waits, blows, reckoning } = run;
  const [, settled] = run.settled;
  const slow = waits.filter(({ firstMs }) => firstMs === undefined || firstMs > ANSWERED_MS);
  const unanswered = waits.filter(({ firstMs }) => firstMs === undefined);
  const availability = waits.length === 0 ? 0 : 1 - slow.length / waits.length;
  const untold = settled.unknown.filter(({ isTold, heldMsat }) => !isTold || heldMsat === 0n);
  const faults = [
    ...reckoning.faults.map(({ what }) => what),
    ...run.settled.flatMap(({ left }) => (left === undefined ? [] : [`not settled: ${left}`])),
    ...unanswered.map(({ what, who }) => `${who} was left without an answer: ${what}`),
    ...untold.map(({ id }) => `payment ${id} is unknown, and not held or not told`),
    ...run.broken,
    ...run.troubles,
    ...(run.minutes >= JUDGED_FROM_MINUTES && availability < LEAST_AVAILABILITY
      ? [`availability ${percent(availability)}, below ${percent(LEAST_AVAILABILITY)}`]
      : []),
  ];
  return {
    ok: faults.length === 0,
    lines: [
      ...byKind(blows, slow),
      ...[...Map.groupBy(run.done, ({ act, end }) => `${act}: ${end}`)]
        .sort()
        .map(([name, list]) => `  ${list.length} × ${name}`),
      ...settled.unknown.map(
        ({ id, node, hash }) => `unknown: payment ${id}, ${hash} at ${node}: LND has it pending for good`,
      ),
      ...slow.map((wait) => slowLine(wait, run)),
      ...faults.map((what) => `FAULT: ${what}`),
    ],
    figures: {
      chaos: 'npm run chaos',
      seed: run.seed,
      minutes: run.minutes,
      faults: blows.length,
      kinds: new Set(blows.map(({ fault }) => fault)).size,
      operations: run.done.filter(({ end }) => end !== 'dropped').length,
      exchanges: waits.length,
      msatOff: String(reckoning.offMsat),
      availability: Number(availability.toFixed(5)),
      longestWaitMs: Math.round(Math.max(0, ...waits.map(({ firstMs }) => firstMs ?? 0))),
      unanswered: unanswered.length,
      settleMs: Math.round(run.settleMs),
      unknownHeld: settled.unknown.length,
      toldAgain: run.copies,
      dropped: run.done.filter(({ end }) => end === 'dropped').length,
      ok: faults.length === 0,
    },
  };
}

/** Each kind of fault, how often it came, and how many waits over five seconds began while it was on or just before. */
function byKind(blows: readonly Blow[], slow: readonly Wait[]): string[] {
  const lines = [...Map.groupBy(blows, ({ fault }) => fault)].map(([fault, list]) => {
    const meanwhile = slow.filter(({ atMs, firstMs = 0 }) =>
      list.some((blow) => blow.atMs < atMs + firstMs && (blow.endMs ?? 0) > atMs),
    );
    return {
      count: meanwhile.length,
      text: `  ${String(list.length).padStart(3)} × ${fault}, ${meanwhile.length} slow answers meanwhile`,
    };
  });
  return lines.sort((one, other) => other.count - one.count).map(({ text }) => text);
}

/** When somebody waited too long, for what, and what was broken then. */
function slowLine({ what, who, atMs, firstMs }: Wait, { blows }: Run): string {
  const beganMs = blows[0]?.atMs ?? atMs;
  const untilMs = atMs + (firstMs ?? 0);
  const broken = blows.filter((blow) => blow.atMs < untilMs && (blow.endMs ?? 0) > atMs - 1_000);
  const seconds = firstMs === undefined ? 'for ever' : `${(firstMs / 1_000).toFixed(1)} s`;
  const during = broken.map(({ fault, target }) => `${fault} (${target})`).join(', ');
  return `  waited ${seconds} from second ${((atMs - beganMs) / 1_000).toFixed(0)}: ${what} of ${who}, during ${during || 'nothing'}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
