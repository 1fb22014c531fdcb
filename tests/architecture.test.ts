// The repository keeps the house rules, and the checker of the rules can tell: each rule is shown a small file that
// breaks it and one that does not.
import { describe, expect, test } from 'vitest';
import { checkPackages } from '../scripts/house/imports.ts';
import { parseSources } from '../scripts/house/source.ts';
import { checkHouse, checkLock, checkRepository, describeFaults } from '../scripts/house.ts';

const COMMENT = '// What it is for.\n';

/** The rules that a file with this code breaks. */
function broken(path: string, code: string): string[] {
  return checkHouse([{ path, text: COMMENT + code }]).map((fault) => fault.rule);
}

function lines(count: number): string {
  return '  step();\n'.repeat(count);
}

test('the repository keeps the house rules', () => {
  expect(describeFaults(checkRepository())).toBe('');
  // It reads every file there is, beside the other tests.
}, 120_000);

describe('directions', () => {
  test.each([
    ['src/domain/money.ts', '../infra/db/client.ts'],
    ['src/base/log.ts', '../domain/money.ts'],
    ['src/infra/db/client.ts', '../redis/connection.ts'],
    ['src/infra/db/client.ts', '../../world.ts'],
    ['src/chat/pay.ts', '../infra/db/client.ts'],
    ['src/chat/pay.ts', '../http/server.ts'],
    ['src/flows/pay.ts', '../chat/render.ts'],
    ['src/channels/telegram/send.ts', '../whatsapp/send.ts'],
    ['src/channels/deliver.ts', '../bot.ts'],
    ['src/bot.ts', '../workers/worker.ts'],
    ['workers/worker.ts', '../src/bot.ts'],
    ['src/flows/pay.ts', '../../sandbox/lnd/main.ts'],
    ['workers/worker.ts', '../scripts/process.ts'],
    ['src/flows/pay.ts', '../other/thing.ts'],
    ['src/flows/pay.ts', '../infra/db/generated/client.ts'],
  ])('%s may not import %s', (path, target) => {
    expect(broken(path, `import { a } from '${target}';\nexport const b = a;\n`)).toContain('direction');
    expect(broken(path, `import type { A } from '${target}';\nexport type B = A;\n`)).toContain('direction');
    expect(broken(path, `export const b = () => import('${target}');\n`)).toContain('direction');
  });

  test.each([
    ['src/infra/db/users.ts', './client.ts'],
    ['src/infra/db/client.ts', './generated/client.ts'],
    ['src/infra/db/client.ts', '../../domain/money.ts'],
    ['src/flows/pay.ts', '../world.ts'],
    ['src/flows/pay.ts', './send.ts'],
    ['src/chat/pay.ts', '../flows/pay.ts'],
    ['src/chat/pay.ts', '../world.ts'],
    ['src/channels/deliver.ts', './telegram/send.ts'],
    ['src/bot.ts', './channels/telegram/receive.ts'],
    ['workers/worker.ts', './processors/pay.ts'],
    ['tests/flows/pay.test.ts', '../../src/infra/db/client.ts'],
  ])('%s may import %s', (path, target) => {
    expect(broken(path, `import { a } from '${target}';\nexport const b = a;\n`)).toEqual([]);
  });
});

test('a cycle is found once, with its ring', () => {
  const file = (name: string, next: string) => ({
    path: `src/flows/${name}.ts`,
    text: `${COMMENT}import type { A } from './${next}.ts';\nexport type B = A;\n`,
  });
  const faults = checkHouse([file('one', 'two'), file('two', 'three'), file('three', 'one'), file('four', 'one')]);
  expect(faults.map((fault) => fault.what)).toEqual([
    'src/flows/one.ts -> src/flows/two.ts -> src/flows/three.ts -> src/flows/one.ts',
  ]);
});

