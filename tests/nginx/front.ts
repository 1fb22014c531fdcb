// A real nginx as a deployment has it, before bots that are small servers of the test, which remember what they were asked.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { makeCertificate } from '../../sandbox/lnd/certificate.ts';
import { type NginxSettings, writeNginx } from '../../scripts/demo/nginx.ts';
import { find } from '../../scripts/needs.ts';
import { Daemon, freePorts, type Guard } from '../../scripts/process.ts';

export type Bot = { port: number; asked: IncomingHttpHeaders[]; close(): void };

/** @param answer in place of a plain 200. */
export async function startBot(answer?: RequestListener): Promise<Bot> {
  const asked: IncomingHttpHeaders[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.headers);
    if (answer) return answer(request, response);
    request.resume().once('end', () => response.end('yes'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, asked, close };
}

export type Line = {
  trace: string;
  status: number;
  path: string;
  upstream: string;
  upstream_status: string;
  client: string;
};

export type Front = {
  url: string;
  tlsPort: number;
  certificate: string;
  /** What it has logged so far. */
  lines(): Line[];
  stop(): Promise<unknown>;
};

type Place = { folder: string; guard: Guard };

/** Starts nginx in a folder of its own, with a second port for TLS. */
export async function startFront(
  { folder, guard }: Place,
  ports: readonly number[],
  settings: NginxSettings = {},
): Promise<Front> {
  const [listen = 0, tlsPort = 0] = await freePorts(2);
  const args = writeNginx(folder, listen, ports, settings);
  const { cert, key } = makeCertificate();
  mkdirSync(join(folder, 'tls'));
  writeFileSync(join(folder, 'tls', 'fullchain.pem'), cert);
  writeFileSync(join(folder, 'tls', 'privkey.pem'), key);
  const lines = [
    `listen 127.0.0.1:${tlsPort} ssl;`,
    'ssl_certificate tls/fullchain.pem;',
    'ssl_certificate_key tls/privkey.pem;',
  ];
  writeFileSync(join(folder, 'tls', 'listen.conf'), lines.join('\n'));
  const logFile = join(folder, 'log');
  const daemon = new Daemon({ name: 'nginx', file: find('nginx') ?? 'nginx', args, logFile, guard });
  daemon.start();
  const url = `http://127.0.0.1:${listen}`;
  await daemon.until('answers', 10_000, async () => (await fetch(url)).status === 404);
  return {
    url,
    tlsPort,
    certificate: cert,
    lines: () =>
      readFileSync(logFile, 'utf8')
        .split('\n')
        .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : [])),
    stop: () => daemon.stop('SIGTERM'),
  };
}
