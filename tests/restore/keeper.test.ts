// The keeper as an operator runs it, a process of its own beside a server and two Lightning nodes: the log, the channel
// backups and a proven base backup are off the machine within seconds, and the database knows it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type SandboxLightning, startSandboxLightning } from '../../sandbox/lnd/network.ts';
import { ROOT } from '../../scripts/root.ts';
import { type ArchivingServer, startArchiving } from './server.ts';

const NODE = join(ROOT, 'node_modules', '.bin', 'node');
const dir = mkdtempSync(join(tmpdir(), 'satfleet-keeper-'));
let server: ArchivingServer;
let network: SandboxLightning;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  [server, network] = await Promise.all([startArchiving(), startSandboxLightning({ dir })]);
  const nodes = [network.nodes.alice, network.nodes.bob].flatMap(
    ({ alias, socket, certFile, readonlyMacaroonFile }) => [
      [`LND_${alias.toUpperCase()}_SOCKET`, socket],
      [`LND_${alias.toUpperCase()}_CERT_FILE`, certFile],
      [`LND_${alias.toUpperCase()}_BACKUP_MACAROON_FILE`, readonlyMacaroonFile],
    ],
  );
  environment = { ...server.environment, LND_NODES: 'alice,bob', ...Object.fromEntries(nodes) };
});

afterAll(async () => {
  await network.stop();
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A command as npm runs it, and what it says. */
function start(args: string[], change: NodeJS.ProcessEnv = {}) {
  const env = { PATH: process.env.PATH, ...environment, ...change };
  const child: ChildProcess = spawn(NODE, [join(ROOT, 'scripts', 'backup.ts'), ...args], { env });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => said.push(text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, said: () => Buffer.concat(said).toString() };
}

test('refuses to begin with a sentence when the log would not be kept', async () => {
  const lacking: [NodeJS.ProcessEnv, string][] = [
    [{ BACKUP_WAL_SPOOL: '' }, 'BACKUP_WAL_SPOOL is not set'],
    [{ BACKUP_WAL_SPOOL: join(dir, 'none') }, 'cannot be read and written'],
    [{ LND_BOB_BACKUP_MACAROON_FILE: '' }, 'ExportAllChannelBackups'],
    [{ DATABASE_BACKUP_URL: '' }, 'as a role with REPLICATION'],
  ];
  const runs = lacking.map(async ([change, sentence]) => {
    const { ended, said } = start(['--keep'], change);
    expect(await ended).toBe(1);
    expect(said()).toContain(sentence);
  });
  await Promise.all(runs);
}, 120_000);

test('ships the log and the channel backups, takes a base backup, proves it, and notes it', async () => {
  const { place, database } = server;
  const keeper = start(['--keep']);
  const client = new pg.Client({ connectionString: database.appUrl });
  client.on('error', () => {});
  await client.connect();
  await vi.waitFor(
    async () => {
      const { rows } = await client.query(
        'SELECT backup_kept_at AS kept, backup_verified_at AS verified FROM database_life',
      );
      expect(rows[0], keeper.said()).toMatchObject({ kept: expect.any(Date), verified: expect.any(Date) });
    },
    { timeout: 45_000, interval: 200 },
  );
  expect(await place.names('channels/alice')).toHaveLength(1);
  expect(await place.names('channels/bob')).toHaveLength(1);
  expect(await place.names('base')).toHaveLength(1);
  await server.endSegment();
  await vi.waitFor(async () => expect(await place.names('wal')).not.toEqual([]), { timeout: 20_000, interval: 200 });

  // A node that is away is said, once, and all else goes on.
  await network.kill('bob');
  await vi.waitFor(() => expect(keeper.said()).toContain('The channel backup of bob could not be shipped'), 20_000);
  keeper.child.kill('SIGTERM');
  expect(await keeper.ended).toBe(0);
  expect(keeper.said().match(/bob could not be shipped/g)).toHaveLength(1);

  const poured = start(['--channels', 'alice']);
  expect(await poured.ended).toBe(0);
  expect(Buffer.byteLength(poured.said())).toBeGreaterThan(64);
  await client.end();
}, 180_000);
