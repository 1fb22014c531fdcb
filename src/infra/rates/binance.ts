// Binance's market data: a bitcoin in USDT, from the live order book. A market that is closed keeps answering with
// its last price, so only a market that is trading is asked for, and USDT is marked as the stand-in it is.
import { z } from 'zod';
import { decimalText, microOf } from './decimal.ts';
import { quoteOf, type Source } from './source.ts';

const answer = z.object({ symbol: z.literal('BTCUSDT'), price: decimalText });

/** `GET /api/v3/ticker/price`. The price is a string; nothing in the body is dated. */
export const binance: Source = async (fetchJson, { baseUrl }) => {
  const { body, dateMs } = await fetchJson(`${baseUrl}/api/v3/ticker/price?symbol=BTCUSDT&symbolStatus=TRADING`);
  return quoteOf('binance', 'BTC/USD', microOf(answer.parse(body).price), dateMs, 'USDT');
};
