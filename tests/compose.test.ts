// docker-compose.scale.yml and what lies beside it, read as text: everybody is locked in, limited and out of reach, and no
// secret stands where it could be read. `npm run test:fleet` brings the file up.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT } from '../scripts/root.ts';
import { loadConfig } from '../src/base/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'satfleet-compose-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

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

  test('is three bots unless told otherwise, each with its limits and what is kept for it', () => {
    expect(services.find((each) => nameOf(each) === 'bot')).toMatch(/deploy: \{ replicas: 3 \}/);
    const isBounded = (service: string) => /^ {4}(cpus: [\d.]+|<<: \*process)$/m.test(service);
    expect(services.filter((each) => !isBounded(each)).map(nameOf)).toEqual([]);
    const isReserved = (service: string) => /^ {4}(mem_reservation: \d+m|<<: \*process)$/m.test(service);
    // It makes the database and ends.
    expect(services.filter((each) => !isReserved(each)).map(nameOf)).toEqual(['database']);
    const process = /^x-process: &process\n(.*?)^\S/ms.exec(file)?.[1];
    for (const name of ['cpus', 'cpu_shares', 'mem_limit', 'mem_reservation']) expect(process).toContain(`  ${name}: `);
  });

  test('no log fills the disk', () => {
    expect(/^x-guarded: &guarded\n(.*?)^\S/ms.exec(file)?.[1]).toMatch(/max-size: 20m\s+max-file: "5"/);
    expect(services.filter((each) => /^ {4}logging:/m.test(each)).map(nameOf)).toEqual([]);
  });

  test('holds no secret: each is a file, made by scripts/secrets.sh or brought by the operator', () => {
    const secrets = [...file.matchAll(/^ {2}(\w+): \{ file: \.\/secrets\/(\w+) \}$/gm)];
    expect(secrets.every(([, name, place]) => name === place)).toBe(true);
    const made = new Set([...read('scripts/secrets.sh').matchAll(/^make (\w+) /gm)].map(([, name]) => name));
    const brought = secrets.map(([, name]) => name).filter((name) => !made.has(name));
    expect(brought).toEqual(['telegram_bots']);
    expect([...made].filter((name) => !secrets.some(([, each]) => each === name))).toEqual([]);
    const named = [...file.matchAll(/^ +(\w*(?:PASSWORD|SECRET|TOKEN|KEY|BOTS|DATABASE_\w*URL)\w*): (.*)$/gm)];
    expect(named.length).toBeGreaterThan(8);
    const open = named.filter(
      ([, name, value]) => value !== '""' && !(name?.endsWith('_FILE') && value?.startsWith('/run/secrets/')),
    );
    expect(open.map(([line]) => line.trim())).toEqual([]);
  });

  test('only nginx and Grafana stand where the outside reaches, and the stores where nothing does', () => {
    const networks = (name: string) =>
      /^ {4}networks: \[(.*)\]$/m.exec(services.find((each) => nameOf(each) === name) ?? '')?.[1];
    expect(services.filter((each) => networks(nameOf(each)) === undefined).map(nameOf)).toEqual([]);
    expect(services.filter((each) => /^ {4}ports:/m.test(each)).map(nameOf)).toEqual(['nginx', 'grafana']);
    expect([networks('nginx'), networks('grafana')]).toEqual(['front', 'page, watch']);
    for (const name of ['postgres', 'redis', 'redis-cache']) expect(networks(name)).toBe('stores');
    for (const name of ['stores', 'watch']) expect(file).toMatch(new RegExp(`^  ${name}:\n    internal: true$`, 'm'));
    const reached = services.filter((each) => /front|page/.test(networks(nameOf(each)) ?? '')).map(nameOf);
    expect(reached).toEqual(['bot', 'nginx', 'grafana']);
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
    const others = named.filter((image) => !['satfleet', 'satfleet-keeper'].includes(image));
    expect(others.filter((image) => !/:v?\d/.test(image))).toEqual([]);
    expect(others.filter((image) => !stages.includes(/(\w+):/.exec(image)?.[1] ?? ''))).toEqual([]);
  });
});

describe('scripts/secrets.sh', () => {
  const site = join(folder, 'site');
  const script = join(site, 'scripts', 'secrets.sh');
  const secret = (name: string) => readFileSync(join(site, 'secrets', name), 'utf8');
  const all = () =>
    Object.fromEntries(
      readdirSync(join(site, 'secrets')).flatMap((name) => (isFile(name) ? [[name, secret(name)]] : [])),
    );
  const isFile = (name: string) => statSync(join(site, 'secrets', name)).isFile();
  const run = () => execFileSync('sh', [script], { stdio: ['ignore', 'pipe', 'pipe'] }).toString();

  test('makes secrets that are good enough, in a folder that keeps others out, and changes none', () => {
    mkdirSync(join(site, 'scripts'), { recursive: true });
    copyFileSync(join(ROOT, 'scripts', 'secrets.sh'), script);
    expect(run()).toContain('Missing: secrets/telegram_bots');
    writeFileSync(
      join(site, 'secrets', 'telegram_bots'),
      `1234567:${randomBytes(27).toString('base64url').slice(0, 35)}`,
    );
    const made = all();
    expect(run()).not.toContain('Missing');
    expect(all()).toEqual(made);
    expect(statSync(join(site, 'secrets')).mode & 0o777).toBe(0o700);
    // By whichever user a container runs as.
    for (const name of Object.keys(made)) expect(statSync(join(site, 'secrets', name)).mode & 0o044, name).toBe(0o044);
    expect(new URL(secret('database_admin_url')).password).toBe(secret('postgres_password'));
    const passwords = Object.values(made).map((text) => (URL.canParse(text) && new URL(text).password) || text);
    // The superuser's stands in two files.
    expect(new Set(passwords).size).toBe(passwords.length - 1);
    const stores = { REDIS_QUEUE_URL: 'redis://r/0', REDIS_SESSION_URL: 'redis://r/1', REDIS_CACHE_URL: 'redis://c/0' };
    const files = ['database_url', 'app_secret', 'alerts_token', 'telegram_bots'].map((name) => [
      `${name.toUpperCase()}_FILE`,
      join(site, 'secrets', name),
    ]);
    const config = loadConfig('bot', { ...stores, ...Object.fromEntries(files) });
    expect(new URL(config.DATABASE_URL).username).toBe('satfleet_app');
  });
});
