// `npm run licenses`: writes docs/LICENSES.md, under which terms every package comes that the lock file names. A test holds
// the page current, and refuses a package whose terms could reach into this product without anyone having looked.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.ts';

type Locked = { version?: string; license?: string; dev?: boolean; devOptional?: boolean };
export type Lock = { packages: Record<string, Locked> };
export type Licensed = { name: string; version: string; license: string; runs: boolean };

const PAGE = join(ROOT, 'docs', 'LICENSES.md');

/** Terms that ask for no more than their own text to be kept. */
const FREE = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

/** Terms that ask for more, each looked at: what it is here for, and why it reaches no further. */
const LOOKED_AT: readonly { name: RegExp; license: string; why: string }[] = [
  {
    name: /^lightningcss(-[\w-]+)?$/,
    license: 'MPL-2.0',
    why: 'A part of the test runner, unchanged and never shipped; its terms cover its own files.',
  },
  {
    name: /^elkjs$/,
    license: 'EPL-2.0',
    why: 'Draws diagrams in the studio of the `prisma` command, unchanged; nothing here loads it, and its terms cover its own files.',
  },
];

/** What the lock file does not say, from the packages themselves. */
const SAID_INSIDE: readonly { name: RegExp; license: string }[] = [
  { name: /^@biomejs\/cli-/, license: 'MIT OR Apache-2.0' },
  { name: /^@msgpackr-extract\//, license: 'MIT' },
  { name: /^seq-queue$/, license: 'MIT' },
];

/** Every package of a lock file, by name and version. */
export function licensed(lock: Lock): Licensed[] {
  const found = Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, { version = '', license, dev, devOptional }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const said = license ?? SAID_INSIDE.find((each) => each.name.test(name))?.license ?? 'not said';
      return { name, version, license: said, runs: !(dev || devOptional) };
    });
  const once = new Map(found.map((each) => [`${each.name}@${each.version}`, each]));
  return [...once.values()].sort((one, other) =>
    one.name < other.name ? -1 : one.name > other.name ? 1 : one.version < other.version ? -1 : 1,
  );
}

/** Packages whose terms nobody has looked at: none may be left. */
export function surprises(all: readonly Licensed[]): Licensed[] {
  return all.filter(
    ({ name, license }) =>
      !isFree(license) && !LOOKED_AT.some((each) => each.name.test(name) && each.license === license),
  );
}

/** Free when one side of an OR is, or both sides of an AND are. */
function isFree(license: string): boolean {
  const bare = license.replace(/[()]/g, '').trim();
  if (/ or /i.test(bare)) return bare.split(/ or /i).some(isFree);
  return bare.split(/ and /i).every((each) => FREE.has(each.trim()));
}

/** The page. */
export function licensesPage(all: readonly Licensed[]): string {
  const byLicense = Map.groupBy(all, ({ license }) => license);
  const chapters = [...byLicense]
    .sort(([one, few], [other, many]) => many.length - few.length || (one < other ? -1 : 1))
    .map(([license, list]) => `## ${license} (${list.length})\n\n${list.map(line).join(', ')}.\n`);
  const looked = LOOKED_AT.map(({ name, license, why }) => {
    const names = all.filter((each) => name.test(each.name)).map((each) => each.name);
    return names.length > 0
      ? `- ${names[0]}${names.length > 1 ? ` and ${names.length - 1} like it` : ''} (${license}): ${why}\n`
      : '';
  });
  return `# Licenses

Satfleet is under the MIT license. It stands on the packages below, as package-lock.json names them; those in _italics_ serve
its making and are not part of what runs. \`npm run licenses\` writes this page.

Terms that ask for more than their text to be kept, each looked at:

${looked.join('')}
${chapters.join('\n')}`;
}

function line({ name, version, runs }: Licensed): string {
  return runs ? `${name} ${version}` : `_${name} ${version}_`;
}

/** The page as it stands and as it should stand. */
export function pages(): { present: string; right: string; all: Licensed[] } {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  const all = licensed(lock);
  let present = '';
  try {
    present = readFileSync(PAGE, 'utf8');
  } catch {
    // Not written yet.
  }
  return { present, right: licensesPage(all), all };
}

if (import.meta.main) {
  const { right, all } = pages();
  writeFileSync(PAGE, right);
  for (const { name, license } of surprises(all)) {
    console.error(`${name} is under ${license}: look at its terms, then name it in scripts/licenses.ts.`);
    process.exitCode = 1;
  }
  console.log(`${all.length} packages are listed in docs/LICENSES.md`);
}
