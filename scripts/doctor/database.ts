// PostgreSQL as the product needs it: reachable, durable, migrated, with a role that cannot write the ledger, and with
// room for every process's pool.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Config } from '../../src/base/config.ts';
import { ROOT } from '../root.ts';
import { type Finding, fault, must, ok, reason, warning } from './finding.ts';

// An update of either would be an entry made without the posting function.
const LEDGER = ['accounts', 'transfers', 'pending_transfers'];
const CONNECT_MS = 5_000;

/**
 * All about one database.
 * @param processes how many bots and workers share it.
 */
export async function checkDatabase(config: Config, processes: number): Promise<Finding[]> {
  const client = new pg.Client({ connectionString: config.DATABASE_URL, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    const todo = 'Start it, or correct DATABASE_URL (address, role, password, name of the database).';
    return [fault(`PostgreSQL cannot be reached: ${reason(error)}`, todo)];
  }
  try {
    return [
      ok('PostgreSQL is reachable'),
      await durable(client),
      await migrated(client),
      ...(await role(client)),
      await room(client, config, processes),
    ];
  } finally {
    await client.end();
  }
}

async function durable(client: pg.Client): Promise<Finding> {
  const names = ['fsync', 'full_page_writes', 'synchronous_commit'];
  const { rows } = await client.query('SELECT name, setting FROM pg_settings WHERE name = ANY($1)', [names]);
  const off = rows.filter(({ setting }) => setting === 'off').map(({ name }) => name);
  const todo = `Switch on ${off.join(', ')}: without, a power cut takes payments back that people were told of. A worker does not start like this.`;
  return must(
    off.length === 0,
    'PostgreSQL keeps what it commits',
    `PostgreSQL may forget: ${off.join(', ')} off`,
    todo,
  );
}

async function migrated(client: pg.Client): Promise<Finding> {
  const wanted = readdirSync(join(ROOT, 'prisma', 'migrations'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const applied = await client
    .query<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    )
    .then(({ rows }) => rows.map(({ name }) => name))
    .catch((): string[] => []);
  const missing = wanted.filter((name) => !applied.includes(name));
  if (missing.length > 0) {
    return fault(
      `The database lacks ${missing.length} migration(s)`,
      'Run "npm run migrate" with DATABASE_OWNER_URL set.',
    );
  }
  const ahead = applied.filter((name) => !wanted.includes(name));
  return ahead.length === 0
    ? ok('All migrations are applied')
    : warning('The database is newer than this program', 'Deploy the version that brought its newest migration.');
}

async function role(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ name: string; super: boolean; owns: string; writes: string | null }>(
    `SELECT current_user AS name, r.rolsuper AS super,
       (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')) AS owns,
       (SELECT string_agg(t, ', ') FROM unnest($1::text[]) t
         WHERE to_regclass(t) IS NOT NULL AND has_table_privilege(t, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS writes
     FROM pg_roles r WHERE r.rolname = current_user`,
    [LEDGER],
  );
  const found = rows[0];
  if (!found) return [fault('The role of DATABASE_URL cannot be read', 'Grant it SELECT on pg_roles.')];
  const tooMuch = [
    ...(found.super ? ['is a superuser'] : []),
    ...(Number(found.owns) > 0 ? ['owns tables'] : []),
    ...(found.writes ? [`may write ${found.writes}`] : []),
  ];
  const todo = 'Give DATABASE_URL the role satfleet_app, which reads the ledger and moves money by ledger_post only.';
  const bad = `The role ${found.name} can change the ledger: it ${tooMuch.join(', ')}`;
  return [must(tooMuch.length === 0, `The role ${found.name} cannot change the ledger`, bad, todo)];
}

// Twice over, so that a rolling deploy, which runs old and new side by side, finds room.
async function room(client: pg.Client, config: Config, processes: number): Promise<Finding> {
  const { rows } = await client.query<{ free: string }>(
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS free`,
  );
  const free = Number(rows[0]?.free ?? 0);
  const wanted = processes * config.DB_POOL_MAX;
  const sum = `${processes} processes x ${config.DB_POOL_MAX} connections, twice, in ${free}`;
  const todo = 'Lower DB_POOL_MAX or raise max_connections: a rolling deploy runs old and new side by side.';
  return must(wanted * 2 <= free, `The pools fit: ${sum}`, `The pools do not fit: ${sum}`, todo);
}
