// Backups as an operator has them: sealed files that tell every change, a base backup with the log behind it that is
// proven by restoring it, what is kept and what is removed, and a sentence for whatever is missing.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bases } from '../../scripts/backup/base.ts';
import { prune } from '../../scripts/backup/keep.ts';
import { placeAt } from '../../scripts/backup/place.ts';
import { backupPlace } from '../../scripts/backup/settings.ts';
import { shipWal } from '../../scripts/backup/wal.ts';
import { ROOT } from '../../scripts/root.ts';
import { type ArchivingServer, startArchiving } from './server.ts';

const NODE = join(ROOT, 'node_modules', '.bin', 'node');
const DAY_MS = 24 * 60 * 60_000;
const folder = mkdtempSync(join(tmpdir(), 'satfleet-backup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A command as npm runs it. Gives what it said, or throws it. */
async function command(script: string, args: string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const env = { PATH: process.env.PATH, ...environment };
  const { stdout } = await promisify(execFile)(NODE, [join(ROOT, 'scripts', script), ...args], { env });
  return stdout;
}

describe('a sealed file', () => {
  const secret = randomBytes(32);
  const place = placeAt(folder, secret);
  const path = (name: string) => join(folder, `${name}.sealed`);

  test.each([0, 1, 65_535, 65_536, 65_537, 300_000])('gives back %i bytes, and shows none of them', async (length) => {
    const content = randomBytes(length);
    await place.write('some', content);
    expect((await place.read('some')).equals(content)).toBe(true);
    if (length > 16) expect(readFileSync(path('some')).includes(content.subarray(0, 16))).toBe(false);
  });

  test('cannot be read with another key', async () => {
    await place.write('mine', randomBytes(100));
    await expect(placeAt(folder, randomBytes(32)).read('mine')).rejects.toThrow('made with another key');
  });

  test('tells every cut and every changed byte', async () => {
    await place.write('whole', randomBytes(200_000));
    const sealed = readFileSync(path('whole'));
    for (const length of [0, 10, 34, 60, 65_586, 131_138, sealed.length - 1]) {
      writeFileSync(path('cut'), sealed.subarray(0, length));
      await expect(place.read('cut'), `cut to ${length}`).rejects.toThrow();
    }
    for (const at of [0, 20, 40, 65_000, 70_000, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(path('changed'), changed);
      await expect(place.read('changed'), `changed at ${at}`).rejects.toThrow();
    }
    // The second piece in the place of the first.
    const swapped = Buffer.concat([
      sealed.subarray(0, 34),
      sealed.subarray(34 + 65_552, 34 + 2 * 65_552),
      sealed.subarray(34, 34 + 65_552),
      sealed.subarray(34 + 2 * 65_552),
    ]);
    writeFileSync(path('swapped'), swapped);
    await expect(place.read('swapped')).rejects.toThrow('changed');
  });
});

describe('what is kept', () => {
  const base = (daysAgo: number, segment: string) => {
    const at = new Date(Date.UTC(2026, 10, 21) - daysAgo * DAY_MS).toISOString();
    return `base/${at.replaceAll(/[-:]/g, '').replace('.', '_')}-00000001${segment}`;
  };
  const segment = (number: number) => number.toString(16).toUpperCase().padStart(16, '0');

  test('any moment of thirty days, and nothing older', async () => {
    const place = placeAt(join(folder, 'kept'), randomBytes(32));
    const names = [
      base(50, segment(5)),
      base(40, segment(10)),
      base(31, segment(20)),
      base(29, segment(30)),
      base(0, segment(90)),
      `wal/00000001${segment(9)}`,
      `wal/00000001${segment(19)}`,
      `wal/00000001${segment(20)}`,
      `wal/00000002${segment(21)}`,
      'wal/00000002.history',
      'channels/alice/20260901T000000000Z',
      'channels/alice/20260902T000000000Z',
      'channels/bob/20260901T000000000Z',
    ];
    for (const name of names) await place.write(name, Buffer.from('x'));
    const gone = await prune(place, Date.UTC(2026, 10, 21));
    expect(gone.sort()).toEqual(
      [
        base(50, segment(5)),
        base(40, segment(10)),
        `wal/00000001${segment(9)}`,
        `wal/00000001${segment(19)}`,
        'channels/alice/20260901T000000000Z',
      ].sort(),
    );
    expect(gone.some((name) => place.has(name))).toBe(false);
  });
});

describe('what is missing is said in a sentence', () => {
  const whole = { BACKUP_DIR: folder, BACKUP_KEY: 'ab'.repeat(32) };
  test.each([
    [{}, 'BACKUP_DIR is not set'],
    [{ ...whole, BACKUP_DIR: join(folder, 'none') }, 'is it mounted?'],
    [{ BACKUP_DIR: folder }, 'openssl rand -hex 32'],
    [{ ...whole, BACKUP_KEY: 'short' }, '64 hexadecimal digits'],
    [{ ...whole, BACKUP_KEY_FILE: join(folder, 'none') }, 'cannot be read'],
  ])('%j', (environment, sentence) => {
    expect(() => backupPlace(environment)).toThrow(sentence);
  });
});

describe('on a server', () => {
  let server: ArchivingServer;
  beforeAll(async () => {
    server = await startArchiving();
  });
  afterAll(() => server.close());

  test('a base backup is taken, proven by restoring it, and noted', async () => {
    const { environment, place } = server;
    await expect(command('backup.ts', ['--verify'], environment)).rejects.toThrow('There is no base backup yet');
    expect(await command('backup.ts', [], environment)).toContain('is taken');
    await server.ship();
    expect(await command('backup.ts', ['--verify'], environment)).toContain('its books are right');
    expect(await bases(place)).toHaveLength(1);
    await expect(command('restore.ts', ['--into', folder], environment)).rejects.toThrow('is not empty');
    const before = ['--into', join(folder, 'new'), '--to', '2020-01-01T00:00:00Z'];
    await expect(command('restore.ts', before, environment)).rejects.toThrow('no base backup from before 2020');
    const laid = await command('restore.ts', ['--into', join(folder, 'laid')], environment);
    expect(laid).toContain('npm run recover');
  }, 120_000);

  test('the queries of the runbook run, as the role that runs the product', async () => {
    const runbook = readFileSync(join(ROOT, 'docs', 'RUNBOOK.md'), 'utf8');
    const queries = [...runbook.matchAll(/^ *```sql\n([\s\S]*?)```/gm)].map(([, text = '']) => text);
    expect(queries.length).toBeGreaterThan(5);
    const client = new pg.Client({ connectionString: server.database.appUrl });
    await client.connect();
    for (const query of queries) {
      const filled = query
        .replace('<the new id>', '01931b2c-7a00-7000-8000-0123456789ab')
        .replace('<the person>', '01931b2c-7a00-7000-8000-0123456789ab')
        .replace('<millisatoshi>', '1000');
      await client.query(filled);
    }
    await client.end();
  });

  test('a segment of the same name from another server is refused and stays in the spool', async () => {
    const { place, spool } = server;
    const name = '00000001000000000000AAAA';
    await place.write(`wal/${name}`, Buffer.from('theirs'));
    writeFileSync(join(spool, name), 'ours');
    await expect(shipWal(spool, place)).rejects.toThrow('does another server archive');
    expect(readFileSync(join(spool, name), 'utf8')).toBe('ours');
    rmSync(join(spool, name));
  });
});
