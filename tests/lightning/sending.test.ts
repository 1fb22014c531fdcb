// What is sent to LND when we pay, what is refused before, and how long anyone waits: a fee ceiling always, nothing to
// our own nodes, nothing beyond 400 in flight, and never a wait without an end.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Refusal } from '../../src/base/errors.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import type { DecodedInvoice } from '../../src/infra/lightning/decode.ts';
import { pay } from '../../src/infra/lightning/pay.ts';
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
});
afterEach(() => expect(unhandled).toEqual([]));

const sent = () => lnd.calls.filter((call) => call.name === 'sendpaymentv2');

function payWith(script: (out: Out) => void, invoice: DecodedInvoice, more: Partial<Parameters<typeof pay>[1]> = {}) {
  lnd.streams.sendpaymentv2 = script;
  const refuseFromMs = Date.now() + 10_000;
  const limits = { amountMsat: 1_000_000n, feeCeilingMsat: 10_000n, refuseFromMs, deadlineMs: 2_000 };
  return pay(alice, { invoice, ...limits, ...more });
}

describe('what is sent', () => {
  test('a fee ceiling, sixteen parts, a bounded lock, and never a wish to be canceled', async () => {
    const { invoice } = someInvoice();
    await payWith((out) => out.end(), invoice, { feeCeilingMsat: 0n });
    expect(sent()[0]?.request).toMatchObject({
      payment_request: invoice.request,
      amt: '0',
      amt_msat: '0',
      fee_limit_msat: '0',
      fee_limit_sat: '0',
      max_parts: 16,
      timeout_seconds: 30,
      cltv_limit: 1_008,
      cancelable: false,
      allow_self_payment: false,
    });
    const open = someInvoice('lnbcrt').invoice;
    await payWith((out) => out.end(), open, { amountMsat: 5_001n, maxPaths: 1 });
    expect(sent()[1]?.request).toMatchObject({ amt_msat: '5001', fee_limit_msat: '10000', max_parts: 1 });
  });

  const { invoice } = someInvoice();
  const wrong: [string, object][] = [
    ['another amount', { amountMsat: 1_000_001n }],
    ['no amount for an open invoice', { invoice: someInvoice('lnbcrt').invoice, amountMsat: 0n }],
    ['a negative ceiling', { feeCeilingMsat: -1n }],
    ['no ceiling', { feeCeilingMsat: undefined }],
    ['a ceiling that is a number', { feeCeilingMsat: 10 }],
    ['a limitless ceiling', { feeCeilingMsat: 2n ** 63n - 1n }],
    ['no parts', { maxPaths: 0 }],
    ['an imitated invoice', { invoice: { ...invoice } }],
  ];
  test.each(wrong)('C2: nothing is sent with %s', async (_, change) => {
    const outcome = await payWith((out) => out.end(), invoice, change);
    expect(outcome).toEqual({ state: 'failed', reason: 'rejected', transient: false });
    expect(sent()).toHaveLength(0);
  });

  test('C2: the compiler asks for a ceiling and a decoded invoice', () => {
    // @ts-expect-error no fee ceiling
    const withoutCeiling: Parameters<typeof pay>[1] = { invoice, amountMsat: 1n, refuseFromMs: 1, deadlineMs: 1 };
    const { request, paymentHash, destination, amountMsat, createdAtMs, expiresAtMs } = invoice;
    // @ts-expect-error not from decodeInvoice
    const imitated: DecodedInvoice = { request, paymentHash, destination, amountMsat, createdAtMs, expiresAtMs };
    expect([withoutCeiling, imitated]).toHaveLength(2);
  });

  test('D10: nothing is sent to one of our own nodes', async () => {
    const own = await startScripted('bob', invoice.destination);
    const both = await poolOf([lnd.config, own.config]);
    const order = {
      invoice,
      amountMsat: 1_000_000n,
      feeCeilingMsat: 0n,
      refuseFromMs: Date.now() + 10_000,
      deadlineMs: 1_000,
    };
    await expect(pay(both.node('alice'), order)).rejects.toEqual(new Refusal('own_invoice'));
    await expect(pay(both.node('bob'), order)).rejects.toThrow(Refusal);
    expect(both.isOurs(invoice.destination)).toBe(true);
    expect(sent()).toHaveLength(0);
    await both.close();
    own.stop();
  });
});

