// The product itself: bots and a worker as separate processes, behind nginx where there is one, with the same variables
// an operator sets. Nothing they are told here says that this is a demo.
import { find } from '../needs.ts';
import { type Daemon, freePorts } from '../process.ts';
import { writeNginx } from './nginx.ts';
import type { Data } from './options.ts';
import type { Outside } from './outside.ts';
import type { Program, Programs } from './programs.ts';
import type { Database, RedisUrls } from './stores.ts';

export type Parts = {
  data: Data;
  database: Database;
  redis: RedisUrls;
  outside: Outside;
  /** More variables of an operator. */
  settings?: Environment;
};
export type Environment = Record<string, string>;

/** What bots and workers alike are told. */
export function commonEnvironment({ data, database, redis, outside, settings }: Parts): Environment {
  const { ratesUrls } = outside;
  return {
    DATABASE_URL: database.appUrl,
    REDIS_QUEUE_URL: redis.queue,
    REDIS_SESSION_URL: redis.session,
    REDIS_CACHE_URL: redis.cache,
    APP_SECRET: data.kept.appSecret,
    TELEGRAM_BOTS: data.kept.botToken,
    TELEGRAM_API_ROOT: outside.telegramUrl,
    LIGHTNING_NETWORK: outside.lightning.network,
    ...Object.fromEntries(Object.entries(ratesUrls).map(([name, url]) => [ratesVariable(name), url])),
    HOST: '127.0.0.1',
    ...settings,
  };
}

// "openErApi" or "open-er-api" is configured by RATES_OPEN_ER_API_URL.
function ratesVariable(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1_$2').replaceAll('-', '_');
  return `RATES_${words.toUpperCase()}_URL`;
}

/** What only a worker is told: where the Lightning nodes are. */
export function workerEnvironment(parts: Parts): Environment {
  const { ours } = parts.outside.lightning;
  const nodes = ours.flatMap(({ alias, socket, cert, macaroon }) => {
    const prefix = `LND_${alias.toUpperCase()}`;
    return [
      [`${prefix}_SOCKET`, socket],
      [`${prefix}_CERT_FILE`, cert],
      [`${prefix}_MACAROON_FILE`, macaroon],
    ];
  });
  return {
    ...commonEnvironment(parts),
    LND_NODES: ours.map(({ alias }) => alias).join(','),
    ...Object.fromEntries(nodes),
  };
}

/** What stands between the parts, where something does. */
export type Between = {
  /** The variables of one process, in place of those that all of its kind are given. */
  settings?(name: string, environment: Environment): Promise<Environment>;
  /** The port at which nginx finds a bot, in place of the bot's own. */
  upstream?(bot: string, port: number): Promise<number>;
};

export type Fleet = {
  bots: string[];
  /** The first of them. */
  worker: string;
  workers: string[];
  /** Undefined where nginx is not on the PATH: then all messages go to the first bot. */
  nginx: string | undefined;
  /** The running programs: `bot-1` and so on, `worker`, `worker-2` and so on, `nginx`. */
  daemons: ReadonlyMap<string, Daemon>;
};

/**
 * Starts all of it, bots and workers side by side; each says at `/ready` when it is ready for work.
 * @param front `false` leaves nginx out, and all messages go to the first bot.
 */
export async function startFleet(
  parts: Parts,
  programs: Programs,
  options: { bots: number; workers?: number; front?: boolean; between?: Between },
): Promise<Fleet> {
  const { bots, workers = 1, front: isFronted = true, between = {} } = options;
  const [front = 0, ...ports] = await freePorts(1 + bots + workers);
  const botPorts = ports.slice(0, bots);
  const workerPorts = ports.slice(bots);
  const daemons = new Map<string, Daemon>();
  const start = (program: Program) => daemons.set(program.name, programs.start(program));
  const nginx = isFronted ? find('nginx') : undefined;
  if (nginx) {
    const upstreams = await Promise.all(
      botPorts.map(async (port, at) => between.upstream?.(botName(at), port) ?? port),
    );
    start({ name: 'nginx', file: nginx, args: writeNginx(parts.data.path('nginx'), front, upstreams) });
  }
  const publicUrl = local(nginx ? front : (botPorts[0] ?? 0));
  const run = async (name: string, file: string, environment: Environment, port: number) => {
    const env = { ...environment, PORT: String(port), PUBLIC_URL: publicUrl };
    start({ name, file, env: (await between.settings?.(name, env)) ?? env });
  };
  const common = commonEnvironment(parts);
  for (const [at, port] of botPorts.entries()) await run(botName(at), 'src/bot.ts', common, port);
  const all = workerEnvironment(parts);
  for (const [at, port] of workerPorts.entries()) {
    await run(at === 0 ? 'worker' : `worker-${at + 1}`, 'workers/worker.ts', all, port);
  }
  const [worker = 0] = workerPorts;
  return {
    bots: botPorts.map(local),
    worker: local(worker),
    workers: workerPorts.map(local),
    nginx: nginx && publicUrl,
    daemons,
  };
}

function botName(at: number): string {
  return `bot-${at + 1}`;
}

function local(port: number): string {
  return `http://127.0.0.1:${port}`;
}
