// What a message says: commands, invoices, people, amounts, notes, and the nearest word for a typo.
import { describe, expect, test } from 'vitest';
import {
  findInvoice,
  looksLikeInvoice,
  readPlain,
  readSlash,
  readUsername,
  splitAmount,
  splitParts,
} from '../../src/chat/parse.ts';
import { isPhone, splitPhone } from '../../src/chat/phone-number.ts';
import { distance, nearest } from '../../src/chat/suggest.ts';

const INVOICE = `lnbc20u1p${'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.repeat(6)}`;

describe('amount, person and note in any order', () => {
  test.each([
    ['500 @baraka', { amount: '500', username: 'baraka' }],
    ['500 @baraka for lunch', { amount: '500', username: 'baraka', note: 'for lunch' }],
    ['@baraka 500 sats lunch money', { amount: '500 sats', username: 'baraka', note: 'lunch money' }],
    ['500 sats to @baraka lunch', { amount: '500 sats', username: 'baraka', note: 'lunch' }],
    ['500 kwa @baraka', { amount: '500', username: 'baraka' }],
    ['KES 200 @baraka', { amount: 'KES 200', username: 'baraka' }],
    ['1 000 @baraka', { amount: '1 000', username: 'baraka' }],
    ['@baraka', { username: 'baraka' }],
    ['500', { amount: '500' }],
    ['lunch @baraka', { username: 'baraka', note: 'lunch' }],
    ['all @baraka', { amount: 'all', username: 'baraka' }],
    ['@baraka all the best', { username: 'baraka', note: 'all the best' }],
    ['500 @baraka bob owes me', { amount: '500', username: 'baraka', note: 'bob owes me' }],
    ['500 r us @baraka', { amount: '500', username: 'baraka', note: 'r us' }],
    ['-5 @baraka', { amount: '-5', username: 'baraka' }],
    ['٣ @baraka', { amount: '٣', username: 'baraka' }],
    ['1e9 @baraka', { amount: '1e9', username: 'baraka' }],
    ['', {}],
  ])('%j', (text, parts) => expect(splitParts(text, 'KES')).toEqual(parts));

  test('an amount at the start of a text', () => {
    expect(splitAmount('KES 200 chakula cha mchana', 'KES')).toEqual({ amount: 'KES 200', note: 'chakula cha mchana' });
    expect(splitAmount('lunch', 'KES')).toEqual({ note: 'lunch' });
  });
});

describe('a phone number where a payee belongs', () => {
  test.each([
    ['7 +254712345678', '+254712345678', '7'],
    ['+254712345678 7', '+254712345678', '7'],
    ['+254 712 345 678 7', '+254712345678', '7'],
    ['7 +254 712-345-678 lunch', '+254712345678', '7 lunch'],
    ['7 to +254 (712) 345 678', '+254712345678', '7'],
    ['7 kwa 0712345678 chakula', '0712345678', '7 chakula'],
    ['7 0712 345 678', '0712345678', '7'],
    ['7 0712-345-678.', '0712345678', '7'],
    ['0712 345 678 7', '0712345678', '7'],
    ['0803 123 4567 2500', '08031234567', '2500'],
    ['7 254712345678', '254712345678', '7'],
    ['7 254 712 345 678', '254712345678', '7'],
    ['254712345678 2,500 thanks', '254712345678', '2,500 thanks'],
    ['5 000 0712345678', '0712345678', '5 000'],
    ['KES 200 +255712345678', '+255712345678', 'KES 200'],
    ['200 bob 0712345678', '0712345678', '200 bob'],
    ['all +27821234567', '+27821234567', 'all'],
    ['+26771234567 7', '+26771234567', '7'],
    // Of a country whose numbers we do not know.
    ['7 +44 20 7946 0958', '+442079460958', '7'],
    // One digit short: no amount all the same.
    ['7 +25471234567', '+25471234567', '7'],
    ['+254712345678', '+254712345678', ''],
  ])('%j: %s', (text, phone, rest) => expect(splitPhone(text, 'KES')).toEqual({ phone, rest }));

  test.each([
    '7 2500 thanks',
    '7',
    '2 547 123',
    '254712',
    '254 712 345',
    '10000000',
    '1,254,712,345,678',
    '254,712,345,678',
    '254712345678 sats',
    '254712345678 bob',
    'UGX 256700000000',
    '256700000000 ugx',
    '0.00012345 btc',
    '0.712345678',
    '7 0712',
    '7 for order 0712345678',
    '7 lunch 254712345678',
    '7 lunch +254712345678',
    '-5 thanks',
    '+7',
    '1234567890123456789012345678901234567890',
    `${'1 '.repeat(2_000)}0712345678`,
    '',
  ])('none in %j', (text) => expect(splitPhone(text, 'KES')).toBeUndefined());

  test('the whole of an answer, or not', () => {
    expect(isPhone('0712 345 678', 'KES')).toBe(true);
    expect(isPhone('7 0712345678', 'KES')).toBe(false);
    expect(isPhone('@baraka', 'KES')).toBe(false);
  });
});

describe('invoices', () => {
  test.each([
    INVOICE,
    INVOICE.toUpperCase(),
    `lightning:${INVOICE}`,
    `LIGHTNING:${INVOICE.toUpperCase()}`,
    `Please pay this:\n${INVOICE}\nthanks!`,
  ])('found in %.30j…', (text) => {
    expect(looksLikeInvoice(text)).toBe(true);
    expect(findInvoice(text)?.invoice.toLowerCase()).toBe(INVOICE);
  });

  test('the words around it are kept apart', () => {
    expect(findInvoice(`lightning:${INVOICE} 500 sats`)).toEqual({ invoice: INVOICE, rest: '500 sats' });
  });

  test.each(['hello', 'lnbc', 'lnbc1short', 'https://example.org/lnbc', 'my balance'])('none in %j', (text) => {
    expect(looksLikeInvoice(text)).toBe(false);
  });
});

test('commands and plain words', () => {
  expect(readSlash('/send 500 @a')).toEqual({ word: 'send', args: '500 @a' });
  expect(readSlash('/Rate@satfleet_bot tzs')).toEqual({ word: 'rate', bot: 'satfleet_bot', args: 'tzs' });
  expect(readSlash('/send\n500')).toEqual({ word: 'send', args: '500' });
  expect(readSlash('send 500')).toBeUndefined();
  expect(readPlain('  Balance! please')).toEqual({ word: 'balance', args: 'please' });
  expect(readUsername('@asha_k')).toBe('asha_k');
  expect(readUsername('asha_k')).toBe('asha_k');
  expect(readUsername('asha k')).toBeUndefined();
});

describe('the nearest word', () => {
  const known = ['balance', 'receive', 'request', 'send', 'settings', 'salio', 'tuma', 'historia'];
  test.each([
    ['balnce', 'balance'],
    ['blaance', 'balance'],
    ['recieve', 'receive'],
    ['snd', 'send'],
    ['sailo', 'salio'],
    ['histori', 'historia'],
  ])('%s: %s', (typo, meant) => expect(nearest(typo, known)[0]).toBe(meant));

  test('nothing when nothing is near, too short or too long', () => {
    expect(nearest('xylophone', known)).toEqual([]);
    expect(nearest('se', known)).toEqual([]);
    expect(nearest('b'.repeat(4_000), known)).toEqual([]);
  });

  test('a swap of neighbours is one edit', () => {
    expect(distance('ab', 'ba')).toBe(1);
    expect(distance('', 'abc')).toBe(3);
    expect(distance('send', 'send')).toBe(0);
  });
});
