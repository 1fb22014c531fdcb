// What an operator is given agrees with the product: the list of variables, secrets in files, nginx's configuration. Where
// nginx is on this machine, it is asked too. What measures and warns is tried in tests/monitoring.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeNginx } from '../scripts/demo/nginx.ts';
import { find } from '../scripts/needs.ts';
import { ROOT } from '../scripts/root.ts';
import { variable } from '../scripts/variables.ts';
import { ConfigError, loadConfig, VARIABLES } from '../src/base/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'satfleet-deployment-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe('.env.example', () => {
  const lines = read('.env.example').split('\n');
  const given: Record<string, string> = Object.fromEntries(
    lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split(/=(.*)/s)),
  );
  // Read by scripts alone.
  const forScripts = [
    'DATABASE_OWNER_URL',
    'DATABASE_ADMIN_URL',
    'BACKUP_DIR',
    'BACKUP_KEY_FILE',
    'BACKUP_WAL_SPOOL',
    'DATABASE_BACKUP_URL',
    'LND_ALICE_BACKUP_MACAROON_FILE',
  ];
  const ofNode = /^LND_ALICE_(SOCKET|CERT_FILE|MACAROON_FILE)$/;

  test('has every variable there is, and no other', () => {
    const names = Object.keys(given).filter((name) => !forScripts.includes(name) && !ofNode.test(name));
    expect(names.sort()).toEqual([...VARIABLES].sort());
    expect(Object.keys(given).filter((name) => ofNode.test(name))).toHaveLength(3);
  });

  test('explains each', () => {
    lines.forEach((line, index) => {
      if (!/^[A-Z]/.test(line) || line.startsWith('RATES_')) return;
      const before = lines.slice(0, index).findLast((each) => !/^[A-Z]/.test(each));
      expect(before, line).toMatch(/^# /);
    });
  });

  const filled = {
    DATABASE_URL: given.DATABASE_URL?.replace(':password@', `:${randomBytes(24).toString('hex')}@`),
    APP_SECRET: randomBytes(32).toString('hex'),
    TELEGRAM_BOTS: `1234567:${randomBytes(27).toString('base64url').slice(0, 35)}`,
  };

  test('is a working configuration once the secrets are filled in', () => {
    const secrets = {
      ...filled,
      LND_ALICE_CERT_FILE: join(ROOT, 'LICENSE'),
      LND_ALICE_MACAROON_FILE: join(ROOT, 'LICENSE'),
    };
    const config = loadConfig('worker', { ...given, ...secrets });
    expect(config.lndNodes.map(({ name }) => name)).toEqual(['alice']);
  });

  test('shows the defaults as they are', () => {
    const without = { ...given, ...filled };
    const needed = [
      'DATABASE_URL',
      'REDIS_QUEUE_URL',
      'REDIS_SESSION_URL',
      'REDIS_CACHE_URL',
      'APP_SECRET',
      'TELEGRAM_BOTS',
    ];
    const bare = loadConfig(
      'bot',
      Object.fromEntries(Object.entries(without).filter(([name]) => needed.includes(name))),
    );
    const shown = loadConfig('bot', { ...without, LND_NODES: '' });
    expect(shown).toEqual(bare);
  });
});

