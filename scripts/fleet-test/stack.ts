// The running containers of the deployment, as `npm run test:fleet` brings them up, counts them and looks into them.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { need } from '../needs.ts';
import { Fatal, until } from '../process.ts';
import type { Engine } from './engine.ts';

export const COMPOSE_FILE = 'docker-compose.scale.yml';

export type Container = {
  id: string;
  service: string;
  state: string;
  health: string | undefined;
  restarts: number;
  exitCode: number;
  pid: number;
  address: string;
  readOnly: boolean;
  memory: number;
  logLimit: string | undefined;
};

export type Stack = {
  compose(...args: string[]): Promise<string>;
  containers(service?: string): Promise<Container[]>;
  /** Waits until this many of a service are there, running and healthy, and no other. */
  untilHealthy(service: string, count: number): Promise<Container[]>;
  /** What Prometheus answers at a path of its API. */
  prometheus<T>(path: string): Promise<T>;
  /** nginx's own lines, oldest first. */
  accessLog(): Promise<{ status: number; path: string; upstream: string }[]>;
};

const PROJECT = 'satfleet';
const HEALTHY_WAIT_MS = 120_000;
const LOOK_MS = 500;
const RESTARTS = 2;

type Inspected = {
  Id: string;
  RestartCount: number;
  Config: { Labels: Record<string, string> };
  State: { Status: string; ExitCode: number; Pid: number; Health?: { Status: string } };
  HostConfig: { ReadonlyRootfs: boolean; Memory: number; LogConfig: { Config: Record<string, string> } };
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
};

/** @param site the folder with the compose file. */
export async function openStack(engine: Engine, site: string): Promise<Stack> {
  const isPlugin = await engine.docker('compose', 'version').then(
    () => true,
    () => false,
  );
  const [file, ...first] = isPlugin ? ['docker', 'compose'] : [await need('docker-compose', () => {})];
  const compose = (...args: string[]) =>
    engine.run(file ?? '', [...first, '-p', PROJECT, '-f', COMPOSE_FILE, ...args], { cwd: site });
  const containers = async (service?: string) => {
    const filters = [`com.docker.compose.project=${PROJECT}`, 'com.docker.compose.oneoff=False'];
    if (service) filters.push(`com.docker.compose.service=${service}`);
    const found = await engine.docker(
      'ps',
      '-aq',
      '--no-trunc',
      ...filters.flatMap((each) => ['--filter', `label=${each}`]),
    );
    if (!found) return [];
    return (JSON.parse(await engine.docker('inspect', ...found.split('\n'))) as Inspected[]).map(containerOf);
  };
  return {
    compose,
    containers,
    untilHealthy: (service, count) =>
      untilSeen(`${count} healthy containers of ${service}`, HEALTHY_WAIT_MS, async () => {
        const all = await containers(service);
        if (all.some(({ restarts }) => restarts > RESTARTS)) throw new Fatal(`${service} ends again and again`);
        const isWell = all.every(({ state, health }) => state === 'running' && health === 'healthy');
        return isWell && all.length === count ? all : undefined;
      }),
    async prometheus<T>(path: string) {
      const [at] = await containers('prometheus');
      const text = await engine.docker(
        'exec',
        at?.id ?? '',
        'wget',
        '-q',
        '-O',
        '-',
        `http://127.0.0.1:9090/api/v1/${path}`,
      );
      return (JSON.parse(text) as { data: T }).data;
    },
    async accessLog() {
      const [at] = await containers('nginx');
      const text = await engine.docker('logs', at?.id ?? '');
      return text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
    },
  };
}

function containerOf(found: Inspected): Container {
  const { State: state, HostConfig: host } = found;
  return {
    id: found.Id,
    service: found.Config.Labels['com.docker.compose.service'] ?? '',
    state: state.Status,
    health: state.Health?.Status,
    restarts: found.RestartCount,
    exitCode: state.ExitCode,
    pid: state.Pid,
    address: found.NetworkSettings.Networks[`${PROJECT}_default`]?.IPAddress ?? '',
    readOnly: host.ReadonlyRootfs,
    memory: host.Memory,
    logLimit: host.LogConfig.Config['max-size'],
  };
}

/** As `until`, but with half a second between two looks: each of them starts programs. */
export function untilSeen<T>(what: string, timeoutMs: number, look: () => Promise<T | undefined | false>): Promise<T> {
  return until(what, timeoutMs, async () => {
    try {
      return await look();
    } finally {
      await sleep(LOOK_MS);
    }
  });
}

/** What is wrong with how a running container is locked in; empty when nothing is. */
export function weaknesses(container: Container): string[] {
  const status = readFileSync(`/proc/${container.pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
  const wrong = {
    'runs as root': field('Uid') === '0',
    'has capabilities': [field('CapEff'), field('CapPrm'), field('CapBnd')].some((set) => Number(`0x${set}`) !== 0),
    'may gain rights': field('NoNewPrivs') !== '1',
    'may write its root': !container.readOnly,
    'has no limit of memory': container.memory === 0,
    'has no limit of its log': !container.logLimit,
  };
  return Object.entries(wrong).flatMap(([what, is]) => (is ? [`${container.service} ${what}`] : []));
}
