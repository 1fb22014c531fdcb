// Whether the database keeps what it has promised to keep. A ledger on a server with any of these off can lose money
// that people were told they have, so a worker does not start there and the doctor says so.
import type { Queryable } from './client.ts';

/** Each setting by name: true when it is on. */
export async function durability(q: Queryable): Promise<Record<string, boolean>> {
  const rows = await q.query<{ name: string; setting: string }>(
    'durability.settings',
    `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')`,
    [],
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting !== 'off']));
}

/** How many connections the server takes, without those kept for its administrators. */
export async function connectionsAllowed(q: Queryable): Promise<number> {
  const [row] = await q.query<{ allowed: number }>(
    'durability.connections',
    `select current_setting('max_connections')::int4 - current_setting('superuser_reserved_connections')::int4
       - current_setting('reserved_connections')::int4 as allowed`,
    [],
  );
  return row?.allowed ?? 0;
}
