// `npm run check`: types, lint and format, and the house rules, side by side. It prints what is wrong and nothing else
// about what is right, and ends with 1 when anything is.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkRepository, describeFaults } from './house.ts';
import { ROOT } from './root.ts';

type Result = { ok: boolean; output: string };

const bin = (name: string) => join(ROOT, 'node_modules', '.bin', name);
const started = performance.now();

const results = await Promise.all([
  show('types', () => run(bin('tsc'), ['--noEmit', '--pretty', '-p', '.'])),
  show('lint and format', () => run(bin('biome'), ['check', '--colors=off', '--max-diagnostics=50'])),
  show('house rules', house),
]);
const ok = results.every((result) => result.ok);
console.log(`\n${ok ? 'All is well' : 'Not yet'} (${seconds(started)})`);
process.exitCode = ok ? 0 : 1;

async function show(name: string, check: () => Promise<Result>): Promise<Result> {
  const began = performance.now();
  const result = await check();
  console.log(`${result.ok ? 'ok   ' : 'FAULT'} ${name} (${seconds(began)})`);
  if (!result.ok) console.log(`\n${result.output.trim()}\n`);
  return result;
}

function run(file: string, args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}

async function house(): Promise<Result> {
  // The two others are running by now.
  const faults = checkRepository();
  return { ok: faults.length === 0, output: describeFaults(faults) };
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
