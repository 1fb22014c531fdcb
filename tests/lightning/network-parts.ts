// The rest of what this module promises on any network: invoices, the books, and nodes that hang and die.
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { nodeInfo, settledInvoices } from '../../src/infra/lightning/accounts.ts';
import { decodeInvoice } from '../../src/infra/lightning/decode.ts';
import {
  cancelInvoice,
  createInvoice,
  lookupInvoice,
  type SettledInvoice,
  watchInvoices,
} from '../../src/infra/lightning/invoices.ts';
import { numberedPayments } from '../../src/infra/lightning/lists.ts';
import { checkMacaroon } from '../../src/infra/lightning/macaroon.ts';
import { lookupPayment } from '../../src/infra/lightning/pay.ts';
import type { LightningNode } from '../../src/infra/lightning/pool.ts';
import {
  type Fleet,
  HOUR_MS,
  held,
  lookUntil,
  openFleet,
  paying,
  quietLocalMsat,
  racingClock,
  requested,
} from './fleet.ts';

/** Reached only once the network has started. */
export type At = () => { fleet: Fleet; alice: LightningNode; bob: LightningNode; carol: LightningNode };

export function testInvoices(at: At): void {
  describe('invoices', () => {
    test('the same secret gives the same invoice, and no other amount', async () => {
      const { alice } = at();
      const order = { secret: randomBytes(32), amountMsat: 123_456n, memo: 'chai', expiresAtMs: Date.now() + 600_000 };
      const first = await createInvoice(alice, order);
      expect(await createInvoice(alice, order)).toEqual(first);
      expect(first.paymentHash).toBe(createHash('sha256').update(order.secret).digest('hex'));
      expect(Math.abs(first.expiresAtMs - order.expiresAtMs)).toBeLessThan(2_000);
      const read = decodeInvoice(first.request, alice.network);
      expect(read).toMatchObject({ amountMsat: 123_456n, description: 'chai', paymentHash: first.paymentHash });
      await expect(createInvoice(alice, { ...order, amountMsat: 1n })).rejects.toThrow('another amount');
      await expect(createInvoice(alice, { ...order, secret: Buffer.alloc(3) })).rejects.toThrow('32 bytes');
    });

    test('any memo, cut where an invoice ends', async () => {
      const { alice } = at();
      for (const memo of ['', 'Asante 🙏', 'é'.repeat(700)]) {
        const order = { secret: randomBytes(32), memo, expiresAtMs: Date.now() + HOUR_MS };
        const read = decodeInvoice((await createInvoice(alice, order)).request, alice.network);
        expect(read.description).toBe(memo.slice(0, 319));
        expect(read.amountMsat).toBeUndefined();
      }
    });

    test('open, canceled, absent; canceled stays canceled', async () => {
      const { alice } = at();
      const { paymentHash } = await requested(alice, 5_000n);
      expect(await lookupInvoice(alice, paymentHash)).toEqual({ state: 'open', receivedMsat: 0n });
      expect(await cancelInvoice(alice, paymentHash)).toBe('canceled');
      expect(await cancelInvoice(alice, paymentHash)).toBe('canceled');
      expect((await lookupInvoice(alice, paymentHash)).state).toBe('canceled');
      const nobody = randomBytes(32).toString('hex');
      expect((await lookupInvoice(alice, nobody)).state).toBe('absent');
      expect(await cancelInvoice(alice, nobody)).toBe('absent');
    });

    test('paid from outside: what was received, and no longer to be canceled', async () => {
      const { alice, carol } = at();
      const { request, paymentHash } = await requested(alice);
      expect((await paying(carol, request, { amountMsat: 7_654_321n })).state).toBe('paid');
      expect(await lookupInvoice(alice, paymentHash)).toMatchObject({ state: 'settled', receivedMsat: 7_654_321n });
      expect(await cancelInvoice(alice, paymentHash)).toBe('settled');
    });
  });
}

