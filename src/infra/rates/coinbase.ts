// Coinbase's exchange rates: one call gives a bitcoin in dollars and in all of the ten. Its bitcoin price is of the
// minute, its fiat rates are the official ones; so the dollar's price in each currency is taken out of the two.
import { z } from 'zod';
import { decimalText, scaled } from './decimal.ts';
import { quoteOf, type Source } from './source.ts';

const NAME = 'coinbase';

const answer = z.object({
  data: z.object({ currency: z.literal('BTC'), rates: z.object({ USD: decimalText }).catchall(z.unknown()) }),
});

/** Digits kept of both prices before one is divided by the other. */
const PLACES = 18;

/** `GET /v2/exchange-rates?currency=BTC`. All values are strings; the date is that of the answer. */
export const coinbase: Source = async (fetchJson, { baseUrl, currencies }) => {
  const { body, dateMs } = await fetchJson(`${baseUrl}/v2/exchange-rates?currency=BTC`);
  const { rates } = answer.parse(body).data;
  const usd = scaled(rates.USD, PLACES) ?? 0n;
  const fiat = currencies.flatMap((code) => {
    const price: unknown = rates[code];
    const perBtc = typeof price === 'string' ? scaled(price, PLACES) : undefined;
    const perUsd = perBtc !== undefined && usd > 0n ? (perBtc * 1_000_000n) / usd : undefined;
    return quoteOf(NAME, `USD/${code}`, perUsd, dateMs);
  });
  return [...quoteOf(NAME, 'BTC/USD', scaled(rates.USD, 6), dateMs), ...fiat];
};
