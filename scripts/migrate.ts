// Brings a database up to date: applies prisma/migrations with Prisma's own engine, compiled to WebAssembly, and keeps
// its list in _prisma_migrations as `prisma migrate deploy` does, so that an operator may use either. Also tells
// whether the database differs from schema.prisma. Run by itself it migrates DATABASE_OWNER_URL;
// with --draft it prints the SQL of that difference instead.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  type ColumnType,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
} from '@prisma/driver-adapter-utils';
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { variable } from './variables.ts';

const FOLDER = fileURLToPath(new URL('../prisma/', import.meta.url));
const ALL = { externalTables: [], externalEnums: [] };

/**
 * Applies what is missing and makes the months ahead. Gives the names applied, oldest first; none when up to date.
 * Throws when a migration fails, an applied one was changed, or a failed one was left behind.
 * @param ownerUrl the role that owns the tables.
 */
export async function migrate(ownerUrl: string): Promise<string[]> {
  const applied = await withEngine(ownerUrl, async (engine) => {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: await migrations(),
      filters: ALL,
    });
    return appliedMigrationNames;
  });
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(`SELECT make_partitions((now() AT TIME ZONE 'UTC' - interval '1 month')::date, 5)`);
  } finally {
    await client.end();
  }
  return applied;
}

/** The SQL that would bring the database from what it is to what schema.prisma says; empty when they agree. */
export async function drift(ownerUrl: string): Promise<string> {
  return diff(ownerUrl, { tag: 'schemaDatasource', files: await schema(), configDir: FOLDER });
}

/** The SQL that makes the tables of schema.prisma in an empty database: what a new migration starts from. */
export async function tables(ownerUrl: string): Promise<string> {
  return diff(ownerUrl, { tag: 'empty' });
}

async function diff(ownerUrl: string, from: engineModule.DiffTarget): Promise<string> {
  const files = await schema();
  return withEngine(ownerUrl, async (engine) => {
    const to = { tag: 'schemaDatamodel' as const, files };
    const result = await engine.diff({ from, to, script: true, exitCode: null, filters: ALL });
    const sql = result.stdout ?? '';
    return sql.includes('empty migration') ? '' : sql.trim();
  });
}

async function schema(): Promise<engineModule.SchemaContainer[]> {
  return [{ path: 'schema.prisma', content: await readFile(join(FOLDER, 'schema.prisma'), 'utf8') }];
}

async function migrations(): Promise<engineModule.MigrationList> {
  const baseDir = join(FOLDER, 'migrations');
  const entries = await readdir(baseDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const migrationDirectories = await Promise.all(
    names.sort().map(async (path) => {
      const value = await readFile(join(baseDir, path, 'migration.sql'), 'utf8');
      return { path, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } } };
    }),
  );
  const lock = join(baseDir, 'migration_lock.toml');
  const content = existsSync(lock) ? await readFile(lock, 'utf8') : null;
  return { baseDir, lockfile: { path: 'migration_lock.toml', content }, shadowDbInitScript: '', migrationDirectories };
}

// As far as it is used here; the types of Node leave it to the browser's.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

let loaded: Promise<typeof engineModule> | undefined;

// Node 24 reads .wasm imports only behind a flag, so the module is joined to its glue here.
function loadEngine(): Promise<typeof engineModule> {
  loaded ??= (async () => {
    // Where the engine puts its last words.
    Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: (words: string) => console.error(words) } });
    const glue = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
    const bytes = await readFile(glue.replace(/\.js$/, '.wasm'));
    const imports: Record<string, unknown> = { ...engineModule };
    for (const name of Object.keys(imports)) {
      // Its ten seconds of patience for the lock go on after it has the lock: they must not keep us from ending.
      if (name.startsWith('__wbg_setTimeout'))
        imports[name] = (run: () => void, ms: number) => setTimeout(run, ms).unref();
    }
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': imports });
    engineModule.__wbg_set_wasm(instance.exports);
    const { __wbindgen_start: start } = instance.exports;
    if (typeof start === 'function') start();
    return engineModule;
  })();
  return loaded;
}

async function withEngine<T>(url: string, use: (engine: engineModule.SchemaEngine) => Promise<T>): Promise<T> {
  const { SchemaEngine } = await loadEngine();
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => {});
  const adapter = bindMigrationAwareSqlAdapterFactory(factoryOn(pool));
  const engine = await SchemaEngine.new({ datamodels: undefined }, () => {}, adapter);
  try {
    return await use(engine);
  } finally {
    engine.free();
    await pool.end();
  }
}

// The adapter made for queries needs two changes before migrations work with it.
function factoryOn(pool: pg.Pool): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(pool);
  const adapted = async (): Promise<SqlDriverAdapter> => {
    const adapter = await factory.connect();
    return Object.assign(adapter, {
      // It splits a script at every semicolon, also inside a function's body; one query takes it whole.
      executeScript: async (script: string) => {
        await pool.query(script);
      },
      // It refuses the type "char", of which the system's tables are full.
      queryRaw: async (query: SqlQuery) => {
        const asked = { text: query.sql, values: [...query.args], rowMode: 'array' as const, types: { getTypeParser } };
        const { fields, rows } = await pool.query(asked);
        const columnTypes = fields.map((field) => COLUMN_TYPES[field.dataTypeID] ?? ColumnTypeEnum.Text);
        return { columnNames: fields.map((field) => field.name), columnTypes, rows };
      },
    });
  };
  return {
    provider: 'postgres',
    adapterName: factory.adapterName,
    connect: adapted,
    connectToShadowDb: () => Promise.reject(new Error('no shadow database: migrations are applied, never invented')),
  };
}

// PostgreSQL's type numbers, as far as the engine's own questions return them; the rest is text.
const COLUMN_TYPES: Record<number, ColumnType> = {
  16: ColumnTypeEnum.Boolean,
  18: ColumnTypeEnum.Character,
  20: ColumnTypeEnum.Int64,
  21: ColumnTypeEnum.Int32,
  23: ColumnTypeEnum.Int32,
  26: ColumnTypeEnum.Int64,
  1002: ColumnTypeEnum.CharacterArray,
  1003: ColumnTypeEnum.TextArray,
  1005: ColumnTypeEnum.Int32Array,
  1009: ColumnTypeEnum.TextArray,
  1184: ColumnTypeEnum.DateTime,
};
const TIMESTAMPTZ = 1184;

function getTypeParser(type: number): (text: string) => unknown {
  if (type === TIMESTAMPTZ) return (text) => text.replace(' ', 'T').replace(/[+-]\d{2}(:\d{2})?$/, '+00:00');
  return pg.types.getTypeParser(type);
}

if (import.meta.main) {
  const ownerUrl = variable('DATABASE_OWNER_URL');
  if (!ownerUrl) {
    console.error('DATABASE_OWNER_URL is not set: it names the database and the role that owns its tables.');
    process.exit(1);
  }
  if (process.argv.includes('--draft')) {
    // What a new migration starts from: the guards around it are written by hand.
    console.log((await drift(ownerUrl)) || '-- The database agrees with schema.prisma.');
  } else {
    const applied = await migrate(ownerUrl);
    console.log(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`);
  }
}
