// Amounts against an oracle that shares nothing with the reader: it takes the text apart by other means and computes with
// fractions. Whatever the reader is sure of must be what the oracle says, and nothing may hang or throw.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Amount, readAmount, spoken } from '../../src/chat/amount.ts';
import { splitAmount, splitParts } from '../../src/chat/parse.ts';
import { CURRENCIES } from '../../src/domain/currencies.ts';
import { LONGEST_MS, quick, RUNS } from './fuzz.ts';

const UNITS = [
  '',
  '',
  '',
  '',
  '',
  'sat',
  'sats',
  'btc',
  '₿',
  'kes',
  'bob',
  'ugx',
  'ksh',
  'sh',
  'rand',
  'naira',
  '₦',
  'tzs',
  'nyota',
];
const pieces = fc.constantFrom(
  '0',
  '1',
  '5',
  '9',
  '00',
  '000',
  '123',
  '.',
  ',',
  ' ',
  '-',
  '+',
  'e',
  'k',
  'm',
  '/=',
  '½',
);
const numeral = fc.array(pieces, { minLength: 1, maxLength: 9 }).map((parts) => parts.join(''));
/** Well written more often than not, or the oracle would hardly ever be asked. */
const likely = fc
  .tuple(
    fc.bigInt({ min: 1n, max: 10n ** 9n }),
    fc.constantFrom('', '.5', '.25', ',000', '.000', '.12'),
    fc.constantFrom('', 'k', 'm', ' k'),
  )
  .map((parts) => parts.join(''));
const number = fc.oneof(likely, numeral);
const unit = fc.constantFrom(...UNITS);
const money = fc
  .tuple(unit, fc.constantFrom('', ' '), number, fc.constantFrom('', ' '), unit)
  .map((all) => all.join(''));
const anything = fc.oneof(
  { weight: 6, arbitrary: money },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 400 }) },
);
const own = fc.constantFrom(...CURRENCIES.map(({ code }) => code));

/** Twelve decimals of whatever is said, as one whole number; undefined where the oracle knows no such text. */
function oracle(text: string): { digits: bigint; times: bigint } | undefined {
  const number = /\d[\d.,]*/.exec(text)?.[0].replace(/[.,]+$/, '');
  if (number === undefined) return undefined;
  const [whole = '', decimals = '', more] = number.replaceAll(',', '').split('.');
  if (more !== undefined) return undefined;
  const at = text.indexOf(number);
  const after = text
    .slice(at + number.length)
    .toLowerCase()
    .trim();
  const isUnit = /^(kes|ksh|mk|naira|rand|sats?)\b/.test(after);
  const factor = isUnit ? '' : after.charAt(0);
  const times = factor === 'k' ? 1_000n : factor === 'm' ? 1_000_000n : 1n;
  return { digits: BigInt(whole + decimals.padEnd(12, '0').slice(0, 12)), times };
}

const SCALE = 10n ** 12n;

/** The amount in the oracle's measure: sats, bitcoin or whole units of money. */
function measured(amount: Exclude<Amount, { kind: 'all' }>, isBtc: boolean): bigint {
  if (amount.kind === 'bitcoin') return (amount.amountMsat * SCALE) / (isBtc ? 100_000_000_000n : 1_000n);
  const digits = CURRENCIES.find(({ code }) => code === amount.currency)?.minorDigits ?? 2;
  return (amount.minor * SCALE) / 10n ** BigInt(digits);
}

test('what is read as sure is what was written, and reads as itself when it is said again', {
  timeout: LONGEST_MS,
}, () => {
  let sure = 0;
  fc.assert(
    fc.property(anything, own, (text, code) => {
      const reading = quick(() => readAmount(text, code));
      const said =
        reading.kind === 'unsure' ? reading.meanings : reading.kind === 'sure' ? [spoken(reading.amount)] : [];
      for (const each of said) expect(readAmount(each, code), each).toMatchObject({ kind: 'sure' });
      if (reading.kind !== 'sure' || reading.amount.kind === 'all') return;
      sure++;
      expect(readAmount(spoken(reading.amount), code)).toEqual(reading);
      const expected = oracle(text);
      expect(expected, text).toBeDefined();
      if (!expected) return;
      const isBtc = /btc|bitcoin|₿/i.test(text);
      expect(measured(reading.amount, isBtc), text).toBe(expected.digits * expected.times);
      expect(/[-+e½]/.test(text.replace(/[-=]$/, '').replace(/kes|tzs|ugx/g, '')), text).toBe(false);
    }),
    { numRuns: RUNS },
  );
  // An oracle that is never asked proves nothing.
  expect(sure).toBeGreaterThan(RUNS / 20);
});

test('no word of a message is lost or made up when it is taken apart', { timeout: LONGEST_MS }, () => {
  const wordsOf = (texts: (string | undefined)[]) => texts.join(' ').split(/\s+/).filter(Boolean);
  const plain = (each: string) => each.replace(/^@|[,.:;]$/g, '');
  const word = fc.oneof(
    money,
    fc.constantFrom('@baraka', '@asha_k', 'to', 'kwa', 'lunch', '😀', 'all', '@x'),
    fc.string(),
  );
  const message = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
  fc.assert(
    fc.property(message, own, (text, code) => {
      const words = wordsOf([text]);
      const { amount, note } = quick(() => splitAmount(text, code));
      const parts = quick(() => splitParts(text, code));
      const kept = wordsOf([parts.amount, parts.username, parts.note]).map(plain);
      const known = new Set(words.map(plain));
      // One small word before a name may go.
      return (
        wordsOf([amount, note]).join(' ') === words.join(' ') &&
        kept.every((each) => known.has(each)) &&
        words.length - kept.length <= 1
      );
    }),
    { numRuns: RUNS },
  );
});
