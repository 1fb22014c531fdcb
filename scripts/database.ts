// Makes an empty database with its roles: the owner, who migrates, `satfleet_app`, who runs the product and owns nothing,
// and, where backups are taken, one that may copy the server and nothing else. Roles belong to the whole server, so they
// are made here and never by a migration; running it again is safe.
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The role the product runs as. Migrations grant to this name. */
export const APP_ROLE = 'satfleet_app';
/** The role that owns the tables and the posting functions; for migrate and set-up only. */
export const OWNER_ROLE = 'satfleet_owner';
/** The role the keeper of the backups copies the server as. */
export const BACKUP_ROLE = 'satfleet_backup';

export type DatabaseUrls = { ownerUrl: string; appUrl: string };

export type SetupOptions = {
  /** Connection string of a superuser, or of a role that may create roles and databases. */
  adminUrl: string;
  /** The database's name. */
  name: string;
  /** Drops a database of that name first. */
  fresh?: boolean;
  /** Passwords of the roles; fresh random ones when missing, which locks out who used the old. */
  ownerPassword?: string;
  appPassword?: string;
  /** Makes the role of the backups too. */
  backupPassword?: string;
};

/** Makes roles and database where missing. Gives the connection strings for both roles. */
export async function setupDatabase(options: SetupOptions): Promise<DatabaseUrls> {
  const { adminUrl, name, fresh = false } = options;
  const ownerPassword = options.ownerPassword ?? randomBytes(18).toString('base64url');
  const appPassword = options.appPassword ?? randomBytes(18).toString('base64url');
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    // Roles are rows of the server: two set-ups at once would meet "tuple concurrently updated".
    await admin.query('SELECT pg_advisory_lock($1)', [7_283_341]);
    await ensureRole(admin, OWNER_ROLE, ownerPassword);
    await ensureRole(admin, APP_ROLE, appPassword);
    if (options.backupPassword) await ensureRole(admin, BACKUP_ROLE, options.backupPassword, 'REPLICATION');
    const database = pg.escapeIdentifier(name);
    if (fresh) await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    const found = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) {
      await admin.query(`GRANT ${OWNER_ROLE} TO CURRENT_USER`);
      await admin.query(`CREATE DATABASE ${database} OWNER ${OWNER_ROLE} TEMPLATE template0`);
    }
    await admin.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
    await admin.query(`GRANT CONNECT ON DATABASE ${database} TO ${APP_ROLE}`);
  } finally {
    await admin.end();
  }
  return {
    ownerUrl: urlFor(adminUrl, OWNER_ROLE, ownerPassword, name),
    appUrl: urlFor(adminUrl, APP_ROLE, appPassword, name),
  };
}

async function ensureRole(
  admin: pg.Client,
  role: string,
  password: string,
  copies: 'REPLICATION' | 'NOREPLICATION' = 'NOREPLICATION',
): Promise<void> {
  const found = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER';
  const rights = `LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE ${copies} NOBYPASSRLS`;
  await admin.query(`${verb} ROLE ${role} ${rights} PASSWORD ${pg.escapeLiteral(password)}`);
}

/** The same server as `adminUrl`, as another role and database. */
export function urlFor(adminUrl: string, role: string, password: string, database: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = password;
  url.pathname = `/${database}`;
  return url.toString();
}
