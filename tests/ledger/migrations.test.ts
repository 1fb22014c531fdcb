// The migrations make, in an empty database, exactly the tables of schema.prisma; and doing it again does nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drift, migrate } from '../../scripts/migrate.ts';
import { type TestDatabase, testDatabase, testDb } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database.drop());

test('all migrations together give schema.prisma', async () => {
  expect(await drift(database.ownerUrl)).toBe('');
});

test('migrating twice applies nothing and keeps the list that the Prisma CLI reads', async () => {
  expect(await migrate(database.ownerUrl)).toEqual([]);
  const db = testDb(database);
  const rows = await db.query<{ migration_name: string; finished_at: Date | null }>(
    'test.migrations',
    'SELECT migration_name, finished_at FROM _prisma_migrations ORDER BY started_at',
    [],
  );
  expect(rows.map((row) => row.migration_name)).toContain('20260101000000_tables');
  expect(rows.every((row) => row.finished_at !== null)).toBe(true);
  await db.close();
});
