// A whole transfer inside the house by chat: the command, the card, the confirming tap, the sender's receipt and the
// receiver's notice; one bot and one worker. Says how many a second and how long from the command to the last word.
import type { Phone } from '../sandbox/telegram/person.ts';
import { fund, inTurn, type Rig, startRig } from '../scripts/rig.ts';
import { percentile, report } from './report.ts';

const PAIRS = 96;
const WARM_UP_MS = 4_000;
const MEASURE_MS = 12_000;
const WAIT_MS = 20_000;

/** One transfer, timed from the command to the receiver's notice. */
async function transfer(from: Phone, to: Phone): Promise<number> {
  const begun = performance.now();
  const received = to.waitFor(/from/, WAIT_MS);
  await from.ask(`/send 1 @${to.person.username}`, (message) => message.buttons.length > 0, WAIT_MS);
  from.press(/Send/);
  await Promise.all([from.waitFor(/./, WAIT_MS), received]);
  return performance.now() - begun;
}

async function load(pairs: readonly [Phone, Phone][], forMs: number): Promise<number[]> {
  const end = performance.now() + forMs;
  const times: number[] = [];
  await inTurn(pairs, pairs.length, async ([from, to]) => {
    while (performance.now() < end) times.push(await transfer(from, to));
  });
  return times;
}

async function measure(rig: Rig): Promise<void> {
  const people = await rig.people(2 * PAIRS);
  const pairs = Array.from({ length: PAIRS }, (_, i): [Phone, Phone] => [people[2 * i]!, people[2 * i + 1]!]);
  await fund(
    rig,
    pairs.map(([from]) => from),
    50_000n,
  );
  await load(pairs, WARM_UP_MS);
  const begun = performance.now();
  const times = await load(pairs, MEASURE_MS);
  const seconds = (performance.now() - begun) / 1_000;
  await rig.checkBooks();
  times.sort((a, b) => a - b);
  report(
    'send',
    [
      { name: 'per_second', value: times.length / seconds, goal: 300, better: 'higher' },
      { name: 'p95_ms', value: percentile(times, 0.95), goal: 500, better: 'lower' },
    ],
    [
      `${PAIRS} pairs at once, ${times.length} transfers in ${seconds.toFixed(1)} s, p50 ${percentile(times, 0.5).toFixed(0)} ms`,
    ],
  );
}

const rig = await startRig({ bots: 1 });
try {
  await measure(rig);
} finally {
  await rig.end();
}
