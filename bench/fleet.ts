// Ten thousand people at once, through nginx, several bots and a worker, with Telegram 50 ms and Lightning 300 ms away:
// how soon each gets an answer over minutes, what happens when all of them write within one second, and what a person
// costs; beside it the bare echo bot, for what the machine can do. docs/CAPACITY.md holds what it found.
import { parseArgs } from 'node:util';
import { type Rig, startRig } from '../scripts/rig.ts';
import { type Figures, measureEcho } from './echo.ts';
import { costs } from './fleet/costs.ts';
import { Crowd, type Pace } from './fleet/crowd.ts';
import { type Day, measureDay } from './fleet/day.ts';
import { useBots } from './fleet/front.ts';
import { PER_NAME, paced } from './fleet/paced.ts';
import { giveFunds, makeInvoices } from './fleet/prepare.ts';
import { soak } from './fleet/soak.ts';
import { type Measure, report } from './report.ts';

const USAGE = `npm run bench -- fleet [options]
  --users N        10000
  --minutes N      5, of the crowd's day, for each number of bots
  --bots N[,N..]   2; the figures without a number behind them are those of the first
  --workers N      1
  --soak N         0; minutes of half the users afterwards
  --paced N        60; seconds of each of the two runs with Telegram's pace obeyed
  --skip WHAT[,..] echo, costs, paced`;
const THINK_MS = [10_000, 60_000] as const;
const TELEGRAM_MS = 50;
const LIGHTNING_MS = 300;

const begun = performance.now();
const say = (what: string) => console.error(`[${((performance.now() - begun) / 1_000).toFixed(0)} s] ${what}`);

function options() {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const { values } = parseArgs({
    options: {
      users: text('10000'),
      minutes: text('5'),
      bots: text('2'),
      workers: text('1'),
      soak: text('0'),
      paced: text('60'),
      skip: text(''),
    },
  });
  const bots = values.bots.split(',').map(Number);
  const [users, minutes, workers, soakMinutes, pacedS] = [
    values.users,
    values.minutes,
    values.workers,
    values.soak,
    values.paced,
  ].map(Number) as [number, number, number, number, number];
  const all = [users, minutes, workers, soakMinutes, pacedS, ...bots];
  if (all.some((each) => !(each >= 0)) || users < 10 || bots.some((each) => each < 1)) throw new Error(USAGE);
  return { users, minutes, workers, soakMinutes, pacedS, bots, skip: values.skip.split(',') };
}

type Given = ReturnType<typeof options>;
type Found = { measures: Measure[]; notes: string[] };

/** The day and the flood on each number of bots, and the soak; the same people all along. */
async function measure(rig: Rig, { users, minutes, bots, workers, soakMinutes }: Given): Promise<Found> {
  const people = await rig.people(users);
  say(`${users} people have a wallet`);
  await giveFunds(rig, people);
  say('each has some sats');
  const pace: Pace = { thinkMs: THINK_MS, forMs: minutes * 60_000 };
  const long: Pace = { thinkMs: THINK_MS, forMs: soakMinutes * 60_000 };
  const half = people.slice(0, users / 2);
  const requests = await makeInvoices(rig, users, [...bots.map(() => pace), ...(soakMinutes > 0 ? [long] : [])]);
  say(`there are ${requests.length} invoices to pay`);
  rig.telegram.state.faults.delayMs = TELEGRAM_MS;
  for (const alias of ['alice', 'bob']) rig.sandbox?.setFaults(alias, { lateMs: LIGHTNING_MS });
  const found: Found = { measures: [], notes: [] };
  for (const [at, count] of bots.entries()) {
    await useBots(rig, count);
    const crowd = new Crowd(rig, people, requests);
    const day = await measureDay(rig, crowd, pace);
    crowd.close();
    say(`measured on ${count} bots`);
    add(found, named(day, at === 0 ? '' : `_bots_${count}`), [
      `${users} people for ${minutes} minutes on ${count} bots and ${workers} workers:`,
      ...day.notes,
      `${day.busiest} messages and edits in the fullest seconds: at Telegram's pace that takes ${Math.ceil(day.busiest / PER_NAME)} bot names`,
    ]);
  }
  if (soakMinutes > 0) {
    await useBots(rig, bots[0] ?? 1);
    const crowd = new Crowd(rig, half, requests);
    const { measures, notes } = await soak(rig, crowd, long);
    crowd.close();
    add(found, measures, notes);
    say('soaked');
  }
  return found;
}

function named({ measures }: Day, behind: string): Measure[] {
  return measures.map((each) => ({ ...each, name: each.name + behind }));
}

/** Says it at once, too: a run takes long, and what was found is not lost should it break off. */
function add(found: Found, measures: readonly Measure[], notes: readonly string[]): void {
  for (const { name, value } of measures) say(`${name} ${value}`);
  for (const note of notes) say(note);
  found.measures.push(...measures);
  found.notes.push(...notes);
}

function echoLine({ perSecond, p50Ms }: Figures): string {
  return `the bare echo bot on this machine: ${perSecond.toFixed(0)} answers a second, ${p50Ms.toFixed(2)} ms alone`;
}

const given = options();
const found: Found = { measures: [], notes: [] };
if (!given.skip.includes('echo')) {
  add(found, [], [echoLine(await measureEcho())]);
  say('the echo bot was measured');
}
// The short ones first: whatever fails, fails early.
if (!given.skip.includes('costs')) {
  const { measures, notes } = await costs(say);
  add(found, measures, notes);
}
if (!given.skip.includes('paced')) add(found, [], await paced(given.pacedS, say));
const rig = await startRig({ bots: Math.max(...given.bots), workers: given.workers, keptMessages: 6 });
try {
  const { measures, notes } = await measure(rig, given);
  await rig.checkBooks();
  found.measures.unshift(...measures);
  found.notes.unshift(...notes);
} finally {
  await rig.end();
}
report('fleet', found.measures, found.notes);
