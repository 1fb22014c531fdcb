// Everything an operator sets, read once at the start and checked by one schema, so that a wrong variable is found before
// the first message and not by a user. The only place that reads the environment; every secret may also come from a file
// named by the same variable with _FILE behind it.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { passwordWeakness, weaknessOf } from './secrets.ts';

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1)), {
    error: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
  });
const whole = (from: number, to: number) =>
  z.coerce
    .number({ error: `must be a number from ${from} to ${to}` })
    .int()
    .min(from)
    .max(to);
const list = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

const MAKE_ONE = 'make one with `openssl rand -hex 32`';
/** Telegram makes them of 35 characters; this only tells them from a row of one letter. */
const LEAST_TOKEN_BITS = 64;

const schema = z.object({
  DATABASE_URL: url('postgres', 'postgresql'),
  DATABASE_READ_URL: url('postgres', 'postgresql').optional(),
  DB_POOL_MIN: whole(0, 100).default(2),
  DB_POOL_MAX: whole(1, 200).default(10),
  REDIS_QUEUE_URL: url('redis', 'rediss'),
  REDIS_SESSION_URL: url('redis', 'rediss'),
  REDIS_CACHE_URL: url('redis', 'rediss'),
  APP_SECRET: z.string().min(32, { error: `must have at least 32 characters: ${MAKE_ONE}` }),
  PUBLIC_URL: url('http', 'https').optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(3000),
  TELEGRAM_BOTS: z
    .string()
    .transform(list)
    .pipe(
      z
        .array(z.string().regex(/^\d+:[\w-]{20,}$/, { error: 'must be bot tokens as BotFather gives them' }))
        .min(1, { error: 'needs at least one bot token' }),
    ),
  TELEGRAM_API_ROOT: url('http', 'https').default('https://api.telegram.org'),
  TELEGRAM_PACE_BOT: whole(0, 100_000).default(30),
  TELEGRAM_PACE_CHAT: whole(0, 100_000).default(1),
  LIGHTNING_NETWORK: z.enum(['bitcoin', 'testnet', 'signet', 'regtest', 'simnet']).default('bitcoin'),
  LND_NODES: z
    .string()
    .transform(list)
    .pipe(z.array(z.string().regex(/^[a-z][a-z0-9_]*$/, { error: 'must be lower-case names like "alice,bob"' })))
    .default([]),
  LND_CONNECTIONS: whole(1, 50).default(2),
  RATES_COINGECKO_URL: url('http', 'https').optional(),
  RATES_BINANCE_URL: url('http', 'https').optional(),
  RATES_COINBASE_URL: url('http', 'https').optional(),
  RATES_OPEN_ER_API_URL: url('http', 'https').optional(),
  RATES_FRANKFURTER_URL: url('http', 'https').optional(),
  LOG_LEVEL: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
});

/** One LND node as configured. `cert` and `macaroon` hold the files' content, in PEM, hex or base64. */
export type LndNodeConfig = {
  readonly name: string;
  readonly socket: string;
  readonly cert: string;
  readonly macaroon: string;
};

export type Config = Readonly<z.output<typeof schema>> & { readonly lndNodes: readonly LndNodeConfig[] };

/** Which parts a process needs: only a worker speaks to Lightning nodes. */
export type ProcessKind = 'bot' | 'worker';

/** The configuration is wrong; `faults` has one sentence for each variable, without its value. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** Every variable there is, beside LND_<NAME>_SOCKET, _CERT and _MACAROON for each node. */
export const VARIABLES: readonly string[] = Object.keys(schema.shape);

/**
 * Reads and checks the environment.
 * @throws ConfigError with all faults at once.
 */
