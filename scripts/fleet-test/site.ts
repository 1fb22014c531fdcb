// A server as an operator lays it out by README.md: the repository's own files, untouched, with what scripts/secrets.sh
// makes, and beside it what the operator brings: tokens, macaroons, a certificate, and the variables.
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from '../../sandbox/lnd/certificate.ts';
import { ROOT } from '../root.ts';
import type { Engine } from './engine.ts';
import { BOT, type OutsideWorld } from './outside.ts';

const FILES = [
  'docker-compose.scale.yml',
  'Dockerfile',
  '.dockerignore',
  'package.json',
  'package-lock.json',
  '.npmrc',
];
const FOLDERS = ['prisma', 'src', 'workers', 'scripts', 'nginx', 'postgres', 'monitoring'];

/** Lays it out in `site` and gives nginx's certificate. */
export async function layOut(site: string, engine: Engine, outside: OutsideWorld): Promise<{ certificate: string }> {
  mkdirSync(site);
  for (const name of FILES) copyFileSync(join(ROOT, name), join(site, name));
  const isOurs = (path: string) => !path.endsWith('generated');
  for (const name of FOLDERS) cpSync(join(ROOT, name), join(site, name), { recursive: true, filter: isOurs });
  await engine.run('sh', ['scripts/secrets.sh'], { cwd: site });
  const secrets = join(site, 'secrets');
  writeFileSync(join(secrets, 'telegram_bots'), BOT.token);
  writeVariables(join(site, '.env'), { DOCKER_ROOT: await engine.docker('info', '--format', '{{.DockerRootDir}}') });
  writeVariables(join(site, '.env.fleet'), fleetVariables(outside));
  for (const { alias, cert, macaroon, backupMacaroon } of outside.nodes) {
    const [worker, keeper] = [join(secrets, 'lnd', alias), join(secrets, 'backup', alias)];
    for (const folder of [worker, keeper]) {
      mkdirSync(folder);
      copyFileSync(cert, join(folder, 'tls.cert'));
    }
    writeReadable(join(worker, 'satfleet.macaroon'), macaroon);
    writeReadable(join(keeper, 'backup.macaroon'), backupMacaroon);
  }
  return layOutTls(join(secrets, 'tls'));
}

function fleetVariables({ telegramUrl, network, nodes, ratesUrls }: OutsideWorld): Record<string, string> {
  const rates = Object.entries(ratesUrls).map(([name, url]) => {
    const words = name.replace(/([a-z])([A-Z])/g, '$1_$2').replaceAll('-', '_');
    return [`RATES_${words.toUpperCase()}_URL`, url];
  });
  const lightning = nodes.flatMap(({ alias, socket }) => {
    const prefix = `LND_${alias.toUpperCase()}`;
    return [
      [`${prefix}_SOCKET`, socket],
      [`${prefix}_CERT_FILE`, `/etc/satfleet/${alias}/tls.cert`],
      [`${prefix}_MACAROON_FILE`, `/etc/satfleet/${alias}/satfleet.macaroon`],
      [`${prefix}_BACKUP_MACAROON_FILE`, `/etc/satfleet/${alias}/backup.macaroon`],
    ];
  });
  return {
    PUBLIC_URL: 'http://127.0.0.1',
    TELEGRAM_API_ROOT: telegramUrl,
    LIGHTNING_NETWORK: network,
    LND_NODES: nodes.map(({ alias }) => alias).join(','),
    ...Object.fromEntries([...lightning, ...rates]),
  };
}

function layOutTls(folder: string): { certificate: string } {
  const { cert, key } = makeCertificate();
  writeFileSync(join(folder, 'fullchain.pem'), cert);
  writeFileSync(join(folder, 'privkey.pem'), key);
  const lines = ['listen 443 ssl;', 'ssl_certificate tls/fullchain.pem;', 'ssl_certificate_key tls/privkey.pem;', ''];
  writeFileSync(join(folder, 'listen.conf'), lines.join('\n'));
  return { certificate: cert };
}

// The folder of secrets keeps others out; in a container its user must be able to read.
function writeReadable(file: string, content: Buffer): void {
  writeFileSync(file, content, { mode: 0o644 });
}

function writeVariables(file: string, variables: Record<string, string>): void {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}
