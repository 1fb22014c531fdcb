// What counts as paid, as failed and as unknown. Every gRPC status before and after LND took the payment, every record
// LND could give of it, every refusal text, and silence: only named ends are ends, all else keeps the money held.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DecodedInvoice } from '../../src/infra/lightning/decode.ts';
import { lookupPayment, pay } from '../../src/infra/lightning/pay.ts';
import type { LightningNode } from '../../src/infra/lightning/pool.ts';
import { ATTEMPT, type Out, poolOf, record, type ScriptedNode, someInvoice, startScripted } from './scripted.ts';

let lnd: ScriptedNode;
let pool: Awaited<ReturnType<typeof poolOf>>;
let alice: LightningNode;
const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  lnd = await startScripted();
  pool = await poolOf([lnd.config]);
  alice = pool.node('alice');
});
afterAll(async () => {
  await pool.close();
  lnd.stop();
  process.off('unhandledRejection', note);
});
beforeEach(() => {
  lnd.calls.length = 0;
  lnd.streams.trackpaymentv2 = (out) => out.fail({ code: 5, details: "payment isn't initiated" });
});
afterEach(() => expect(unhandled).toEqual([]));

/** The node a minute from now. */
function later(node: LightningNode): LightningNode {
  return { ...node, clock: { ...node.clock, nowMs: () => node.clock.nowMs() + 60_000 } };
}

const sent = () => lnd.calls.filter((call) => call.name === 'sendpaymentv2');

function payWith(script: (out: Out) => void, invoice: DecodedInvoice, more: Partial<Parameters<typeof pay>[1]> = {}) {
  lnd.streams.sendpaymentv2 = script;
  const refuseFromMs = Date.now() + 10_000;
  const limits = { amountMsat: 1_000_000n, feeCeilingMsat: 10_000n, refuseFromMs, deadlineMs: 2_000 };
  return pay(alice, { invoice, ...limits, ...more });
}

describe('an error says nothing about the money', () => {
  const statuses = Array.from({ length: 16 }, (_, index) => index + 1);
  const texts = ['', 'connection dropped', `never seen before ${Math.random()}`, 'failed', 'payment failed: no_route'];
  const before = statuses.flatMap((code) => texts.map((details) => ({ code, details })));

  test.each(before)('B4: before LND took it: $code "$details"', async (failure) => {
    const { invoice } = someInvoice();
    const outcome = await payWith((out) => out.fail(failure), invoice);
    expect(outcome.state).toBe('unknown');
    expect(sent()).toHaveLength(1);
    await alice.check();
  });

  test.each(statuses)('B4: after LND took it: %i', async (code) => {
    const { invoice, hash } = someInvoice();
    let told = 0;
    const outcome = await payWith(
      (out) => {
        out.write(record(hash, { status: 'INITIATED' }));
        out.write(record(hash, { status: 'IN_FLIGHT', htlcs: [ATTEMPT] }));
        out.write(record(hash, { status: 'IN_FLIGHT', htlcs: [ATTEMPT, ATTEMPT] }));
        setTimeout(() => out.fail({ code, details: 'connection dropped' }), 20);
      },
      invoice,
      {
        onInFlight: () => {
          told++;
        },
      },
    );
    expect(outcome.state).toBe('unknown');
    expect(told).toBe(1);
    await alice.check();
  });

  test('the reason is told without anything secret', async () => {
    const { invoice, preimage, hash } = someInvoice();
    const details = `bad thing with ${preimage} of ${hash} for ${invoice.request}`;
    const outcome = await payWith((out) => out.fail({ code: 2, details }), invoice);
    expect(outcome).toEqual({ state: 'unknown', why: 'UNKNOWN: bad thing with … of … for …' });
  });
});