describe('a secret in a file', () => {
  const inFile = (name: string, value: string) => {
    const file = join(folder, name);
    writeFileSync(file, `${value}\n`);
    return file;
  };
  const bare = {
    DATABASE_URL: `postgresql://satfleet_app:${randomBytes(24).toString('hex')}@127.0.0.1/satfleet`,
    REDIS_QUEUE_URL: 'redis://127.0.0.1:6379/0',
    REDIS_SESSION_URL: 'redis://127.0.0.1:6379/1',
    REDIS_CACHE_URL: 'redis://127.0.0.1:6380/0',
    APP_SECRET: randomBytes(32).toString('hex'),
    ALERTS_TOKEN: randomBytes(32).toString('hex'),
    TELEGRAM_BOTS: `1234567:${randomBytes(27).toString('base64url').slice(0, 35)}`,
  };

  test('every variable of a process may be one, and the file counts', () => {
    for (const [name, value] of Object.entries(bare)) {
      const given = { ...bare, [name]: 'something else', [`${name}_FILE`]: inFile(name, value) };
      expect(loadConfig('bot', given), name).toEqual(loadConfig('bot', bare));
      const turned = Object.fromEntries(Object.entries(given).reverse());
      expect(loadConfig('bot', turned), name).toEqual(loadConfig('bot', bare));
    }
    for (const name of VARIABLES) {
      const missing = { ...bare, [`${name}_FILE`]: join(folder, 'none') };
      expect(() => loadConfig('bot', missing), name).toThrow(ConfigError);
      expect(() => loadConfig('bot', missing), name).toThrow(`${name}_FILE names a file that cannot be read`);
    }
  });

  test("a worker opens its nodes' files, not those of the keeper nor of a node that is none of its own", () => {
    const nodes = {
      LND_NODES: 'alice',
      LND_ALICE_SOCKET: '127.0.0.1:10009',
      LND_ALICE_CERT_FILE: inFile('cert', 'PEM'),
      LND_ALICE_MACAROON_FILE: inFile('macaroon', 'M'),
      LND_ALICE_BACKUP_MACAROON_FILE: join(folder, 'none'),
      LND_BOB_MACAROON_FILE: join(folder, 'none'),
    };
    const [alice] = loadConfig('worker', { ...bare, ...nodes }).lndNodes;
    expect(alice).toMatchObject({ name: 'alice', cert: 'PEM', macaroon: Buffer.from('M\n').toString('hex') });
    const missing = { ...bare, ...nodes, LND_ALICE_CERT_FILE: join(folder, 'none') };
    expect(() => loadConfig('worker', missing)).toThrow('LND_ALICE_CERT_FILE names a file that cannot be read');
  });

  test("an operator's command reads it the same way", () => {
    const NAME_FILE = inFile('named', 'from the file');
    expect(variable('NAME', { NAME_FILE })).toBe('from the file');
    expect(variable('NAME', { NAME: 'from the variable', NAME_FILE })).toBe('from the file');
    expect(variable('NAME', { NAME: 'from the variable' })).toBe('from the variable');
    expect(variable('NAME', { NAME: '', NAME_FILE: '' })).toBeUndefined();
    expect(() => variable('NAME', { NAME_FILE: join(folder, 'none') })).toThrow('which cannot be read');
  });

  test.each(['setup.ts', 'migrate.ts', 'why.ts', 'backup/settings.ts'])(
    'scripts/%s reads no address past it',
    (name) => {
      expect(read(`scripts/${name}`)).not.toMatch(/(process\.env|environment)(\.|\[')(DATABASE|BACKUP_KEY)/);
      expect(read(`scripts/${name}`)).toMatch(/\bvariable\(/);
    },
  );
});

describe('nginx', () => {
  const nginx = find('nginx');
  const args = writeNginx(join(folder, 'nginx'), 18_999, [18_998, 18_997]);
  const conf = readFileSync(join(folder, 'nginx', 'conf.d', 'satfleet.conf'), 'utf8');

  test.skipIf(!nginx)('takes its configuration', () => {
    expect(() => execFileSync(nginx ?? '', ['-t', ...args], { stdio: ['ignore', 'ignore', 'pipe'] })).not.toThrow();
  });

  test('knows every instance and leaves no value out', () => {
    expect(conf).toContain('server 127.0.0.1:18998; server 127.0.0.1:18997;');
    expect(conf).not.toMatch(/\$\{/);
  });

  test('replaces what a caller says about where it comes from', () => {
    for (const header of ['X-Forwarded-For', 'X-Real-IP'])
      expect(conf).toContain(`proxy_set_header ${header} $remote_addr;`);
    expect(conf).toContain('proxy_set_header Forwarded "";');
    expect(conf).toContain('proxy_set_header X-Request-Id $trace;');
    expect(conf).not.toContain('proxy_add_x_forwarded_for');
  });

  test('limits webhooks together and by no address, strangers by theirs', () => {
    const zones = [...conf.matchAll(/limit_req_zone (\S+) zone=(\w+):\w+ rate=(\d+)r\/s;/g)];
    expect(zones.map(([, key, name]) => [name, key])).toEqual([
      ['strangers', '$stranger'],
      ['outsiders', '$outsider'],
      ['webhooks', '$server_name'],
      ['admins', '$binary_remote_addr'],
      ['pages', '$binary_remote_addr'],
    ]);
    // Telegram's own networks have no limit by address: all of it comes from them.
    expect(conf).toMatch(/geo \$trusted \{\s+default 0;\s+149\.154\.160\.0\/20 1;\s+91\.108\.4\.0\/22 1;/);
    expect(conf).toMatch(/map "\$trusted\$private" \$outsider \{\s+"00" \$binary_remote_addr;\s+default "";/);
    expect(/location \/telegram\/ \{(.*?)\n {4}\}/s.exec(conf)?.[1]).not.toMatch(/zone=(pages|admins)/);
    for (const [, , name] of zones) expect(conf).toContain(`limit_req zone=${name} burst=`);
    expect(Number(zones[2]?.[3])).toBeGreaterThanOrEqual(20_000);
    expect(conf).toMatch(
      /map \$http_x_telegram_bot_api_secret_token \$stranger \{\s+default "";\s+"" \$binary_remote_addr;/,
    );
  });

  test('shows the outside the webhooks and the page for everybody alone, and the pages of admins to whom it is told', () => {
    const places = conf.match(/location [^{]+/g)?.map((text) => text.trim());
    expect(places).toEqual([
      'location /telegram/',
      'location ~ ^/status(\\.json)?$',
      'location ~ ^/admin(/|$)',
      'location /',
    ]);
    expect(conf).toMatch(/location ~ \^\/admin\(\/\|\$\) \{\s+if \(\$admin = 0\) \{ return 404; \}/);
    expect(conf).toMatch(/geo \$admin \{\s+default 0;\s+\}/);
  });
});
