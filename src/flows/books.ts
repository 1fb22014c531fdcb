// Whether the ledger is right by itself: each currency sums to zero, every account equals its transfers. `check` reads
// all there is and is part of promises.ts in its full form; node-books.ts holds the ledger against the nodes.
import { type Books, checkAccounts, checkBooks } from '../infra/db/books.ts';
import type { World } from '../world.ts';
import { keepFound } from './found.ts';

type Asked = Pick<World, 'db'> | World;

/** The ledger by itself, every transfer read. Sets the gauges. */
export async function check(world: Asked): Promise<Books> {
  return told(world, await checkBooks(world.db));
}

/** The same as far as the accounts and the open holds tell: at the same cost however many transfers there are. */
export async function checkLightly(world: Asked): Promise<Books> {
  return told(world, await checkAccounts(world.db));
}

async function told(world: Asked, books: Books): Promise<Books> {
  if (!('metrics' in world)) return books;
  for (const { code, sum } of books.currencies) world.metrics.booksOff.set({ currency: code }, Number(sum));
  await keepFound(world, 'books_off', Object.fromEntries(books.currencies.map(({ code, sum }) => [code, Number(sum)])));
  if (!books.ok) world.log.error('the books are off', { currencies: books.currencies, accounts: books.offAccounts });
  return books;
}