describe('what LND records', () => {
  const FAILED = 'FAILED';
  const ends: [string, object, object][] = [
    [
      'timeout',
      { failure_reason: 'FAILURE_REASON_TIMEOUT' },
      { state: 'failed', reason: 'timed_out', transient: true },
    ],
    [
      'no route',
      { failure_reason: 'FAILURE_REASON_NO_ROUTE' },
      { state: 'failed', reason: 'no_route', transient: true },
    ],
    [
      'refused by the payee',
      { failure_reason: 'FAILURE_REASON_INCORRECT_PAYMENT_DETAILS', htlcs: [{ status: FAILED }] },
      { state: 'failed', reason: 'refused_by_payee', transient: false },
    ],
    [
      'too little on the node',
      { failure_reason: 'FAILURE_REASON_INSUFFICIENT_BALANCE' },
      { state: 'failed', reason: 'node_balance', transient: false },
    ],
    ['error', { failure_reason: 'FAILURE_REASON_ERROR' }, { state: 'failed', reason: 'rejected', transient: false }],
    [
      'canceled',
      { failure_reason: 'FAILURE_REASON_CANCELED' },
      { state: 'failed', reason: 'rejected', transient: false },
    ],
    ['failed for no reason', { failure_reason: 'FAILURE_REASON_NONE' }, { state: 'unknown' }],
    ['failed for a new reason', { failure_reason: 99 }, { state: 'unknown' }],
    [
      'failed, but an attempt is out',
      { failure_reason: 'FAILURE_REASON_TIMEOUT', htlcs: [{ status: FAILED }, ATTEMPT] },
      { state: 'unknown' },
    ],
    [
      'failed, but an attempt succeeded',
      { failure_reason: 'FAILURE_REASON_TIMEOUT', htlcs: [{ status: 'SUCCEEDED' }] },
      { state: 'unknown' },
    ],
    ['a new status', { status: 77, failure_reason: 'FAILURE_REASON_NO_ROUTE' }, { state: 'unknown' }],
    ['no status', { status: 'UNKNOWN' }, { state: 'unknown' }],
    ['paid with a false proof', { status: 'SUCCEEDED', payment_preimage: '00'.repeat(32) }, { state: 'unknown' }],
    ['paid without a proof', { status: 'SUCCEEDED' }, { state: 'unknown' }],
  ];

  test.each(ends)('B4: LND says %s', async (_, fields, expected) => {
    const { invoice, hash } = someInvoice();
    const answer = record(hash, { status: FAILED, ...fields });
    const tell = (out: Out) => {
      out.write(answer);
      out.end();
    };
    expect(await payWith(tell, invoice)).toMatchObject(expected);
    lnd.streams.trackpaymentv2 = tell;
    // By then the node has been steady, and no try of this payment is unheard.
    expect(await lookupPayment(later(alice), hash)).toMatchObject(expected);
  });

  test('paid: preimage, exact fee and amount', async () => {
    const { invoice, hash, preimage } = someInvoice();
    const answer = record(hash, {
      status: 'SUCCEEDED',
      payment_preimage: preimage,
      fee_msat: '1501',
      htlcs: [{ status: 'SUCCEEDED' }],
    });
    const expected = { state: 'paid', preimage, feeMsat: 1501n, amountMsat: 1_000_000n };
    expect(await payWith((out) => out.write(answer), invoice)).toEqual(expected);
    lnd.streams.trackpaymentv2 = (out) => out.write(answer);
    expect(await lookupPayment(alice, hash)).toEqual(expected);
  });

  test('the end of another payment is not this one', async () => {
    const [ours, other] = [someInvoice(), someInvoice()];
    const tell = (out: Out) => {
      out.write(record(other.hash, { status: 'SUCCEEDED', payment_preimage: other.preimage }));
      out.write(record(other.hash, { status: FAILED, failure_reason: 'FAILURE_REASON_NO_ROUTE' }));
      out.end();
    };
    expect((await payWith(tell, ours.invoice)).state).toBe('unknown');
  });

  test.each(['INITIATED', 'IN_FLIGHT'])('the stream ends while %s', async (status) => {
    const { invoice, hash } = someInvoice();
    const tell = (out: Out) => {
      out.write(record(hash, { status }));
      out.end();
    };
    expect((await payWith(tell, invoice)).state).toBe('unknown');
    lnd.streams.trackpaymentv2 = (out) => out.write(record(hash, { status }));
    // ln-service's getPayment never answers these two.
    expect((await lookupPayment(alice, hash)).state).toBe('unknown');
  });
});

