// Invoices that strangers paste: any amount any prefix can say, signed, changed by a letter, cut, joined, buried in text.
// What is accepted is for exactly the amount that is written in it; everything else is one refusal, and nothing hangs.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Refusal } from '../../src/base/errors.ts';
import { looksLikeInvoice, readPlain, readSlash } from '../../src/chat/parse.ts';
import { decodeInvoice, findInvoice } from '../../src/infra/lightning/decode.ts';
import { HOSTILE } from '../chat/hostile.ts';
import { bytesField, forge, USUAL } from '../lightning/forge.ts';
import { LONGEST_MS, quick, RUNS } from './fuzz.ts';

/** Tenths of a millisatoshi, by moving the point: no table of the decoder's. */
const PLACES: Readonly<Record<string, number>> = { '': 12, m: 9, u: 6, n: 3, p: 0 };
function written(digits: string, unit: string): bigint | undefined {
  const tenths = BigInt(`${digits}${'0'.repeat(PLACES[unit] ?? 0)}`);
  return digits.startsWith('0') || tenths % 10n !== 0n || tenths > 21n * 10n ** 18n ? undefined : tenths / 10n;
}

const amount = fc.oneof(
  fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 9n }).map(String), fc.constantFrom(...Object.keys(PLACES))),
  fc.tuple(fc.stringMatching(/^\d{1,20}$/), fc.constantFrom(...Object.keys(PLACES))),
);
const honest = forge(USUAL, 'lnbcrt10u');

function decoded(text: string): bigint | 'any' | undefined {
  try {
    return quick(() => decodeInvoice(text, 'regtest')).amountMsat ?? 'any';
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

test('an amount is the one that was signed, or the invoice is refused', { timeout: LONGEST_MS }, () => {
  let accepted = 0;
  fc.assert(
    fc.property(amount, ([digits, unit]) => {
      const found = decoded(forge(USUAL, `lnbcrt${digits}${unit}`));
      if (found === undefined) return written(digits, unit) === undefined || digits.length > 18;
      accepted++;
      return found === written(digits, unit);
    }),
    // Each is signed, which is what takes the time.
    { numRuns: Math.ceil(RUNS / 10) },
  );
  expect(accepted).toBeGreaterThan(RUNS / 100);
});

test('one letter changed, cut, doubled or put in is always seen', { timeout: LONGEST_MS }, () => {
  const change = fc.tuple(
    fc.nat(honest.length - 1),
    fc.constantFrom('q', 'p', '1', 'l', 'B', ' ', 'é', '\u200b', '0'),
    fc.nat(3),
  );
  fc.assert(
    fc.property(change, ([at, letter, how]) => {
      const rest = honest.slice(at + (how === 0 ? 1 : 0));
      const text =
        how === 1 ? honest.slice(0, at) : `${honest.slice(0, at)}${how === 2 ? honest.charAt(at) : letter}${rest}`;
      const found = decoded(text);
      return found === undefined || text.trim().toLowerCase() === honest;
    }),
    { numRuns: RUNS },
  );
});

test('whatever is pasted is read without a throw or a wait, and an honest invoice is found in it', {
  timeout: LONGEST_MS,
}, () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...HOSTILE.filter((each) => each.length < 200 && !/ln(bc|tb|sb)/i.test(each)),
      'lnbc',
      'ln',
      '1'.repeat(70),
      '\n',
      ' ',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.stringMatching(/^lnbc[a-z0-9]{20,90}$/),
  );
  const pasted = fc.array(piece, { maxLength: 6 });
  fc.assert(
    // Recovering an honest signature takes a millisecond: one text in twenty has one.
    fc.property(pasted, pasted, fc.nat(19), (before, after, luck) => {
      const invoice = luck === 0 ? honest : '';
      const text = `${before.join('\n')}\n\n${invoice}\n\n${after.join('\n')}`;
      quick(() => [readSlash(text), readPlain(text), looksLikeInvoice(text)]);
      const found = quick(() => findInvoice(text));
      if (found !== undefined) decoded(found);
      // Another one before it may be taken first; then that is the one that is read, or refused.
      return luck !== 0 || before.some((each) => /ln(bc|tb|sb)/i.test(each)) || found === honest;
    }),
    { numRuns: RUNS },
  );
});

test('texts made to be slow are not', () => {
  const long = forge([...USUAL.slice(0, 2), bytesField('d', 'x'.repeat(600)), ...USUAL.slice(3)], 'lnbcrt10u');
  const slow = [
    `lnbc${'q'.repeat(21)}\n`.repeat(800),
    'lnbc1'.repeat(4_000),
    `lnbc${'1'.repeat(20_000)}!`,
    `${long.slice(0, -1)}\n`.repeat(15),
    `/send ${'1 '.repeat(4_000)}`,
    `${'9'.repeat(4_000)}`,
    `${'1,'.repeat(4_000)}`,
    '@'.repeat(4_000),
  ];
  for (const text of slow) {
    quick(() => findInvoice(text));
    quick(() => [looksLikeInvoice(text), readSlash(text), readPlain(text)]);
    decoded(text);
  }
});
