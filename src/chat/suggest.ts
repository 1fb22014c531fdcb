// The nearest words for a typo: what someone probably meant, never done for them.

const MOST = 3;

/** Edits (insert, delete, replace, swap neighbours) from one word to the other. */
export function distance(from: string, to: string): number {
  const width = to.length + 1;
  const cells = Array.from({ length: (from.length + 1) * width }, (_, at) =>
    at < width ? at : at % width === 0 ? at / width : 0,
  );
  const cell = (row: number, column: number) => cells[row * width + column] ?? 0;
  for (let row = 1; row <= from.length; row += 1) {
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      cells[row * width + column] = Math.min(
        cell(row - 1, column) + 1,
        cell(row, column - 1) + 1,
        cell(row - 1, column - 1) + (isSame ? 0 : 1),
        isSwap ? cell(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return cell(from.length, to.length);
}

/** At most three of `known`, nearest first, that differ from `word` by no more than a third of its letters. */
export function nearest(word: string, known: readonly string[]): string[] {
  if (word.length < 3 || word.length > 20) return [];
  const limit = word.length <= 4 ? 1 : 2;
  return known
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .filter(({ edits }) => edits <= limit)
    .sort((one, other) => one.edits - other.edits)
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}
