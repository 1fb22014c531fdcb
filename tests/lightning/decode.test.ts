// The decoder: the specification's own examples, what readers must refuse though the library does not, invoices made
// to be read in two ways, and random ones: never a crash, never a wrong amount.
import fc from 'fast-check';
import { parsePaymentRequest } from 'invoices';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/base/errors.ts';
import { decodeInvoice, findInvoice, isDecoded } from '../../src/infra/lightning/decode.ts';
import {
  bytesField,
  FEATURES,
  type Field,
  FORGED_PAYEE,
  featureField,
  forge,
  HASH,
  MEMO,
  numberField,
  SECRET,
  USUAL,
} from './forge.ts';
import { COFFEE, DONATION, INVALID, SPEC_PAYEE, TESTNET, VALID } from './vectors.ts';

function refusal(raw: string, network: Parameters<typeof decodeInvoice>[1] = 'bitcoin'): string {
  try {
    decodeInvoice(raw, network);
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('the specification', () => {
  test.each(VALID)('reads: $name', (vector) => {
    const invoice = decodeInvoice(vector.request, 'bitcoin');
    expect(invoice).toMatchObject({
      request: vector.request.toLowerCase(),
      amountMsat: vector.amountMsat,
      paymentHash: vector.paymentHash,
      minFinalCltv: vector.minFinalCltv,
      descriptionHash: vector.descriptionHash,
    });
    expect(invoice.expiresAtMs - invoice.createdAtMs).toBe(vector.expiryS * 1_000);
    if ('description' in vector) expect(invoice.description).toBe(vector.description);
    if (vector.paymentHash.startsWith('00')) expect(invoice.destination).toBe(SPEC_PAYEE);
  });

  test.each(INVALID)('refuses: %s', (_, request) => {
    expect(refusal(request)).toBe('invoice_unreadable');
  });

  test('knows the network', () => {
    expect(decodeInvoice(TESTNET, 'testnet').amountMsat).toBe(2_000_000_000n);
    expect(refusal(TESTNET)).toBe('invoice_wrong_network');
    expect(refusal(COFFEE, 'regtest')).toBe('invoice_wrong_network');
  });
});

describe('read in one way only', () => {
  const twice: [string, Field[]][] = [
    // LND reads the first of two, the library the last: we would watch one hash while the other is paid.
    ['two payment hashes', [HASH, bytesField('p', Buffer.alloc(32, 9)), SECRET, MEMO, FEATURES]],
    ['two secrets', [HASH, SECRET, bytesField('s', Buffer.alloc(32, 9)), MEMO, FEATURES]],
    ['two descriptions', [HASH, SECRET, MEMO, bytesField('d', 'rent'), FEATURES]],
    ['two expiries', [...USUAL, numberField('x', 60), numberField('x', 6_000)]],
    ['two feature fields', [...USUAL, featureField(100)]],
    ['description and hash of one', [...USUAL, bytesField('h', Buffer.alloc(32, 3))]],
    ['no description at all', [HASH, SECRET, FEATURES]],
    ['no payment hash', [SECRET, MEMO, FEATURES]],
    ['no secret', [HASH, MEMO, FEATURES]],
    ['a secret that is too short', [HASH, bytesField('s', Buffer.alloc(16, 2)), MEMO, FEATURES]],
    ['another payee than the signer', [...USUAL, bytesField('n', Buffer.from(SPEC_PAYEE, 'hex'))]],
    ['AMP required', [HASH, SECRET, MEMO, featureField(8, 14, 30)]],
    ['blinded route required', [HASH, SECRET, MEMO, featureField(8, 14, 24)]],
    ['an expiry beyond all time', [...USUAL, { tag: 'x', words: new Array(20).fill(31) }]],
    ['a description that is not UTF-8', [HASH, SECRET, bytesField('d', Buffer.from([0xff, 0xfe])), FEATURES]],
  ];
  test.each(twice)('refuses %s', (_, fields) => {
    expect(refusal(forge(fields))).toBe('invoice_unreadable');
  });

  test('takes what is usual, and the payee named once rightly', () => {
    expect(decodeInvoice(forge(USUAL), 'bitcoin')).toMatchObject({ amountMsat: 1_000_000n, destination: FORGED_PAYEE });
    const named = [...USUAL, bytesField('n', Buffer.from(FORGED_PAYEE, 'hex'))];
    expect(decodeInvoice(forge(named), 'bitcoin').destination).toBe(FORGED_PAYEE);
    // LND would pay the named one whatever the recovery flag says.
    expect(refusal(forge(named, 'lnbc10u', { flipRecovery: true }))).toBe('invoice_unreadable');
    expect(decodeInvoice(forge([HASH, SECRET, bytesField('d', ''), FEATURES]), 'bitcoin').description).toBe('');
  });

  test('an expiry of 0 is 0, not an hour', () => {
    const invoice = decodeInvoice(forge([...USUAL, numberField('x', 0)]), 'bitcoin');
    expect(invoice.expiresAtMs).toBe(invoice.createdAtMs);
  });

  test.each([
    'lnbc00',
    'lnbc0u',
    'lnbc01u',
    'lnbc10x',
    'lnbc1p',
    'lnbc15p',
    'lnbc21000001',
    'lnxx10u',
    'lnbc-5u',
    'lnbc1e9',
  ])('refuses the prefix %s', (prefix) => {
    expect(refusal(forge(USUAL, prefix))).toBe('invoice_unreadable');
  });

  test('signet is not testnet, also without an amount', () => {
    // The library reads the bare prefix `lntbs` as testnet with the unit s.
    expect(refusal(forge(USUAL, 'lntbs'), 'testnet')).not.toBe('accepted');
    expect(refusal(forge(USUAL, 'lntbs10u'), 'testnet')).toBe('invoice_wrong_network');
    expect(decodeInvoice(forge(USUAL, 'lntbs10u'), 'signet').amountMsat).toBe(1_000_000n);
    expect(decodeInvoice(forge(USUAL, 'lnbcrt10u'), 'regtest').amountMsat).toBe(1_000_000n);
    expect(decodeInvoice(forge(USUAL, 'lnbcrt'), 'regtest').amountMsat).toBeUndefined();
    expect(decodeInvoice(forge(USUAL, 'lnsb10u'), 'simnet').amountMsat).toBe(1_000_000n);
  });

  test('a decoded invoice cannot be imitated', () => {
    const invoice = decodeInvoice(COFFEE, 'bitcoin');
    expect(isDecoded(invoice)).toBe(true);
    expect(isDecoded({ ...invoice })).toBe(false);
    expect(Object.isFrozen(invoice)).toBe(true);
  });
});

describe('random', () => {
  const units: Record<string, bigint> = { m: 100_000_000n, u: 100_000n, n: 100n, '': 100_000_000_000n };

  test('amounts are exact', () => {
    const amount = fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.constantFrom('m', 'u', 'n', ''));
    fc.assert(
      fc.property(amount, ([digits, unit]) => {
        const msat = digits * (units[unit] ?? 0n);
        const request = forge(USUAL, `lnbc${digits}${unit}`);
        if (msat > 21_000_000n * 10n ** 11n) expect(refusal(request)).toBe('invoice_unreadable');
        else expect(decodeInvoice(request, 'bitcoin').amountMsat).toBe(msat);
      }),
      { numRuns: 200 },
    );
  });

  test('damage is refused or harmless', () => {
    const damage = fc.tuple(
      fc.constantFrom(COFFEE, DONATION, TESTNET),
      fc.array(fc.tuple(fc.nat(400), fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l1bioBIO ')), { maxLength: 6 }),
    );
    fc.assert(
      fc.property(damage, ([request, changes]) => {
        const letters = [...request];
        for (const [at, letter] of changes) letters[at % letters.length] = letter;
        const damaged = letters.join('');
        if (damaged !== request) expect(refusal(damaged)).not.toBe('accepted');
      }),
      { numRuns: 500 },
    );
  });

  test('any fields: never a crash, and what is accepted is what the library reads', () => {
    const field = fc.record({
      tag: fc.constantFrom(...'pshdxcnmf9r2'),
      words: fc.oneof(fc.array(fc.nat(31), { maxLength: 60 }), fc.array(fc.nat(31), { minLength: 52, maxLength: 52 })),
    });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 4 }), fc.boolean(), (extra, first) => {
        const request = forge(first ? [...extra, ...USUAL] : [...USUAL, ...extra]);
        if (refusal(request) !== 'accepted') return;
        const ours = decodeInvoice(request, 'bitcoin');
        const theirs = parsePaymentRequest({ request });
        expect(ours).toMatchObject({ paymentHash: theirs.id, destination: theirs.destination });
        expect(ours.amountMsat).toBe(1_000_000n);
      }),
      { numRuns: 500 },
    );
  });

  test('any text at all', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((tail) => `lnbc1${tail}`),
    );
    fc.assert(
      fc.property(text, (raw) => {
        findInvoice(raw);
        expect(refusal(raw)).toBe('invoice_unreadable');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('finding it in what people paste', () => {
  const wrapped = `${COFFEE.slice(0, 90)}\n${COFFEE.slice(90, 180)}\r\n  ${COFFEE.slice(180)}`;
  const found: [string, string][] = [
    ['alone', COFFEE],
    ['with space around', ` \n${COFFEE}\n`],
    ['as a link', `lightning:${COFFEE}`],
    ['as a link with slashes', `lightning://${COFFEE}`],
    ['upper case as in a QR code', `LIGHTNING:${COFFEE.toUpperCase()}`],
    [
      'in a bitcoin link',
      `bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4?amount=0.0025&lightning=${COFFEE}&label=x`,
    ],
    ['in a bitcoin link, all upper case', `BITCOIN:BC1Q?LIGHTNING=${COFFEE.toUpperCase()}`],
    ['forwarded', `Habari! Please pay this: ${COFFEE} asante.`],
    ['in brackets and quotes', `("${COFFEE}").`],
    ['broken over lines', `Pay:\n${wrapped}\nThank you`],
    ['with zero-width marks', `\u200b${COFFEE.slice(0, 50)}\u200b${COFFEE.slice(50)}\ufeff`],
    ['after something like one', `lnbc1notaninvoiceatallbutlong ${COFFEE}`],
  ];
  test.each(found)('%s', (_, text) => {
    expect(findInvoice(text)).toBe(COFFEE);
  });

  test('a damaged one is still found, so that it can be named damaged', () => {
    const damaged = COFFEE.replace('xyszxp', 'xyszzz').replace(/.$/, 'q');
    expect(findInvoice(`pay ${damaged} now`)).toBe(damaged);
    expect(refusal(damaged)).toBe('invoice_unreadable');
  });

  test.each([
    '',
    'hello',
    'lnbc',
    'pay 500 to @asha',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    'lnurl1dp68gurn8ghj7',
  ])('nothing in %j', (text) => {
    expect(findInvoice(text)).toBeUndefined();
  });

  test('a long hostile text takes no time', () => {
    // Its own time, not what the machine does meanwhile.
    const started = process.cpuUsage();
    findInvoice('lnbc1'.repeat(50_000));
    findInvoice('lnbc1qqqqqqqqqqqqqqqqqqqqqqqqq\n'.repeat(5_000));
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(1_000);
  });
});
