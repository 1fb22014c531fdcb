// `npm run simulate -- --seed N --hours H`, `--seeds 1..2000` or `--story file`: whole houses in simulated time, with people who do
// everything at once and a world that breaks at random; the same seed gives the same run. A seed that breaks a promise
// is made as short as it can be, printed as a story and kept as a file. Last line: one JSON object.
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Plan, planOf } from '../tests/simulate/plan.ts';
import { kindsOf, shorten, type WentWrong } from '../tests/simulate/shorten.ts';
import { openTellers, type Tellers } from '../tests/simulate/tellers.ts';
import { setupDatabase } from './database.ts';
import { onEnd } from './ending.ts';
import { migrate } from './migrate.ts';
import { startPostgres } from './postgres.ts';
import { Guard } from './process.ts';

const USAGE =
  'npm run simulate -- --seed 7 [--hours 0.1] [--watch] | --seeds 1..2000 [--hours 0.05] [--keep folder] | --story file';
const TEMPLATE = 'satfleet_template';
const MOST_TELLERS = 8;
/** For each of them, runs that are told before the one whose turn it is to be printed. */
const AHEAD = 10;
const MOST_STORIES = 3;
const LONGEST_SHORTENING_MS = 5 * 60_000;
/** What comes to rest at all does so in seconds: a story that does not is not waited for three hours each time. */
const SETTLING_MS = 20 * 60_000;
const STEP_EVERY_MS = 5_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    hours: { type: 'string' },
    /** A kept story, told again. */
    story: { type: 'string' },
    /** Prints every step of a single seed. */
    watch: { type: 'boolean', default: false },
    /** Where stories of broken promises are kept. */
    keep: { type: 'string', default: tmpdir() },
  },
});
const hours = Number(values.hours ?? (values.seed ? 0.1 : 0.05));
const plans = plansOf();
if (plans.length === 0 || !(hours > 0 && hours <= 24)) {
  console.error(`Which seeds, and for how long? ${USAGE}`);
  process.exit(1);
}

const home = mkdtempSync(join(tmpdir(), 'satfleet-simulate-'));
// The server runs as another user when we are root.
chmodSync(home, 0o755);
const guard = new Guard(home);
onEnd(() => void guard.finish().then(() => process.exit(130)));
let code = 1;
try {
  code = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
}
await guard.finish();
process.exit(code);

/** Made when they are asked for: of thousands each is large. */
function plansOf(): (() => Plan)[] {
  const { seed, seeds = '', story } = values;
  if (story !== undefined) return [() => (JSON.parse(readFileSync(story, 'utf8')) as { plan: Plan }).plan];
  if (seed !== undefined) return [() => planOf(seed, hours)];
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(seeds) ?? [];
  if (from === undefined || to === undefined) return [];
  const count = Math.max(0, Number(to) - Number(from) + 1);
  return Array.from({ length: count }, (_, at) => () => planOf(String(Number(from) + at), hours));
}

async function main(): Promise<number> {
  const tellers = await tellersOnServer();
  const sums = {
    seeds: 0,
    failed: [] as string[],
    operations: 0,
    faults: 0,
    simulatedHours: 0,
    seconds: 0,
    perSecond: 0,
  };
  const wrong: WentWrong[] = [];
  const begun = performance.now();
  for await (const { plan, outcome } of inOrder(tellers)) {
    sums.seeds++;
    sums.operations += outcome.operations;
    sums.faults += outcome.faults;
    sums.simulatedHours += outcome.simulatedMs / 3_600_000;
    report({ plan, outcome });
    if (outcome.broken.length === 0) continue;
    sums.failed.push(plan.seed);
    wrong.push({ plan, outcome });
  }
  sums.seconds = Math.round((performance.now() - begun) / 100) / 10;
  sums.perSecond = Math.round(sums.operations / sums.seconds);
  sums.simulatedHours = Math.round(sums.simulatedHours * 10) / 10;
  for (const one of unlike(wrong).slice(0, MOST_STORIES)) await tellStory(tellers, one);
  await tellers.close();
  console.log(JSON.stringify(sums));
  return sums.failed.length > 0 ? 1 : 0;
}

