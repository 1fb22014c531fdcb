// The running containers of the deployment, as `npm run test:fleet` brings them up, counts them and looks into them.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Container, openCompose } from '../containers.ts';
import { Fatal, until } from '../process.ts';
import type { Engine } from './engine.ts';

export const COMPOSE_FILE = 'docker-compose.scale.yml';
export const PROJECT = 'satfleet';

/** What nginx says of one request. */
export type Access = {
  status: number;
  path: string;
  upstream: string;
  upstream_status: string;
  trace: string;
  seconds: number;
};

export type Stack = {
  compose(...args: string[]): Promise<string>;
  containers(service?: string): Promise<Container[]>;
  /** Waits until this many of a service are there, running and healthy, and no other. */
  untilHealthy(service: string, count: number): Promise<Container[]>;
  /** What a page of a service answers, as another service sees it. */
  page(service: string, url: string): Promise<string>;
  /** What Prometheus answers at a path of its API. */
  prometheus<T>(path: string): Promise<T>;
  /** nginx's own lines, oldest first. */
  accessLog(since?: Date): Promise<Access[]>;
  /** What the living bots and workers have warned of, each sort once with how often. */
  warnings(since: Date): Promise<string[]>;
};

const HEALTHY_WAIT_MS = 240_000;
const LOOK_MS = 500;
const RESTARTS = 2;

/** @param site the folder with the compose file. */
export async function openStack(engine: Engine, site: string): Promise<Stack> {
  const run = (file: string, args: readonly string[]) => engine.run(file, args, { cwd: site });
  const { compose, docker, containers: all } = await openCompose(run, ['-p', PROJECT, '-f', COMPOSE_FILE]);
  const containers = (service?: string) => all(PROJECT, service);
  const page = async (service: string, url: string) => {
    const [at] = await containers(service);
    return docker('exec', at?.id ?? '', 'wget', '-q', '-O', '-', url);
  };
  return {
    compose,
    containers,
    page,
    untilHealthy: (service, count) =>
      untilSeen(`${count} healthy containers of ${service}`, HEALTHY_WAIT_MS, async () => {
        const found = await containers(service);
        if (found.some(({ restarts }) => restarts > RESTARTS)) throw new Fatal(`${service} ends again and again`);
        const isWell = found.every(({ state, health }) => state === 'running' && health === 'healthy');
        return isWell && found.length === count ? found : undefined;
      }),
    async prometheus<T>(path: string) {
      const text = await page('prometheus', `http://127.0.0.1:9090/api/v1/${path}`);
      return (JSON.parse(text) as { data: T }).data;
    },
    async warnings(since) {
      const processes = [...(await containers('bot')), ...(await containers('worker'))];
      const said = processes.map(({ id }) => docker('logs', '--since', since.toISOString(), id));
      const all = (await Promise.all(said)).join('\n').matchAll(/"level":"(?:warn|error)".*?"message":"([^"]*)"/g);
      const counts = new Map<string, number>();
      for (const [, message = ''] of all) counts.set(message, (counts.get(message) ?? 0) + 1);
      return [...counts].map(([message, count]) => `${message} (${count})`);
    },
    async accessLog(since) {
      const [at] = await containers('nginx');
      const from = since ? ['--since', since.toISOString()] : [];
      const text = await docker('logs', ...from, at?.id ?? '');
      return text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Access] : []));
    },
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

// Docker's files of logs are root's, so whoever ships them is root, and can do nothing else.
const MAY_BE_ROOT = ['alloy'];

/** What is wrong with how a running container is locked in; empty when nothing is. */
export function weaknesses(container: Container): string[] {
  const status = readFileSync(`/proc/${container.pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
  const wrong = {
    'runs as root': field('Uid') === '0' && !MAY_BE_ROOT.includes(container.service),
    'has capabilities': [field('CapEff'), field('CapPrm'), field('CapBnd')].some((set) => Number(`0x${set}`) !== 0),
    'may gain rights': field('NoNewPrivs') !== '1',
    'may write its root': !container.readOnly,
    'has no limit of memory': container.memory === 0,
    'has no limit of processors': container.nanoCpus === 0,
    'has no limit of its log': !container.logLimit,
  };
  return Object.entries(wrong).flatMap(([what, is]) => (is ? [`${container.service} ${what}`] : []));
}
