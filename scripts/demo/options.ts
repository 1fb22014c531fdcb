// What can be asked of `npm run demo` and `npm run fleet`, and the folder in which each keeps everything between two starts.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../root.ts';

/** A command that starts the house, and what it does unless told otherwise. */
export type Command = { name: 'demo' | 'fleet'; bots: number; workers: number; data: string };

const usage = ({ name, bots, workers, data }: Command) => `npm run ${name} [-- options]
  --fresh            start over: forget all wallets and messages
  --bots N           so many bot instances (${bots})
  --workers N        so many workers (${workers})
  --lightning real   real LND nodes instead of the sandbox's; they start over every time
  --port P           the page's port (8080, or a free one)
  --data FOLDER      where everything is kept (${data})`;

export type HouseOptions = {
  fresh: boolean;
  bots: number;
  workers: number;
  lightning: 'sandbox' | 'real';
  port: number | undefined;
  data: string;
};

/** Reads the command line. Throws one sentence and the usage. */
export function readOptions(command: Command, args: readonly string[]): HouseOptions {
  const wrong = (what: string) => new Error(`${what}\n${usage(command)}`);
  let values: { fresh?: boolean; bots?: string; workers?: string; lightning?: string; port?: string; data?: string };
  try {
    values = parseArgs({
      args: [...args],
      options: {
        fresh: { type: 'boolean' },
        bots: { type: 'string' },
        workers: { type: 'string' },
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
  const count = (name: 'bots' | 'workers') => {
    const given = Number(values[name] ?? command[name]);
    if (Number.isInteger(given) && given >= 1 && given <= 20) return given;
    throw wrong(`--${name} takes a number from 1 to 20.`);
  };
  const [bots, workers] = [count('bots'), count('workers')];
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw wrong('--port takes a number from 1 to 65535.');
  }
  const data = resolve(values.data ?? join(ROOT, command.data));
  return { fresh: values.fresh ?? false, bots, workers, lightning, port, data };
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
export function openData({ fresh, lightning, data }: HouseOptions): Data {
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
