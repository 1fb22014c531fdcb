// What this module promises on a network of nodes that behave: the sandbox's and real LND alike. The payments.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';
import { nodeBalances } from '../../src/infra/lightning/accounts.ts';
import { lookupPayment } from '../../src/infra/lightning/pay.ts';
import { type Fleet, held, lookUntil, openFleet, paying, quietLocalMsat, requested } from './fleet.ts';
import { testLate } from './network-late.ts';
import { type At, testBooks, testDeaths, testInvoices } from './network-parts.ts';

/** Registers the tests. `start` begins the network; it is ended here. */
export function testNetwork(start: () => Promise<LightningNetwork>, startTimeoutMs: number): void {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await openFleet(await start());
  }, startTimeoutMs);
  afterAll(async () => {
    await fleet?.pool.close();
    await fleet?.outside.close();
    await fleet?.network.stop();
  });
  const at: At = () => ({
    fleet,
    alice: fleet.pool.node('alice'),
    bob: fleet.pool.node('bob'),
    carol: fleet.outside.node('carol'),
  });
  testInvoices(at);
  testPaid(at);
  testRefused(at);
  testHeld(at);
  testBooks(at);
  testLate(at);
  testDeaths(at);
}

function testPaid(at: At): void {
  describe('paid', () => {
    test('paid with proof, exact amount and fee; a second time it is the same payment', async () => {
      const { alice, bob, carol } = at();
      const { request, paymentHash } = await requested(carol, 1_234_567n);
      expect(await lookupPayment(alice, paymentHash)).toEqual({ state: 'absent' });
      const outcome = await paying(alice, request);
      expect(outcome).toMatchObject({ state: 'paid', amountMsat: 1_234_567n, feeMsat: 0n });
      if (outcome.state !== 'paid') throw new Error('not paid');
      expect(createHash('sha256').update(Buffer.from(outcome.preimage, 'hex')).digest('hex')).toBe(paymentHash);
      expect(await paying(alice, request)).toEqual(outcome);
      expect(await lookupPayment(alice, paymentHash)).toEqual(outcome);
      // What another of our nodes says of it is true of that node alone.
      expect(await paying(bob, request)).toEqual({ state: 'failed', reason: 'refused_by_payee', transient: false });
      expect(await lookupPayment(alice, paymentHash)).toEqual(outcome);
    });

    test('a ceiling of 0 takes no route with a fee', async () => {
      const { alice, carol } = at();
      // What is left in the channel to carol is too little for the second, which so must go over bob.
      expect((await paying(alice, (await requested(carol, 6_000_000_000n)).request)).state).toBe('paid');
      const { request } = await requested(carol, 4_000_000_000n);
      expect(await paying(alice, request, { feeCeilingMsat: 0n, maxPaths: 1 })).toEqual({
        state: 'failed',
        reason: 'no_route',
        transient: true,
      });
      const outcome = await paying(alice, request, { feeCeilingMsat: 5_000n, maxPaths: 1 });
      expect(outcome).toMatchObject({ state: 'paid', amountMsat: 4_000_000_000n, feeMsat: 5_000n });
      const back = await requested(alice, 6_000_000_000n);
      expect((await paying(carol, back.request, { feeCeilingMsat: 90_000_000n })).state).toBe('paid');
    });

    test('more than one channel holds: in parts, with the fee that LND names', async () => {
      const { alice, carol } = at();
      const beforeMsat = await quietLocalMsat(alice);
      const { request } = await requested(carol, 9_000_000_000n);
      const outcome = await paying(alice, request, { feeCeilingMsat: 90_000_000n });
      expect(outcome).toMatchObject({ state: 'paid', amountMsat: 9_000_000_000n });
      if (outcome.state !== 'paid') throw new Error('not paid');
      expect(outcome.feeMsat).toBeGreaterThan(0n);
      expect(beforeMsat - (await quietLocalMsat(alice))).toBe(9_000_000_000n + outcome.feeMsat);
      // Back again, for the tests to come.
      const back = await requested(alice, 9_000_000_000n);
      expect((await paying(carol, back.request, { feeCeilingMsat: 90_000_000n })).state).toBe('paid');
    });
  });
}

function testRefused(at: At): void {
  describe('not paid', () => {
    test('more than the node has', async () => {
      const { alice, carol } = at();
      const { request } = await requested(carol, 17_000_000_000n);
      expect(await paying(alice, request)).toEqual({ state: 'failed', reason: 'node_balance', transient: false });
    });

    test('expired', async () => {
      const { alice, carol } = at();
      const { request, paymentHash } = await requested(carol, 5_000n, 1_000);
      await new Promise((resolve) => setTimeout(resolve, 2_100));
      const expected = { state: 'failed', reason: 'invoice_expired', transient: false };
      expect(await paying(alice, request)).toEqual(expected);
      expect(await lookupPayment(alice, paymentHash)).toEqual({ state: 'absent' });
    });

    test('to our own other node: refused here, nothing sent', async () => {
      const { alice, bob } = at();
      const { request, paymentHash } = await requested(bob, 5_000n);
      await expect(paying(alice, request)).rejects.toThrow('own_invoice');
      expect(await lookupPayment(alice, paymentHash)).toEqual({ state: 'absent' });
    });
  });
}

function testHeld(at: At): void {
  describe('held', () => {
    test('held: told in flight, unknown at the deadline, and the end is told late', async () => {
      const { fleet, alice } = at();
      const { request, hash, settle } = await held(fleet.network);
      let inFlight = 0;
      const outcome = await paying(alice, request, {
        deadlineMs: 700,
        onInFlight: () => {
          inFlight++;
        },
      });
      expect(outcome).toEqual({ state: 'unknown', why: 'in flight' });
      expect(inFlight).toBe(1);
      expect((await lookupPayment(alice, hash)).state).toBe('unknown');
      expect((await paying(alice, request)).state).toBe('unknown');
      expect((await nodeBalances(alice)).unsettledMsat).toBe(1_000_000n);
      await settle();
      await lookUntil(alice, hash, 'paid');
      await expect
        .poll(() => fleet.pool.events.find((event) => event.kind === 'late_outcome' && event.paymentHash === hash))
        .toMatchObject({ outcome: { state: 'paid' } });
      await expect.poll(async () => (await nodeBalances(alice)).unsettledMsat).toBe(0n);
    });

    test('held, then canceled: failed by LND itself', async () => {
      const { fleet, alice } = at();
      const { request, cancel } = await held(fleet.network);
      const outcome = paying(alice, request);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await cancel();
      expect(await outcome).toEqual({ state: 'failed', reason: 'refused_by_payee', transient: false });
    });

    test('a hundred held do not stop the next', async () => {
      const { fleet, alice, carol } = at();
      const all = await Promise.all(Array.from({ length: 100 }, () => held(fleet.network)));
      let inFlight = 0;
      const outcomes = all.map(({ request }) =>
        paying(alice, request, {
          deadlineMs: 20_000,
          onInFlight: () => {
            inFlight++;
          },
        }),
      );
      await expect.poll(() => inFlight, { timeout: 15_000 }).toBe(100);
      const next = await requested(carol, 5_000n);
      const begun = performance.now();
      expect((await paying(alice, next.request)).state).toBe('paid');
      // 0.2 s on a quiet machine.
      expect(performance.now() - begun).toBeLessThan(4_000);
      await Promise.all(all.map(({ cancel }) => cancel()));
      expect(new Set((await Promise.all(outcomes)).map(({ state }) => state))).toEqual(new Set(['failed']));
    }, 40_000);
  });
}
