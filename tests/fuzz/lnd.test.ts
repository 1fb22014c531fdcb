// What a node could say, and what is made of it: only its own proof makes a payment paid, only LND's own words with
// nothing under way make it failed, only a settled invoice of the asked hash is money. Everything else is unknown.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeOf, explain, isInvoiceAbsent, isPaymentAbsent, isTransport } from '../../src/infra/lightning/faults.ts';
import { lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import { networkOf, outcomeOf, versionMayPay } from '../../src/infra/lightning/judge.ts';
import type { LightningNode } from '../../src/infra/lightning/node.ts';
import type { WireInfo, WirePayment } from '../../src/infra/lightning/wire.ts';
import { LONGEST_MS, quick, RUNS } from './fuzz.ts';

const preimage = Buffer.alloc(32, 9);
const hash = createHash('sha256').update(preimage).digest('hex');
const REASONS: Readonly<Record<string, string>> = {
  FAILURE_REASON_TIMEOUT: 'timed_out',
  FAILURE_REASON_NO_ROUTE: 'no_route',
  FAILURE_REASON_INCORRECT_PAYMENT_DETAILS: 'refused_by_payee',
  FAILURE_REASON_INSUFFICIENT_BALANCE: 'node_balance',
  FAILURE_REASON_ERROR: 'rejected',
  FAILURE_REASON_CANCELED: 'rejected',
};

const JUNK = fc.anything({ withBigInt: true, maxDepth: 1, maxKeys: 2, size: 'xsmall' });

/** Mostly what LND writes, now and then anything at all. */
const orJunk = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof({ weight: 12, arbitrary }, { weight: 1, arbitrary: JUNK });
const digits = fc.oneof(
  { weight: 8, arbitrary: fc.maxSafeNat().map(String) },
  fc.bigInt({ min: -5n, max: 2n ** 64n }).map(String),
  fc.constantFrom('', '0', '-1', '0x10', ' 12', '1e3', '1.5', '9'.repeat(30)),
);
const htlc = fc.record(
  { status: orJunk(fc.constantFrom('FAILED', 'IN_FLIGHT', 'SUCCEEDED', '')), attempt_time_ns: orJunk(digits) },
  { requiredKeys: [] },
);
const payment = fc.record({
  payment_hash: orJunk(fc.constantFrom(hash, hash.toUpperCase(), 'ab'.repeat(32), '')),
  payment_preimage: orJunk(
    fc.constantFrom(preimage.toString('hex'), '00'.repeat(32), '', `${preimage.toString('hex')}zz`),
  ),
  status: orJunk(fc.constantFrom('SUCCEEDED', 'FAILED', 'IN_FLIGHT', 'INITIATED', 'UNKNOWN', '__proto__')),
  failure_reason: orJunk(fc.constantFrom(...Object.keys(REASONS), 'FAILURE_REASON_NONE', 'constructor', 'toString')),
  value_msat: orJunk(digits),
  fee_msat: orJunk(digits),
  htlcs: orJunk(fc.array(htlc, { maxLength: 3 })),
});

const isWhole = (text: unknown) => typeof text === 'string' && /^\d{1,19}$/.test(text) && BigInt(text) < 2n ** 63n;

test('a payment’s record proves what it proves, and nothing more', { timeout: LONGEST_MS }, () => {
  const seen = { paid: 0, failed: 0, unknown: 0 };
  fc.assert(
    fc.property(payment, (record) => {
      const outcome = quick(() => outcomeOf(record as unknown as WirePayment, hash));
      seen[outcome.state]++;
      if (outcome.state === 'unknown') return;
      expect(String(record.payment_hash).toLowerCase()).toBe(hash);
      if (outcome.state === 'paid') {
        expect(record.status).toBe('SUCCEEDED');
        expect(createHash('sha256').update(Buffer.from(outcome.preimage, 'hex')).digest('hex')).toBe(hash);
        expect([isWhole(record.value_msat), isWhole(record.fee_msat)]).toEqual([true, true]);
        expect([`${outcome.amountMsat}`, `${outcome.feeMsat}`]).toEqual(
          [record.value_msat, record.fee_msat].map((text) => String(text).replace(/^0+(?=\d)/, '')),
        );
        return;
      }
      expect(record.status).toBe('FAILED');
      expect(Object.entries(REASONS)).toContainEqual([record.failure_reason, outcome.reason]);
      expect((record.htlcs as { status: unknown }[]).every(({ status }) => status === 'FAILED')).toBe(true);
    }),
    { numRuns: RUNS },
  );
  expect(Math.min(seen.paid, seen.failed)).toBeGreaterThan(RUNS / 500);
});

test('an invoice is money only when it is settled, ours, and says how much', { timeout: LONGEST_MS }, async () => {
  const invoice = fc.record(
    {
      r_hash: orJunk(fc.constantFrom(Buffer.from(hash, 'hex'), Buffer.alloc(32), Buffer.alloc(0))),
      state: orJunk(fc.constantFrom('OPEN', 'ACCEPTED', 'SETTLED', 'CANCELED', 'constructor')),
      amt_paid_msat: orJunk(digits),
      settle_index: orJunk(digits),
    },
    { requiredKeys: [] },
  );
  let settled = 0;
  await fc.assert(
    fc.asyncProperty(fc.option(invoice, { nil: undefined, freq: 20 }), async (answer) => {
      const node = { ask: async () => answer, check: async () => ({ state: 'up' }) } as unknown as LightningNode;
      const seen = await lookupInvoice(node, hash);
      expect(['open', 'held', 'settled', 'canceled', 'unknown']).toContain(seen.state);
      if (seen.state !== 'settled') {
        expect(seen.receivedMsat).toBe(0n);
        return;
      }
      settled++;
      expect(answer?.state).toBe('SETTLED');
      expect(Buffer.from(answer?.r_hash as Buffer).toString('hex')).toBe(hash);
      expect(isWhole(answer?.amt_paid_msat)).toBe(true);
      expect(seen.receivedMsat).toBe(BigInt(answer?.amt_paid_msat as string));
    }),
    { numRuns: RUNS },
  );
  expect(settled).toBeGreaterThan(RUNS / 500);
});

test('an error’s words are read without a throw, kept short, and tell no secret', { timeout: LONGEST_MS }, () => {
  const secret = fc.constantFrom(hash, preimage.toString('base64'), `lnbc10u1${'q'.repeat(90)}`);
  const words = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('unable to locate invoice', 'permission denied', 'wallet locked', ''),
    fc.tuple(fc.string({ maxLength: 20 }), secret).map(([text, hidden]) => `${text} ${hidden} ${text}`),
  );
  const error = fc.oneof(
    JUNK,
    fc.record({ code: orJunk(fc.integer({ min: -1, max: 20 })), details: orJunk(words) }, { requiredKeys: [] }),
    words.map((text) => Object.assign(new Error(text), { code: 2, details: text })),
  );
  fc.assert(
    fc.property(error, (thrown) => {
      const said = quick(() => explain(thrown));
      quick(() => [isTransport(thrown), isInvoiceAbsent(thrown), isPaymentAbsent(thrown), codeOf(thrown)]);
      const short = said.length < 260;
      return short && !said.includes(hash) && !said.includes('qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq');
    }),
    { numRuns: RUNS },
  );
});

test('versions and networks: no text lets an old node pay', { timeout: LONGEST_MS }, () => {
  const version = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.tuple(fc.nat(2), fc.nat(40), fc.nat(9)).map(([major, minor, patch]) => `${major}.${minor}.${patch}-beta`),
  );
  fc.assert(
    fc.property(version, fc.array(fc.record({ network: fc.string() }), { maxLength: 2 }), (text, chains) => {
      const may = quick(() => versionMayPay(text));
      const [major = 0, minor = 0] = text.replace(/^v/, '').split('.').map(Number);
      quick(() => networkOf({ chains } as WireInfo));
      return may === (/^v?\d+\.\d+\.\d+/.test(text) && (major > 0 || minor >= 19));
    }),
    { numRuns: RUNS },
  );
});
