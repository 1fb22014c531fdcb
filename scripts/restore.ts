// `npm run restore -- --into <new folder> [--to <moment>]`: lays a backup out as a data folder of PostgreSQL 18, which plays
// it back up to the moment when a server is started there. It touches no running server. docs/RUNBOOK.md has the steps.
import { parseArgs } from 'node:util';
import { backupPlace } from './backup/settings.ts';
import { unpack } from './backup/unpack.ts';

const USAGE = 'npm run restore -- --into <new folder> [--to 2026-11-21T13:00:00Z]';

try {
  const { values } = parseArgs({ options: { into: { type: 'string' }, to: { type: 'string' } } });
  if (!values.into) throw new Error(USAGE);
  const until = values.to === undefined ? undefined : momentOf(values.to);
  const { base, segments } = await unpack(backupPlace(), values.into, until);
  console.log(`${values.into} holds ${base.name} and ${segments} log segment(s).`);
  console.log('Give it to the user PostgreSQL runs as, start the server on it, and before any bot or worker:');
  console.log('npm run recover');
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function momentOf(text: string): Date {
  // Without its zone a moment would be another one on another machine.
  if (!/T.*(Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(Date.parse(text))) {
    throw new Error(`"${text}" is no moment with its zone, such as 2026-11-21T13:00:00Z.`);
  }
  return new Date(text);
}
