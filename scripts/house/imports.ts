// The rules about who may import whom: directions between the floors, no cycles, and one door per library.
import { type Fault, isProduct, packageOf, type Source, targetOf } from './source.ts';

// From the ground up. A floor may import those before it; floors on one line know nothing of each other.
const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['domain'],
  ['infra'],
  ['world'],
  ['flows'],
  ['chat', 'http'],
  ['channels'],
  ['entries'],
];

// The only folder that may import each library.
const DOORS: Readonly<Record<string, string>> = {
  '@bull-board/api': 'src/infra/queue/',
  '@grpc/grpc-js': 'src/infra/lightning/',
  '@grpc/proto-loader': 'src/infra/lightning/',
  '@opentelemetry/api': 'src/base/',
  '@opentelemetry/exporter-trace-otlp-http': 'src/base/',
  '@opentelemetry/resources': 'src/base/',
  '@opentelemetry/sdk-trace': 'src/base/',
  '@prisma/adapter-pg': 'src/infra/db/',
  '@prisma/client': 'src/infra/db/',
  bentocache: 'src/infra/redis/',
  bullmq: 'src/infra/queue/',
  cockatiel: 'src/base/',
  fastify: 'src/http/',
  invoices: 'src/infra/lightning/',
  ioredis: 'src/infra/redis/',
  lightning: 'src/infra/lightning/',
  'ln-service': 'src/infra/lightning/',
  'node-cron': 'workers/',
  pg: 'src/infra/db/',
  'prom-client': 'src/base/',
  telegraf: 'src/channels/telegram/',
  winston: 'src/base/',
};
const GENERATED = 'src/infra/db/generated/';

// Where money is decided about. A lock in a process's memory does not exist for the other processes, and one that runs
// out by time lets a slow owner go on beside the next: the database alone decides.
const MONEY = ['src/domain/', 'src/flows/', 'src/infra/db/', 'src/infra/lightning/', 'workers/'];
/** Takes a lease to write a refusal down once in a while; it moves nothing. */
const MOVES_NO_MONEY = 'src/flows/admin.ts';
const LOCKS = /mutex|semaphore|\block(?:s|ing|er|file)?\b|redlock|\bleases?\b/i;

/** The floor a file of src/ or workers/ stands on: "infra", "entries"; undefined outside them. */
export function floorOf(path: string): string | undefined {
  if (path.startsWith('workers/') || /^src\/(bot|gateway)\.ts$/.test(path)) return 'entries';
  return /^src\/([\w-]+)/.exec(path)?.[1];
}

/** Imports that point up or sideways, out of the product, or through the wrong door. */
export function checkImports(sources: readonly Source[]): Fault[] {
  return sources.filter((source) => isProduct(source.path)).flatMap(importFaults);
}

function importFaults(source: Source): Fault[] {
  return source.imports.flatMap(({ specifier, line }) => {
    if (isAboutMoney(source.path) && LOCKS.test(specifier)) {
      const what = `${specifier}: money rests on no lock but the database's`;
      return [{ path: source.path, line, rule: 'no locks', what }];
    }
    const target = targetOf(source, specifier);
    const what = target === undefined ? doorFault(source.path, specifier) : directionFault(source.path, target);
    return what ? [{ path: source.path, line, rule: target === undefined ? 'one door' : 'direction', what }] : [];
  });
}

function isAboutMoney(path: string): boolean {
  return path !== MOVES_NO_MONEY && MONEY.some((folder) => path.startsWith(folder));
}

function doorFault(path: string, specifier: string): string | undefined {
  const door = DOORS[packageOf(specifier) ?? ''];
  return door && !path.startsWith(door) ? `${packageOf(specifier)} may be imported in ${door} only` : undefined;
}

function directionFault(path: string, target: string): string | undefined {
  if (!isProduct(target)) return `the product may not import ${target}`;
  if (target.startsWith(GENERATED) && !path.startsWith('src/infra/db/')) {
    return 'the generated client may be imported in src/infra/db/ only';
  }
  const [from, to] = [floorOf(path) ?? '', floorOf(target) ?? ''];
  if (from === to) return sidewaysFault(path, target, from);
  const level = (floor: string) => FLOORS.findIndex((floors) => floors.includes(floor));
  if (level(from) === -1 || level(to) === -1) return `${level(from) === -1 ? path : target} stands on no known floor`;
  if (level(to) >= level(from)) return `${from} may not import ${to} (${target})`;
  if (from === 'chat' && to === 'infra') return `chat may not import infra (${target}): flows are its way down`;
  return undefined;
}

function sidewaysFault(path: string, target: string, floor: string): string | undefined {
  if (floor === 'entries') {
    const entry = (file: string) => (file.startsWith('workers/') ? 'workers' : file);
    return entry(path) === entry(target) ? undefined : `entries may not import each other (${target})`;
  }
  if (floor !== 'infra' && floor !== 'channels') return undefined;
  const sibling = (file: string) => new RegExp(`^src/${floor}/([^/]+)/`).exec(file)?.[1];
  const [from, to] = [sibling(path), sibling(target)];
  return from && to && from !== to ? `${floor}/${from} may not import ${floor}/${to} (${target})` : undefined;
}

/** Files that import each other in a ring; each ring is reported once. */
export function checkCycles(sources: readonly Source[]): Fault[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const faults: Fault[] = [];
  const visit = (source: Source, trail: readonly string[]) => {
    const start = trail.indexOf(source.path);
    if (start !== -1) {
      const ring = [...trail.slice(start), source.path];
      faults.push({ path: source.path, line: 1, rule: 'cycle', what: ring.join(' -> ') });
    }
    if (start !== -1 || done.has(source.path)) return;
    for (const { specifier } of source.imports) {
      const next = byPath.get(targetOf(source, specifier) ?? '');
      if (next) visit(next, [...trail, source.path]);
    }
    done.add(source.path);
  };
  for (const source of sources) visit(source, []);
  return faults;
}

/** A bot never talks to a node, and seldom shows the queues: each would cost every bot its memory. */
const NOT_IN_A_BOT = /^(@grpc\/|@bull-board\/|lightning$|ln-service$)/;

/** Packages that a bot does without or loads when they are asked for, read at its start; each is reported once, with the way to it. */
export function checkBot(sources: readonly Source[]): Fault[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const seen = new Set<string>();
  const visit = (path: string, trail: readonly string[]): Fault[] => {
    const source = byPath.get(path);
    if (!source || seen.has(path)) return [];
    seen.add(path);
    const way = [...trail, path];
    return source.imports.flatMap(({ specifier, line, atStart }) => {
      if (!atStart) return [];
      if (!NOT_IN_A_BOT.test(packageOf(specifier) ?? '')) return visit(targetOf(source, specifier) ?? '', way);
      return [{ path, line, rule: 'bot', what: `${[...way, specifier].join(' -> ')}` }];
    });
  };
  return visit('src/bot.ts', []);
}

/** Packages that are imported but not declared, or by the product though they are for development only. */
export function checkPackages(
  sources: readonly Source[],
  declared: { dependencies: Record<string, string>; devDependencies: Record<string, string> },
): Fault[] {
  return sources.flatMap((source) =>
    source.imports.flatMap(({ specifier, line }) => {
      const name = packageOf(specifier);
      if (!name || name in declared.dependencies) return [];
      const product = isProduct(source.path);
      if (!product && name in declared.devDependencies) return [];
      const what = `${name} is not among the ${product ? 'dependencies' : 'packages'} of package.json`;
      return [{ path: source.path, line, rule: 'packages', what }];
    }),
  );
}
