// Words that have no place in the repository: paths of one machine, hosts that an operator may mirror, and documents
// that a reader of the repository does not have.
import type { Fault, TextFile } from './source.ts';

// Written in pieces, so that this file passes its own rule.
const WORDS: readonly { found: RegExp; why: string }[] = [
  { found: /\/(root|work)\//, why: 'a path of one machine' },
  { found: /(^|[^\w-])shared\//m, why: 'a folder outside the repository' },
  {
    found: /registry\.npmjs\.or[g]|proxy\.golang\.or[g]|deb\.debian\.or[g]|files\.pythonhosted\.or[g]/,
    why: 'a registry host',
  },
  {
    found: /\b(DESIGN|DECISIONS|HAZARDS|FEATURES|BUILD|STYLE)(\.md|\s+\d)/,
    why: 'a document that is not in the repository',
  },
];

/** Every occurrence of a word that does not belong. */
export function checkWords(files: readonly TextFile[]): Fault[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) =>
      WORDS.filter(({ found }) => found.test(line)).map(({ why }) => ({
        path,
        line: index + 1,
        rule: 'words',
        what: `names ${why}`,
      })),
    ),
  );
}
