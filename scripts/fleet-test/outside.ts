// The world outside the containers: Telegram, the price sources and two Lightning nodes as servers of the sandbox on this
// machine, with a door for each on the address that containers know it by.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { startSandboxLightning } from '../../sandbox/lnd/network.ts';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { startRates } from '../../sandbox/rates/server.ts';
import { startTelegram, type Telegram } from '../../sandbox/telegram/server.ts';

export const BOT = {
  token: '7000000003:fleet-AAHdqTcvCH1vGWJxfSeofSAs0K5PALDs',
  username: 'satfleet_bot',
  first_name: 'Satfleet',
};
const OURS = ['alice', 'bob'] as const;

export type OutsideWorld = {
  telegram: Telegram;
  wallet: OutsideWallet;
  /** What a container is told. */
  telegramUrl: string;
  ratesUrls: Record<string, string>;
  network: string;
  nodes: { alias: string; socket: string; cert: string; macaroon: Buffer; backupMacaroon: Buffer }[];
  stop(): Promise<void>;
};

/** @param host the machine's address as containers see it. */
export async function startOutside(folder: string, host: string): Promise<OutsideWorld> {
  for (const alias of OURS) makeCertificate(join(folder, alias), host);
  const [telegram, rates, lightning] = await Promise.all([
    startTelegram({ bots: [BOT], limits: 'off', keep: 20 }),
    startRates({}),
    startSandboxLightning({ dir: folder }),
  ]);
  const doors: Server[] = [];
  const through = async (url: string) => {
    const port = Number(new URL(url).port);
    doors.push(await openDoor(host, port));
    return `${host}:${port}`;
  };
  const nodes = OURS.map(async (alias) => {
    const { socket, certFile: cert, payerMacaroonFile, readonlyMacaroonFile } = lightning.nodes[alias];
    return {
      alias,
      socket: await through(`tcp://${socket}`),
      cert,
      macaroon: readFileSync(payerMacaroonFile),
      backupMacaroon: readFileSync(readonlyMacaroonFile),
    };
  });
  const ratesUrls: Record<string, string> = {};
  for (const [name, url] of Object.entries(rates.urls)) {
    const { port, pathname, search } = new URL(url);
    ratesUrls[name] = `http://${host}:${port}${pathname}${search}`;
  }
  await through(Object.values(rates.urls)[0] ?? '');
  return {
    telegram,
    wallet: new OutsideWallet(lightning.nodes.carol, folder),
    telegramUrl: `http://${await through(telegram.url)}`,
    ratesUrls,
    network: lightning.bitcoinNetwork,
    nodes: await Promise.all(nodes),
    async stop() {
      for (const door of doors) door.close();
      await Promise.all([telegram.stop(), rates.stop(), lightning.stop()]);
    },
  };
}

// As LND makes one when it is told tlsextraip. The sandbox takes what lies there.
function makeCertificate(folder: string, host: string): void {
  mkdirSync(folder, { recursive: true });
  const names = `subjectAltName=DNS:localhost,IP:127.0.0.1,IP:${host}`;
  const made = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.cert')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  execFileSync('openssl', ['req', '-x509', ...kind, '-subj', '/CN=localhost', '-addext', names, ...made], {
    stdio: 'pipe',
  });
}

function openDoor(host: string, port: number): Promise<Server> {
  const door = createServer((from) => {
    const to = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  return new Promise((resolve, reject) => {
    door.once('error', reject);
    door.listen(port, host, () => resolve(door));
  });
}