export function testBooks(at: At): void {
  describe('books', () => {
    test('what was settled and paid since then, page by page, equals what the node has gained', async () => {
      const { bob, carol } = at();
      const beforeMsat = await quietLocalMsat(bob);
      const sinceMs = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 1_000 - (sinceMs % 1_000)));
      for (const amountMsat of [1_001n, 2_000n, 3_999_999n]) {
        await paying(carol, (await requested(bob, amountMsat)).request);
        await paying(bob, (await requested(carol, amountMsat * 2n)).request);
      }
      let sumMsat = 0n;
      for await (const { receivedMsat } of settledInvoices(bob, { sinceMs })) sumMsat += receivedMsat;
      for await (const { movedMsat } of numberedPayments(bob, { sinceMs })) sumMsat += movedMsat;
      expect(sumMsat).toBe(-4_003_000n);
      expect((await quietLocalMsat(bob)) - beforeMsat).toBe(sumMsat);
      for await (const _ of settledInvoices(bob, { sinceMs: Date.now() + 5_000 })) throw new Error('none so new');
    });

    test('who it is, and that its macaroon can do no more than it must', async () => {
      const { fleet, alice, carol } = at();
      expect(await nodeInfo(alice)).toMatchObject({
        publicKey: fleet.network.nodes.alice?.pubkey,
        syncedToChain: true,
        network: fleet.network.bitcoinNetwork,
      });
      expect(await checkMacaroon(alice)).toEqual({ excess: [], by: 'probed' });
      expect((await checkMacaroon(carol)).excess).toContain('send coins on the chain');
    });
  });
}

export function testDeaths(at: At): void {
  describe('when nodes hang and die', () => {
    test('a node that hangs: unknown at the deadline, paid when it goes on', async () => {
      const { fleet, alice, carol } = at();
      const { request, paymentHash } = await requested(carol, 5_000n);
      await fleet.network.pause('alice');
      try {
        const begun = performance.now();
        expect((await paying(alice, request, { deadlineMs: 500 })).state).toBe('unknown');
        expect(performance.now() - begun).toBeLessThan(1_500);
      } finally {
        await fleet.network.resume('alice');
      }
      await lookUntil(alice, paymentHash, 'paid');
    });

    test('settlements while the node was away are heard, each at least once', async () => {
      const { fleet, bob, carol } = at();
      const seen: SettledInvoice[] = [];
      const { stop } = watchInvoices(bob, {
        cursor: { addedIndex: 1n, settledIndex: 1n },
        onSettled: async (event) => {
          seen.push(event);
        },
        onLost: () => {},
      });
      const [first, second] = [await requested(bob, 5_000n), await requested(bob, 6_000n)];
      await paying(carol, first.request);
      await expect.poll(() => seen.map((event) => event.paymentHash)).toContain(first.paymentHash);
      await requested(bob, 7_000n);
      await fleet.network.kill('bob');
      await fleet.network.start('bob');
      await paying(carol, second.request);
      await expect
        .poll(() => seen.find((event) => event.paymentHash === second.paymentHash)?.receivedMsat, { timeout: 20_000 })
        .toBe(6_000n);
      stop();
    }, 40_000);

    test.each(['settle', 'cancel'] as const)(
      'the payer dies with a held payment, then: %s',
      async (end) => {
        const { fleet } = at();
        const racing = await openFleet(fleet.network, racingClock(20));
        const node = racing.pool.node('alice');
        try {
          const hold = await held(fleet.network);
          let inFlight = () => {};
          const isInFlight = new Promise<void>((resolve) => {
            inFlight = resolve;
          });
          const outcome = paying(node, hold.request, { onInFlight: () => inFlight() });
          await isInFlight;
          await new Promise((resolve) => setTimeout(resolve, 300));
          await fleet.network.kill('alice');
          expect((await outcome).state).toBe('unknown');
          expect((await lookupPayment(node, hold.hash)).state).toBe('unknown');
          await hold[end]();
          await fleet.network.start('alice');
          await lookUntil(node, hold.hash, end === 'settle' ? 'paid' : 'failed', 20_000);
        } finally {
          await racing.pool.close();
          await racing.outside.close();
        }
      },
      60_000,
    );
  });
}
