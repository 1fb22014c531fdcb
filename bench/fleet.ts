// Ten thousand people at once, through nginx, several bots and a worker, with Telegram 50 ms and Lightning 300 ms away:
// how soon each gets an answer over minutes, what happens when all of them write within one second, and what a person
// costs. `--users`, `--minutes`, `--bots` and `--workers` for another size; the bare echo bot in the same run.
import { parseArgs } from 'node:util';
import type { Phone } from '../sandbox/telegram/person.ts';
import { fund, inTurn, type Rig, startRig } from '../scripts/rig.ts';
import { measureEcho } from './echo.ts';
import { Crowd, type Tally } from './fleet/crowd.ts';
import { sessionBytes } from './fleet/sessions.ts';
import { usage, usageLines } from './fleet/usage.ts';
import { type Measure, percentile, report } from './report.ts';

const THINK_MS = [10_000, 60_000] as const;
const TELEGRAM_MS = 50;
const LIGHTNING_MS = 300;
/** Every tenth thing is a payment; some more than will be needed. */
const PAYS = 0.13;
const FUNDS_SATS = 500n;
/** Who is paid from outside, and gives to the others. */
const GIVERS = 64;
const PREPARE_MS = 60_000;

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '10000' },
    minutes: { type: 'string', default: '5' },
    bots: { type: 'string', default: '2' },
    workers: { type: 'string', default: '1' },
  },
});
const [users, minutes, bots, workers] = [values.users, values.minutes, values.bots, values.workers].map(Number) as [
  number,
  number,
  number,
  number,
];

async function give(from: Phone, to: string): Promise<void> {
  await from.ask(`/send ${FUNDS_SATS} @${to}`, (message) => message.buttons.length > 0, PREPARE_MS);
  from.press(/Send/);
  await from.waitFor(/Sent/, PREPARE_MS);
}

/** Everybody has a wallet with something in it, and there are invoices to pay. */
async function prepare(rig: Rig): Promise<{ people: Phone[]; requests: string[] }> {
  const begun = performance.now();
  const say = (what: string) => console.error(`[${((performance.now() - begun) / 1_000).toFixed(0)} s] ${what}`);
  const people = await rig.people(users);
  say(`${users} people have a wallet`);
  const givers = people.slice(0, GIVERS);
  await fund(rig, givers, FUNDS_SATS * BigInt(Math.ceil(users / GIVERS) + 1));
  await inTurn([...givers.keys()], GIVERS, async (at) => {
    const giver = givers[at];
    for (let to = at + GIVERS; giver && to < users; to += GIVERS) await give(giver, people[to]?.person.username ?? '');
  });
  say(`each has ${FUNDS_SATS} sats`);
  const requests: string[] = [];
  const perPerson = (minutes * 60_000) / ((THINK_MS[0] + THINK_MS[1]) / 2) + 1;
  await inTurn(Array.from({ length: Math.ceil(users * perPerson * PAYS) }), 16, async () => {
    const made = await rig.outside.makeInvoice({ amountMsat: 10_000n, expiresInS: 86_400 });
    requests.push(made.request);
  });
  say(`there are ${requests.length} invoices to pay`);
  return { people, requests };
}

function rising(lists: Iterable<readonly number[]>): number[] {
  return [...lists].flat().sort((a, b) => a - b);
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, each) => sum + each, 0) / list.length;
}

function timesLine(name: string, list: readonly number[]): string {
  const sorted = rising([list]);
  const at = (share: number) => `${percentile(sorted, share).toFixed(0)} ms`;
  return `${name.padEnd(24)} ${String(list.length).padStart(6)} times, p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}`;
}

function answered({ asked, unanswered }: Tally): number {
  return (asked - unanswered) / asked;
}

async function measure(rig: Rig): Promise<{ measures: Measure[]; notes: string[] }> {
  const { people, requests } = await prepare(rig);
  rig.telegram.state.faults.delayMs = TELEGRAM_MS;
  for (const alias of ['alice', 'bob']) rig.sandbox?.setFaults(alias, { lateMs: LIGHTNING_MS });
  const crowd = new Crowd(rig, people, requests);
  const [before, begun] = [usage(), performance.now()];
  const day = await crowd.live({ thinkMs: THINK_MS, forMs: minutes * 60_000 });
  const seconds = (performance.now() - begun) / 1_000;
  const after = usage();
  const floodBegun = performance.now();
  const flood = await crowd.flood();
  const floodS = (performance.now() - floodBegun) / 1_000;
  crowd.close();
  const bytes = await sessionBytes(rig.environment.REDIS_SESSION_URL ?? '');
  const all = rising(day.answers.values());
  return {
    measures: [
      { name: 'answered_ratio', value: answered(day), goal: 1, better: 'higher' },
      { name: 'miscounted', value: crowd.miscounted(), goal: 0, better: 'lower' },
      { name: 'avg_ms', value: mean(all), goal: 50, better: 'lower' },
      { name: 'p95_ms', value: percentile(all, 0.95), goal: 150, better: 'lower' },
      { name: 'p99_ms', value: percentile(all, 0.99), goal: 500, better: 'lower' },
      { name: 'flood_answered_ratio', value: answered(flood), goal: 1, better: 'higher' },
      { name: 'flood_s', value: floodS, goal: 20, better: 'lower' },
      { name: 'session_bytes', value: bytes.p95, goal: 4_096, better: 'lower' },
    ],
    notes: [
      `${users} people for ${minutes} minutes on ${bots} bots and ${workers} workers: ${(day.asked / seconds).toFixed(0)} answers a second`,
      ...[...day.answers].map(([kind, list]) => timesLine(kind, list)),
      timesLine('asked until the invoice', day.invoices),
      timesLine('tap until the receipt', day.receipts),
      timesLine('in the flood', flood.answers.get('balance') ?? []),
      ...usageLines(before, after, seconds),
      `a session takes ${bytes.mean.toFixed(0)} bytes of Redis on average, ${bytes.p95} at the 95th percentile`,
    ],
  };
}

const echo = await measureEcho();
const rig = await startRig({ bots, workers, keptMessages: 6 });
try {
  const { measures, notes } = await measure(rig);
  await rig.checkBooks();
  report('fleet', measures, [
    ...notes,
    `the bare echo bot on this machine: ${echo.perSecond.toFixed(0)} answers a second, ${echo.p50Ms.toFixed(2)} ms alone`,
  ]);
} finally {
  await rig.end();
}
