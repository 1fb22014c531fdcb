// `npm run chaos -- --minutes M [--seed N] [--people N] [--rate N]`: the whole fleet on real LND under constant traffic
// and one fault every few seconds, then the reckoning. It prints the figures, as its last line one JSON object, and ends
// badly unless nothing was lost, nothing done twice, nobody left alone and availability held.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startCrowd } from '../tests/chaos/crowd.ts';
import { dice } from '../tests/chaos/dice.ts';
import { Ears } from '../tests/chaos/ears.ts';
import { type Field, openField } from '../tests/chaos/field.ts';
import { reckon, settle } from '../tests/chaos/reckoning.ts';
import { storm } from '../tests/chaos/storm.ts';
import { judge, type Verdict } from '../tests/chaos/verdict.ts';
import { lndPrograms } from '../tests/support/lnd.ts';
import { onEnd } from './ending.ts';
import { need } from './needs.ts';
import { fund } from './rig.ts';

const USAGE = `npm run chaos -- --minutes M [options]
  --minutes M   how long faults come (10)
  --seed N      their order and what people do; without it another each time
  --people N    how many people use their wallets (240)
  --rate N      how many things they begin in a second, all together (5)`;
const START_SATS = 1_000n;

type Options = { minutes: number; seed: number; people: number; rate: number };

const started = performance.now();
let field: Field | undefined;
onEnd((why) => {
  console.error(`Ended early (${why}); cleaning up ...`);
  void field?.end().finally(() => process.exit(130));
  if (!field) process.exit(130);
});

try {
  const verdict = await main(readOptions());
  for (const line of verdict.lines) console.log(line);
  console.log(JSON.stringify(verdict.figures));
  process.exitCode = verdict.ok ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
await field?.end();
process.exit();

async function main({ minutes, seed, people, rate }: Options): Promise<Verdict> {
  say(`seed ${seed}, ${minutes} minutes, ${people} people, ${rate} things begun in a second`);
  for (const program of ['redis-server', 'nginx'] as const) await need(program, say);
  await lndPrograms();
  field = await openField();
  if (!field.setClock) say('libfaketime is missing (apt-get install faketime): no clock will be wrong');
  const ears = new Ears();
  ears.listenTo(field.telegram);
  const phones = await field.people(people);
  await fund(field, phones, START_SATS);
  say(`${people} people have ${START_SATS} sats each; the storm begins`);
  const crowd = startCrowd(field, ears, { phones, perSecond: rate, seed });
  const weather = storm(field, dice(seed), say);
  await weather.rage(performance.now() + minutes * 60_000);
  const overMs = performance.now();
  say(`${weather.blows.length} faults are over; everybody ends what they have begun`);
  const waits = [...crowd.waits];
  const ended = crowd.stop();
  const [first] = await Promise.all([settle(field), ended]);
  const last = await settle(field);
  // Who waits for a payment that LND leaves without an end waits for nothing that will come.
  const lastMs = Math.max(
    overMs + first.ms,
    ...crowd.done.filter(({ end }) => end !== 'open').map(({ endMs }) => endMs),
  );
  const settleMs = lastMs - overMs;
  say('nothing moves any more; the reckoning');
  const reckoning = await reckon(field, ears);
  waits.push(...crowd.waits.slice(waits.length).filter(({ atMs }) => atMs < overMs));
  const { blows, broken } = weather;
  const { done, troubles } = crowd;
  return judge({
    seed,
    minutes,
    blows,
    broken,
    done,
    waits,
    troubles,
    copies: ears.copies,
    settleMs,
    settled: [first, last],
    reckoning,
  });
}

function readOptions(): Options {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ options: { minutes: text, seed: text, people: text, rate: text } });
    const { minutes = '10', seed = String(randomInt(2 ** 31)), people = '240', rate = '5' } = values;
    const options = { minutes: Number(minutes), seed: Number(seed), people: Number(people), rate: Number(rate) };
    if (Object.values(options).some((value) => !(value > 0)) || options.people < 2)
      throw new Error('Numbers above zero.');
    return options;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(1);
  }
}

function say(line: string): void {
  console.log(`[${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s] ${line}`);
}
