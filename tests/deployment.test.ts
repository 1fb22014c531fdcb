// What an operator is given agrees with the product: the list of variables, nginx's configuration, the alerts and the
// dashboard. Where nginx or promtool is on this machine, they are asked too.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeNginx } from '../scripts/demo/nginx.ts';
import { find } from '../scripts/needs.ts';
import { ROOT } from '../scripts/root.ts';
import { loadConfig, VARIABLES } from '../src/base/config.ts';
import { createMetrics } from '../src/base/metrics.ts';

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
    expect(conf).not.toContain('proxy_add_x_forwarded_for');
  });

  test('limits webhooks together and by no address, strangers by theirs', () => {
    const zones = [...conf.matchAll(/limit_req_zone (\S+) zone=(\w+):\w+ rate=(\d+)r\/s;/g)];
    expect(zones.map(([, key, name]) => [name, key])).toEqual([
      ['strangers', '$stranger'],
      ['outsiders', '$outsider'],
      ['webhooks', '$server_name'],
    ]);
    // Telegram's own networks have no limit by address: all of it comes from them.
    expect(conf).toMatch(/geo \$known \{\s+default 0;\s+149\.154\.160\.0\/20 1;\s+91\.108\.4\.0\/22 1;/);
    expect(conf).toMatch(/map \$known \$outsider \{\s+1 "";\s+default \$binary_remote_addr;/);
    for (const [, , name] of zones) expect(conf).toContain(`limit_req zone=${name} burst=`);
    expect(Number(zones[2]?.[3])).toBeGreaterThanOrEqual(20_000);
    expect(conf).toMatch(
      /map \$http_x_telegram_bot_api_secret_token \$stranger \{\s+default "";\s+"" \$binary_remote_addr;/,
    );
  });

  test('shows the outside the webhooks alone', () => {
    expect(conf.match(/location [^{]+/g)?.map((text) => text.trim())).toEqual(['location /telegram/', 'location /']);
  });
});

describe('docker-compose.scale.yml', () => {
  const file = read('docker-compose.scale.yml');
  const services = (/^services:\n(.*?)^\S/ms.exec(file)?.[1] ?? '').split(/^ {2}(?=[\w-]+:$)/m).filter(Boolean);
  const nameOf = (service: string) => service.slice(0, service.indexOf(':'));

  test.each(['src/bot.ts', 'workers/worker.ts'])('starts %s with the heap that package.json gives it', (entry) => {
    const flags = (words: readonly string[]) => words.filter((word) => /^--(max-|heap-)/.test(word));
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const script = Object.values(scripts).find((each) => each.endsWith(` ${entry}`)) ?? '';
    const command = new RegExp(`command: \\[node, (.*)${entry}\\]`).exec(file)?.[1] ?? '';
    expect(flags(script.split(' '))).not.toEqual([]);
    expect(flags(command.split(', '))).toEqual(flags(script.split(' ')));
  });

  test('locks every service in and limits its memory', () => {
    expect(services.length).toBeGreaterThan(9);
    const isGuarded = (service: string) => /^ {4}<<: \*(guarded|process)$/m.test(service);
    expect(services.filter((service) => !isGuarded(service)).map(nameOf)).toEqual([]);
    const isLimited = (service: string) => /^ {4}(mem_limit: \d+[mg]|<<: \*process)$/m.test(service);
    expect(services.filter((service) => !isLimited(service)).map(nameOf)).toEqual([]);
  });

  test('every image of another has a stand-in of its name for test:fleet', () => {
    const stages = [...read('scripts/fleet-test/images/Dockerfile').matchAll(/^FROM \S+ AS (\w+)$/gm)].map(
      ([, name]) => name,
    );
    const named = [...file.matchAll(/^ +image: (\S+)$/gm)].map((match) => match[1] ?? '');
    const others = named.filter((image) => image !== 'satfleet');
    expect(others.filter((image) => !/:v?\d/.test(image))).toEqual([]);
    expect(others.filter((image) => !stages.includes(/(\w+):/.exec(image)?.[1] ?? ''))).toEqual([]);
  });
});

describe('monitoring', () => {
  const queries = `${read('monitoring/alerts.yml')}\n${read('monitoring/grafana/dashboards/satfleet.json')}`;

  test('asks only for measures the product has', async () => {
    const text = await createMetrics().text();
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]));
    const asked = [...queries.matchAll(/satfleet_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
    expect(asked.length).toBeGreaterThan(20);
  });

  test.skipIf(!onPath('promtool'))('promtool takes configuration and alerts', () => {
    expect(promtool('check', 'config', join(ROOT, 'monitoring', 'prometheus.yml'))).toContain('SUCCESS');
  });

  test.skipIf(!onPath('promtool'))('alerts fire when they should, and only then', () => {
    const file = join(folder, 'alerts.test.json');
    writeFileSync(file, JSON.stringify(alertTests()));
    expect(promtool('test', 'rules', file)).toContain('SUCCESS');
  });

  test.skipIf(!onPath('amtool'))('amtool takes its configuration', () => {
    const check = () =>
      execFileSync('amtool', ['check-config', join(ROOT, 'monitoring', 'alertmanager.yml')], { stdio: 'pipe' });
    expect(check().toString()).toContain('SUCCESS');
  });
});

// JSON is YAML, which promtool reads.
function alertTests() {
  const steady = (series: string, value: number | string) => ({ series, values: `${value}+0x60` });
  const alerts = (input: { series: string; values: string }[], expected: Record<string, number>) => ({
    interval: '15s',
    input_series: input,
    promql_expr_test: Object.entries(expected).map(([alertname, count]) => ({
      expr: `count(ALERTS{alertname="${alertname}",alertstate="firing"}) or vector(0)`,
      eval_time: '10m',
      exp_samples: [{ labels: '{}', value: count }],
    })),
  });
  const alive = [steady('up{job="bot",instance="a"}', 1), steady('up{job="worker",instance="b"}', 1)];
  return {
    rule_files: [join(ROOT, 'monitoring', 'alerts.yml')],
    tests: [
      alerts(
        [
          ...alive,
          steady('satfleet_books_off{currency="BTC"}', 0),
          steady('satfleet_node_outbound_msat{node="a"}', 2e8),
        ],
        {
          BooksNotZero: 0,
          OutboundLow: 0,
          NoBot: 0,
          NoWorker: 0,
          InstanceGone: 0,
        },
      ),
      alerts([...alive, steady('satfleet_books_off{currency="BTC"}', -1), steady('satfleet_solvency_msat', -5)], {
        BooksNotZero: 1,
        NotSolvent: 1,
      }),
      alerts([steady('up{job="bot",instance="a"}', 0)], { NoBot: 1, NoWorker: 1, InstanceGone: 1 }),
      alerts(
        [
          { series: 'satfleet_payments_total{outcome="paid"}', values: '0+4x60' },
          { series: 'satfleet_payments_total{outcome="failed"}', values: '0+1x60' },
          steady('satfleet_node_off_msat{node="a"}', -1000),
          steady('satfleet_rate_age_seconds{leg="BTC/USD"}', 301),
          steady('satfleet_rate_age_seconds{leg="USD/KES"}', 90_000),
        ],
        { PaymentsFail: 1, NodeAgainstLedger: 1, BitcoinRateOld: 1 },
      ),
      ...[0, 1].map((over) =>
        alerts(
          [
            steady('satfleet_backup_verified_age_seconds', 26 * 3_600 + over),
            steady('satfleet_backup_kept_age_seconds', 600 + over),
            steady('satfleet_suspense_msat', -over),
          ],
          { BackupNotVerified: over, BackupBehind: over, MoneyInSuspense: over },
        ),
      ),
    ],
  };
}

function promtool(...args: string[]): string {
  try {
    return execFileSync('promtool', args, { stdio: 'pipe' }).toString();
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    return `${stdout}${stderr}`;
  }
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((place) => {
    try {
      return readFileSync(join(place, program)).length > 0;
    } catch {
      return false;
    }
  });
}
