// `npm test [filter ...]`: starts what the tests need, runs every suite (or the files whose path holds a filter), prints
// one summary with the seconds of each suite, holds the limits of coverage on a full run, and ends what it started.
// What this machine cannot run is left out in one line; with CI=true that is a failure.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onEnd } from './ending.ts';
import { need } from './needs.ts';
import { Guard } from './process.ts';
import { ROOT } from './root.ts';
import { type LndBuild, startLndBuild } from './test/lnd-build.ts';
import type { SuiteSum } from './test/reporter.ts';
import { ON_REAL_LND, type Suite, suites } from './test/suites.ts';

const NEEDS_BROWSER: readonly string[] = ['browser'];

const filters = process.argv.slice(2);
const inCi = process.env.CI === 'true';
const started = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'satfleet-test-'));
const guard = new Guard(folder);
let vitest: ChildProcess | undefined;
let endedEarly = false;
onEnd(() => {
  endedEarly = true;
  if (!vitest) process.exit(130);
  vitest.kill('SIGINT');
});

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
await guard.finish();
// Whatever still waits is of no more use.
process.exit();

async function main(): Promise<number> {
  const wanted = suites().filter(
    ({ files }) => filters.length === 0 || files.some((file) => filters.some((filter) => file.includes(filter))),
  );
  if (wanted.length === 0) throw new Error(`No test file's path holds ${filters.map((f) => `"${f}"`).join(' or ')}.`);
  const leftOut = new Map<string, string>();
  const uses = (names: readonly string[]) => wanted.filter(({ name }) => names.includes(name));

  const outcomeFile = join(folder, 'lnd-outcome');
  const build = uses(ON_REAL_LND).length > 0 ? await startLndBuild(outcomeFile, guard) : undefined;
  if (build?.impossible) for (const { name } of uses(ON_REAL_LND)) leftOut.set(name, build.impossible);
  await need('redis-server', console.log);
  for (const { name } of uses(NEEDS_BROWSER)) {
    await need('chromium', console.log).catch((error: Error) => leftOut.set(name, error.message));
  }
  const toRun = wanted.filter(({ name }) => !leftOut.has(name));

  const sumsFile = join(folder, 'sums.json');
  const code = toRun.length > 0 ? await runVitest(toRun, { sumsFile, outcomeFile }) : 0;
  return summary({ code, sumsFile, leftOut, build });
}

function runVitest(toRun: readonly Suite[], files: { sumsFile: string; outcomeFile: string }): Promise<number> {
  const args = [
    join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    ...toRun.flatMap(({ name }) => ['--project', name]),
    ...(filters.length === 0 ? ['--coverage'] : []),
    ...filters,
  ];
  const env = { ...process.env, TEST_SUMS_FILE: files.sumsFile, TEST_LND_OUTCOME_FILE: files.outcomeFile };
  return new Promise((resolve, reject) => {
    // It leads a process group, so that the guard ends its workers with it.
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    vitest = child;
    const { pid } = child;
    if (pid) guard.watch(pid);
    child.once('error', reject);
    child.once('close', (code) => {
      if (pid) guard.forget(pid);
      resolve(code ?? 1);
    });
  });
}

type Run = { code: number; sumsFile: string; leftOut: Map<string, string>; build: LndBuild | undefined };

function summary({ code, sumsFile, leftOut, build }: Run): number {
  const sums = readSums(sumsFile);
  const row = (name: string, ...cells: unknown[]) =>
    console.log(name.padEnd(14) + cells.map((cell) => String(cell).padStart(9)).join(''));
  console.log('');
  row('suite', 'files', 'passed', 'failed', 'skipped', 'seconds');
  for (const { name, files, passed, failed, skipped, seconds } of sums) {
    row(name, files, passed, failed, skipped, seconds.toFixed(1));
  }
  console.log('');
  for (const [name, why] of leftOut) console.log(`${inCi ? 'FAULT: ' : ''}suite ${name} left out: ${why}`);
  const buildSeconds = build?.seconds();
  if (buildSeconds !== undefined) console.log(`lnd and btcd: built in ${buildSeconds.toFixed(0)} s beside the tests`);
  console.log(`all in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const total = (field: 'passed' | 'failed' | 'skipped') => sums.reduce((sum, each) => sum + each[field], 0);
  const missing = inCi ? leftOut.size : 0;
  const failed = total('failed') + missing;
  // Beside failed tests there are too little coverage and errors outside any test, which vitest has told above.
  const why = endedEarly ? 'the run was broken off' : 'the run failed, though no test did; the reason is told above';
  if (code !== 0 && failed === 0) console.log(`FAULT: ${why}.`);
  const skipped = total('skipped') > 0 ? `, ${total('skipped')} skipped` : '';
  console.log(`${total('passed')} passed, ${failed} failed${skipped}`);
  return code !== 0 || failed > 0 ? 1 : 0;
}

function readSums(file: string): SuiteSum[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SuiteSum[];
  } catch {
    return [];
  }
}
