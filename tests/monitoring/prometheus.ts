// A real Prometheus for a test, with the rules of the repository and a second in place of a quarter of a minute; where a
// test asks for it, every minute of the rules is a second as well. It listens on 127.0.0.1 and is gone when its `end` has
// resolved.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, freePorts, Guard } from '../../scripts/process.ts';
import { RULES, ruleFiles } from './asked.ts';
import { ask, onPath, type Program } from './programs.ts';

export type Sample = { metric: Record<string, string>; value: number };

export type Rule = { type: 'alerting' | 'recording'; name: string; query: string; health: string; lastError?: string };

export type Prometheus = {
  /** What an expression gives now. Throws with Prometheus's own words when it cannot be evaluated. */
  ask(expr: string): Promise<Sample[]>;
  rules(): Promise<Rule[]>;
  /** From now on these processes, as when names of a fleet change. */
  setJobs(jobs: Jobs): void;
  /** Adds these rules while it runs; gives how they go again. */
  addRules(text: string): () => void;
  /** Ends it for a while; gives how it is there again, with all it knew. */
  away(): Promise<() => Promise<void>>;
  end(): Promise<void>;
};

/** The addresses of the processes, by job. */
export type Jobs = Readonly<Record<string, readonly string[]>>;

type Options = {
  folder: string;
  jobs: Jobs;
  /** A minute of the rules is a second. */
  isFast?: boolean;
  /** Where it takes alerts. */
  alertmanager?: string;
  /** What it remembers of before, in the form of OpenMetrics. */
  memory?: string;
};

const START_WAIT_MS = 30_000;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Starts it on these processes and waits until it answers. */
export async function startPrometheus(options: Options): Promise<Prometheus> {
  const { folder, jobs, isFast = false, alertmanager, memory } = options;
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const rules = join(folder, 'rules');
  mkdirSync(rules, { recursive: true });
  for (const file of ruleFiles) {
    const text = readFileSync(join(RULES, file), 'utf8').replace(/^ {4}interval: \w+$/m, '    interval: 1s');
    writeFileSync(join(rules, file), isFast ? faster(text) : text);
  }
  const targets = join(folder, 'targets.json');
  const setJobs = (given: Jobs) => {
    const groups = Object.entries(given).map(([job, urls]) => ({ labels: { job }, targets: urls.map(hostOf) }));
    writeFileSync(`${targets}.new`, JSON.stringify(groups));
    renameSync(`${targets}.new`, targets);
  };
  setJobs(jobs);
  const config = join(folder, 'prometheus.json');
  const settings = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(rules, '*.yml')],
    scrape_configs: [
      { job_name: 'fleet', file_sd_configs: [{ files: [targets] }] },
      { job_name: 'prometheus', static_configs: [{ targets: [hostOf(url)] }] },
      ...(alertmanager ? [{ job_name: 'alertmanager', static_configs: [{ targets: [hostOf(alertmanager)] }] }] : []),
    ],
    alerting: {
      alertmanagers: alertmanager ? [{ static_configs: [{ targets: [hostOf(alertmanager)] }] }] : [],
    },
  };
  // JSON is YAML, which Prometheus reads.
  writeFileSync(config, JSON.stringify(settings));
  if (memory !== undefined) await remember(folder, memory);
  const watcher = await startWatcher({
    program: 'prometheus',
    folder,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // Alertmanager takes four of these without a word for an end.
      ...(isFast ? ['--rules.alert.resend-delay=5s'] : []),
    ],
    readyUrl: `${url}/-/ready`,
  });
  return {
    async ask(expr) {
      const { result } = await told<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        fetch(`${url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: expr }) }),
      );
      return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
    },
    async rules() {
      const { groups } = await told<{ groups: { rules: Rule[] }[] }>(fetch(`${url}/api/v1/rules`));
      return groups.flatMap((group) => group.rules);
    },
    setJobs,
    addRules(text) {
      const file = join(rules, 'added.yml');
      writeFileSync(file, text);
      watcher.reload();
      return () => {
        rmSync(file);
        watcher.reload();
      };
    },
    away: watcher.away,
    end: watcher.end,
  };
}

async function remember(folder: string, memory: string): Promise<void> {
  const file = join(folder, 'memory.txt');
  writeFileSync(file, memory);
  const { ok, said } = await ask('promtool', 'tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'data'));
  if (!ok) throw new Error(said);
}

type WatcherOptions = { program: Program; folder: string; args: string[]; readyUrl: string };

export type Watcher = {
  /** Has it read its configuration and rules again. */
  reload(): void;
  /** Ends it; gives how it is started again. */
  away(): Promise<() => Promise<void>>;
  end(): Promise<void>;
};

/** Starts a program and waits until it answers. */
export async function startWatcher({ program, folder, args, readyUrl }: WatcherOptions): Promise<Watcher> {
  const guard = new Guard(folder);
  const file = onPath(program) ?? program;
  const daemon = new Daemon({ name: program, file, args, logFile: join(folder, `${program}.log`), guard });
  const start = async () => {
    daemon.start();
    await daemon.until('answers', START_WAIT_MS, async () => (await fetch(readyUrl)).ok);
  };
  await start();
  return {
    reload: () => daemon.signal('SIGHUP'),
    async away() {
      await daemon.stop();
      return start;
    },
    async end() {
      await daemon.stop();
      await guard.finish();
    },
  };
}

/** Nothing starts four times in a few seconds: there a minute is four. */
const STARTS = 'process_start_time_seconds{job=~"bot|worker"}';

/** The same rules with a second for each minute they wait, look back or rest. */
function faster(rules: string): string {
  return rules
    .replace(`${STARTS}[15m]`, `${STARTS}[60m]`)
    .replace(/(for: |offset |\[)(\d+)([smhd])/g, (_, before: string, count: string, unit: keyof typeof SECONDS) => {
      return `${before}${Math.max(1, Math.round((Number(count) * SECONDS[unit]) / 60))}s`;
    });
}

function hostOf(url: string): string {
  return new URL(url).host;
}

async function told<T>(asked: Promise<Response>): Promise<T> {
  const { status, data, error } = (await (await asked).json()) as { status: string; data: T; error?: string };
  if (status !== 'success') throw new Error(error ?? status);
  return data;
}
