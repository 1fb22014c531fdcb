// The database on which one process tells its runs, one after the other: a copy of the migrated one that is put back to
// its first state before each. A copy for every run would cost more than the run, most of it for connections that have
// to learn every statement anew. A run cannot tell which it is of: tables and sequences begin as empty as the first time.
import pg from 'pg';
import { APP_ROLE, OWNER_ROLE, urlFor } from '../../scripts/database.ts';
import { START_MS } from './plan.ts';

export type Stage = {
  /** For the product's role. */
  readonly url: string;
  /** Puts everything back. Nobody may have a transaction open. */
  clear(): Promise<void>;
  /** Ends every connection to it and removes it. */
  close(): Promise<void>;
};

export type StageOptions = {
  readonly adminUrl: string;
  /** Of the product's role. */
  readonly password: string;
  /** The migrated database. */
  readonly template: string;
  /** Of the new one. */
  readonly name: string;
};

// Rows that the migrations brought are kept aside. What the server does by itself at times of its own is switched off.
const KEEP = `
  DO $$ DECLARE found regclass; BEGIN
    CREATE SCHEMA first_state;
    FOR found IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
      EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', found);
      IF pg_relation_size(found) > 0 AND found <> '_prisma_migrations'::regclass THEN
        EXECUTE format('CREATE TABLE first_state.%I AS TABLE %s', (SELECT relname FROM pg_class WHERE oid = found), found);
      END IF;
    END LOOP;
  END $$`;
// Tables grow by what a run writes, so those with pages are those it wrote to. The triggers that forbid all this are off
// for a superuser who says that he replicates.
const CLEAR = `
  DO $$ DECLARE names text; kept name; BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    SELECT string_agg(oid::regclass::text, ', ' ORDER BY oid) INTO names FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> '_prisma_migrations'
        AND pg_relation_size(oid) > 0;
    EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY CASCADE';
    FOR kept IN SELECT relname FROM pg_class WHERE relnamespace = 'first_state'::regnamespace AND relkind = 'r'
        ORDER BY relname LOOP
      EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE TABLE first_state.%1$I', kept);
    END LOOP;
  END $$`;

/** Makes the database. */
export async function openStage({ adminUrl, password, template, name }: StageOptions): Promise<Stage> {
  const admin = await connect(adminUrl);
  await admin.query(`CREATE DATABASE ${name} OWNER ${OWNER_ROLE} TEMPLATE ${template} STRATEGY wal_log`);
  const inside = await connect(urlOf(adminUrl, name));
  // The migrations make the months of the host's own time.
  await inside.query(`SELECT make_partitions($1::date, 3)`, [new Date(START_MS).toISOString().slice(0, 10)]);
  await inside.query(KEEP);
  const clear = async () => void (await inside.query(CLEAR));
  await clear();
  return {
    url: urlFor(adminUrl, APP_ROLE, password, name),
    clear,
    async close() {
      await inside.end();
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, lock_timeout: 10_000 });
  // A server that ends before us is no news.
  client.on('error', () => {});
  await client.connect();
  return client;
}

function urlOf(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.toString();
}
