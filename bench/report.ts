// How a bench says what it found: a table for people, then one line of JSON for machines. It ends with a fault when the
// books are not clean, since a fast wrong run is worth nothing.

export type Measure = {
  name: string;
  value: number;
  goal: number;
  /** Whether the goal is a floor (throughput, ratios) or a ceiling (times). */
  better: 'higher' | 'lower';
};

/** Prints the table and, as the last line, the JSON object. Gives whether every goal was met. */
export function report(bench: string, measures: readonly Measure[], notes: readonly string[] = []): boolean {
  const results = measures.map(({ name, value, goal, better }) => ({
    name,
    value: Number(value.toPrecision(4)),
    goal,
    met: better === 'higher' ? value >= goal : value <= goal,
  }));
  const width = Math.max(...results.map(({ name }) => name.length));
  console.log(`\n${bench}`);
  for (const { name, value, goal, met } of results) {
    const { better } = measures.find((measure) => measure.name === name)!;
    const wanted = `${better === 'higher' ? 'at least' : 'at most'} ${goal}`;
    console.log(
      `  ${name.padEnd(width)}  ${String(value).padStart(10)}  ${wanted.padEnd(16)} ${met ? 'met' : 'MISSED'}`,
    );
  }
  for (const note of notes) console.log(`  ${note}`);
  console.log(JSON.stringify({ bench, results }));
  return results.every(({ met }) => met);
}

/** The value below which `share` (0 to 1) of the sorted numbers lie. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
