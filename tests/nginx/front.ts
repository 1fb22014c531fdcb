// A real nginx as a deployment has it, before bots that are small servers of the test, which remember what they were asked.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** A port at which nobody answers, not even by a refusal: its program is halted, and its queue of connections is full. */
export async function startSilence(guard: Guard, folder: string): Promise<{ port: number; end(): Promise<unknown> }> {
  const [port = 0] = await freePorts(1);
  const code = `require('node:net').createServer().listen({ port: ${port}, host: '127.0.0.1', backlog: 1 })`;
  const logFile = join(folder, 'silence.log');
  const daemon = new Daemon({ name: 'silence', file: process.execPath, args: ['-e', code], logFile, guard });
  daemon.start();
  await daemon.until('listens', 10_000, () => opens(port));
  daemon.signal('SIGSTOP');
  const waiting: Socket[] = [];
  while (waiting.every(({ connecting }) => !connecting)) {
    waiting.push(connect(port, '127.0.0.1').on('error', () => {}));
    await sleep(200);
  }
  return {
    port,
    async end() {
      for (const socket of waiting) socket.destroy();
      return daemon.stop('SIGKILL');
    },
  };
}

function opens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false)).once('connect', () => resolve(true));
    socket.once('connect', () => socket.destroy());
  });
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