/** One for each core, on a server that they have for themselves. */
async function tellersOnServer(): Promise<Tellers> {
  const swift = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', autovacuum: 'off' };
  const server = await startPostgres({ folder: join(home, 'data'), guard, settings: swift });
  const password = 'simulated';
  const passwords = { ownerPassword: password, appPassword: password };
  const { ownerUrl } = await setupDatabase({ adminUrl: server.adminUrl, name: TEMPLATE, ...passwords });
  await migrate(ownerUrl);
  const count = Math.min(availableParallelism(), MOST_TELLERS);
  return openTellers({ adminUrl: server.adminUrl, password, template: TEMPLATE, count });
}

/** Tells all plans side by side, and gives them in their order. */
async function* inOrder(tellers: Tellers): AsyncGenerator<WentWrong> {
  const ahead: Promise<WentWrong>[] = [];
  for (const make of plans) {
    const plan = make();
    const told = tellers.tell(plan, { watch: values.watch }).then((outcome) => ({ plan, outcome }));
    // Whoever waits for its turn hears of it.
    told.catch(() => {});
    ahead.push(told);
    if (ahead.length > AHEAD * tellers.count) yield ahead.shift() as Promise<WentWrong>;
  }
  yield* ahead;
}

function report({ plan, outcome }: WentWrong): void {
  const { operations, faults, tookMs, settledAfterMs, traceHash, broken } = outcome;
  const found = broken.length > 0 ? `  ${broken.length} BROKEN` : '';
  console.log(
    `seed ${plan.seed}: ${operations} operations, ${faults} faults, ${(tookMs / 1_000).toFixed(1)} s, at rest after ${settledAfterMs / 1_000} s, trace ${traceHash.slice(0, 12)}${found}`,
  );
  for (const line of broken.slice(0, 10)) console.log(`  broken: ${line}`);
}

/** Of those that went wrong in the same ways, the first alone. */
function unlike(wrong: readonly WentWrong[]): WentWrong[] {
  const known = new Set<string>();
  return wrong.filter(({ outcome }) => {
    const fresh = [...kindsOf(outcome.broken)].filter((kind) => !known.has(kind));
    for (const kind of fresh) known.add(kind);
    return fresh.length > 0;
  });
}

async function tellStory(tellers: Tellers, first: WentWrong): Promise<void> {
  const { seed } = first.plan;
  const begun = performance.now();
  const seconds = () => Math.round((performance.now() - begun) / 1_000);
  let saidAt = 0;
  console.log(
    `seed ${seed}: looking for the shortest story, for ${LONGEST_SHORTENING_MS / 60_000} minutes at most ...`,
  );
  const found = await shorten(first, {
    tell: (plan) => tellers.tell(plan, { settlingMs: SETTLING_MS }),
    atOnce: tellers.count,
    mostMs: LONGEST_SHORTENING_MS,
    onStep({ operations, faults }, runs) {
      if (performance.now() < saidAt + STEP_EVERY_MS) return;
      saidAt = performance.now();
      console.log(
        `  ${operations.length} operations and ${faults.length} faults, after ${runs} runs and ${seconds()} s`,
      );
    },
  });
  const { plan } = found;
  const how = found.isShortest ? 'nothing can be left out' : 'the time was over';
  const { story, broken } = await tellers.tell(plan);
  console.log(
    `  the story, with ${plan.operations.length} operations and ${plan.faults.length} faults, after ${found.runs} runs and ${seconds()} s (${how}):`,
  );
  for (const line of story) console.log(`    ${line}`);
  for (const line of broken) console.log(`    so ${line}`);
  if (broken.length === 0) console.log(`    (given three hours, it comes right: ${found.outcome.broken.join('; ')})`);
  const file = join(values.keep, `story-${seed}.json`);
  writeFileSync(file, `${JSON.stringify({ broken, plan }, null, 1)}\n`);
  console.log(`  kept in ${file}; as a fixture it belongs into tests/simulate/fixtures`);
}
