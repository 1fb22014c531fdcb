// The product itself: bots and a worker as separate processes, behind nginx where there is one, with the same variables
// an operator sets. Nothing they are told here says that this is a demo.
import { find } from '../needs.ts';
import { freePorts } from '../process.ts';
import { writeNginx } from './nginx.ts';
import type { Data } from './options.ts';
import type { Outside } from './outside.ts';
import type { Programs } from './programs.ts';
import type { Database, RedisUrls } from './stores.ts';

export type Parts = { data: Data; database: Database; redis: RedisUrls; outside: Outside };
export type Environment = Record<string, string>;

/** What bots and workers alike are told. */
export function commonEnvironment({ data, database, redis, outside }: Parts): Environment {
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

export type Fleet = {
  bots: string[];
  worker: string;
  /** Undefined where nginx is not on the PATH: then all messages go to the first bot. */
  nginx: string | undefined;
};

/** Starts all of it; resolves when each process says that it is ready for work. */
export async function startFleet(parts: Parts, programs: Programs, bots: number): Promise<Fleet> {
  const [front = 0, worker = 0, ...ports] = await freePorts(2 + bots);
  const nginx = find('nginx');
  if (nginx) programs.start({ name: 'nginx', file: nginx, args: writeNginx(parts.data.path('nginx'), front, ports) });
  const publicUrl = local(nginx ? front : (ports[0] ?? 0));
  const common = commonEnvironment(parts);
  ports.forEach((port, index) => {
    const env = { ...common, PORT: String(port), PUBLIC_URL: publicUrl };
    programs.start({ name: `bot-${index + 1}`, file: 'src/bot.ts', env });
  });
  const env = { ...workerEnvironment(parts), PORT: String(worker), PUBLIC_URL: publicUrl };
  programs.start({ name: 'worker', file: 'workers/worker.ts', env });
  return { bots: ports.map(local), worker: local(worker), nginx: nginx && publicUrl };
}

function local(port: number): string {
  return `http://127.0.0.1:${port}`;
}