export function loadConfig(kind: ProcessKind, environment: NodeJS.ProcessEnv = process.env): Config {
  const faults: string[] = [];
  const given = withFiles(kind, environment, faults);
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0]);
      faults.push(given[name] === undefined ? `${name} is missing` : `${name} ${issue.message}`);
    }
  }
  // Read from the text, so that a fault elsewhere does not hide those of the nodes.
  const nodeNames = parsed.success ? parsed.data.LND_NODES : list(given.LND_NODES ?? '');
  const lndNodes = kind === 'worker' ? nodeNames.map((name) => lndNode(name, given, faults)) : [];
  if (!parsed.success) throw new ConfigError(faults);
  if (kind === 'worker' && lndNodes.length === 0) faults.push('LND_NODES needs the name of at least one node');
  // telegraf's debug lines hold messages and, when a webhook's secret is wrong, the right one.
  if (/telegraf|\*/.test(environment.DEBUG ?? '')) faults.push('DEBUG would print secrets: unset it');
  if (parsed.data.DB_POOL_MIN > parsed.data.DB_POOL_MAX) faults.push('DB_POOL_MIN is larger than DB_POOL_MAX');
  faults.push(...weakSecrets(parsed.data));
  if (faults.length) throw new ConfigError(faults);
  return { ...parsed.data, lndNodes };
}

const ADDRESSES = [
  'DATABASE_URL',
  'DATABASE_READ_URL',
  'REDIS_QUEUE_URL',
  'REDIS_SESSION_URL',
  'REDIS_CACHE_URL',
] as const;

/** Secrets that keep nobody out. An address without a password is its server's affair: a socket, or a closed network. */
function weakSecrets(given: z.output<typeof schema>): string[] {
  const weak = weaknessOf(given.APP_SECRET);
  const faults = weak ? [`APP_SECRET ${weak}: ${MAKE_ONE}`] : [];
  if (given.TELEGRAM_BOTS.some((token) => weaknessOf(token.slice(token.indexOf(':') + 1), LEAST_TOKEN_BITS))) {
    faults.push('TELEGRAM_BOTS holds a token that BotFather never gave: write /newbot or /token to @BotFather');
  }
  for (const name of ADDRESSES) {
    const { username, password } = new URL(given[name] ?? 'none:');
    const why = password === '' ? undefined : passwordWeakness(unescaped(password), unescaped(username));
    if (why) faults.push(`${name} ${why}: make one with \`openssl rand -hex 24\``);
  }
  return faults;
}

/** The values that must never be seen in a log, a metric or an error. */
export function secretsOf(config: Config): string[] {
  const passwords = [
    config.DATABASE_URL,
    config.DATABASE_READ_URL,
    config.REDIS_QUEUE_URL,
    config.REDIS_SESSION_URL,
    config.REDIS_CACHE_URL,
  ].flatMap((address) => {
    const { password } = new URL(address ?? 'none:');
    // As it stands in the address, and as an error may show it.
    return [password, unescaped(password)];
  });
  const macaroons = config.lndNodes.map((node) => node.macaroon);
  return [...new Set([config.APP_SECRET, ...config.TELEGRAM_BOTS, ...macaroons, ...passwords])].filter(
    (text) => text.length >= 6,
  );
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function lndNode(name: string, given: NodeJS.ProcessEnv, faults: string[]): LndNodeConfig {
  const prefix = `LND_${name.toUpperCase()}`;
  const read = (part: string) => {
    const value = given[`${prefix}_${part}`];
    if (!value) faults.push(`${prefix}_${part} is missing`);
    return value ?? '';
  };
  return { name, socket: read('SOCKET'), cert: read('CERT'), macaroon: read('MACAROON') };
}

// A macaroon file is binary, so it is carried on in hex; everything else is text. A bot opens no node's files: it need
// not be able to.
function withFiles(kind: ProcessKind, environment: NodeJS.ProcessEnv, faults: string[]): NodeJS.ProcessEnv {
  const given: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value === '') continue;
    if (!name.endsWith('_FILE')) {
      given[name] = value;
      continue;
    }
    const plain = name.slice(0, -'_FILE'.length);
    const isNodes = kind === 'worker' && /^LND_[A-Z0-9_]+_(CERT|MACAROON)$/.test(plain);
    if (!VARIABLES.includes(plain) && !isNodes) continue;
    try {
      given[plain] = plain.endsWith('_MACAROON')
        ? readFileSync(value).toString('hex')
        : readFileSync(value, 'utf8').trim();
    } catch {
      faults.push(`${name} names a file that cannot be read`);
    }
  }
  return given;
}
