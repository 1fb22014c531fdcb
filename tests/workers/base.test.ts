// The floor of the house: configuration with all its faults at once and no secret in them, log lines in which nothing
// secret is left, ids that rise and belong together, and a process that ends well.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { ConfigError, loadConfig, secretsOf, VARIABLES } from '../../src/base/config.ts';
import { idTimeMs, isId, legId, systemRandom, uuidIds } from '../../src/base/ids.ts';
import { createLog, type Log } from '../../src/base/logger.ts';
import { onShutdown } from '../../src/base/shutdown.ts';
import { currentTrace, withTrace } from '../../src/base/trace.ts';

const dir = mkdtempSync(join(tmpdir(), 'satfleet-base-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const TOKEN = '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
const MACAROON = `0201036c6e6402f801030a10${'ab'.repeat(60)}`;
const GOOD: NodeJS.ProcessEnv = {
  DATABASE_URL: 'postgresql://satfleet:p%40ssw%C3%B6rd@localhost/satfleet',
  REDIS_QUEUE_URL: 'redis://:queue-password@localhost:6379/0',
  REDIS_SESSION_URL: 'redis://localhost:6379/1',
  REDIS_CACHE_URL: 'rediss://localhost:6379/2',
  APP_SECRET: 'a canary secret that is long enough to be used',
  TELEGRAM_BOTS: `${TOKEN}, 110201544:BBHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw`,
  LND_NODES: 'alice',
  LND_ALICE_SOCKET: 'localhost:10009',
  LND_ALICE_CERT: 'PEM',
  LND_ALICE_MACAROON: MACAROON,
};

function faultsOf(kind: 'bot' | 'worker', environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(kind, environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).faults;
  }
}

describe('configuration', () => {
  test('a good one, with what is not set', () => {
    const config = loadConfig('worker', GOOD);
    expect(config).toMatchObject({ DB_POOL_MIN: 2, DB_POOL_MAX: 10, PORT: 3000, LIGHTNING_NETWORK: 'bitcoin' });
    expect(config.TELEGRAM_BOTS).toHaveLength(2);
    expect(config.lndNodes).toEqual([{ name: 'alice', socket: 'localhost:10009', cert: 'PEM', macaroon: MACAROON }]);
    expect(loadConfig('bot', { ...GOOD, LND_NODES: '' }).lndNodes).toEqual([]);
    expect(VARIABLES).toContain('APP_SECRET');
  });

  test('all faults at once, each with its name, none with its value', () => {
    const bad: NodeJS.ProcessEnv = {
      DATABASE_URL: 'mysql://user:canary-one@host/db',
      REDIS_QUEUE_URL: 'canary-two',
      REDIS_CACHE_URL: 'redis://localhost',
      APP_SECRET: 'canary-three',
      TELEGRAM_BOTS: 'canary-four',
      LND_NODES: 'alice,bob',
      LND_ALICE_SOCKET: 'localhost:10009',
      LND_ALICE_CERT_FILE: join(dir, 'not-there'),
      PORT: '70000',
      DB_POOL_MAX: 'many',
      LIGHTNING_NETWORK: 'canary-five',
    };
    const faults = faultsOf('worker', bad);
    const names = [
      'DATABASE_URL',
      'REDIS_QUEUE_URL',
      'REDIS_SESSION_URL is missing',
      'APP_SECRET',
      'TELEGRAM_BOTS',
      'PORT',
      'DB_POOL_MAX',
      'LIGHTNING_NETWORK',
      'LND_ALICE_CERT_FILE names a file that cannot be read',
      'LND_ALICE_MACAROON is missing',
      'LND_BOB_SOCKET is missing',
      'LND_BOB_CERT is missing',
      'LND_BOB_MACAROON is missing',
    ];
    for (const name of names) expect(faults.join('\n')).toContain(name);
    expect(faults.join('\n')).not.toContain('canary');
    expect(new ConfigError(faults).message).not.toContain('canary');
  });

  test('a worker without nodes, a pool whose least is above its most', () => {
    expect(faultsOf('worker', { ...GOOD, LND_NODES: '' })).toEqual(['LND_NODES needs the name of at least one node']);
    expect(faultsOf('bot', { ...GOOD, DB_POOL_MIN: '20' })).toEqual(['DB_POOL_MIN is larger than DB_POOL_MAX']);
    expect(faultsOf('bot', { ...GOOD, TELEGRAM_BOTS: ' , ' }).join()).toContain(
      'TELEGRAM_BOTS needs at least one bot token',
    );
    expect(faultsOf('bot', { ...GOOD, LND_NODES: 'Alice' }).join()).toContain('LND_NODES must be lower-case names');
  });

  test('secrets from files: text trimmed, a macaroon as bytes, strangers ignored', () => {
    const file = (name: string, content: string | Buffer) => {
      writeFileSync(join(dir, name), content);
      return join(dir, name);
    };
    const { APP_SECRET, LND_ALICE_MACAROON, LND_ALICE_CERT, ...rest } = GOOD;
    const config = loadConfig('worker', {
      ...rest,
      APP_SECRET_FILE: file('secret', `${APP_SECRET}\n`),
      LND_ALICE_CERT_FILE: file('cert', `${LND_ALICE_CERT}\n`),
      LND_ALICE_MACAROON_FILE: file('macaroon', Buffer.from(MACAROON, 'hex')),
      SSH_AUTH_FILE: '/nowhere',
    });
    expect(config.APP_SECRET).toBe(APP_SECRET);
    expect(config.lndNodes[0]).toMatchObject({ cert: LND_ALICE_CERT, macaroon: LND_ALICE_MACAROON });
  });

  test('what must not be seen: every secret, a password also as an error would show it', () => {
    const secrets = secretsOf(loadConfig('worker', GOOD));
    for (const secret of [GOOD.APP_SECRET, TOKEN, MACAROON, 'p%40ssw%C3%B6rd', 'p@sswörd', 'queue-password']) {
      expect(secrets).toContain(secret);
    }
    expect(secrets).not.toContain('');
  });
});

describe('the log', () => {
  const lines: string[] = [];
  const config = loadConfig('worker', GOOD);
  const log: Log = createLog({
    level: 'info',
    service: 'bot',
    instance: 'bot-1',
    secrets: secretsOf(config),
    write: (line) => void lines.push(line),
  });
  const said = (say: () => void) => {
    lines.length = 0;
    say();
    return lines.join('');
  };

  test('is one line of JSON with its trace, and quiet below its level', () => {
    const line = JSON.parse(said(() => withTrace('trace-1', () => log.info('payment sent', { amountMsat: 12n }))));
    expect(line).toMatchObject({ level: 'info', message: 'payment sent', amountMsat: '12', trace: 'trace-1' });
    expect(line).toMatchObject({ service: 'bot', instance: 'bot-1' });
    expect(said(() => log.debug('detail'))).toBe('');
    expect(JSON.parse(said(() => log.error('x')))).toMatchObject({ level: 'error', trace: 'none' });
    expect(currentTrace()).toBe('none');
  });

  const invoice = `lnbcrt100u1${'qpzry9x8gf2tvdw0'.repeat(6)}`;
  const preimage = 'cd'.repeat(32);
  test.each<[string, () => object, string[]]>([
    ['a secret in a message', () => ({ text: `it was ${GOOD.APP_SECRET}.` }), [GOOD.APP_SECRET ?? '']],
    [
      'a token in an error and its stack',
      () => ({ error: new Error(`GET https://api.telegram.org/bot${TOKEN}/getMe`) }),
      [TOKEN],
    ],
    [
      'a stranger token in a URL',
      () => ({ url: 'https://x/bot99887766:ZZHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/a' }),
      ['ZZHdq'],
    ],
    ['a password in a cause', () => ({ error: new Error('no', { cause: new Error('p@sswörd') }) }), ['p@sswörd']],
    [
      'an invoice',
      () => ({ nested: { deep: [`pay ${invoice}`, invoice.toUpperCase()] } }),
      [invoice, invoice.toUpperCase()],
    ],
    [
      'a macaroon in hex and in base64',
      () => ({ a: MACAROON, b: Buffer.from(MACAROON, 'hex').toString('base64') }),
      [MACAROON.slice(0, 40), 'AgEDbG5k'],
    ],
    ['a macaroon in bytes', () => ({ raw: Buffer.from(MACAROON, 'hex') }), ['171', '"0":2']],
    ['a preimage by its name', () => ({ preimage, outcome: { preimage } }), [preimage]],
    ['a phone number', () => ({ text: 'call +254712345678', phone: '254712345678' }), ['254712345678']],
    [
      'a PIN and a header',
      () => ({ pin: '1234567', headers: { authorization: 'Basic abcdef' } }),
      ['1234567', 'abcdef'],
    ],
  ])('I10: hides %s', (_what, fields, canaries) => {
    const line = said(() => log.warn('event', fields() as Record<string, unknown>));
    expect(line).not.toBe('');
    for (const canary of canaries) expect(line).not.toContain(canary);
  });

  test('says the rest, cut where it has no end', () => {
    const loop: { self?: object; name: string } = { name: 'loop' };
    loop.self = loop;
    const line = JSON.parse(said(() => log.info('event', { loop, list: Array(60).fill(1), none: null, yes: true })));
    expect(line).toMatchObject({ none: null, yes: true, loop: { name: 'loop' } });
    expect(line.list).toHaveLength(50);
  });
});

describe('ids', () => {
  test('are UUIDv7 and rise, also within a millisecond and when the clock steps back', () => {
    let nowMs = 1_800_000_000_000;
    const ids = uuidIds({ ...hostClock(), nowMs: () => nowMs }, systemRandom());
    const made: string[] = [];
    for (let i = 0; i < 2_000; i++) {
      if (i === 1_000) nowMs -= 5_000;
      if (i === 1_500) nowMs += 10_000;
      made.push(ids.next());
    }
    expect(made.every(isId)).toBe(true);
    expect(new Set(made).size).toBe(2_000);
    expect(made.toSorted()).toEqual(made);
    expect(idTimeMs(made[0]!)).toBe(1_800_000_000_000);
    expect(idTimeMs(made[1_999]!)).toBe(1_800_000_005_000);
    expect(() => idTimeMs('not an id')).toThrow('not a UUIDv7');
    expect(isId(made[0]!.toUpperCase())).toBe(false);
  });

  test('of the legs of one movement are the same again, differ from each other, and lie in its moment', () => {
    const ids = uuidIds(hostClock(), systemRandom());
    for (let i = 0; i < 500; i++) {
      const base = ids.next();
      const legs = ['post', 'out', 'void', 'credit', 1, 2].map((leg) => legId(base, leg));
      expect(legs.every(isId)).toBe(true);
      expect(new Set([base, ...legs]).size).toBe(7);
      expect(legs.every((leg) => idTimeMs(leg) === idTimeMs(base))).toBe(true);
      expect(legId(base, 'post')).toBe(legs[0]);
    }
    const bytes = systemRandom();
    expect(bytes.fraction()).toBeLessThan(1);
    expect(bytes.bytes(4)).toHaveLength(4);
  });
});

describe('ending', () => {
  test('every step is taken in its order, a failing one stops none, and the exit is 0', async () => {
    const codes: unknown[] = [];
    const steps: string[] = [];
    const exit = vi.spyOn(process, 'exit').mockImplementation((code) => void codes.push(code) as never);
    const before = { term: process.listeners('SIGTERM'), int: process.listeners('SIGINT') };
    const log: Log = { debug() {}, info() {}, warn() {}, error: (event) => void steps.push(event) };
    onShutdown(log, [
      { name: 'one', run: () => void steps.push('one') },
      { name: 'two', run: () => Promise.reject(new Error('stuck')) },
      { name: 'three', run: async () => void steps.push('three') },
    ]);
    const [end] = process.listeners('SIGTERM').filter((each) => !before.term.includes(each));
    end?.('SIGTERM');
    await vi.waitFor(() => expect(codes).toEqual([0]));
    expect(steps).toEqual(['one', 'shutdown step failed', 'three']);
    // The second signal does not wait: it exits before anything else (here, where exit returns, the rest follows).
    end?.('SIGTERM');
    expect(codes).toEqual([0, 0]);
    await vi.waitFor(() => expect(codes).toEqual([0, 0, 0]));
    for (const each of process.listeners('SIGTERM')) if (!before.term.includes(each)) process.off('SIGTERM', each);
    for (const each of process.listeners('SIGINT')) if (!before.int.includes(each)) process.off('SIGINT', each);
    exit.mockRestore();
  });
});
