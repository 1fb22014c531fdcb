// Amounts as people speak them: `500`, `1.2k`, `500 sats`, `0.001 btc`, `KES 200`, `200 bob`, `200/=`, `all`. Digits are
// read exactly or the whole is refused; where a separator or a word can mean two things we give the meanings to choose
// from and never guess. A plain number is sats. Pure.
import { currenciesSaid, type FiatCode, minorDigitsOf } from '../domain/currencies.ts';
import { MSAT_PER_SAT } from '../domain/money.ts';

export type Amount =
  | { readonly kind: 'bitcoin'; readonly amountMsat: bigint }
  | { readonly kind: 'fiat'; readonly minor: bigint; readonly currency: FiatCode }
  | { readonly kind: 'all' };

export type AmountTrouble = 'unreadable' | 'zero' | 'too_large' | 'not_whole' | 'too_fine';

export type AmountReading =
  | { readonly kind: 'sure'; readonly amount: Amount }
  /** Each meaning is an amount that reads as sure. */
  | { readonly kind: 'unsure'; readonly meanings: readonly string[] }
  | { readonly kind: 'refused'; readonly trouble: AmountTrouble };

const ALL = new Set(['all', 'everything', 'zote', 'yote']);
const SATS = new Set(['sat', 'sats', 'satoshi', 'satoshis']);
const BTC = new Set(['btc', 'bitcoin', '₿']);
const TIMES: Readonly<Record<string, bigint>> = { k: 1_000n, m: 1_000_000n };
const SHILLING = 'sh';
/** No amount anyone can mean has more digits, as it is written or as it is said again. */
const MOST_DIGITS = 16;
const TOO_LARGE = 10n ** BigInt(MOST_DIGITS);

// ASCII and the signs of our currencies. Other digits, invisible and direction-changing marks are outside.
const READABLE = /^[\x20-\x7e₿₦₵¢]+$/;
const SHAPE = /^([^\d\s.,+-]+\.?)? ?(\d(?:[\d.,]|(?<=\d) (?=\d))*)(?: ?((?:[km] )?[^\d\s.,+-]+\.?))?$/;

type Unit = { readonly sats: true } | { readonly btc: true } | { readonly fiat: FiatCode };
/** `units` / 10^`decimals`. */
type Numeral = { readonly units: bigint; readonly decimals: number };
type Numerals = { readonly sure: boolean; readonly values: readonly Numeral[] };

/**
 * Reads one amount.
 * @param own the person's currency: a word shared by several ("shilingi") means it, if it is among them.
 */
export function readAmount(text: string, own: string): AmountReading {
  const plain = text.trim().replace(/ +/g, ' ').toLowerCase();
  if (!READABLE.test(text.trim()) || plain === '') return refused('unreadable');
  if (ALL.has(plain)) return { kind: 'sure', amount: { kind: 'all' } };
  const parts = splitUnit(plain);
  if (!parts) return refused('unreadable');
  if (parts.number.replace(/\D/g, '').length > MOST_DIGITS) return refused('too_large');
  const units = unitsSaid(parts.word, own);
  if (units.length === 0) return refused('unreadable');
  const meanings = units.map((unit) => ({ unit, numerals: readNumeral(parts.number, 'btc' in unit) }));
  const isSure = meanings.length === 1 && meanings.every(({ numerals }) => numerals?.sure);
  const readings = meanings.flatMap(({ unit, numerals }) =>
    (numerals?.values ?? []).map((value) => amountIn(times(value, parts.times), unit)),
  );
  const amounts = readings.filter((reading): reading is Amount => typeof reading !== 'string');
  const [first] = amounts;
  if (!first) return refused(readings.find((reading) => typeof reading === 'string') ?? 'unreadable');
  if (isSure) return { kind: 'sure', amount: first };
  return { kind: 'unsure', meanings: [...new Set(amounts.map(spoken))] };
}

/** Whether a word is one of the amount units, so that it can stand alone as an answer ("kes"). */
export function currencySaid(word: string, own: string): FiatCode | undefined {
  const found = currenciesSaid(word);
  return found.length === 1 ? found[0] : found.find((code) => code === own);
}

function splitUnit(text: string): { number: string; times: bigint; word: string | undefined } | undefined {
  // "200/=" and "200/-" are shillings, with or without another word for them.
  const bare = text.replace(/ ?\/[=-]$/, '');
  const match = SHAPE.exec(bare);
  const number = match?.[2];
  if (!match || !number) return undefined;
  const [, before, , after] = match;
  const suffix = splitTimes(after ?? '');
  if (!suffix) return undefined;
  if (before && suffix.word) return undefined;
  const word = before ?? suffix.word ?? (bare === text ? undefined : SHILLING);
  return { number, times: suffix.times, word };
}

