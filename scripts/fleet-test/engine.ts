// The Docker engine that `npm run test:fleet` works with: the one that answers on this machine, else one of our own with
// all it keeps in a folder. Promise: an engine of ours leaves no process, mount, bridge or packet rule behind.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { need } from '../needs.ts';
import { Daemon, type Guard } from '../process.ts';

const run = promisify(execFile);
const MUCH = 256 * 1024 * 1024;
// Of a network for documents and benches: it meets no other on the way.
const BRIDGE = '198.19.255.1';

export type Engine = {
  /** Runs a program with this engine in its environment and gives what it prints. Throws with its last words. */
  run(file: string, args: readonly string[], options?: { cwd?: string }): Promise<string>;
  docker(...args: string[]): Promise<string>;
  /** The machine's address as containers see it. */
  host: string;
  /** Ends an engine of ours. */
  stop(): Promise<void>;
};

/** Finds the engine, or starts one below `folder`. */
export async function startEngine(folder: string, guard: Guard, say: (line: string) => void): Promise<Engine> {
  const docker = await need('docker', say);
  const found = engineAt(docker, process.env.DOCKER_HOST, async () => {});
  if (await found.docker('info', '--format', '{{.ServerErrors}}').then(isNone, () => false)) {
    const gateway = '{{(index .IPAM.Config 0).Gateway}}';
    return { ...found, host: await found.docker('network', 'inspect', 'bridge', '--format', gateway) };
  }
  if (process.getuid?.() !== 0) {
    throw new Error('No Docker engine answers: start one, or run this as root, so that it can start one of its own.');
  }
  const dockerd = await need('dockerd', say);
  const rules = await run('iptables-save').then(({ stdout }) => stdout);
  const bridges = await links();
  const place = join(folder, 'engine');
  mkdirSync(place, { recursive: true });
  const socket = join(place, 'socket');
  const daemon = new Daemon({
    name: 'dockerd',
    file: dockerd,
    args: [
      ...['--data-root', join(place, 'data'), '--exec-root', join(place, 'exec'), '--pidfile', join(place, 'pid')],
      ...['-H', `unix://${socket}`, '--bip', `${BRIDGE}/24`],
    ],
    logFile: join(folder, 'dockerd.log'),
    guard,
  });
  const stop = async () => {
    if (daemon.running) await daemon.stop('SIGTERM', 60_000);
    await unmountBelow(place);
    for (const link of await links()) if (!bridges.includes(link)) await run('ip', ['link', 'delete', link]);
    const restoring = run('iptables-restore');
    restoring.child.stdin?.end(rules);
    await restoring;
  };
  const engine = engineAt(docker, `unix://${socket}`, stop);
  daemon.start();
  await daemon.until('answers', 60_000, () => engine.docker('info'));
  return { ...engine, host: BRIDGE };
}

function engineAt(docker: string, address: string | undefined, stop: () => Promise<void>): Omit<Engine, 'host'> {
  // Without the newer way of building, which Debian does not bring.
  const env = {
    ...process.env,
    ...(address ? { DOCKER_HOST: address } : {}),
    DOCKER_BUILDKIT: '0',
    COMPOSE_DOCKER_CLI_BUILD: '0',
  };
  const runHere: Engine['run'] = async (file, args, options = {}) => {
    try {
      const { stdout } = await run(file, args, { ...options, env, maxBuffer: MUCH });
      return stdout.trim();
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n');
      throw new Error(`"${file} ${args.join(' ')}" failed: ${words || (error as Error).message}`);
    }
  };
  return { run: runHere, docker: (...args) => runHere(docker, args), stop };
}

function isNone(errors: string): boolean {
  return errors === '' || errors === '[]';
}

// Bridges and the ends of containers' cables, as the kernel lists them.
async function links(): Promise<string[]> {
  const { stdout } = await run('ip', ['-o', 'link', 'show', 'type', 'bridge']);
  return [...stdout.matchAll(/^\d+: ([^:@]+)/gm)].map((match) => match[1] ?? '');
}

/** The mounts in and below a folder, the deepest first. */
export function mountsBelow(folder: string): string[] {
  const places = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '));
  return places
    .filter((place) => place === folder || place.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

async function unmountBelow(folder: string): Promise<void> {
  for (const place of mountsBelow(folder)) await run('umount', [place]).catch(() => {});
}
