// What can be asked of `npm run demo`, and the folder in which it keeps everything between two starts.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../root.ts';

export const USAGE = `npm run demo [-- options]
  --fresh            start over: forget all wallets and messages
  --bots N           so many bot instances (2)
  --lightning real   real LND nodes instead of the sandbox's; they start over every time
  --port P           the page's port (8080, or a free one)
  --data FOLDER      where everything is kept (.data)`;

export type DemoOptions = {
  fresh: boolean;
  bots: number;
  lightning: 'sandbox' | 'real';
  port: number | undefined;
  data: string;
};

/** Reads the command line. Throws one sentence and the usage. */
export function readOptions(args: readonly string[]): DemoOptions {
  const wrong = (what: string) => new Error(`${what}\n${USAGE}`);
  let values: { fresh?: boolean; bots?: string; lightning?: string; port?: string; data?: string };
  try {
    values = parseArgs({
      args: [...args],
      options: {
        fresh: { type: 'boolean' },
        bots: { type: 'string' },
        lightning: { type: 'string' },
        port: { type: 'string' },
        data: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
  const { lightning = 'sandbox' } = values;
  if (lightning !== 'sandbox' && lightning !== 'real') throw wrong('--lightning is "real" or "sandbox".');
  const bots = Number(values.bots ?? 2);
  if (!Number.isInteger(bots) || bots < 1 || bots > 20) throw wrong('--bots takes a number from 1 to 20.');
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw wrong('--port takes a number from 1 to 65535.');
  }
  return { fresh: values.fresh ?? false, bots, lightning, port, data: resolve(values.data ?? join(ROOT, '.data')) };
}

/** What stays the same from start to start: secrets made once, and which nodes the books have taken over. */
export type Kept = { appSecret: string; botToken: string; adopted: string[]; port?: number };

export type Data = {
  folder: string;
  kept: Kept;
  /** A folder or file below the data folder. */
  path(...parts: string[]): string;
  /** Writes `kept` down. */
  keep(): void;
};

/**
 * The data folder. On real nodes, whose coins end with them, the wallets cannot outlive a start: they have a folder of
 * their own, and it is emptied first, as any is by `--fresh`.
 */
export function openData({ fresh, lightning, data }: DemoOptions): Data {
  const folder = join(data, lightning);
  if (fresh || lightning === 'real') rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'demo.json');
  const kept: Kept = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Kept)
    : { appSecret: randomBytes(32).toString('hex'), botToken: newToken(), adopted: [] };
  const keep = () => writeFileSync(file, JSON.stringify(kept, null, 2), { mode: 0o600 });
  keep();
  return { folder, kept, path: (...parts) => join(folder, ...parts), keep };
}

// In the shape of Telegram's own, so that nothing takes it for something else.
function newToken(): string {
  return `7${randomBytes(4).readUInt32BE().toString().padStart(10, '0').slice(1)}:${randomBytes(26).toString('base64url').slice(0, 35)}`;
}
