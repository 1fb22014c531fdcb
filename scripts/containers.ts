// The containers of a compose project: for the test that brings them up and for the command that renews them. Works with
// Docker's own compose and with the older program of that name.
import { need } from './needs.ts';

/** Runs a program to its end, where and with what it was made for, and gives what it prints. Throws with its last words. */
export type Run = (file: string, args: readonly string[]) => Promise<string>;

export type Container = {
  id: string;
  service: string;
  project: string;
  state: string;
  health: string | undefined;
  restarts: number;
  exitCode: number;
  pid: number;
  /** By the network's name in the file. */
  addresses: Readonly<Record<string, string>>;
  readOnly: boolean;
  memory: number;
  /** In billionths of a processor. */
  nanoCpus: number;
  logLimit: string | undefined;
};

export type Compose = {
  compose(...args: string[]): Promise<string>;
  docker(...args: string[]): Promise<string>;
  /** All containers of a project, also those that do not run, but none of a single command. */
  containers(project: string, service?: string): Promise<Container[]>;
};

type Inspected = {
  Id: string;
  RestartCount: number;
  Config: { Labels: Record<string, string> };
  State: { Status: string; ExitCode: number; Pid: number; Health?: { Status: string } };
  HostConfig: {
    ReadonlyRootfs: boolean;
    Memory: number;
    NanoCpus: number;
    LogConfig: { Config: Record<string, string> };
  };
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
};

/** @param before what stands before each command of compose: the file and, where it is known, the project. */
export async function openCompose(run: Run, before: readonly string[]): Promise<Compose> {
  const program = await need('docker', () => {});
  const docker = (...args: string[]) => run(program, args);
  const isPlugin = await docker('compose', 'version').then(
    () => true,
    () => false,
  );
  const [file = '', ...first] = isPlugin ? [program, 'compose'] : [await need('docker-compose', () => {})];
  return {
    compose: (...args) => run(file, [...first, ...before, ...args]),
    docker,
    async containers(project, service) {
      const labels = [`com.docker.compose.project=${project}`, 'com.docker.compose.oneoff=False'];
      if (service) labels.push(`com.docker.compose.service=${service}`);
      const filters = labels.flatMap((label) => ['--filter', `label=${label}`]);
      const found = await docker('ps', '-aq', '--no-trunc', ...filters);
      if (!found) return [];
      return (JSON.parse(await docker('inspect', ...found.split('\n'))) as Inspected[]).map(containerOf);
    },
  };
}

function containerOf(found: Inspected): Container {
  const { State: state, HostConfig: host } = found;
  const project = found.Config.Labels['com.docker.compose.project'] ?? '';
  const networks = Object.entries(found.NetworkSettings.Networks);
  return {
    id: found.Id,
    service: found.Config.Labels['com.docker.compose.service'] ?? '',
    project,
    state: state.Status,
    health: state.Health?.Status,
    restarts: found.RestartCount,
    exitCode: state.ExitCode,
    pid: state.Pid,
    addresses: Object.fromEntries(
      networks.map(([name, { IPAddress }]) => [name.slice(project.length + 1), IPAddress] as const),
    ),
    readOnly: host.ReadonlyRootfs,
    memory: host.Memory,
    nanoCpus: host.NanoCpus,
    logLimit: host.LogConfig.Config['max-size'],
  };
}
