// The outside world of the demo: Telegram, the price sources and a Lightning network, each a server that speaks the
// real thing's protocol, or, for Lightning, the real thing itself.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { serveControl } from '../../sandbox/lnd/control.ts';
import { readyLine } from '../../sandbox/lnd/lightning-network.ts';
import { areBuilt, BUILD_SCRIPT } from '../../sandbox/lnd/real/binaries.ts';
import { startRealLightning } from '../../sandbox/lnd/real/network.ts';
import { freePorts } from '../process.ts';
import type { Data } from './options.ts';
import type { Programs } from './programs.ts';

/** The username under which the demo's bot is found. */
export const BOT_NAME = 'satfleet_bot';

export type LightningNodeFiles = { alias: string; socket: string; cert: string; macaroon: string };

export type Outside = {
  telegramUrl: string;
  ratesUrls: Record<string, string>;
  lightning: {
    kind: 'sandbox' | 'real';
    network: string;
    /** The house's own nodes. */
    ours: LightningNodeFiles[];
    /** Where the nodes and the wallet elsewhere are steered. */
    control: string;
    stop(): Promise<void>;
  };
};

/** Starts Telegram and the price sources. */
export async function startServices(
  data: Data,
  programs: Programs,
): Promise<Pick<Outside, 'telegramUrl' | 'ratesUrls'>> {
  const [telegram, rates] = await Promise.all([
    programs.startReady({
      name: 'telegram',
      file: 'sandbox/telegram/main.ts',
      args: ['--bot', `${data.kept.botToken},${BOT_NAME},Satfleet`, '--dir', data.path('telegram')],
    }),
    programs.startReady({ name: 'rates', file: 'sandbox/rates/main.ts' }),
  ]);
  return { telegramUrl: String(telegram.url), ratesUrls: rates.urls as Record<string, string> };
}

type ReadyNode = { alias: string; rpc: string; cert: string; payerMacaroon: string };

/** Starts the sandbox's Lightning nodes, which go on where they ended. */
export async function startSandboxLightning(data: Data, programs: Programs): Promise<Outside['lightning']> {
  const ready = await programs.startReady({
    name: 'lightning',
    file: 'sandbox/lnd/main.ts',
    args: ['--dir', data.path('lightning')],
  });
  const control = String(ready.control);
  return { kind: 'sandbox', network: String(ready.bitcoinNetwork), ours: ours(ready), control, stop: async () => {} };
}

/** Builds real LND nodes where they are missing, and starts a new network of them. */
export async function startRealNodes(data: Data, say: (line: string) => void): Promise<Outside['lightning']> {
  await buildRealPrograms(say).catch((error: Error) => {
    throw new Error(`${error.message}\nThe demo also runs without it: leave "--lightning real" away.`);
  });
  say('Starting btcd and three LND nodes, and opening their channels (half a minute) ...');
  const network = await startRealLightning({
    dir: data.path('lightning'),
    onDeath: (name, lastWords) => say(`${name} ended by itself:\n${lastWords}`),
  });
  const [port = 0] = await freePorts(1);
  await serveControl(network, port);
  return {
    kind: 'real',
    network: network.bitcoinNetwork,
    ours: ours(readyLine(network)),
    control: `http://127.0.0.1:${port}`,
    stop: () => network.stop(),
  };
}

/** Builds lnd and btcd where they are missing. Throws with what the build said last. */
export async function buildRealPrograms(say: (line: string) => void): Promise<void> {
  if (areBuilt()) return;
  say('Building lnd and btcd from source (about five minutes, once) ...');
  const started = performance.now();
  const progress = setInterval(() => {
    say(`... still building, ${Math.round((performance.now() - started) / 1000)} s`);
  }, 15_000);
  try {
    await promisify(execFile)(BUILD_SCRIPT);
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim() || String(error);
    throw new Error(`lnd could not be built. ${words}`);
  } finally {
    clearInterval(progress);
  }
}

// Alice and bob are the house's; carol is a node somewhere else.
function ours(ready: Record<string, unknown>): LightningNodeFiles[] {
  return (ready.nodes as ReadyNode[])
    .filter(({ alias }) => alias !== 'carol')
    .map(({ alias, rpc, cert, payerMacaroon }) => ({ alias, socket: rpc, cert, macaroon: payerMacaroon }));
}
