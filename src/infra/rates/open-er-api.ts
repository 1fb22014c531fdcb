// ExchangeRate-API's open access: the dollar in all of the ten, once a day, dated by the source. Asking once an hour
// is always allowed; its terms want a link "Rates By Exchange Rate API" wherever its rates are published.
import { z } from 'zod';
import { microOf, unixSeconds } from './decimal.ts';
import { quoteOf, type Source } from './source.ts';

const answer = z.object({
  result: z.literal('success'),
  base_code: z.literal('USD'),
  time_last_update_unix: unixSeconds,
  rates: z.record(z.string(), z.unknown()),
});

/** `GET /v6/latest/USD`. The rates are JSON numbers. */
export const openErApi: Source = async (fetchJson, { baseUrl, currencies }) => {
  const { body } = await fetchJson(`${baseUrl}/v6/latest/USD`);
  const { rates, time_last_update_unix } = answer.parse(body);
  return currencies.flatMap((code) => {
    const price = rates[code];
    return typeof price === 'string'
      ? quoteOf('open-er-api', `USD/${code}`, microOf(price), time_last_update_unix)
      : [];
  });
};
