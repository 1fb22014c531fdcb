// The demo's PostgreSQL and its two Redis servers, set as an operator sets them: durable, and the cache alone allowed
// to forget. Their data lies in the demo's folder.
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setupDatabase } from '../database.ts';
import { migrate } from '../migrate.ts';
import { find } from '../needs.ts';
import { type Postgres, startPostgres } from '../postgres.ts';
import { freePorts, type Guard } from '../process.ts';
import type { Data } from './options.ts';
import type { Programs } from './programs.ts';

const REDIS_TIMEOUT_MS = 20_000;

export type Database = {
  appUrl: string;
  ownerUrl: string;
  /** Our own server; undefined for one that was named to us. */
  server?: Postgres;
  stop(): Promise<void>;
};

/** PostgreSQL, migrated: the one DATABASE_URL and DATABASE_OWNER_URL name, or our own. */
export async function startDatabase(data: Data, guard: Guard, fresh: boolean): Promise<Database> {
  const given = givenDatabase(fresh);
  if (given) {
    await migrate(given.ownerUrl);
    return { ...given, stop: async () => {} };
  }
  const folder = postgresFolder(data);
  if (data.kept.adopted.length === 0) {
    // A first start that was broken off leaves a database without books.
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${folder}.password`, { force: true });
  }
  mkdirSync(dirname(folder), { recursive: true });
  const server = await startPostgres({ folder, guard });
  const urls = await setupDatabase({ adminUrl: server.adminUrl, name: 'satfleet' });
  await migrate(urls.ownerUrl);
  return { ...urls, server, stop: () => server.stop() };
}

function givenDatabase(fresh: boolean): { appUrl: string; ownerUrl: string } | undefined {
  const { DATABASE_URL: appUrl, DATABASE_OWNER_URL: ownerUrl } = process.env;
  if (!appUrl) return undefined;
  if (!ownerUrl) {
    throw new Error(
      'DATABASE_URL is set, so the demo would use that database: set DATABASE_OWNER_URL too, the role that owns its tables, or unset both.',
    );
  }
  if (fresh)
    throw new Error(
      '--fresh does not empty a database that DATABASE_URL names: empty it yourself, or unset the variable.',
    );
  return { appUrl, ownerUrl };
}

// Root cannot run PostgreSQL, and its own folders are closed to the user who can.
function postgresFolder(data: Data): string {
  const inside = data.path('postgres');
  if (process.getuid?.() !== 0 || isOpen(data.folder)) return inside;
  const name = createHash('sha256').update(data.folder).digest('hex').slice(0, 12);
  return join('/var/tmp', `satfleet-${name}`, 'postgres');
}

function isOpen(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0;
  return open && (folder === dirname(folder) || isOpen(dirname(folder)));
}

export type RedisUrls = { queue: string; session: string; cache: string };

/** Two servers: one that loses nothing, for queues and sessions, and one for what may vanish. */
export async function startRedisServers(data: Data, programs: Programs): Promise<RedisUrls> {
  const file = find('redis-server') ?? '';
  const [lasting = 0, passing = 0] = await freePorts(2);
  const lastingFolder = data.path('redis');
  mkdirSync(lastingFolder, { recursive: true });
  const common = { bind: '127.0.0.1', dir: lastingFolder, save: '' };
  const server = async (name: string, port: number, settings: Record<string, string>) => {
    const all = { ...common, port: String(port), ...settings };
    const args = Object.entries(all).flatMap(([key, value]) => [`--${key}`, value]);
    const daemon = programs.start({ name, file, args });
    await daemon.until('answers', REDIS_TIMEOUT_MS, () => answersPing(port));
  };
  await Promise.all([
    server('redis', lasting, { appendonly: 'yes', 'maxmemory-policy': 'noeviction' }),
    server('redis-cache', passing, { appendonly: 'no', maxmemory: '64mb', 'maxmemory-policy': 'allkeys-lru' }),
  ]);
  return {
    queue: `redis://127.0.0.1:${lasting}/0`,
    session: `redis://127.0.0.1:${lasting}/1`,
    cache: `redis://127.0.0.1:${passing}/0`,
  };
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    // While it reads its file it answers "-LOADING".
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString().startsWith('+PONG'));
    });
  });
}
