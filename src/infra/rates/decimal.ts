// Prices as sources write them, turned into integers without ever being a floating-point number. Anything that is
// not plainly a decimal number is refused: no blanks, no hexadecimal, no trailing words.
import { z } from 'zod';

const DECIMAL = /^(-?)(\d{1,30})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** A decimal number as text, exponent allowed. Numbers in fetched JSON arrive as their own text (see fetch-json.ts). */
export const decimalText = z.string().regex(DECIMAL);

/** A whole number of seconds since 1970 as text, given in milliseconds. */
export const unixSeconds = z
  .string()
  .regex(/^\d{9,11}$/)
  .transform((text) => Number(text) * 1_000);

/** Millionths, rounded towards zero, of a decimal number as text; undefined when the text is none. */
export function microOf(text: string): bigint | undefined {
  return scaled(text, 6);
}

/** `text` times 10^`places`, rounded towards zero. Undefined when the text is not a decimal number. */
export function scaled(text: string, places: number): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  const shift = places - fraction.length + Number(exponent);
  const value = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return sign === '-' ? -value : value;
}
