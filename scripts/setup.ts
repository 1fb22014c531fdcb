// `npm run setup`: makes the database and its roles on an operator's server, and may be run again. It reads
// DATABASE_ADMIN_URL, a role that may create both, and takes names and passwords from DATABASE_URL, DATABASE_OWNER_URL
// and, where it is set, DATABASE_BACKUP_URL. Migrating is the next step.
import { APP_ROLE, BACKUP_ROLE, OWNER_ROLE, setupDatabase } from './database.ts';
import { variable } from './variables.ts';

type Wanted = { name: string; password: string };

try {
  const adminUrl = variable('DATABASE_ADMIN_URL');
  if (!adminUrl) throw new Error('DATABASE_ADMIN_URL is not set: it names a role that may create roles and databases.');
  const app = read('DATABASE_URL', APP_ROLE);
  const owner = read('DATABASE_OWNER_URL', OWNER_ROLE);
  if (app.name !== owner.name) throw new Error('DATABASE_URL and DATABASE_OWNER_URL name different databases.');
  const backup = variable('DATABASE_BACKUP_URL') ? read('DATABASE_BACKUP_URL', BACKUP_ROLE) : undefined;
  await setupDatabase({
    adminUrl,
    name: app.name,
    appPassword: app.password,
    ownerPassword: owner.password,
    ...(backup ? { backupPassword: backup.password } : {}),
  });
  const roles = [OWNER_ROLE, APP_ROLE, ...(backup ? [BACKUP_ROLE] : [])].join(', ');
  console.log(`The database ${app.name} and the roles ${roles} are there. Next: npm run migrate`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** The database and the password in a variable. Throws unless it names the role it should. */
function read(name: string, role: string): Wanted {
  const text = variable(name);
  if (!text || !URL.canParse(text)) throw new Error(`${name} is not set to an address like postgresql://...`);
  const url = new URL(text);
  const password = decodeURIComponent(url.password);
  if (url.username !== role) throw new Error(`${name} must name the role ${role}.`);
  if (password.length < 8) throw new Error(`${name} holds no password of at least 8 characters.`);
  return { name: url.pathname.slice(1), password };
}
