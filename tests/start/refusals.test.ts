// What a bot and a worker refuse to start with, each in one sentence that says what to do: secrets that keep nobody out,
// a database role that could write the ledger, a macaroon that could empty the node.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PAYER_METHODS } from '../../sandbox/lnd/permissions.ts';
import { ROOT } from '../../scripts/root.ts';
import { loadConfig } from '../../src/base/config.ts';
import { passwordWeakness, weaknessOf } from '../../src/base/secrets.ts';
import { refuseLedgerWriter, refuseStrongMacaroon } from '../../src/flows/trust.ts';
import { ledgerRole } from '../../src/infra/db/role.ts';
import { BAKE_COMMAND, WORKER_CALLS } from '../../src/infra/lightning/bake.ts';
import { makeWorld, withLightning } from '../../src/world.ts';
import { testDb } from '../support/database.ts';
import { type House, openHouse } from '../support/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

async function asOwner(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: house.database.ownerUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** Starts an entry, which is to die of it, and gives what it said. */
function start(entry: 'src/bot.ts' | 'workers/worker.ts', change: NodeJS.ProcessEnv): Promise<string> {
  const env = { ...house.environment, PORT: '0', ...change };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [join(ROOT, entry)],
      { env, timeout: 15_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error?.code === 1) resolve(stderr);
        else reject(new Error(`it ended with ${error?.code ?? 0}: ${stdout}${stderr}`));
      },
    );
  });
}

