// A PostgreSQL that forgets nothing, for tests of real workers: they refuse to start on the quick one of the other tests.
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setupDatabase } from '../../scripts/database.ts';
import { migrate } from '../../scripts/migrate.ts';
import { startPostgres } from '../../scripts/postgres.ts';
import { Guard } from '../../scripts/process.ts';
import type { TestDatabase } from './database.ts';

/** A server and a database of its own; `drop` ends both. */
export async function durableDatabase(): Promise<TestDatabase> {
  const home = await mkdtemp(join(tmpdir(), 'satfleet-durable-'));
  // The server runs as another user when we are root.
  await chmod(home, 0o755);
  const guard = new Guard(home);
  const server = await startPostgres({ folder: join(home, 'data'), guard, settings: { shared_buffers: '32MB' } });
  const password = randomBytes(12).toString('hex');
  const passwords = { ownerPassword: password, appPassword: password };
  const urls = await setupDatabase({ adminUrl: server.adminUrl, name: 'satfleet', ...passwords });
  await migrate(urls.ownerUrl);
  return { ...urls, drop: () => guard.finish() };
}
