// Frankfurter: the dollar in all of the ten as the central banks fix it, a date on every row. One bank may be days
// behind the others (a holiday, a stalled site), so each currency has an age of its own.
import { z } from 'zod';
import { decimalText, microOf } from './decimal.ts';
import { quoteOf, type Source } from './source.ts';

const row = z.object({
  date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  base: z.literal('USD'),
  quote: z.string(),
  rate: decimalText,
});

/** A date stands for its noon, UTC: banks fix in the morning or the afternoon of their day, and none says when. */
const NOON_MS = 12 * 60 * 60_000;

/** `GET /v2/rates`, an array of rows. A row that does not read is left out. */
export const frankfurter: Source = async (fetchJson, { baseUrl, currencies, nowMs }) => {
  const { body } = await fetchJson(`${baseUrl}/v2/rates?base=USD&quotes=${currencies.join(',')}`);
  const rows = z.array(z.unknown()).parse(body);
  return rows.flatMap((each) => {
    const parsed = row.safeParse(each);
    const code = currencies.find((currency) => currency === parsed.data?.quote);
    if (!parsed.success || !code) return [];
    const asOfMs = Math.min(Date.parse(parsed.data.date) + NOON_MS, nowMs);
    return quoteOf('frankfurter', `USD/${code}`, microOf(parsed.data.rate), asOfMs);
  });
};
