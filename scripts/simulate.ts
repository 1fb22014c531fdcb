// `npm run simulate -- --seed N --hours H`, `--seeds 1..2000` or `--story file`: whole houses in simulated time, with people who do
// everything at once and a world that breaks at random; the same seed gives the same run. A seed that breaks a promise
// is made as short as it can be, printed as a story and kept as a file. Last line: one JSON object.
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Plan, planOf } from '../tests/simulate/plan.ts';
import type { Outcome } from '../tests/simulate/run.ts';
import { openTellers, shorten, type Tellers } from '../tests/simulate/tellers.ts';
import { setupDatabase } from './database.ts';
import { onEnd } from './ending.ts';
import { migrate } from './migrate.ts';
import { startPostgres } from './postgres.ts';
import { Guard } from './process.ts';

const USAGE =
  'npm run simulate -- --seed 7 [--hours 0.1] [--watch] | --seeds 1..2000 [--hours 0.05] [--keep folder] | --story file';
const TEMPLATE = 'satfleet_template';
const MOST_SHORTER = 150;

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
  const swift = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', autovacuum: 'off' };
  const server = await startPostgres({ folder: join(home, 'data'), guard, settings: swift });
  const password = 'simulated';
  const passwords = { ownerPassword: password, appPassword: password };
  const { ownerUrl } = await setupDatabase({ adminUrl: server.adminUrl, name: TEMPLATE, ...passwords });
  await migrate(ownerUrl);
  const count = Math.min(plans.length, Math.max(1, Math.min(availableParallelism(), 8)));
  const tellers = await openTellers({ adminUrl: server.adminUrl, password, template: TEMPLATE, count });
  const sums = {
    seeds: 0,
    failed: [] as string[],
    operations: 0,
    faults: 0,
    simulatedHours: 0,
    seconds: 0,
    perSecond: 0,
  };
  const begun = performance.now();
  const left = [...plans];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const plan = next();
      const outcome = await tellers.tell(plan, { watch: values.watch });
      sums.seeds++;
      sums.operations += outcome.operations;
      sums.faults += outcome.faults;
      sums.simulatedHours += outcome.simulatedMs / 3_600_000;
      report(plan.seed, outcome);
      if (outcome.broken.length === 0) continue;
      sums.failed.push(plan.seed);
      await tellStory(tellers, plan, outcome);
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  sums.seconds = Math.round((performance.now() - begun) / 100) / 10;
  sums.perSecond = Math.round(sums.operations / sums.seconds);
  sums.simulatedHours = Math.round(sums.simulatedHours * 10) / 10;
  await tellers.close();
  console.log(JSON.stringify(sums));
  return sums.failed.length > 0 ? 1 : 0;
}

function report(seed: string, { operations, faults, tookMs, settledAfterMs, traceHash, broken }: Outcome): void {
  const found = broken.length > 0 ? `  ${broken.length} BROKEN` : '';
  console.log(
    `seed ${seed}: ${operations} operations, ${faults} faults, ${(tookMs / 1_000).toFixed(1)} s, at rest after ${settledAfterMs / 1_000} s, trace ${traceHash.slice(0, 12)}${found}`,
  );
}

async function tellStory(tellers: Tellers, plan: Plan, first: Outcome): Promise<void> {
  for (const line of first.broken.slice(0, 10)) console.log(`  broken: ${line}`);
  console.log('  looking for the shortest story ...');
  const { plan: short, outcome = first } = await shorten(tellers, plan, first.broken, MOST_SHORTER);
  console.log(`  the story, with ${short.operations.length} operations and ${short.faults.length} faults:`);
  for (const line of outcome.story) console.log(`    ${line}`);
  for (const line of outcome.broken) console.log(`    so ${line}`);
  const file = join(values.keep, `story-${plan.seed}.json`);
  writeFileSync(file, `${JSON.stringify({ broken: outcome.broken, plan: short }, null, 1)}\n`);
  console.log(`  kept in ${file}; as a fixture it belongs into tests/simulate/fixtures`);
}
