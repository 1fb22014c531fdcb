#!/usr/bin/env node
// The real Lightning network as a program: the first line on stdout says that it is ready, and where; then one command
// per line on stdin gets one JSON line as its answer, in order. It ends with its input, and leaves nothing behind.
// Usage: node main.ts [--capacity SATS] [--binaries FOLDER] [--dir FOLDER] [--lnd=FLAG]... [--verbose]
// Commands: mine N, kill NODE, start NODE, pause NODE, resume NODE, stop
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type RealLightning, startRealLightning } from './network.ts';

const COMMANDS = 'mine N, kill NODE, start NODE, pause NODE, resume NODE, stop';

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Carries out one line of input and gives what its answer holds. */
async function obey(network: RealLightning, line: string): Promise<object> {
  const [command, argument = ''] = line.split(/\s+/);
  switch (command) {
    case 'mine': {
      const count = Number(argument || 1);
      if (!Number.isSafeInteger(count) || count < 1) throw new Error('mine takes a number of blocks');
      return { height: await network.btcd.mine(count) };
    }
    case 'kill':
    case 'start':
    case 'pause':
    case 'resume':
      await network[command](argument);
      return {};
    case 'stop':
      await network.stop();
      return {};
    default:
      throw new Error(`unknown command "${command}"; there are: ${COMMANDS}`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      capacity: { type: 'string' },
      binaries: { type: 'string' },
      dir: { type: 'string' },
      lnd: { type: 'string', multiple: true },
      verbose: { type: 'boolean' },
    },
  });
  let network: RealLightning | undefined;
  let ending = false;
  const end = async (code: number) => {
    if (ending) return;
    ending = true;
    // Without a network yet, the guard ends what was started.
    await network?.stop();
    process.exit(code);
  };
  process.on('SIGINT', () => end(130));
  process.on('SIGTERM', () => end(143));
  process.on('SIGHUP', () => end(129));
  // Collects from now on. Whoever started us holds our input open; when they are gone, it ends, and so do we.
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  network = await startRealLightning({
    ...(values.capacity ? { capacitySats: Number(values.capacity) } : {}),
    ...(values.binaries ? { binaries: values.binaries } : {}),
    ...(values.dir ? { dir: values.dir } : {}),
    lndFlags: values.lnd ?? [],
    onStep: (name, ms) => {
      if (values.verbose) process.stderr.write(`network: ${name} after ${ms} ms\n`);
    },
    onDeath: (name, lastWords) => {
      if (!ending) say({ event: 'died', name, lastWords });
    },
  });
  say(network.describe());
  for await (const given of lines) {
    const line = given.trim();
    if (line) await answer(network, line);
    if (line === 'stop') break;
  }
  await end(0);
}

async function answer(network: RealLightning, line: string): Promise<void> {
  const begun = performance.now();
  try {
    const result = await obey(network, line);
    say({ ok: true, command: line, ms: Math.round(performance.now() - begun), ...result });
  } catch (error) {
    say({ ok: false, command: line, error: error instanceof Error ? error.message : String(error) });
  }
}

if (import.meta.main) {
  await main().catch((error: Error) => {
    process.stderr.write(`network: ${error.message}\n`);
    process.exit(1);
  });
}
