// Starting the programs the demo consists of, each with its own log. A program of ours says in one JSON line that it is
// ready; one that ends by itself is told about and started again, as an operator's supervisor would.
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, type Guard } from '../process.ts';
import { ROOT } from '../root.ts';

export type Program = {
  name: string;
  /** A program, or a TypeScript file relative to the repository, run by this Node. */
  file: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string | undefined>>;
};

/** Everything running, in the order of its start. */
export type Programs = {
  /** Starts a program; what it writes goes to `<name>.log`. */
  start(program: Program): Daemon;
  /** Starts a program of ours and gives its ready line. */
  startReady(program: Program, timeoutMs?: number): Promise<Record<string, unknown>>;
  /** Runs a program of ours to its end. Throws with its last words unless it ends well. */
  run(program: Program): Promise<void>;
  /** Asks all to end, the last started first, and waits. */
  stopAll(): Promise<void>;
};

const AGAIN_MS = 1_000;

/**
 * @param logs the folder of the logs.
 * @param say is told of programs that end by themselves.
 */
export function programs(logs: string, guard: Guard, say: (line: string) => void): Programs {
  const running: Daemon[] = [];
  let ending = false;

  function make({ name, file, args = [], env = {} }: Program): Daemon {
    const ours = file.endsWith('.ts');
    const held = ours ? heldSmall(file) : { flags: [], variables: {} };
    return new Daemon({
      name,
      file: ours ? process.execPath : file,
      args: ours ? [...held.flags, '--disable-warning=ExperimentalWarning', join(ROOT, file), ...args] : [...args],
      logFile: join(logs, `${name}.log`),
      guard,
      env: { ...held.variables, ...env },
      cwd: ROOT,
    });
  }

  function start(program: Program): Daemon {
    const daemon = make(program);
    daemon.onDeath = ({ code, signal }) => {
      if (ending) return;
      say(`${program.name} ended by itself (${signal ?? code}), see ${daemon.logFile}; it is started again.`);
      void sleep(AGAIN_MS).then(() => {
        if (!ending) daemon.start();
      });
    };
    daemon.start();
    running.push(daemon);
    return daemon;
  }

  return {
    start,
    async startReady(program, timeoutMs = 20_000) {
      const from = sizeOf(join(logs, `${program.name}.log`));
      const daemon = make(program);
      daemon.start();
      running.push(daemon);
      return daemon.until('is ready', timeoutMs, async () => readyLine(daemon.logFile, from));
    },
    async run(program) {
      const daemon = make(program);
      const ended = new Promise<number | null>((resolve) => {
        daemon.onDeath = ({ code }) => resolve(code);
      });
      daemon.start();
      if ((await ended) !== 0) throw new Error(`${program.name} failed:\n${daemon.lastWords(12)}`);
    },
    async stopAll() {
      ending = true;
      for (const daemon of running.reverse()) if (daemon.running) await daemon.stop();
    },
  };
}

/** How the operator's command for this program holds its memory small: what is measured here is what runs there. */
function heldSmall(file: string): { flags: string[]; variables: Record<string, string> } {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const words = Object.values(scripts)
    .map((script) => script.split(' '))
    .find((each) => each.at(-1) === file);
  return {
    flags: words?.filter((word) => /^--(max-|heap-)/.test(word)) ?? [],
    variables: Object.fromEntries(words?.filter((word) => /^[A-Z_]+=/.test(word)).map((word) => word.split('=')) ?? []),
  };
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

function readyLine(file: string, from: number): Record<string, unknown> | undefined {
  const line = textFrom(file, from)
    .split('\n')
    .slice(0, -1)
    .find((text) => text.startsWith('{'));
  return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
}

function textFrom(file: string, from: number): string {
  if (from === 0) return readFileSync(file, 'utf8');
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, statSync(file).size - from));
    readSync(descriptor, buffer, 0, buffer.length, from);
    return buffer.toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}
