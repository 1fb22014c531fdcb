// The demo as a child process with a folder of its own, for tests in a browser: started as a newcomer starts it, and
// ended, whatever became of the test, with all its processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fatal, freePorts, until } from '../../scripts/process.ts';
import { ROOT } from '../../scripts/root.ts';

// Building real nodes takes minutes, opening their channels half a minute more.
const START_MS = { sandbox: 60_000, real: 480_000 };
const END_MS = 30_000;

export type Demo = { url: string; output(): string; stop(): Promise<void> };

/** Starts the demo on a free port and resolves when it shows its page. Throws what it said when it cannot start. */
export async function startDemo(lightning: 'sandbox' | 'real'): Promise<Demo> {
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-browser-'));
  // PostgreSQL runs as another user when we are root.
  chmodSync(folder, 0o755);
  const [port = 0] = await freePorts(1);
  const args = [join(ROOT, 'scripts', 'demo.ts'), '--data', folder, '--port', String(port), '--lightning', lightning];
  // The database of the other suites is not the demo's.
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const stop = () => end(child, folder);
  try {
    const url = await until('the demo shows its page', START_MS[lightning], async () => {
      if (child.exitCode !== null) throw new Fatal(output);
      return /^ +(http:\S+)$/m.exec(output)?.[1];
    });
    return { url, output: () => output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  child.kill('SIGINT');
  const force = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(force);
  rmSync(folder, { recursive: true, force: true });
}
