// Reading what a process tells Prometheus: one series, or all that bear a name.
import type { Metrics } from '../../src/base/metrics.ts';

/** A series with its labels as they are written, and its value. */
export type Series = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

export function seriesOf(text: string): Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', inside = '', value = ''] = /^([a-zA-Z0-9_:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const labels = [...inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', word = '']) => [
        label,
        word,
      ]);
      return { name, labels: Object.fromEntries(labels), value: Number(value) };
    });
}

/** The value of one series; undefined when it is not told. */
export async function readOne(
  metrics: Metrics,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const wanted = Object.entries(labels);
  return seriesOf(await metrics.text()).find(
    (each) =>
      each.name === `satfleet_${name}` &&
      Object.keys(each.labels).length === wanted.length &&
      wanted.every(([label, word]) => each.labels[label] === word),
  )?.value;
}
