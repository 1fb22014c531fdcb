// The house rules that neither the compiler nor the linter can hold: directions of imports, cycles, one door per
// library, lengths, what the product may not reach for by itself. `npm run check` and the tests both call this.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkExports, checkMigrationTime, checkPassedIn, checkShape, checkSqlTime } from './house/code.ts';
import { checkBot, checkCycles, checkImports, checkPackages } from './house/imports.ts';
import { type Fault, isCode, parseSources, repositoryFiles, type TextFile } from './house/source.ts';
import { checkWords } from './house/words.ts';
import { ROOT } from './root.ts';

/** All broken rules in the given files, in the order of their paths. */
export function checkHouse(files: readonly TextFile[]): Fault[] {
  const sources = parseSources(files);
  const code = sources.filter((source) => isCode(source.path));
  const faults = [
    ...checkImports(sources),
    ...checkCycles(sources),
    ...checkBot(sources),
    ...code.flatMap(checkShape),
    ...sources.flatMap((source) => [...checkExports(source), ...checkPassedIn(source), ...checkSqlTime(source)]),
    ...files.flatMap(checkMigrationTime),
    ...checkWords(files),
  ];
  return faults.sort((one, other) => one.path.localeCompare(other.path) || one.line - other.line);
}

/** The repository as it stands: the rules above, and that its packages are declared and its lock file is whole. */
export function checkRepository(): Fault[] {
  const files = repositoryFiles();
  const declared = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  return [...checkHouse(files), ...checkPackages(parseSources(files), declared), ...checkLock(lock)];
}

type Lock = { packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }> };

/**
 * Packages for other platforms that the lock file does not know: `npm ci` refuses such a file on a fresh clone. They
 * get lost when the lock file is written where a registry does not carry them.
 */
export function checkLock(lock: Lock): Fault[] {
  return Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`])
      .map((name) => ({ path: 'package-lock.json', line: 1, rule: 'lock file', what: `${name} is missing` })),
  );
}

/** One line per fault, as editors and terminals link them. */
export function describeFaults(faults: readonly Fault[]): string {
  return faults.map(({ path, line, rule, what }) => `${path}:${line}  ${rule}: ${what}`).join('\n');
}
