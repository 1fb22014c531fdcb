// Child processes never outlive us: not after a stop, not after a kill, not when we ourselves are killed by force.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Daemon, freePorts, Guard, until } from '../../scripts/process.ts';

const dir = mkdtempSync(join(tmpdir(), 'satfleet-process-'));
const guard = new Guard();
afterAll(async () => {
  await guard.finish();
  rmSync(dir, { recursive: true, force: true });
});

function shell(name: string, script: string, env: Record<string, string> = {}): Daemon {
  return new Daemon({ name, file: 'sh', args: ['-c', script], logFile: join(dir, `${name}.log`), guard, env });
}

function isAlive(pid: number): boolean {
  try {
    // A zombie waits for its parent; it does not run any more.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('stop asks, waits, and tells how it ended', async () => {
  const polite = shell('polite', 'trap "exit 3" TERM; echo $GREETING; while :; do sleep 0.05; done', {
    GREETING: 'hi',
  });
  polite.start();
  await polite.until('said hi', 3_000, async () => polite.lastWords() === 'hi');
  expect(await polite.stop('SIGTERM', 3_000)).toEqual({ code: 3, signal: null });
  const deaf = shell('deaf', 'trap "" TERM; echo up; while :; do sleep 0.05; done');
  deaf.start();
  await deaf.until('is up', 3_000, async () => deaf.lastWords() === 'up');
  expect(await deaf.stop('SIGTERM', 200)).toEqual({ code: null, signal: 'SIGKILL' });
});

test('kill takes the children along, and a start follows', async () => {
  const family = shell('family', 'sleep 300 & echo $!; wait');
  family.start();
  const child = await family.until('has a child', 3_000, async () => Number(family.lastWords()) || undefined);
  await family.kill();
  await until('the child is gone', 3_000, async () => !isAlive(child));
  family.start();
  expect(family.running).toBe(true);
  await family.kill();
});

test('an end that nobody asked for is reported, and waiting stops at once', async () => {
  const brief = shell('brief', 'echo last words; exit 4');
  const death = new Promise((resolve) => {
    brief.onDeath = resolve;
  });
  brief.start();
  expect(await death).toEqual({ code: 4, signal: null });
  await expect(brief.until('serves', 5_000, async () => false)).rejects.toThrow(/ended by itself.*last words/s);
  const missing = new Daemon({ name: 'missing', file: '/no/such', args: [], logFile: join(dir, 'missing.log'), guard });
  const ended = new Promise((resolve) => {
    missing.onDeath = resolve;
  });
  missing.start();
  expect(await ended).toEqual({ code: null, signal: null });
});

test('when we are killed by force, all goes with us, the folder too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-process-'));
  const module = join(import.meta.dirname, '../../scripts/process.ts');
  const program = `
    import { Daemon, Guard } from ${JSON.stringify(module)};
    const guard = new Guard(${JSON.stringify(folder)});
    const logFile = ${JSON.stringify(join(folder, 'log'))};
    const daemon = new Daemon({ name: 'x', file: 'sh', args: ['-c', 'sleep 300 & sleep 301'], logFile, guard });
    daemon.start();
    console.log(daemon.pid);
    setInterval(() => {}, 1000);`;
  const us = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = await new Promise<number>((resolve) => us.stdout.once('data', (text) => resolve(Number(text))));
  expect(isAlive(pid)).toBe(true);
  us.kill('SIGKILL');
  await until('the child is gone', 3_000, async () => !isAlive(pid));
  await until('the folder is gone', 3_000, async () => !existsSync(folder));
});

test('free ports are different and can be listened on', async () => {
  const ports = await freePorts(5);
  expect(new Set(ports).size).toBe(5);
  expect(ports.every((port) => port >= 10_000 && port < 32_768)).toBe(true);
});
