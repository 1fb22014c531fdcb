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

const isZone = (text: string) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }) !== undefined;
  } catch {
    return false;
  }
};

/** A browser shows the cookie of a session to nothing else than https, and to this machine itself. */
function isPrivateToBrowsers(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

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
  ADMIN_URL: url('http', 'https').refine(isPrivateToBrowsers, { error: 'must begin with https://' }).optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(3000),
  LINGER_MS: whole(0, 10_000).default(0),
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
  SUPPORT_CONTACT: z.string().max(100, { error: 'must be short: a name, an address or a number' }).optional(),
  HOUSE_ZONE: z.string().default('UTC').refine(isZone, { error: 'must be a time zone like "Africa/Nairobi"' }),
  ALERTS_TOKEN: z
    .string()
    .min(24, { error: `must have at least 24 characters: ${MAKE_ONE}` })
    .optional(),
  ALERT_WEBHOOK_URL: url('http', 'https').optional(),
  PAGERDUTY_KEY: z.string().optional(),
  PAGERDUTY_URL: url('http', 'https').default('https://events.pagerduty.com/v2/enqueue'),
  PROBE_URL: url('http', 'https').optional(),
  PROBE_CHAT_ID: z
    .string()
    .regex(/^[1-9]\d{0,15}$/, { error: 'must be the number of a private chat' })
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http', 'https').optional(),
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
  faults.push(...probeFaults(parsed.data), ...weakSecrets(parsed.data));
  if (faults.length) throw new ConfigError(faults);
  return { ...parsed.data, lndNodes };
}

/** The synthetic user needs a way in, under one of our names, and a chat to be answered in. */
function probeFaults({ PROBE_URL, PROBE_CHAT_ID, TELEGRAM_BOTS }: z.output<typeof schema>): string[] {
  if (PROBE_URL === undefined && PROBE_CHAT_ID === undefined) return [];
  if (PROBE_URL === undefined) return ['PROBE_URL is missing, and PROBE_CHAT_ID is of no use without it'];
  if (PROBE_CHAT_ID === undefined) return ['PROBE_CHAT_ID is missing, and PROBE_URL is of no use without it'];
  const botId = new URL(PROBE_URL).pathname.split('/').at(-1);
  if (TELEGRAM_BOTS.some((token) => token.startsWith(`${botId}:`))) return [];
  return ['PROBE_URL must end with /telegram/ and the number of a bot that TELEGRAM_BOTS has the token of'];
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
  const faults = (['APP_SECRET', 'ALERTS_TOKEN'] as const).flatMap((name) => {
    const weak = given[name] === undefined ? undefined : weaknessOf(given[name]);
    return weak ? [`${name} ${weak}: ${MAKE_ONE}`] : [];
  });
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
  // Whoever knows the address of a chat's webhook can write there.
  const alarms = [config.ALERTS_TOKEN, config.ALERT_WEBHOOK_URL, config.PAGERDUTY_KEY].filter(
    (secret) => secret !== undefined,
  );
  const all = [config.APP_SECRET, ...config.TELEGRAM_BOTS, ...macaroons, ...passwords, ...alarms];
  return [...new Set(all)].filter((text) => text.length >= 6);
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

// A macaroon file is binary, so it is carried on in hex; everything else is text. A bot opens no node's files, and a
// worker only those of its nodes: neither need be able to. Where both are set the file counts.
function withFiles(kind: ProcessKind, environment: NodeJS.ProcessEnv, faults: string[]): NodeJS.ProcessEnv {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const read = (name: string) => {
    const file = environment[`${name}_FILE`];
    if (!file) return;
    try {
      given[name] = name.endsWith('_MACAROON') ? readFileSync(file).toString('hex') : readFileSync(file, 'utf8').trim();
    } catch {
      faults.push(`${name}_FILE names a file that cannot be read`);
    }
  };
  for (const name of VARIABLES) read(name);
  if (kind === 'bot') return given;
  for (const node of list(given.LND_NODES ?? '')) {
    for (const part of ['CERT', 'MACAROON']) read(`LND_${node.toUpperCase()}_${part}`);
  }
  return given;
}
