// Child processes and ports, for the demo, the benches and the tests. Promise: a child never outlives us, not even when
// we are killed by force, and every wait has an end and an error that says what was waited for.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

// Reads "+ pid" and "- pid" lines. At the end of its input, which the kernel brings about however we die, it ends the
// processes still on its list, each with its process group, and removes the folder named by its argument.
const GUARD_SCRIPT = `
pids=" "
while read -r sign pid; do
  case $sign in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -9 "-$pid" 2>/dev/null; kill -9 "$pid" 2>/dev/null; done
[ -n "$1" ] || exit 0
for try in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" 2>/dev/null && exit 0; sleep 0.1; done
`;

/** The shell beside us that cleans up after us. One guard serves any number of processes. */
export class Guard {
  readonly #shell: ChildProcess;

  /** @param folder is removed at the end, after the processes; empty: nothing is removed. */
  constructor(folder = '') {
    // A session of its own: Ctrl-C in a terminal, or a signal to our whole process group, must not end it first.
    const stdio: ['pipe', 'ignore', 'ignore'] = ['pipe', 'ignore', 'ignore'];
    this.#shell = spawn('sh', ['-c', GUARD_SCRIPT, 'guard', folder], { detached: true, stdio });
    this.#shell.stdin?.on('error', () => {});
    // Waiting for the guard must not keep us running.
    this.#shell.unref();
  }

  /** Puts a process on the list, with its process group when it leads one. `Daemon` does this by itself. */
  watch(pid: number): void {
    this.#shell.stdin?.write(`+ ${pid}\n`);
  }

  /** Takes a process that has ended off the list, so that a stranger who gets its number is left alone. */
  forget(pid: number): void {
    this.#shell.stdin?.write(`- ${pid}\n`);
  }

  /** Ends what is still on the list, removes the folder, and resolves when both are done. */
  async finish(): Promise<void> {
    if (this.#shell.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#shell.once('exit', () => resolve()));
    this.#shell.ref();
    this.#shell.stdin?.end();
    await ended;
  }
}

export type DaemonOptions = {
  /** In error messages. */
  name: string;
  /** The program: a path, or a name to be found on PATH. */
  file: string;
  args: string[];
  /** Output and errors are appended here. */
  logFile: string;
  guard: Guard;
  /** Beside our own environment; `undefined` takes a variable away. */
  env?: Record<string, string | undefined>;
  cwd?: string;
};

/** How a program ended: its exit code, or the signal that ended it. */
export type Ending = { code: number | null; signal: NodeJS.Signals | null };

/** One program that can be stopped, killed and started again with the same arguments. */
export class Daemon {
  readonly name: string;
  readonly logFile: string;
  /** Called when the program ends without having been asked to. */
  onDeath: (ending: Ending) => void = () => {};
  readonly #options: DaemonOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<Ending> = Promise.resolve({ code: null, signal: null });

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.name = options.name;
    this.logFile = options.logFile;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the program. Throws when it runs already; a program that cannot be started shows as a death. */
  start(): void {
    if (this.#child) throw new Error(`${this.name} is already running`);
    const { file, args, guard, env, cwd } = this.#options;
    const log = openSync(this.logFile, 'a');
    // Detached: it leads a process group, so that what it starts itself can be ended with it.
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
      ...(cwd ? { cwd } : {}),
    });
    closeSync(log);
    this.#child = child;
    const { pid } = child;
    if (pid) guard.watch(pid);
    this.#ended = new Promise((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null) => {
        if (pid) {
          signalGroup(pid, 'SIGKILL');
          guard.forget(pid);
        }
        const unasked = this.#child === child;
        if (unasked) this.#child = undefined;
        resolve({ code, signal });
        if (unasked) this.onDeath({ code, signal });
      };
      child.once('exit', ended);
      child.once('error', () => ended(null, null));
    });
  }

  /** Sends a signal to the program alone. Throws when it does not run. */
  signal(name: NodeJS.Signals): void {
    this.#running().kill(name);
  }

  /** Ends it by force, with all it started, and resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#running();
    this.#child = undefined;
    if (child.pid) signalGroup(child.pid, 'SIGKILL');
    await this.#ended;
  }

  /**
   * Asks it to end by `signal` and waits for `graceMs`; then ends it by force. Resolves with how it ended, so that a
   * caller can tell whether it obeyed.
   */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 10_000): Promise<Ending> {
    const child = this.#running();
    this.#child = undefined;
    child.kill(signal);
    const timer = setTimeout(() => child.pid && signalGroup(child.pid, 'SIGKILL'), graceMs);
    const ending = await this.#ended;
    clearTimeout(timer);
    return ending;
  }

  /** The last lines of the log, for an error message. */
  lastWords(lines = 4): string {
    return readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-lines).join('\n');
  }

  /** `until`, but gives up at once when this program is no longer there. */
  async until<T>(what: string, timeoutMs: number, attempt: () => Promise<T | undefined | false>): Promise<T> {
    return until(`${this.name} ${what}`, timeoutMs, () => {
      if (!this.#child) throw new Fatal(`${this.name} ended by itself; its log ends with:\n${this.lastWords()}`);
      return attempt();
    });
  }

  #running(): ChildProcess {
    if (!this.#child) throw new Error(`${this.name} is not running`);
    return this.#child;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

/** An error that makes waiting pointless. */
export class Fatal extends Error {}

/**
 * Repeats `attempt` every 20 ms until it gives something. An exception counts as "not yet", except `Fatal`.
 * Throws after `timeoutMs`, naming `what` and the last exception.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  attempt: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let reason = '';
  for (;;) {
    try {
      const result = await attempt();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      if (error instanceof Fatal) throw error;
      reason = `: ${error instanceof Error ? error.message : JSON.stringify(error)}`;
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain: ${what}${reason}`);
    await sleep(20);
  }
}

// Below Linux's range for outgoing connections (32768 and up), so that no stranger's connection takes the port of a
// server that is down for a moment. The starting point differs per process, so that two rarely meet.
const FIRST_PORT = 10_000;
const PORT_COUNT = 22_000;
let nextPort = randomInt(PORT_COUNT);

/** `count` different ports of 127.0.0.1 that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > PORT_COUNT) throw new Error(`fewer than ${count} free ports on 127.0.0.1`);
    const port = FIRST_PORT + nextPort;
    nextPort = (nextPort + 1) % PORT_COUNT;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
