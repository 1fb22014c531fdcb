// The queues as a page (bull-board), for whoever was let in. Loaded when it is opened for the first time, since most processes
// never show it. Of what it can do only the harmless is offered: looking, and putting back or dropping jobs that move no
// money. Of a job it shows the ids and what went wrong, cleaned of secrets.
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type {
  AppControllerRoute,
  BullBoardQueues,
  IServerAdapter,
  QueueJob,
  UIConfig,
} from '@bull-board/api/typings/app';
import type { Queue } from 'bullmq';
import { MONEY_QUEUES, type QueueName } from './jobs.ts';

export type BoardMethod = 'GET' | 'PUT';

/** `path` begins where the board does: "/api/queues". */
export type BoardRequest = {
  readonly method: BoardMethod;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
};

export type QueueBoard = {
  /** The page itself, for a board that begins at `basePath`; `home` is where its link out of it leads. */
  page(basePath: string, home: string): string;
  /** A file of the page ("static/js/main.js"); undefined when there is none. */
  file(path: string): Promise<{ type: string; bytes: Buffer } | undefined>;
  /** Which act on which queue a request asks for; undefined when it asks for none that is offered. */
  actOf(request: BoardRequest): { act: 'retry' | 'promote' | 'drop'; queue: string } | undefined;
  /** Answers a request; 404 for what is not offered, 405 for an act on a queue that is for looking only. */
  answer(request: BoardRequest): Promise<{ status: number; body: unknown }>;
};

// Whatever is not named here is not there: no jobs made or rewritten by hand, no queue stopped, emptied or torn down.
const LOOKS: readonly string[] = [
  '/api/redis/stats',
  '/api/queues',
  '/api/job-schedulers',
  '/api/queues/:queueName/metrics',
  '/api/queues/:queueName/default-job-options',
  '/api/queues/:queueName/workers',
  '/api/queues/:queueName/rate-limit',
  '/api/queues/:queueName/job-data-schema',
  '/api/queues/:queueName/:jobId/logs',
  '/api/queues/:queueName/:jobId',
];
const ACTS: Readonly<Record<string, 'retry' | 'promote' | 'drop'>> = {
  '/api/queues/:queueName/retry/:queueStatus': 'retry',
  '/api/queues/:queueName/promote': 'promote',
  '/api/queues/:queueName/clean/:queueStatus': 'drop',
  '/api/queues/:queueName/:jobId/retry': 'retry',
  '/api/queues/:queueName/:jobId/clean': 'drop',
  '/api/queues/:queueName/:jobId/promote': 'promote',
};
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

/** What bull-board hands to whoever serves it. */
type Handed = { queues: BullBoardQueues; routes: readonly AppControllerRoute[]; uiConfig: UIConfig };

/**
 * @param clean takes secrets out of a text that somebody else wrote.
 */
