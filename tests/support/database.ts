// The tests' PostgreSQL: one server for a whole run of vitest (its global setup is `setup` here), migrated once into a
// template; `testDatabase()` gives each test file a copy of its own in a tenth of a second. The server is durable in
// nothing: it dies with the run.
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { APP_ROLE, OWNER_ROLE, setupDatabase, urlFor } from '../../scripts/database.ts';
import { migrate } from '../../scripts/migrate.ts';
import { startPostgres } from '../../scripts/postgres.ts';
import { Guard } from '../../scripts/process.ts';
import { hostClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { createDb, type Db, type DbOptions } from '../../src/infra/db/client.ts';

export const TEMPLATE = 'satfleet_template';

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { adminUrl: string; password: string };
  }
}

type Shared = { users: number; server: Promise<{ adminUrl: string; password: string; stop(): Promise<void> }> };
const shared = globalThis as typeof globalThis & { testPostgres?: Shared };

/** Starts the server and makes the template. Vitest calls it once for each suite, all in one process. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.testPostgres ??= { users: 0, server: start() };
  const mine = shared.testPostgres;
  mine.users++;
  const { adminUrl, password, stop } = await mine.server;
  project.provide('postgres', { adminUrl, password });
  return async () => {
    mine.users--;
    if (mine.users === 0) await stop();
  };
}

async function start() {
  const home = await mkdtemp(join(tmpdir(), 'satfleet-test-'));
  // The server runs as another user when we are root.
  await chmod(home, 0o755);
  const guard = new Guard(home);
  const swift = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
  // The order of commits is what the ledger's model is played back in.
  const settings = { ...swift, max_connections: '400', track_commit_timestamp: 'on' };
  const server = await startPostgres({ folder: join(home, 'data'), guard, settings });
  const password = randomBytes(12).toString('hex');
  const passwords = { ownerPassword: password, appPassword: password };
  const { ownerUrl } = await setupDatabase({ adminUrl: server.adminUrl, name: TEMPLATE, ...passwords });
  await migrate(ownerUrl);
  // Nothing of it is kept, so there is no need to end in good order.
  return { adminUrl: server.adminUrl, password, stop: () => guard.finish() };
}

export type TestDatabase = {
  /** The role that owns the tables: may look and change what the product's role may not. */
  ownerUrl: string;
  /** The role the product runs as. */
  appUrl: string;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
};

/** A fresh, migrated, empty database. Drop it in `afterAll`. */
export async function testDatabase(): Promise<TestDatabase> {
  const { inject } = await import('vitest');
  const { adminUrl, password } = inject('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${name} OWNER ${OWNER_ROLE} TEMPLATE ${TEMPLATE} STRATEGY wal_log`);
  return {
    ownerUrl: urlFor(adminUrl, OWNER_ROLE, password, name),
    appUrl: urlFor(adminUrl, APP_ROLE, password, name),
    drop: () => asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** A `Db` on a test database, as the product makes it. Close it before the database is dropped. */
export function testDb(database: TestDatabase, options: Partial<DbOptions> = {}): Db {
  return createDb({
    databaseUrl: database.appUrl,
    clock: hostClock(),
    random: systemRandom(),
    onSlow: () => {},
    onPool: () => {},
    ...options,
  });
}

async function asAdmin(adminUrl: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(text).finally(() => client.end());
}
