// Amounts as typed: read exactly, asked about, or refused; never silently changed.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grouped, readAmount, spoken } from '../../src/chat/amount.ts';
import { CURRENCIES } from '../../src/domain/currencies.ts';

const read = (text: string, own = 'KES') => {
  const reading = readAmount(text, own);
  if (reading.kind === 'sure') return spoken(reading.amount);
  return reading.kind === 'unsure' ? reading.meanings : reading.trouble;
};

describe('sure', () => {
  test.each([
    ['500', '500 sats'],
    ['1', '1 sat'],
    [' 500 ', '500 sats'],
    ['1.2k', '1,200 sats'],
    ['1.2K', '1,200 sats'],
    ['5 k', '5,000 sats'],
    ['1,000', '1,000 sats'],
    ['1,234,567', '1,234,567 sats'],
    ['500 sats', '500 sats'],
    ['21 sat', '21 sats'],
    ['21 Satoshi', '21 sats'],
    ['sats 500', '500 sats'],
    ['2k sats', '2,000 sats'],
    ['1.5m', '1,500,000 sats'],
    ['0.001 btc', '100,000 sats'],
    ['0.00000001btc', '1 sat'],
    ['1.000 btc', '100,000,000 sats'],
    ['₿0.5', '50,000,000 sats'],
    ['KES 200', 'KES 200'],
    ['kes200', 'KES 200'],
    ['200kes', 'KES 200'],
    ['200 bob', 'KES 200'],
    ['2k bob', 'KES 2,000'],
    ['2kbob', 'KES 2,000'],
    ['ksh 50', 'KES 50'],
    ['Ksh. 50', 'KES 50'],
    ['KSh 200/=', 'KES 200'],
    ['200/-', 'KES 200'],
    ['50 shilingi', 'KES 50'],
    ['1,000.50 kes', 'KES 1,000.50'],
    ['KES 1.5', 'KES 1.50'],
    ['₦500', 'NGN 500'],
    ['R50', 'ZAR 50'],
    ['P20', 'BWP 20'],
    ['200mk', 'MWK 200'],
    ['UGX 5,000', 'UGX 5,000'],
    ['$2', 'USD 2'],
    ['2.50 usd', 'USD 2.50'],
    ['gh₵ 5', 'GHS 5'],
    ['all', 'all'],
    ['Zote', 'all'],
    ['yote', 'all'],
  ])('%j is %s', (text, meaning) => expect(read(text)).toBe(meaning));

  test('a shared word means the own currency', () => {
    expect(read('50 shillings', 'UGX')).toBe('UGX 50');
    expect(read('50 kwacha', 'ZMW')).toBe('ZMW 50');
  });
});

describe('asked about, with each meaning', () => {
  test.each([
    ['1.000', ['1,000 sats', '1 sat']],
    ['1.234', ['1,234 sats']],
    ['1.234k', ['1,234,000 sats', '1,234 sats']],
    ['1.000.000', ['1,000,000 sats']],
    ['1 000', ['1,000 sats']],
    ['1,5k', ['1,500 sats']],
    ['0,001 btc', ['100,000 sats']],
    ['KES 1,50', ['KES 1.50']],
    ['KES 1.500', ['KES 1,500', 'KES 1.50']],
    ['1.000,50 kes', ['KES 1,000.50']],
    ['R1 000,50', ['ZAR 1,000.50']],
  ])('J5: %j is asked about', (text, meanings) => expect(read(text)).toEqual(meanings));

  test('a shared word where none of them is the own currency', () => {
    expect(read('50 shillings', 'ZAR')).toEqual(['KES 50', 'TZS 50', 'UGX 50']);
    expect(read('200/=', 'NGN')).toEqual(['KES 200', 'TZS 200', 'UGX 200']);
  });

  test('J5: every meaning offered reads as sure, as itself', () => {
    const number = fc.stringMatching(/^[0-9][0-9., ]{0,8}[0-9]$/);
    const unit = fc.constantFrom('', ' btc', ' kes', 'k', ' shillings', ' ugx');
    fc.assert(
      fc.property(number, unit, (digits, word) => {
        const reading = readAmount(digits + word, 'NGN');
        if (reading.kind !== 'unsure') return;
        expect(reading.meanings.length).toBeGreaterThan(0);
        for (const meaning of reading.meanings) {
          expect(read(meaning, 'NGN')).toBe(meaning);
          expect(Buffer.byteLength(`say:${meaning}`)).toBeLessThanOrEqual(64);
        }
      }),
    );
  });
});