describe('silence', () => {
  test('unknown at the deadline; the stream stays open and its late end is told', async () => {
    const { invoice, hash, preimage } = someInvoice();
    let stream: Out | undefined;
    const begun = performance.now();
    const outcome = await payWith(
      (out) => {
        stream = out;
      },
      invoice,
      { deadlineMs: 100 },
    );
    expect(outcome).toEqual({ state: 'unknown', why: 'no answer yet' });
    expect(performance.now() - begun).toBeLessThan(1_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stream?.isCancelled()).toBe(false);
    stream?.write(record(hash, { status: 'SUCCEEDED', payment_preimage: preimage, fee_msat: '7' }));
    stream?.end();
    await expect
      .poll(() => pool.events.find((event) => event.kind === 'late_outcome'))
      .toEqual({
        kind: 'late_outcome',
        node: 'alice',
        paymentHash: hash,
        outcome: { state: 'paid', preimage, feeMsat: 7n, amountMsat: 1_000_000n },
      });
  });

  test('a listener that throws harms nothing', async () => {
    const { invoice, hash, preimage } = someInvoice();
    const outcome = await payWith(
      (out) => {
        out.write(record(hash, { status: 'IN_FLIGHT', htlcs: [ATTEMPT] }));
        out.write(record(hash, { status: 'SUCCEEDED', payment_preimage: preimage }));
      },
      invoice,
      {
        onInFlight: () => {
          throw new Error('no');
        },
      },
    );
    expect(outcome.state).toBe('paid');
  });

  test('400 in flight, and the next one is not sent', async () => {
    const held = Array.from({ length: 400 }, () => payWith(() => {}, someInvoice().invoice, { deadlineMs: 1_500 }));
    expect(await payWith(() => {}, someInvoice().invoice)).toEqual({
      state: 'unknown',
      why: 'lnd alice payments: not called (full)',
      isUnsent: true,
    });
    const outcomes = await Promise.all(held);
    expect(new Set(outcomes.map((outcome) => outcome.state))).toEqual(new Set(['unknown']));
    expect(sent()).toHaveLength(400);
  });
});

describe("the node's clock", () => {
  const ahead = async (script: (out: Out, hash: string) => void, refuseFromMs = Date.now() + 10_000) => {
    const metrics = createMetrics();
    const measured = { ...alice, metrics };
    const { invoice, hash } = someInvoice();
    lnd.streams.sendpaymentv2 = (out) => script(out, hash);
    await pay(measured, { invoice, amountMsat: 1_000_000n, feeCeilingMsat: 0n, refuseFromMs, deadlineMs: 2_000 });
    return Number(/node_clock_ahead_seconds\{.*\} (\S+)/.exec(await metrics.text())?.[1]);
  };
  const made = (out: Out, hash: string, atMs: number) => {
    out.write(record(hash, { status: 'INITIATED', creation_time_ns: String(BigInt(Math.round(atMs)) * 1_000_000n) }));
    out.end();
  };

  test.each([7, 0, -7])('%i s ahead, as its record of a payment shows', async (seconds) => {
    expect(await ahead((out, hash) => made(out, hash, Date.now() + seconds * 1_000))).toBeCloseTo(seconds, 0);
  });

  test('so far ahead that it refuses what is sent to it: at least by the time that was left', async () => {
    const seconds = await ahead((out) => out.fail({ code: 2, details: 'caveat not satisfied: macaroon has expired' }));
    expect(seconds).toBeGreaterThan(9);
  });
});
