// A long list in handfuls, so that what is looked up for each costs one question for many.

const HANDFUL = 500;

/** Gives everything in order, 500 at a time; the last handful may be smaller. */
export async function* pages<T>(all: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T[]> {
  let page: T[] = [];
  for await (const each of all) {
    page.push(each);
    if (page.length < HANDFUL) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