/** "k", "kes", "k bob" and "kbob": a multiplier, a word, or both. */
function splitTimes(suffix: string): { times: bigint; word?: string } | undefined {
  if (suffix === '') return { times: 1n };
  if (isUnit(suffix)) return { times: 1n, word: suffix };
  const factor = TIMES[suffix.charAt(0)];
  const rest = suffix.slice(1).trimStart();
  if (factor === undefined) return undefined;
  if (rest === '') return { times: factor };
  return isUnit(rest) ? { times: factor, word: rest } : undefined;
}

function isUnit(word: string): boolean {
  return SATS.has(word) || BTC.has(word) || currenciesSaid(word).length > 0;
}

function unitsSaid(word: string | undefined, own: string): Unit[] {
  if (word === undefined || SATS.has(word)) return [{ sats: true }];
  if (BTC.has(word)) return [{ btc: true }];
  const meant = currencySaid(word, own);
  return (meant ? [meant] : currenciesSaid(word)).map((fiat) => ({ fiat }));
}

/** Digits with separators. A dot is sure as a decimal point, commas as groups of three; all else is asked about. */
function readNumeral(text: string, isBtc: boolean): Numerals | undefined {
  const whole = (digits: string): Numeral => ({ units: BigInt(digits.replace(/\D/g, '')), decimals: 0 });
  const decimal = (head: string, tail: string): Numeral => ({
    units: BigInt(head.replace(/\D/g, '') + tail),
    decimals: tail.length,
  });
  const one = (sure: boolean, ...values: Numeral[]): Numerals => ({ sure, values });
  if (/^(0|[1-9]\d*)$/.test(text) || /^[1-9]\d{0,2}(,\d{3})+$/.test(text)) return one(true, whole(text));
  const [head = '', tail = ''] = splitLast(text);
  const isDot = text.includes('.') && !tail.includes(',') && text.lastIndexOf('.') > text.lastIndexOf(',');
  const isPlainHead = /^(0|[1-9]\d*)$/.test(head);
  if (isDot && isPlainHead) {
    const isGrouping = /^[1-9]\d{0,2}$/.test(head) && tail.length === 3 && !isBtc;
    return isGrouping ? one(false, whole(text), decimal(head, tail)) : one(true, decimal(head, tail));
  }
  if (isDot && /^[1-9]\d{0,2}(,\d{3})+$/.test(head)) return one(true, decimal(head, tail));
  if (isPlainHead && /^\d+$/.test(tail) && text.charAt(head.length) === ',') return one(false, decimal(head, tail));
  if (/^[1-9]\d{0,2}((\.\d{3}){2,}|( \d{3})+)$/.test(text)) return one(false, whole(text));
  if (/^[1-9]\d{0,2}(\.\d{3})+,\d+$|^[1-9]\d{0,2}( \d{3})+[.,]\d+$/.test(text)) return one(false, decimal(head, tail));
  return undefined;
}

function splitLast(text: string): [string, string] | [] {
  const match = /^(.+)[.,](\d+)$/.exec(text);
  return match ? [match[1] ?? '', match[2] ?? ''] : [];
}

function times({ units, decimals }: Numeral, factor: bigint): Numeral {
  return { units: units * factor, decimals };
}

function amountIn({ units, decimals }: Numeral, unit: Unit): Amount | AmountTrouble {
  if (units === 0n) return 'zero';
  const inDigits = (digits: number): bigint | undefined => {
    const scaled = units * 10n ** BigInt(digits);
    const divisor = 10n ** BigInt(decimals);
    return scaled % divisor === 0n ? scaled / divisor : undefined;
  };
  if ('fiat' in unit) {
    const minor = inDigits(minorDigitsOf(unit.fiat));
    if (minor !== undefined && minor >= TOO_LARGE) return 'too_large';
    return minor === undefined ? 'too_fine' : { kind: 'fiat', minor, currency: unit.fiat };
  }
  const sat = inDigits('btc' in unit ? 8 : 0);
  if (sat === undefined) return 'btc' in unit ? 'too_fine' : 'not_whole';
  if (sat >= TOO_LARGE) return 'too_large';
  return { kind: 'bitcoin', amountMsat: sat * MSAT_PER_SAT };
}

/** An amount in the one way of writing that can mean nothing else. */
export function spoken(amount: Amount): string {
  if (amount.kind === 'all') return 'all';
  if (amount.kind === 'bitcoin') {
    const sat = amount.amountMsat / MSAT_PER_SAT;
    return `${grouped(sat)} ${sat === 1n ? 'sat' : 'sats'}`;
  }
  const digits = minorDigitsOf(amount.currency);
  const unit = 10n ** BigInt(digits);
  const rest = amount.minor % unit;
  const cents = digits > 0 && rest > 0n ? `.${rest.toString().padStart(digits, '0')}` : '';
  return `${amount.currency} ${grouped(amount.minor / unit)}${cents}`;
}

/** Whole digits in groups of three, by commas: the custom of every country in the list but South Africa's schools. */
export function grouped(value: bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

function refused(trouble: AmountTrouble): AmountReading {
  return { kind: 'refused', trouble };
}