describe('refused before it began', () => {
  const refusals: [string, string][] = [
    ['invoice expired. Valid until 2026-01-01 00:00:00 +0000 UTC', 'invoice_expired'],
    ['amount must be specified when paying a zero amount invoice', 'rejected'],
    ['amount must not be specified when paying a non-zero  amount invoice', 'unknown'],
    ['amount must not be specified when paying a non-zero amount invoice', 'rejected'],
    ['payment request must contain either a payment address or blinded paths', 'rejected'],
    ["invoice not for current active network 'simnet'", 'rejected'],
    ['self-payments not allowed', 'rejected'],
    ['cltv limit 10 should be greater than 21', 'no_route'],
  ];
  test.each(refusals)('%s', async (details, reason) => {
    const { invoice, hash, preimage } = someInvoice();
    const refuse = (out: Out) => out.fail({ code: 2, details });
    const expected = reason === 'unknown' ? { state: 'unknown' } : { state: 'failed', reason, transient: false };
    expect(await payWith(refuse, invoice)).toMatchObject(expected);
    // The same words about a payment that LND has a record of, or cannot look up, or under another code: no failure.
    lnd.streams.trackpaymentv2 = (out) => out.write(record(hash, { status: 'IN_FLIGHT' }));
    expect((await payWith(refuse, invoice)).state).toBe('unknown');
    lnd.streams.trackpaymentv2 = (out) => out.fail({ code: 2, details: 'permission denied' });
    expect((await payWith(refuse, invoice)).state).toBe('unknown');
    expect((await payWith((out) => out.fail({ code: 14, details }), invoice)).state).toBe('unknown');
    await alice.check();
    if (reason === 'unknown') return;
    lnd.streams.trackpaymentv2 = (out) => out.write(record(hash, { status: 'SUCCEEDED', payment_preimage: preimage }));
    expect((await payWith(refuse, invoice)).state).toBe('paid');
  });

  test.each([
    'permission denied',
    'wallet locked, unlock it to enable full RPC access',
    'the RPC server is in the process of starting up, but not yet ready to accept calls',
    'my memo: invoice expired. Valid until now',
  ])('not final: %s', async (details) => {
    const { invoice } = someInvoice();
    expect((await payWith((out) => out.fail({ code: 2, details }), invoice)).state).toBe('unknown');
    await alice.check();
  });
});

describe('sent before', () => {
  test('already paid: the proof is fetched', async () => {
    const { invoice, hash, preimage } = someInvoice();
    const again = (out: Out) => out.fail({ code: 6, details: 'invoice is already paid' });
    expect((await payWith(again, invoice)).state).toBe('unknown');
    lnd.streams.trackpaymentv2 = (out) => out.write(record(hash, { status: 'SUCCEEDED', payment_preimage: preimage }));
    expect(await payWith(again, invoice)).toMatchObject({ state: 'paid', preimage });
    lnd.streams.trackpaymentv2 = (out) =>
      out.write(record(hash, { status: 'FAILED', failure_reason: 'FAILURE_REASON_NO_ROUTE' }));
    expect((await payWith(again, invoice)).state).toBe('unknown');
  });

  test.each(['payment is in transition', 'payment already exists'])('%s', async (details) => {
    const { invoice } = someInvoice();
    expect((await payWith((out) => out.fail({ code: 6, details }), invoice)).state).toBe('unknown');
    expect(lnd.calls.some((call) => call.name === 'trackpaymentv2')).toBe(false);
  });
});
