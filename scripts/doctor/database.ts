// PostgreSQL as the product needs it: reachable, durable, migrated, with a role that cannot write the ledger, and with
// room for every process's pool.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Config } from '../../src/base/config.ts';
import { ledgerRole } from '../../src/infra/db/role.ts';
import { ROOT } from '../root.ts';
import { type Finding, fault, must, ok, reason, warning } from './finding.ts';

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
      ...(await life(client)),
      await role(client),
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

// Another one than before, and whether it could be had back.
async function life(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client
    .query<{ same: boolean; kept: boolean; verified: boolean }>(
      `SELECT CASE WHEN pg_is_in_recovery() THEN false ELSE life = present_life() END AS same,
         coalesce(backup_kept_at > clock_timestamp() - interval '10 minutes', false) AS kept,
         coalesce(backup_verified_at > clock_timestamp() - interval '26 hours', false) AS verified FROM database_life`,
    )
    .catch(() => ({ rows: [] }));
  const found = rows[0];
  // Its migrations are missing, which is said already.
  if (!found) return [];
  const todo = 'Stop every bot and worker and run "npm run recover": docs/RUNBOOK.md.';
  return [
    must(found.same, 'It is the database we know', 'This database was restored or has taken over from another', todo),
    found.kept
      ? ok('Everything that must be off the machine is')
      : warning('Not everything has left the machine', 'Run "npm run backup -- --keep" as a service: docs/RUNBOOK.md.'),
    found.verified
      ? ok('A backup was proven within 26 hours')
      : warning('No backup was proven for 26 hours', 'Run "npm run backup -- --verify": docs/RUNBOOK.md.'),
  ];
}

async function role(client: pg.Client): Promise<Finding> {
  const { name, powers } = await ledgerRole({
    query: async <Row>(_name: string, text: string, values: readonly unknown[]) =>
      (await client.query(text, [...values])).rows as Row[],
  });
  const todo = `Give DATABASE_URL the role satfleet_app, which reads the ledger and moves money by ledger_post only. Nothing starts like this.`;
  const bad = `The role ${name} can change the ledger: it ${powers.join(', ')}`;
  return must(powers.length === 0, `The role ${name} cannot change the ledger`, bad, todo);
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
