// One JSON line per event, with the trace id. Nothing secret leaves here: known secrets are blotted out by value, and
// whatever looks like a token, an invoice, a macaroon or a phone number by its shape, in messages, fields and stacks.
import { Writable } from 'node:stream';
import winston from 'winston';
import { currentTrace } from './trace.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** `event` is a constant phrase ("payment sent"); what varies goes into the fields. */
export type Log = {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
};

const SHAPES: readonly RegExp[] = [
  // Telegram bot tokens, also inside URLs.
  /\d{6,}:[\w-]{30,}/g,
  // BOLT11 invoices.
  /\bln(?:bcrt|tbs|bc|tb|sb)[0-9a-z]{40,}/gi,
  // Macaroons in hex or base64.
  /\b0201[0-9a-f]{60,}/gi,
  /\bAgED[\w+/=-]{40,}/g,
  // Phone numbers with a country code.
  /\+\d{9,15}\b/g,
];
const SECRET_KEYS = /preimage|secret|macaroon|token|password|pin$|phone|authorization/i;
const HIDDEN = '[hidden]';

/**
 * Makes the process's logger.
 * @param options.secrets values that are never to be seen, whatever they look like.
 */
export function createLog(options: {
  level: string;
  service: string;
  instance: string;
  secrets: readonly string[];
  write?: (line: string) => void;
}): Log {
  const clean = redactor(options.secrets);
  const line = winston.format((info) => {
    const { level: _level, message: _message, ...fields } = info;
    // In place: winston writes only what still carries its own symbols.
    return Object.assign(info, clean(fields), { trace: currentTrace() });
  });
  const logger = winston.createLogger({
    level: options.level,
    defaultMeta: { service: options.service, instance: options.instance },
    format: winston.format.combine(winston.format.timestamp(), line(), winston.format.json({ bigint: true })),
    transports: [
      options.write
        ? new winston.transports.Stream({ stream: writableOf(options.write) })
        : new winston.transports.Console(),
    ],
  });
  const at = (level: string) => (event: string, fields?: Fields) => {
    logger.log(level, String(clean(event)), fields ?? {});
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A function that returns a copy of any value with everything secret blotted out; errors become plain objects. */
export function redactor(secrets: readonly string[]): (value: unknown) => unknown {
  const text = (given: string) => {
    let result = given;
    for (const secret of secrets) if (result.includes(secret)) result = result.replaceAll(secret, HIDDEN);
    for (const shape of SHAPES) result = result.replace(shape, HIDDEN);
    return result;
  };
  const clean = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return value;
    if (depth > 4) return '[deep]';
    // Keys, hashes and macaroons: nothing to be read in a log.
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Error) {
      const cause = value.cause === undefined ? {} : { cause: clean(value.cause, depth + 1) };
      return { name: value.name, message: text(value.message), stack: text(value.stack ?? ''), ...cause };
    }
    if (Array.isArray(value)) return value.slice(0, 50).map((item) => clean(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, SECRET_KEYS.test(key) ? HIDDEN : clean(item, depth + 1)]),
    );
  };
  return (value) => clean(value, 0);
}

function writableOf(write: (line: string) => void): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      write(String(chunk));
      done();
    },
  });
}
