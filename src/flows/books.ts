// Whether the ledger is right by itself: each currency sums to zero, every account equals its transfers. The answer goes
// to gauges, to admins and to the end of every test; node-books.ts holds the ledger against the nodes.
import { type Books, checkBooks } from '../infra/db/books.ts';
import type { World } from '../world.ts';

/** The ledger by itself. Sets the gauges. */
export async function check(world: World): Promise<Books> {
  const books = await checkBooks(world.db);
  for (const { code, sum } of books.currencies) world.metrics.booksOff.set({ currency: code }, Number(sum));
  if (!books.ok) world.log.error('the books are off', { currencies: books.currencies, accounts: books.offAccounts });
  return books;
}
