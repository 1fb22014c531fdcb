// Phone numbers where a payee is named. Nobody can be paid by number yet, and a number taken for a note or an amount
// would be worse than a no. What could be an amount of ours is never called a number. Pure.
import { readAmount } from './amount.ts';
import { isBeforeName } from './parse.ts';

export type Phone = { readonly phone: string; readonly rest: string };

/** Digits of a number with its country's code, for the countries whose money we speak. */
const DIGITS: Readonly<Record<string, number>> = {
  ...{ '27': 11, '233': 12, '234': 13, '251': 12, '254': 12, '255': 12, '256': 12, '260': 12, '265': 12, '267': 11 },
};
/** Written as at home: a nought first, as no amount has it. Eleven digits in Nigeria. */
const DIGITS_AT_HOME: readonly number[] = [10, 11];
const FEWEST = 8;
const MOST = 15;
/** An amount and a small word come before it at most. */
const LATEST = 7;
const PIECE = /^\+?[\d()-]*\d[\d()-]*[.,;:]?$/;

/**
 * The phone number that stands where a payee belongs, and the words without it: first (`0712345678 7`) or right after the
 * amount (`7 to +254 712-345 678 lunch`). A number deeper in a note stays there.
 */
export function splitPhone(text: string, own: string): Phone | undefined {
  const tokens = text.split(/\s+/).filter(Boolean);
  for (let at = 0; at < Math.min(tokens.length, LATEST); at += 1) {
    const amount = tokens.slice(0, isBeforeName(tokens[at - 1]) ? at - 1 : at);
    if (amount.length > 0 && !isAmount(amount.join(' '), own)) continue;
    const found = phoneAtStart(tokens.slice(at), own);
    if (found) return { phone: found.phone, rest: [...amount, ...tokens.slice(at + found.length)].join(' ') };
  }
  return undefined;
}

/** Whether the words as a whole are a phone number. */
export function isPhone(text: string, own: string): boolean {
  const found = splitPhone(text, own);
  return found?.rest === '';
}

function phoneAtStart(tokens: readonly string[], own: string): { phone: string; length: number } | undefined {
  const isPlus = tokens[0]?.startsWith('+') ?? false;
  let digits = '';
  let length = 0;
  for (const token of tokens) {
    if (!PIECE.test(token) || (length > 0 && token.startsWith('+'))) break;
    const longer = digits + token.replace(/\D/g, '');
    if (longer.length > MOST) break;
    digits = longer;
    length += 1;
    if (isWhole(digits, isPlus)) {
      // With a unit after it, it is an amount, however large.
      const isUnit = !isPlus && isAmount(`1 ${tokens[length] ?? '?'}`, own);
      return isUnit ? undefined : { phone: isPlus ? `+${digits}` : digits, length };
    }
  }
  // No amount begins with a plus: of a country we do not know, all that follows belongs to the number.
  return isPlus && digits.length >= FEWEST ? { phone: `+${digits}`, length } : undefined;
}

/** At least ten digits with a nought first or eleven without: as sats more than anyone can send at once. */
function isWhole(digits: string, isPlus: boolean): boolean {
  if (!isPlus && /^0[1-9]/.test(digits)) return DIGITS_AT_HOME.includes(digits.length);
  return [2, 3].some((length) => DIGITS[digits.slice(0, length)] === digits.length);
}

function isAmount(text: string, own: string): boolean {
  const reading = readAmount(text, own);
  return reading.kind !== 'refused' || reading.trouble !== 'unreadable';
}