export function openBoard(queues: readonly Queue[], clean: (text: string) => string): QueueBoard {
  const place = join(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json')), '..', 'dist');
  const { queues: shown, routes, uiConfig } = handed(queues.map((queue) => adapterOf(queue, clean)));
  const template = readFileSync(join(place, 'index.ejs'), 'utf8');
  const files = new Set(filesUnder(join(place, 'static')).map((name) => `static/${name}`));
  const offered = routes.flatMap((route) => offeredAs(route));
  const find = ({ method, path }: BoardRequest) => {
    for (const each of offered) {
      const match = each.method === method ? each.form.exec(path) : null;
      if (match) return { ...each, params: decoded(match.groups ?? {}) };
    }
    return undefined;
  };
  return {
    page: (basePath, home) => filled(template, basePath, { ...uiConfig, miscLinks: [{ text: 'Satfleet', url: home }] }),
    async file(path) {
      const type = files.has(path) ? TYPES[extname(path)] : undefined;
      return type === undefined ? undefined : { type, bytes: await readFile(join(place, path)) };
    },
    actOf(request) {
      const found = find(request);
      return found?.act && { act: found.act, queue: found.params.queueName ?? '' };
    },
    async answer(request) {
      const found = find(request);
      if (!found) return { status: 404, body: { error: { key: 'ERRORS.FORBIDDEN' } } };
      const { params, route } = found;
      const given = { queues: shown, uiConfig, params, query: { ...request.query }, body: {}, headers: {} };
      const { status = 200, body } = await route.handler(given);
      return { status, body };
    },
  };
}

function handed(adapters: BullMQAdapter[]): Handed {
  let found: Partial<Handed> = {};
  const take = (part: Partial<Handed>): IServerAdapter => {
    found = { ...found, ...part };
    return taker;
  };
  const taker: IServerAdapter = {
    setQueues: (queues) => take({ queues }),
    setApiRoutes: (routes) => take({ routes }),
    setUIConfig: (uiConfig) => take({ uiConfig }),
    setViewsPath: () => taker,
    setStaticPath: () => taker,
    setEntryRoute: () => taker,
    setErrorHandler: () => taker,
  };
  createBullBoard({
    queues: adapters,
    serverAdapter: taker,
    // Asking Redis for everybody who is connected costs it more than the rest of the page.
    options: { uiConfig: { boardTitle: 'Satfleet', showWorkers: false, hideRedisDetails: true } },
  });
  const { queues = new Map(), routes = [], uiConfig = {} } = found;
  return { queues, routes, uiConfig };
}

function adapterOf(queue: Queue, clean: (text: string) => string): BullMQAdapter {
  const readOnlyMode = MONEY_QUEUES.includes(queue.name as QueueName);
  const adapter = new BullMQAdapter(queue, { readOnlyMode });
  const [findOne, findAll] = [adapter.getJob.bind(adapter), adapter.getJobs.bind(adapter)];
  adapter.getJob = async (id) => showing(await findOne(id), clean);
  adapter.getJobs = async (...given) => (await findAll(...given)).map((job) => showing(job, clean));
  return adapter;
}

/** The same job, of which less is to be seen. */
function showing<J extends QueueJob | undefined | null>(job: J, clean: (text: string) => string): J {
  if (!job) return job;
  const { id, name, timestamp, processedOn, finishedOn, attemptsMade, delay, ...rest } = job.toJSON();
  const { id: of, traceId } = Object(rest.data) as { id?: unknown; traceId?: unknown };
  const seen = {
    ...{ id, name, timestamp, processedOn, finishedOn, attemptsMade, delay, progress: 0, returnvalue: null },
    data: { id: clean(String(of ?? '')), traceId: clean(String(traceId ?? '')) },
    opts: { attempts: rest.opts.attempts },
    failedReason: clean(rest.failedReason ?? ''),
    stacktrace: (rest.stacktrace ?? []).map((line) => clean(String(line))),
  };
  return Object.assign(job, { toJSON: () => seen });
}

type Offered = { method: BoardMethod; form: RegExp; route: AppControllerRoute; act?: 'retry' | 'promote' | 'drop' };

function offeredAs(route: AppControllerRoute): Offered[] {
  const [path = ''] = [route.route].flat();
  const [method] = [route.method].flat();
  const form = new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`);
  if (method === 'get' && LOOKS.includes(path)) return [{ method: 'GET', form, route }];
  const act = ACTS[path];
  return method === 'put' && act ? [{ method: 'PUT', form, route, act }] : [];
}

function decoded(groups: Record<string, string>): Record<string, string> {
  const plain = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, plain(text)]));
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
}

/** Fills the page's template by hand, and leaves out the typefaces that it would fetch from elsewhere. */
function filled(template: string, basePath: string, uiConfig: UIConfig): string {
  const values: Record<string, string> = {
    basePath: `${basePath}/`,
    title: uiConfig.boardTitle ?? '',
    favIconDefault: uiConfig.favIcon?.default ?? '',
    favIconAlternative: uiConfig.favIcon?.alternative ?? '',
    uiConfig: JSON.stringify(uiConfig).replace(/</g, '\\u003c').replace(/>/g, '\\u003e'),
  };
  return template
    .replace(/<link[^>]*https?:[^>]*>/g, '')
    .replace(/<%[=-] (\w+) %>/g, (_all, name: string) => values[name] ?? '');
}