test('a bot reads nothing that talks to a node, by whatever way; types and what is read later are free', () => {
  const file = (path: string, code: string) => ({ path, text: `${COMMENT}${code}` });
  const bot = file('src/bot.ts', "import { a } from './flows/one.ts';\nexport const b = a;\n");
  const node = file('src/infra/lightning/node.ts', "import { a } from '@grpc/grpc-js';\nexport const c = a;\n");
  const reaches = (code: string) => checkHouse([bot, node, file('src/flows/one.ts', code)]).map(({ what }) => what);
  expect(reaches("import { c } from '../infra/lightning/node.ts';\nexport const a = c;\n")).toEqual([
    'src/bot.ts -> src/flows/one.ts -> src/infra/lightning/node.ts -> @grpc/grpc-js',
  ]);
  expect(reaches("import { c } from '@bull-board/api';\nexport const a = c;\n")).toContain(
    'src/bot.ts -> src/flows/one.ts -> @bull-board/api',
  );
  expect(reaches("import type { c } from '../infra/lightning/node.ts';\nexport const a: c = 1;\n")).toEqual([]);
  expect(reaches("export const a = () => import('../infra/lightning/node.ts');\n")).toEqual([]);
});

test.each([
  ['bullmq', 'src/flows/pay.ts', 'src/infra/queue/queues.ts'],
  ['ioredis', 'src/infra/queue/queues.ts', 'src/infra/redis/connection.ts'],
  ['@prisma/client', 'src/flows/pay.ts', 'src/infra/db/client.ts'],
  ['ln-service/lnd', 'workers/worker.ts', 'src/infra/lightning/pay.ts'],
  ['telegraf', 'src/channels/deliver.ts', 'src/channels/telegram/send.ts'],
])('%s is not imported in %s but in %s', (library, wrong, right) => {
  const code = `import { a } from '${library}';\nexport const b = a;\n`;
  expect(broken(wrong, code)).toEqual(['one door']);
  expect(broken(right, code)).toEqual([]);
  expect(broken('sandbox/any/thing.ts', code)).toEqual([]);
});

test.each([
  'async-mutex',
  'async-lock',
  'redlock',
  'semaphore-async-await',
  '../infra/redis/lease.ts',
  'proper-lockfile',
])('A4: where money is decided about, %s is not imported', (specifier) => {
  const code = `import { a } from '${specifier}';\nexport const b = a;\n`;
  for (const path of ['src/flows/pay.ts', 'src/infra/db/ledger.ts', 'src/domain/fees.ts', 'workers/worker.ts']) {
    expect(broken(path, code)).toContain('no locks');
  }
  expect(broken('src/channels/telegram/thing.ts', code)).not.toContain('no locks');
  expect(broken('src/flows/pay.ts', "import { a } from '../base/clock.ts';\nexport const b = a;\n")).toEqual([]);
});

test('packages must be declared, for the product among the dependencies', () => {
  const declared = { dependencies: { pg: '8' }, devDependencies: { vitest: '4' } };
  const check = (path: string, name: string) =>
    checkPackages(parseSources([{ path, text: `import '${name}';` }]), declared).length;
  expect(check('src/infra/db/client.ts', 'pg/lib/x')).toBe(0);
  expect(check('src/infra/db/client.ts', 'vitest')).toBe(1);
  expect(check('tests/a.test.ts', 'vitest/node')).toBe(0);
  expect(check('tests/a.test.ts', '@left/pad')).toBe(1);
});

describe('what the product does not reach for by itself', () => {
  test.each([
    ['Date.now()', 'passed in'],
    ['new Date()', 'passed in'],
    ['new Date', 'passed in'],
    ['setTimeout(step, 5)', 'passed in'],
    ['globalThis.setInterval(step, 5)', 'passed in'],
    ['Math.random()', 'passed in'],
    ['randomUUID()', 'passed in'],
    ['crypto.randomUUID()', 'passed in'],
    ['import("node:timers/promises")', 'passed in'],
    ['process.env.HOME', 'environment'],
    ['"SELECT 1 FROM invoices WHERE expires_at < now()"', 'passed in'],
    ['sql`DELETE FROM drafts WHERE made_at < now() - $1`', 'passed in'],
  ])('%s', (expression, rule) => {
    const code = `export const a = ${expression};\n`;
    expect(broken('src/flows/pay.ts', code)).toContain(rule);
    expect(broken('workers/worker.ts', code)).toContain(rule);
    expect(broken('tests/flows/pay.test.ts', code)).toEqual([]);
  });

  test('a migration', () => {
    const check = (text: string) => checkHouse([{ path: 'prisma/migrations/1_a/migration.sql', text }]).length;
    expect(check('  DELETE FROM a WHERE at < now();\n')).toBe(1);
    expect(check('  DELETE FROM a WHERE at < $1; -- not < now()\n')).toBe(0);
    expect(check('  made_at timestamptz DEFAULT now()\n')).toBe(0);
  });

  test('comments, texts and passed-in times are left alone', () => {
    const code = `// Date.now() and process.env\nexport const a = ['Math.random()', new Date(clock.nowMs()), clock.sleep(5)];\n`;
    expect(broken('src/flows/pay.ts', code)).toEqual([]);
  });

  test('base has what the others get from it, but one file for the environment', () => {
    expect(broken('src/base/clock.ts', 'export const now = () => Date.now();\n')).toEqual([]);
    expect(broken('src/base/clock.ts', 'export const home = process.env.HOME;\n')).toEqual(['environment']);
    expect(broken('src/base/config.ts', 'export const home = process.env.HOME;\n')).toEqual([]);
  });
});

