// The few programs that no npm package brings: where they are, or how to get them. They are installed by the system's
// package manager where that is allowed without asking; otherwise one sentence says what to do.
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export type Program = 'redis-server' | 'chromium' | 'nginx' | 'docker' | 'dockerd' | 'docker-compose' | 'debootstrap';

type Need = {
  /** What it is called on PATH, the most likely first. */
  names: readonly string[];
  /** Where it may lie outside PATH. */
  places: readonly string[];
  /** A variable that names it. */
  variable?: string;
  apt: string;
  brew: string;
};

const NEEDS: Readonly<Record<Program, Need>> = {
  'redis-server': { names: ['redis-server', 'valkey-server'], places: [], apt: 'redis-server', brew: 'redis' },
  nginx: { names: ['nginx'], places: ['/usr/sbin/nginx'], apt: 'nginx-light', brew: 'nginx' },
  docker: { names: ['docker'], places: [], apt: 'docker.io', brew: 'docker' },
  dockerd: { names: ['dockerd'], places: ['/usr/sbin/dockerd'], apt: 'docker.io', brew: 'docker' },
  'docker-compose': { names: ['docker-compose'], places: [], apt: 'docker-compose', brew: 'docker-compose' },
  debootstrap: { names: ['debootstrap'], places: ['/usr/sbin/debootstrap'], apt: 'debootstrap', brew: 'debootstrap' },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    places: ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
    variable: 'CHROMIUM_PATH',
    apt: 'chromium',
    brew: '--cask chromium',
  },
};

/** Where the program is, or undefined. */
export function find(program: Program): string | undefined {
  const { names, places, variable } = NEEDS[program];
  const named = variable && process.env[variable];
  if (named) return named;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...places];
  return candidates.find(isProgram);
}

/**
 * Where the program is, after installing it if need be.
 * @param say is told what is being installed.
 * @throws one sentence that says what to do.
 */
export async function need(program: Program, say: (line: string) => void): Promise<string> {
  const present = find(program);
  if (present) return present;
  const { apt, brew } = NEEDS[program];
  const commands = installCommands(apt, brew);
  if (commands) say(`Installing ${program} by "${commands.at(-1)?.join(' ')}" ...`);
  for (const command of commands ?? []) await run(command);
  const installed = find(program);
  if (installed) return installed;
  const how = process.platform === 'darwin' ? `brew install ${brew}` : `sudo apt-get install ${apt}`;
  throw new Error(`${program} is missing: install it (for example with "${how}"), then run this again.`);
}

// Undefined where nothing may be installed without asking for a password.
function installCommands(apt: string, brew: string): string[][] | undefined {
  if (process.platform === 'darwin') return onPath('brew') ? [['brew', 'install', ...brew.split(' ')]] : undefined;
  if (!onPath('apt-get')) return undefined;
  const root = process.getuid?.() === 0;
  if (!root && !succeeds('sudo', ['-n', 'true'])) return undefined;
  const get = [...(root ? [] : ['sudo', '-n']), 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq'];
  return [
    [...get, 'update'],
    [...get, 'install', '-y', '--no-install-recommends', apt],
  ];
}

function run([file = '', ...args]: string[]): Promise<void> {
  return new Promise((resolve) => {
    // What it says matters only if the program is missing afterwards, and then the sentence above says it better.
    const child = spawn(file, args, { stdio: 'ignore' });
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
}

function onPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => isProgram(join(folder, name)));
}

function isProgram(path: string): boolean {
  try {
    if (!existsSync(path)) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function succeeds(file: string, args: string[]): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
