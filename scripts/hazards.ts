// `npm run hazards [-- --all]`: runs every test that is named by a hazard, that is by a way in which a system like this
// one lost money ("A3: ..."), and prints the table of all of them: resisted, not yet possible, failed, or without a test.
// Without --all it leaves out what takes long. Last line: one JSON object; it ends with 1 when a hazard is not resisted.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NAME, namedRows } from '../tests/hazards/named.ts';
import { NOT_YET } from '../tests/hazards/not-yet.ts';
import { ROWS } from '../tests/hazards/rows.ts';
import { onEnd } from './ending.ts';
import { need } from './needs.ts';
import { Guard } from './process.ts';
import { ROOT } from './root.ts';
import { startLndBuild } from './test/lnd-build.ts';
import { ON_REAL_LND, suites } from './test/suites.ts';

type Assertion = { title: string; status: string; duration?: number | null; failureMessages?: string[] };
type Report = { testResults: { name: string; message?: string; assertionResults: Assertion[] }[] };
/** `long`: only --all runs it. */
type Result = 'resisted' | 'not yet' | 'long' | 'FAILED' | 'MISSING';
type Line = { row: string; what: string; result: Result; ms: number };

const runsAll = process.argv.includes('--all');
const folder = mkdtempSync(join(tmpdir(), 'satfleet-hazards-'));
const guard = new Guard(folder);
let wasEnded = false;
onEnd(() => {
  wasEnded = true;
  void guard.finish().then(() => process.exit(130));
});

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
await guard.finish();
process.exit();

async function main(): Promise<number> {
  const named = namedRows();
  const files = [...new Set([...named.values()].flat())];
  const wanted = suites().filter((suite) => suite.files.some((file) => files.includes(file)));
  const now = wanted.filter(({ turn }) => runsAll || turn === 0);
  await need('redis-server', console.error);
  const report = await runVitest(
    files.filter((file) => now.some((suite) => suite.files.includes(file))),
    now.some(({ name }) => ON_REAL_LND.includes(name)),
  );
  const faults = faultsOf(report);
  const assertions = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const lines = Object.entries(ROWS).map(([row, what]) => lineOf(row, what, assertions, named.has(row)));
  for (const fault of faults) console.error(`\n${fault}\n`);
  return print(lines, faults.length > 0);
}

/** Runs the tests that are named by rows, of these files, and gives vitest's own report. */
async function runVitest(files: readonly string[], onRealLnd: boolean): Promise<Report> {
  const reportFile = join(folder, 'report.json');
  const outcomeFile = join(folder, 'lnd-outcome');
  if (onRealLnd) {
    const { impossible } = await startLndBuild(outcomeFile, guard);
    if (impossible) console.error(`real LND: ${impossible}`);
  }
  const args = [
    join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    ...['--testNamePattern', '(^| )[A-J]\\d{1,2}: ', '--passWithNoTests', '--coverage.enabled=false'],
    ...['--reporter=json', `--outputFile=${reportFile}`],
    ...files,
  ];
  const env = {
    ...process.env,
    ...(runsAll ? { HAZARDS_ALL: '1' } : {}),
    ...(onRealLnd ? { TEST_LND_OUTCOME_FILE: outcomeFile } : {}),
  };
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env,
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (child.pid) guard.watch(child.pid);
    child.once('error', reject);
    child.once('close', () => {
      if (child.pid) guard.forget(child.pid);
      resolve();
    });
  });
  if (wasEnded) throw new Error('The run was broken off.');
  return JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
}

/** What failed, in vitest's words; a file that could not be run has no failed test but a message. */
function faultsOf({ testResults }: Report): string[] {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    const told = failed.map(({ title, failureMessages }) => `${title}\n${failureMessages?.join('\n') ?? ''}`);
    return message && failed.length === 0 ? [`${name}\n${message}`] : told;
  });
}

function lineOf(row: string, what: string, assertions: readonly Assertion[], hasTest: boolean): Line {
  const ofRow = assertions.filter(({ title }) => NAME.exec(title)?.[1] === row);
  const ran = ofRow.filter(({ status }) => status === 'passed' || status === 'failed');
  const ms = Math.round(ran.reduce((sum, { duration }) => sum + (duration ?? 0), 0));
  const result = (): Result => {
    if (ran.some(({ status }) => status === 'failed')) return 'FAILED';
    if (ran.length > 0) return 'resisted';
    if (hasTest) return runsAll ? 'MISSING' : 'long';
    return NOT_YET.some((each) => each.row === row) ? 'not yet' : 'MISSING';
  };
  return { row, what, result: result(), ms };
}

function print(lines: readonly Line[], isFaulty: boolean): number {
  for (const { row, what, result, ms } of lines) {
    const time = ms > 0 ? `${(ms / 1000).toFixed(1)} s` : '';
    console.log(`${row.padEnd(4)} ${what.padEnd(76)} ${result.padEnd(8)} ${time.padStart(8)}`);
  }
  const count = (...results: Result[]) => lines.filter(({ result }) => results.includes(result)).length;
  const failed = count('FAILED', 'MISSING');
  if (isFaulty && failed === 0)
    console.log('FAULT: a test file failed outside of its tests; the reason is told above.');
  if (count('long') > 0) console.log('long: npm run hazards -- --all runs them too');
  const long = runsAll ? {} : { long: count('long') };
  console.log(JSON.stringify({ resisted: count('resisted'), notYet: count('not yet'), ...long, failed }));
  return isFaulty || failed > 0 ? 1 : 0;
}
