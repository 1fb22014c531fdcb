// What a person costs: what a session takes, how often an answer goes to the stores, and whether a house with a hundred
// times as many people registered is any slower. On a small fleet of its own, one question at a time.
import type { Phone } from '../../sandbox/telegram/person.ts';
import { type Rig, startRig } from '../../scripts/rig.ts';
import { type Measure, percentile } from '../report.ts';
import { register } from './prepare.ts';
import { sessionBytes } from './sessions.ts';
import { tripsOfBalance } from './trips.ts';

const SMALL = 1_000;
const LARGE = 100_000;
/** So many of all, anywhere among them, ask; each so often. */
const ASKERS = 400;
const ROUNDS = 4;
const WAIT_MS = 30_000;

/** Times in milliseconds. */
type Times = { small: number[]; large: number[] };

async function timeOf(phone: Phone | undefined): Promise<number> {
  const begunMs = performance.now();
  await phone?.ask('/balance', /sats/, WAIT_MS);
  return performance.now() - begunMs;
}

const anywhere = (count: number) =>
  new Set(Array.from({ length: ASKERS }, (_, at) => Math.floor(((at + Math.random()) * count) / ASKERS)));

/**
 * The same question to a house of a thousand and to one of a hundred thousand, in turns, so that what else the machine does
 * falls on both alike.
 */
async function growth(small: Rig, large: Rig): Promise<Times> {
  const few = await register(small, [0, SMALL], anywhere(SMALL));
  const many = await register(large, [0, LARGE], anywhere(LARGE));
  const times: Times = { small: [], large: [] };
  // In the first round everybody's session is made and every statement planned.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [at, phone] of few.entries()) {
      const [smallMs, largeMs] = [await timeOf(phone), await timeOf(many[at])];
      if (round === 0) continue;
      times.small.push(smallMs);
      times.large.push(largeMs);
    }
  }
  return times;
}

/** Measures it all on two houses, which are gone afterwards. */
export async function costs(say: (line: string) => void): Promise<{ measures: Measure[]; notes: string[] }> {
  const rigs = [await startRig({ keptMessages: 6 })];
  try {
    const [small = await startRig()] = rigs;
    const people = await small.people(50);
    const trips = await tripsOfBalance(small, people);
    say(`a /balance goes ${trips.redis} times to Redis and ${trips.postgres} times to PostgreSQL`);
    rigs.push(await startRig({ keptMessages: 6 }));
    const [, large = small] = rigs;
    const times = await growth(small, large);
    const [few, many] = [times.small, times.large].map((list) =>
      percentile(
        list.sort((a, b) => a - b),
        0.5,
      ),
    );
    const [fewMs = Number.NaN, manyMs = Number.NaN] = [few, many];
    const bytes = await sessionBytes(large.environment.REDIS_SESSION_URL ?? '');
    for (const rig of rigs) await rig.checkBooks();
    say(`a /balance takes ${fewMs.toFixed(2)} ms with ${SMALL} registered and ${manyMs.toFixed(2)} ms with ${LARGE}`);
    return {
      measures: [
        { name: 'redis_round_trips', value: trips.redis, goal: 2, better: 'lower' },
        { name: 'postgres_round_trips', value: trips.postgres, goal: 1, better: 'lower' },
        { name: 'growth_ratio', value: manyMs / fewMs, goal: 1.2, better: 'lower' },
      ],
      notes: [
        `one /balance alone, median: ${fewMs.toFixed(2)} ms with ${SMALL} people registered, ${manyMs.toFixed(2)} ms with ${LARGE}`,
        `a session of who only asks takes ${bytes.mean.toFixed(0)} bytes of Redis on average, ${bytes.p95} at the 95th percentile`,
      ],
    };
  } finally {
    for (const rig of rigs) await rig.end();
  }
}
