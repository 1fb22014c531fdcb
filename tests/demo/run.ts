// The demo as a child process with a folder of its own: started as a newcomer starts it, and ended, whatever became of
// the test, with all its processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fatal, freePorts, until } from '../../scripts/process.ts';
import { ROOT } from '../../scripts/root.ts';

const START_MS = 90_000;
const END_MS = 30_000;

export type Demo = {
  url: string;
  child: ChildProcess;
  /** From the command to the page's address. */
  startMs: number;
  output(): string;
  /** Ends it by Ctrl-C, by force if that takes too long; nothing happens when it has ended. */
  stop(): Promise<void>;
};

/** A folder for the wallets of one test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-demo-'));
  // PostgreSQL runs as another user when we are root.
  chmodSync(folder, 0o755);
  return folder;
}

/** Removes what `makeFolder` made, also while the last of its users is still on the way out. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** Starts the demo on a free port and resolves when it shows its page. Throws what it said when it cannot start. */
export async function startDemo(
  folder: string,
  options: string[] = [],
  timeoutMs = START_MS,
  command: 'demo' | 'fleet' = 'demo',
): Promise<Demo> {
  const [port = 0] = await freePorts(1);
  const args = [join(ROOT, 'scripts', `${command}.ts`), '--data', folder, '--port', String(port), ...options];
  // The database of the other suites is not the demo's.
  const { DATABASE_URL: _, ...env } = process.env;
  const started = performance.now();
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const stop = () => end(child);
  try {
    const url = await until('the demo shows its page', timeoutMs, async () => {
      if (child.exitCode !== null) throw new Fatal(output);
      return /^ +(http:\S+)$/m.exec(output)?.[1];
    });
    return { url, child, startMs: performance.now() - started, output: () => output, stop };
  } catch (error) {
    await stop();
    throw new Error(`${error instanceof Error ? error.message : error}\n${output}`);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGINT');
  const force = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(force);
}

/** The ids of all processes that descend from one (Linux). */
export function descendantsOf(pid: number): number[] {
  const parents = new Map(running().map((each) => [each.pid, each.parent]));
  const isBelow = (each: number | undefined): boolean =>
    each !== undefined && (each === pid || isBelow(parents.get(each)));
  return [...parents].filter(([, parent]) => isBelow(parent)).map(([each]) => each);
}

/** Those of the processes that still live; one that has ended and is only not yet buried does not (Linux). */
export function alive(pids: readonly number[]): number[] {
  return running().flatMap(({ pid, state }) => (pids.includes(pid) && state !== 'Z' ? [pid] : []));
}

function running(): { pid: number; parent: number; state: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // Its second field, the name in brackets, may hold anything.
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return [{ pid: Number(name), parent: Number(parent), state }];
      } catch {
        return [];
      }
    });
}
