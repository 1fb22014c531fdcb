// A server as an operator lays it out: the repository's own files, untouched, with the two files of variables and the
// folder of secrets beside them.
import { randomBytes } from 'node:crypto';
import { chownSync, copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from '../../sandbox/lnd/certificate.ts';
import { ROOT } from '../root.ts';
import { BOT, type OutsideWorld } from './outside.ts';

const FILES = [
  'docker-compose.scale.yml',
  'Dockerfile',
  '.dockerignore',
  'package.json',
  'package-lock.json',
  '.npmrc',
];
const FOLDERS = ['prisma', 'src', 'workers', 'scripts', 'nginx', 'monitoring'];
// Who reads a secret in its container: Node's user, nginx's.
const NODE_USER = 1000;
const NGINX_USER = 101;

/** Lays it out in `site` and gives nginx's certificate. */
export function layOut(site: string, outside: OutsideWorld): { certificate: string } {
  mkdirSync(site);
  for (const name of FILES) copyFileSync(join(ROOT, name), join(site, name));
  const isOurs = (path: string) => !path.endsWith('generated');
  for (const name of FOLDERS) cpSync(join(ROOT, name), join(site, name), { recursive: true, filter: isOurs });
  const passwords = ['POSTGRES', 'OWNER', 'APP', 'GRAFANA'].map((name) => [`${name}_PASSWORD`, secret(16)]);
  writeVariables(join(site, '.env'), Object.fromEntries(passwords));
  writeVariables(join(site, '.env.fleet'), fleetVariables(outside));
  for (const { alias, cert, macaroon } of outside.nodes) {
    const folder = join(site, 'secrets', 'lnd', alias);
    mkdirSync(folder, { recursive: true });
    put(cert, join(folder, 'tls.cert'));
    put(macaroon, join(folder, 'satfleet.macaroon'));
  }
  return makeTls(join(site, 'secrets', 'tls'));
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
    ];
  });
  return {
    APP_SECRET: secret(32),
    PUBLIC_URL: 'http://127.0.0.1',
    TELEGRAM_BOTS: BOT.token,
    TELEGRAM_API_ROOT: telegramUrl,
    LIGHTNING_NETWORK: network,
    LND_NODES: nodes.map(({ alias }) => alias).join(','),
    ...Object.fromEntries([...lightning, ...rates]),
  };
}

function makeTls(folder: string): { certificate: string } {
  mkdirSync(folder, { recursive: true });
  const { cert, key } = makeCertificate();
  writeFileSync(join(folder, 'site.crt'), cert);
  writeFileSync(join(folder, 'site.key'), key, { mode: 0o600 });
  chownSync(join(folder, 'site.key'), NGINX_USER, NGINX_USER);
  const lines = ['listen 443 ssl;', 'ssl_certificate tls/site.crt;', 'ssl_certificate_key tls/site.key;', ''];
  writeFileSync(join(folder, 'listen.conf'), lines.join('\n'));
  return { certificate: cert };
}

function put(from: string, to: string): void {
  copyFileSync(from, to);
  chownSync(to, NODE_USER, NODE_USER);
}

function writeVariables(file: string, variables: Record<string, string>): void {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

function secret(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
