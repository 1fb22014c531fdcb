// What every price source looks like from inside this folder: one function from an asker to quotes. A currency
// missing from an answer is left out of the quotes and never spoils the others; a wrong shape of the whole throws.
import type { CurrencyCode } from '../../domain/currencies.ts';
import type { Pair, RateQuote } from '../../domain/fx.ts';
import type { FetchJson } from './fetch-json.ts';

export type SourceOptions = {
  /** Without a slash at its end. */
  baseUrl: string;
  currencies: readonly CurrencyCode[];
  /** For sources that date nothing: never later than this. */
  nowMs: number;
};

/** Asks one source for all it has to say. Throws when it gives no usable answer at all. */
export type Source = (fetchJson: FetchJson, options: SourceOptions) => Promise<RateQuote[]>;

/** A quote, or nothing where the price is missing or is no number. Zero and negative pass: they are judged later. */
export function quoteOf(
  source: string,
  pair: Pair,
  micro: bigint | undefined,
  asOfMs: number,
  standIn?: RateQuote['standIn'],
): RateQuote[] {
  return micro === undefined ? [] : [{ source, pair, micro, asOfMs, ...(standIn && { standIn }) }];
}