describe('shape', () => {
  test('a file has at most 300 lines', () => {
    expect(broken('src/flows/pay.ts', 'step();\n'.repeat(299))).toEqual([]);
    expect(broken('src/flows/pay.ts', 'step();\n'.repeat(300))).toEqual(['file length']);
  });

  test('a function has at most 70 lines', () => {
    expect(broken('scripts/a.ts', `export function a() {\n${lines(68)}}\n`)).toEqual([]);
    expect(broken('scripts/a.ts', `export function a() {\n${lines(69)}}\n`)).toEqual(['function length']);
    expect(broken('bench/a.ts', `export const a = () => {\n${lines(69)}};\n`)).toEqual(['function length']);
    expect(broken('src/flows/a.ts', `class A {\n  a() {\n${lines(69)}}\n}\n`)).toEqual(['function length']);
  });

  test('a chapter of a test file may be longer, a test may not', () => {
    expect(broken('tests/a.test.ts', `describe('a', () => {\n${lines(69)}});\n`)).toEqual([]);
    expect(broken('tests/a.test.ts', `test('a', () => {\n${lines(69)}});\n`)).toEqual(['function length']);
    expect(broken('src/flows/a.ts', `describe('a', () => {\n${lines(69)}});\n`)).toEqual(['function length']);
  });

  test('a file says first what it is for', () => {
    const check = (text: string) => checkHouse([{ path: 'src/flows/pay.ts', text }]).map((fault) => fault.rule);
    expect(check('export const a = 1;\n')).toEqual(['opening comment']);
    expect(check('#!/usr/bin/env node\n// What it is for.\nexport const a = 1;\n')).toEqual([]);
  });

  test('exports have names and come from where they are defined', () => {
    expect(broken('src/flows/pay.ts', 'export default 1;\n')).toEqual(['exports']);
    expect(broken('src/flows/pay.ts', "export * from './a.ts';\n")).toEqual(['exports']);
    expect(broken('src/flows/pay.ts', "export { a } from './a.ts';\n")).toEqual(['exports']);
    expect(broken('src/flows/pay.ts', "export type { A } from './a.ts';\n")).toEqual(['exports']);
    expect(broken('src/infra/redis/connection.ts', "export type { Redis } from 'ioredis';\n")).toEqual([]);
    expect(broken('vitest.config.ts', 'export default {};\n')).toEqual([]);
  });
});

test('words that have no place here', () => {
  const word = (...parts: string[]) => checkHouse([{ path: 'README.md', text: `See ${parts.join('')} first.` }]).length;
  expect(word('/ro', 'ot/thing')).toBe(1);
  expect(word('../sha', 'red/lnd')).toBe(1);
  expect(word('https://registry.npm', 'js.org')).toBe(1);
  expect(word('DECI', 'SIONS 13')).toBe(1);
  expect(word('src/infra')).toBe(0);
});

test('a lock file that lost the packages of other platforms', () => {
  const parent = { version: '1', optionalDependencies: { 'a-linux': '1', 'a-darwin': '1' } };
  const linux = { 'node_modules/a': parent, 'node_modules/a-linux': { version: '1' } };
  expect(checkLock({ packages: linux }).map((fault) => fault.what)).toEqual(['a-darwin is missing']);
  expect(checkLock({ packages: { ...linux, 'node_modules/a-darwin': { version: '1' } } })).toEqual([]);
});