describe('refused', () => {
  test.each([
    ['', 'unreadable'],
    ['-1', 'unreadable'],
    ['+1', 'unreadable'],
    ['−5', 'unreadable'],
    ['1e9', 'unreadable'],
    ['0x10', 'unreadable'],
    ['0b11', 'unreadable'],
    ['１２', 'unreadable'],
    ['٣', 'unreadable'],
    ['१२', 'unreadable'],
    ['5²', 'unreadable'],
    ['½', 'unreadable'],
    ['1_000', 'unreadable'],
    ["1'000", 'unreadable'],
    ['NaN', 'unreadable'],
    ['Infinity', 'unreadable'],
    ['12abc', 'unreadable'],
    ['1.2.3', 'unreadable'],
    ['1,00,000', 'unreadable'],
    ['500.', 'unreadable'],
    ['.5 btc', 'unreadable'],
    ['007', 'unreadable'],
    ['0712345678', 'unreadable'],
    ['KES 200 bob', 'unreadable'],
    ['1\u{212a}', 'unreadable'],
    ['\u202e500', 'unreadable'],
    ['5\u200b00', 'unreadable'],
    ['500\u200f', 'unreadable'],
    ['5\u00a000', 'unreadable'],
    ['5\n00', 'unreadable'],
    ['500 nyota', 'unreadable'],
    ['9'.repeat(40), 'too_large'],
    ['0', 'zero'],
    ['0.00 kes', 'zero'],
    ['1.5', 'not_whole'],
    ['0.5 sats', 'not_whole'],
    ['1,5', 'not_whole'],
    ['1.23456k', 'not_whole'],
    ['0.000000001 btc', 'too_fine'],
    ['KES 1.2345', 'too_fine'],
    ['UGX 200.5', 'too_fine'],
  ])('D3: %j is refused: %s', (text, trouble) => expect(read(text)).toBe(trouble));
});

describe('never silently changed', () => {
  test('D3: every whole number reads as itself, plain and grouped', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 16n - 1n }), (sat) => {
        const amount = { kind: 'bitcoin', amountMsat: sat * 1_000n };
        for (const text of [String(sat), grouped(sat), `${sat} sats`]) {
          expect(readAmount(text, 'KES')).toEqual({ kind: 'sure', amount });
        }
      }),
    );
  });

  test('D3: every amount of every currency reads as itself', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CURRENCIES), fc.bigInt({ min: 1n, max: 10n ** 12n }), ({ code }, minor) => {
        const amount = { kind: 'fiat', minor, currency: code } as const;
        expect(readAmount(spoken(amount), 'KES')).toEqual({ kind: 'sure', amount });
      }),
    );
  });

  test('D3: whatever is read as a plain amount has exactly the digits that were typed', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.stringMatching(/^[-+ ]?[0-9.,eExX_' ]{1,12}(k|sats| sat)?$/),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const reading = readAmount(text, 'KES');
        if (reading.kind !== 'sure' || reading.amount.kind !== 'bitcoin' || /[kmb₿]/i.test(text)) return;
        const [whole = '', decimals = ''] = text.replace(/[^0-9.]/g, '').split('.');
        expect(/^0*$/.test(decimals)).toBe(true);
        expect(reading.amount.amountMsat).toBe(BigInt(whole) * 1_000n);
      }),
      { numRuns: 2_000 },
    );
  });
});