describe('secrets', () => {
  const token = (secret: string) => ({ TELEGRAM_BOTS: `110201543:${secret}` });
  test.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['none', { APP_SECRET: '' }, /APP_SECRET is missing/],
    [
      'a short one',
      { APP_SECRET: 'a9c1f2' },
      /APP_SECRET must have at least 32 characters: make one with `openssl rand/,
    ],
    ['one letter', { APP_SECRET: 'k'.repeat(64) }, /APP_SECRET can be guessed: make one with `openssl rand -hex 32`/],
    ['a word again and again', { APP_SECRET: 'satfleet'.repeat(5) }, /APP_SECRET can be guessed/],
    ['the alphabet', { APP_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789' }, /APP_SECRET can be guessed/],
    ['few letters', { APP_SECRET: '1101001010111001101100101011010011010101' }, /APP_SECRET can be guessed/],
    ['an example’s', { APP_SECRET: 'please-change-me-please-change-it-now!' }, /APP_SECRET is the placeholder/],
    ['a token of one letter', token('A'.repeat(35)), /TELEGRAM_BOTS holds a token that BotFather never gave/],
    ['a token of an example', token('your-token-from-botfather-goes-here'), /TELEGRAM_BOTS holds a token/],
    [
      'a password everyone tries',
      { DATABASE_URL: 'postgresql://satfleet_app:password@localhost/x' },
      /DATABASE_URL has a password that everyone tries first: make one with/,
    ],
    [
      'the name as the password',
      { REDIS_QUEUE_URL: 'redis://kwame:kwame@localhost:6379' },
      /REDIS_QUEUE_URL has a password that everyone tries first/,
    ],
  ])('%s', (_name, change, sentence) => {
    for (const kind of ['bot', 'worker'] as const) {
      const environment = { ...house.environment, ...change };
      expect(() => loadConfig(kind, environment)).toThrow(sentence);
    }
  });

  test('what chance makes is never refused', () => {
    for (let at = 0; at < 2_000; at++) {
      expect(weaknessOf(randomBytes(16).toString('hex'))).toBeUndefined();
      expect(weaknessOf(randomBytes(26).toString('base64url').slice(0, 35), 64)).toBeUndefined();
      expect(passwordWeakness(randomBytes(12).toString('base64url'), 'satfleet_app')).toBeUndefined();
    }
  });

  test('the example’s own passwords are refused until they are filled in', () => {
    const lines = readFileSync(join(ROOT, '.env.example'), 'utf8').split('\n');
    const given = Object.fromEntries(lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split(/=(.*)/s)));
    const filled = {
      ...given,
      APP_SECRET: randomBytes(32).toString('hex'),
      TELEGRAM_BOTS: house.environment.TELEGRAM_BOTS,
    };
    expect(() => loadConfig('bot', filled)).toThrow(/DATABASE_URL has a password that everyone tries first/);
  });
});

describe('the database role', () => {
  test('is ours: it has no power over the ledger', async () => {
    expect(await ledgerRole(house.world.db)).toEqual({ name: 'satfleet_app', powers: [] });
    await refuseLedgerWriter(house.world);
  });

  test.each([
    ['UPDATE ON accounts', 'may write accounts'],
    ['INSERT ON transfers', 'may write transfers'],
    ['UPDATE (amount) ON pending_transfers', 'may write pending_transfers'],
    ['TRIGGER ON accounts', 'may write accounts'],
    ['DELETE ON events', 'may write events'],
  ])('with %s', async (right, power) => {
    const [what = '', where = ''] = right.split(' ON ');
    await asOwner(`GRANT ${what} ON ${where} TO satfleet_app`);
    try {
      expect((await ledgerRole(house.world.db)).powers.join()).toContain(power);
      await expect(refuseLedgerWriter(house.world)).rejects.toThrow(/satfleet_app can change the ledger: it may write/);
    } finally {
      await asOwner(`REVOKE ${what} ON ${where} FROM satfleet_app`);
    }
    await refuseLedgerWriter(house.world);
  });

  test('with a right on one month alone', async () => {
    const [month] = await house.world.db.query<{ name: string }>(
      'test.month',
      `select relid::text as name from pg_partition_tree('transfers') where isleaf limit 1`,
      [],
    );
    await asOwner(`GRANT UPDATE ON ${month?.name} TO satfleet_app`);
    await expect(refuseLedgerWriter(house.world)).rejects.toThrow(`may write ${month?.name}`);
    await asOwner(`REVOKE UPDATE ON ${month?.name} FROM satfleet_app`);
  });

  test('the owner’s: neither a bot nor a worker starts with it', async () => {
    const owner = testDb(house.database, { databaseUrl: house.database.ownerUrl });
    expect((await ledgerRole(owner)).powers).toContain('owns tables');
    await owner.close();
    for (const entry of ['src/bot.ts', 'workers/worker.ts'] as const) {
      const said = await start(entry, { DATABASE_URL: house.database.ownerUrl });
      expect(said).toMatch(
        /satfleet_owner can change the ledger: it owns tables.*No money has moved\. Give DATABASE_URL/,
      );
      expect(said.trim().split('\n')).toHaveLength(1);
    }
  });
});

describe('the macaroon', () => {
  test('of the admin: the worker does not start, and says how to bake a smaller one', async () => {
    const environment = { ...house.environment, LND_BOB_MACAROON_FILE: house.lightning.nodes.bob?.macaroonFile };
    const base = await makeWorld('worker', loadConfig('worker', environment), () => {});
    const world = await withLightning(base, () => {});
    try {
      await expect(refuseStrongMacaroon(world)).rejects.toThrow(
        /^The macaroon of node bob can also .*send coins on the chain.*LND_BOB_MACAROON_FILE.*start again:\nlncli bakemacaroon --root_key_id 1 /,
      );
    } finally {
      await world.close();
    }
    await refuseStrongMacaroon(house.world);
  });

  test('of a node that is away holds nothing up', async () => {
    const lightning = { ...house.world.lightning, health: () => house.world.lightning.health().map(down) };
    await refuseStrongMacaroon({ ...house.world, lightning });
  });

  test('the line to bake is the README’s, and all that a worker may call', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8').replace(/\\\n\s*/g, '');
    const line = /lncli bakemacaroon[^\n]*/.exec(readme)?.[0] ?? '';
    expect(line).toBe(BAKE_COMMAND);
    expect([...WORKER_CALLS].sort()).toEqual([...PAYER_METHODS].sort());
  });
});

const down = <T extends object>(health: T) => ({ ...health, state: 'down' as const });
