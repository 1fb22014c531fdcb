// What is to happen, earliest first; of the same moment, what was planned first.
import type { Life } from './life.ts';

export type Happening = {
  readonly at: number;
  readonly order: number;
  readonly label: string;
  readonly life: Life | undefined;
  readonly run: () => unknown;
  /** Called off. */
  isOff: boolean;
};

export class Heap {
  readonly #items: Happening[] = [];
  #order = 0;

  push(at: number, label: string, life: Life | undefined, run: () => unknown): Happening {
    const items = this.#items;
    const item: Happening = { at, order: ++this.#order, label, life, run, isOff: false };
    items.push(item);
    for (let i = items.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!isBefore(item, items[parent] as Happening)) break;
      items[i] = items[parent] as Happening;
      items[parent] = item;
      i = parent;
    }
    return item;
  }

  pop(): Happening | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (!first || !last || first === last) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      const right = child + 1;
      if (right < items.length && isBefore(items[right] as Happening, items[child] as Happening)) child = right;
      if (!isBefore(items[child] as Happening, last)) break;
      items[i] = items[child] as Happening;
      i = child;
    }
    items[i] = last;
    return first;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
