// `npm run hazards`: runs every test that is named by a hazard, that is by a way in which a system like this one lost
// money ("A3: ..."), and prints which of them are resisted. Last line: one JSON object.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { need } from './needs.ts';
import { ROOT } from './root.ts';

const NAME = /^([A-J]\d{1,2}): (.*)$/;

type Report = {
  testResults: { assertionResults: { title: string; status: string; duration?: number | null }[] }[];
};

await need('redis-server', console.error);
const folder = mkdtempSync(join(tmpdir(), 'satfleet-hazards-'));
const file = join(folder, 'report.json');
await runVitest(file);
const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
rmSync(folder, { recursive: true, force: true });

const rows = report.testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .flatMap(({ title, status, duration }) => {
    const [, row, what] = NAME.exec(title) ?? [];
    return row && what && status !== 'skipped' ? [{ row, what, status, ms: Math.round(duration ?? 0) }] : [];
  })
  .sort((a, b) => a.row.localeCompare(b.row, 'en', { numeric: true }));
for (const { row, what, status, ms } of rows) {
  console.log(
    `${row.padEnd(4)} ${status === 'passed' ? 'resisted' : 'FAILED  '} ${String(ms).padStart(6)} ms  ${what}`,
  );
}
const resisted = rows.filter(({ status }) => status === 'passed').length;
const failed = rows.length - resisted;
console.log(JSON.stringify({ resisted, failed }));
process.exitCode = failed > 0 || resisted === 0 ? 1 : 0;

function runVitest(outputFile: string): Promise<void> {
  const args = [
    join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    ...['--testNamePattern', '[A-J]\\d{1,2}: ', '--passWithNoTests', '--reporter=json', `--outputFile=${outputFile}`],
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('close', () => resolve());
  });
}
