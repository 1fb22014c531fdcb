// CoinGecko: a bitcoin in dollars and, of the ten, in KES, NGN, ZAR and ZMW, each dated by the source. It answers
// from a cache of 60 s, so asking more often brings nothing. A currency that it does not know is silently missing.
import { z } from 'zod';
import { decimalText, microOf, unixSeconds } from './decimal.ts';
import { quoteOf, type Source } from './source.ts';

const NAME = 'coingecko';

const answer = z.object({
  bitcoin: z
    .object({ usd: decimalText.optional().catch(undefined), last_updated_at: unixSeconds })
    .catchall(z.unknown()),
});

/** `GET /simple/price`. The numbers are JSON numbers, `last_updated_at` is in seconds. */
export const coingecko: Source = async (fetchJson, { baseUrl, currencies }) => {
  const codes = ['USD' as const, ...currencies];
  const query = `ids=bitcoin&vs_currencies=${codes.join(',').toLowerCase()}&include_last_updated_at=true&precision=full`;
  const { body } = await fetchJson(`${baseUrl}/simple/price?${query}`);
  const { bitcoin } = answer.parse(body);
  return codes.flatMap((code) => {
    const price: unknown = bitcoin[code.toLowerCase()];
    return typeof price === 'string' ? quoteOf(NAME, `BTC/${code}`, microOf(price), bitcoin.last_updated_at) : [];
  });
};
