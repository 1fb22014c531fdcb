// What is done to a house in a run, made from its seed: who does what when, and what breaks when. A plan is plain data, so
// that a story can be made shorter by leaving things out, kept in a file, and told again.
import { type Dice, dice } from './dice.ts';

export type Deed =
  | 'balance'
  | 'history'
  | 'receive'
  | 'receive-open'
  | 'paid-from-outside'
  | 'pay-outside'
  | 'pay-inside'
  | 'pay-own'
  | 'pay-again'
  | 'pay-expired'
  | 'send'
  | 'send-stranger'
  | 'claim'
  | 'retract'
  | 'request'
  | 'answer-request'
  | 'press-old'
  | 'block'
  | 'unblock'
  | 'admin';

/** `luck` decides the details, so that leaving other operations out does not change this one. */
export type Operation = { readonly atMs: number; readonly who: number; readonly deed: Deed; readonly luck: string };

export type Trouble =
  | 'bot-dies'
  | 'worker-dies'
  | 'worker-freezes'
  | 'bot-freezes'
  | 'redis-wiped'
  | 'queue-wiped'
  | 'postgres-restarts'
  | 'node-restarts'
  | 'node-hangs'
  | 'node-forgets-streams'
  | 'cut'
  | 'deaf'
  | 'silent';

export type Fault = {
  readonly atMs: number;
  readonly trouble: Trouble;
  /** Which of them. */
  readonly which: number;
  /** What it is cut off from. */
  readonly part: string;
  readonly forMs: number;
  /** A process dies at its n-th call from then. */
  readonly calls: number;
  readonly when: 'before' | 'after';
};

export type Plan = {
  readonly seed: string;
  readonly people: number;
  readonly lastMs: number;
  /** Of a hundred. */
  readonly doubledJobs: number;
  readonly doubledUpdates: number;
  readonly veiled: number;
  readonly weather: { lostBefore: number; lostAfter: number; tooFast: number };
  readonly operations: readonly Operation[];
  readonly faults: readonly Fault[];
};

// How often each is done, of all.
const DEEDS: readonly [Deed, number][] = [
  ['balance', 8],
  ['history', 3],
  ['receive', 8],
  ['receive-open', 3],
  ['paid-from-outside', 14],
  ['pay-outside', 16],
  ['pay-inside', 5],
  ['pay-own', 1],
  ['pay-again', 2],
  ['pay-expired', 1],
  ['send', 18],
  ['send-stranger', 4],
  ['claim', 4],
  ['retract', 2],
  ['request', 4],
  ['answer-request', 5],
  ['press-old', 6],
  ['block', 1],
  ['unblock', 1],
  ['admin', 1],
];

const TROUBLES: readonly [Trouble, number][] = [
  ['bot-dies', 5],
  ['worker-dies', 8],
  ['worker-freezes', 3],
  ['bot-freezes', 1],
  ['redis-wiped', 2],
  ['queue-wiped', 2],
  ['postgres-restarts', 2],
  ['node-restarts', 3],
  ['node-hangs', 3],
  ['node-forgets-streams', 2],
  ['cut', 5],
  ['deaf', 5],
  ['silent', 3],
];
const PARTS = ['redis', 'queue', 'postgres', 'telegram', 'lnd-alice', 'lnd-bob'];

/** Whatever the host's date is, a run begins here. */
export const START_MS = Date.UTC(2026, 5, 8, 6);

const PEOPLE = 12;
const OPERATIONS_A_SECOND = 2;
const FAULT_EVERY_MS = 9_000;

/** The plan of a seed for so many simulated hours. */
export function planOf(seed: string, hours: number): Plan {
  const chance = dice(`plan/${seed}`);
  const lastMs = hours * 3_600_000;
  const operations: Operation[] = [];
  for (let atMs = 2_000; atMs < lastMs; atMs += chance.wait(1_000 / OPERATIONS_A_SECOND)) {
    operations.push({
      atMs: Math.round(atMs),
      who: chance.whole(0, PEOPLE - 1),
      deed: weighted(chance, DEEDS),
      luck: `${seed}/${operations.length}`,
    });
  }
  // Every fifth run has no faults but those of chats and jobs, so that what needs none is not hidden among them.
  const isCalm = chance.chance(0.2);
  const faults: Fault[] = [];
  for (let atMs = 5_000; atMs < lastMs && !isCalm; atMs += chance.wait(FAULT_EVERY_MS)) {
    faults.push({
      atMs: Math.round(atMs),
      trouble: weighted(chance, TROUBLES),
      which: chance.whole(0, 5),
      part: chance.pick(PARTS),
      forMs: Math.round(Math.min(chance.wait(chance.chance(0.15) ? 60_000 : 8_000), 300_000)),
      calls: chance.whole(1, 60),
      when: chance.chance(0.5) ? 'before' : 'after',
    });
  }
  const some = (most: number) => (chance.chance(0.6) ? chance.whole(1, most) : 0);
  return {
    seed,
    people: PEOPLE,
    lastMs,
    doubledJobs: some(10),
    doubledUpdates: some(5),
    veiled: some(20),
    weather: { lostBefore: some(4), lostAfter: some(4), tooFast: some(3) },
    operations,
    faults,
  };
}

function weighted<T>(chance: Dice, table: readonly (readonly [T, number])[]): T {
  let left = chance.fraction() * table.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [item, weight] of table) {
    left -= weight;
    if (left < 0) return item;
  }
  return (table.at(-1) as readonly [T, number])[0];
}
