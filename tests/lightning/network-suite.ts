// What this module promises on a network of nodes that behave: the sandbox's and real LND alike.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AuthenticatedLnd, cancelHodlInvoice, createHodlInvoice, settleHodlInvoice } from 'lightning';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientOf } from '../../sandbox/lnd/client.ts';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';
import { type Clock, hostClock } from '../../src/base/clock.ts';
import { nodeBalances, nodeInfo, settledInvoices, succeededPayments } from '../../src/infra/lightning/accounts.ts';
import { decodeInvoice, type Network } from '../../src/infra/lightning/decode.ts';
import {
  cancelInvoice,
  createInvoice,
  lookupInvoice,
  type SettledInvoice,
  watchInvoices,
} from '../../src/infra/lightning/invoices.ts';
import { checkMacaroon } from '../../src/infra/lightning/macaroon.ts';
import { lookupPayment, pay } from '../../src/infra/lightning/pay.ts';
import type { LightningNode, NodeConfig } from '../../src/infra/lightning/pool.ts';
import { poolOf } from './scripted.ts';

const HOUR_MS = 3_600_000;

export type Fleet = {
  network: LightningNetwork;
  /** alice and bob, with the macaroon a worker has. */
  pool: Awaited<ReturnType<typeof poolOf>>;
  /** carol, who may do everything. */
  outside: Awaited<ReturnType<typeof poolOf>>;
};

/** The clients of a network that runs; to be closed. */
export async function openFleet(network: LightningNetwork, clock?: Clock): Promise<Fleet> {
  const options = { network: network.bitcoinNetwork, ...(clock ? { clock } : {}) };
  return {
    network,
    pool: await poolOf([configOf(network, 'alice'), configOf(network, 'bob')], { ...options, connectionsPerNode: 2 }),
    outside: await poolOf([configOf(network, 'carol', 'macaroonFile')], options),
  };
}

function configOf(
  network: LightningNetwork,
  alias: string,
  macaroon: 'payerMacaroonFile' | 'macaroonFile' = 'payerMacaroonFile',
): NodeConfig {
  const node = network.nodes[alias];
  if (!node) throw new Error(`no node ${alias}`);
  return {
    name: alias,
    socket: node.socket,
    cert: readFileSync(node.certFile, 'utf8'),
    macaroon: readFileSync(node[macaroon]).toString('base64'),
  };
}

/** An invoice of the node as its payer reads it. */
export async function requested(node: LightningNode, amountMsat?: bigint, expiresInMs = HOUR_MS) {
  const expiresAtMs = Date.now() + expiresInMs;
  const made = await createInvoice(node, {
    secret: randomBytes(32),
    ...(amountMsat === undefined ? {} : { amountMsat }),
    expiresAtMs,
  });
  return decodeInvoice(made.request, node.network);
}

/** Pays it with a ceiling of 10 sats, waiting 5 s. */
export function paying(node: LightningNode, request: string, more: Partial<Parameters<typeof pay>[1]> = {}) {
  const invoice = decodeInvoice(request, node.network);
  const amountMsat = invoice.amountMsat ?? 1_000_000n;
  return pay(node, { invoice, amountMsat, feeCeilingMsat: 10_000n, deadlineMs: 5_000, ...more });
}

/** What is the node's, once its channels have come to rest: a paid part is still in the commitments for a moment. */
async function quietLocalMsat(node: LightningNode): Promise<bigint> {
  let last = -1n;
  for (let same = 0; same < 3; ) {
    const { localMsat } = await nodeBalances(node);
    same = localMsat === last ? same + 1 : 0;
    last = localMsat;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return last;
}

const clients = new WeakMap<LightningNetwork, AuthenticatedLnd>();

function clientOfCarol(network: LightningNetwork): AuthenticatedLnd {
  const carol = network.nodes.carol;
  if (!carol) throw new Error('no carol');
  const lnd = clients.get(network) ?? clientOf(carol);
  clients.set(network, lnd);
  return lnd;
}

/** A hold invoice of carol's; its secret is kept here. */
export async function held(network: LightningNetwork, tokens = 1_000) {
  const lnd = clientOfCarol(network);
  const secret = randomBytes(32).toString('hex');
  const id = createHash('sha256').update(Buffer.from(secret, 'hex')).digest('hex');
  const { request } = await createHodlInvoice({ lnd, id, tokens });
  return {
    hash: id,
    request,
    settle: () => settleHodlInvoice({ lnd, secret }),
    cancel: () => cancelHodlInvoice({ lnd, id }),
  };
}

/** The host's clock, whose time of day runs faster. */
export function racingClock(factor: number): Clock {
  const clock = hostClock();
  const begun = clock.monotonicMs();
  return { ...clock, nowMs: () => Date.now() + (clock.monotonicMs() - begun) * factor };
}

/** Registers the tests. `start` begins the network; it is ended here. */
export function testNetwork(start: () => Promise<LightningNetwork>, startTimeoutMs: number): void {
  let fleet: Fleet;
  let alice: LightningNode;
  let bob: LightningNode;
  let carol: LightningNode;
  beforeAll(async () => {
    fleet = await openFleet(await start());
    [alice, bob, carol] = [fleet.pool.node('alice'), fleet.pool.node('bob'), fleet.outside.node('carol')];
  }, startTimeoutMs);
  afterAll(async () => {
    await fleet?.pool.close();
    await fleet?.outside.close();
    await fleet?.network.stop();
  });
  const lookUntil = (node: LightningNode, hash: string, state: string, timeout = 10_000) =>
    expect.poll(async () => (await lookupPayment(node, hash)).state, { timeout, interval: 50 }).toBe(state);

  describe('invoices', () => {
    test('the same secret gives the same invoice, and no other amount', async () => {
      const order = { secret: randomBytes(32), amountMsat: 123_456n, memo: 'chai', expiresAtMs: Date.now() + 600_000 };
      const first = await createInvoice(alice, order);
      expect(await createInvoice(alice, order)).toEqual(first);
      expect(first.paymentHash).toBe(createHash('sha256').update(order.secret).digest('hex'));
      expect(Math.abs(first.expiresAtMs - order.expiresAtMs)).toBeLessThan(2_000);
      const read = decodeInvoice(first.request, alice.network as Network);
      expect(read).toMatchObject({ amountMsat: 123_456n, description: 'chai', paymentHash: first.paymentHash });
      await expect(createInvoice(alice, { ...order, amountMsat: 1n })).rejects.toThrow('another amount');
      await expect(createInvoice(alice, { ...order, secret: Buffer.alloc(3) })).rejects.toThrow('32 bytes');
    });

    test('any memo, cut where an invoice ends', async () => {
      for (const memo of ['', 'Asante 🙏', 'é'.repeat(700)]) {
        const order = { secret: randomBytes(32), memo, expiresAtMs: Date.now() + HOUR_MS };
        const read = decodeInvoice((await createInvoice(alice, order)).request, alice.network);
        expect(read.description).toBe(memo.slice(0, 319));
        expect(read.amountMsat).toBeUndefined();
      }
    });

    test('open, canceled, absent; canceled stays canceled', async () => {
      const { paymentHash } = await requested(alice, 5_000n);
      expect(await lookupInvoice(alice, paymentHash)).toEqual({ state: 'open', receivedMsat: 0n });
      expect(await cancelInvoice(alice, paymentHash)).toBe('canceled');
      expect(await cancelInvoice(alice, paymentHash)).toBe('canceled');
      expect((await lookupInvoice(alice, paymentHash)).state).toBe('canceled');
      const nobody = randomBytes(32).toString('hex');
      expect((await lookupInvoice(alice, nobody)).state).toBe('absent');
      expect(await cancelInvoice(alice, nobody)).toBe('unknown');
    });

    test('paid from outside: what was received, and no longer to be canceled', async () => {
      const { request, paymentHash } = await requested(alice);
      expect((await paying(carol, request, { amountMsat: 7_654_321n })).state).toBe('paid');
      expect(await lookupInvoice(alice, paymentHash)).toMatchObject({ state: 'settled', receivedMsat: 7_654_321n });
      expect(await cancelInvoice(alice, paymentHash)).toBe('settled');
    });
  });

  describe('payments', () => {
    test('paid with proof, exact amount and fee; a second time it is the same payment', async () => {
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

    test('more than the node has', async () => {
      const { request } = await requested(carol, 17_000_000_000n);
      expect(await paying(alice, request)).toEqual({ state: 'failed', reason: 'node_balance', transient: false });
    });

    test('expired', async () => {
      const { request, paymentHash } = await requested(carol, 5_000n, 1_000);
      await new Promise((resolve) => setTimeout(resolve, 2_100));
      const expected = { state: 'failed', reason: 'invoice_expired', transient: false };
      expect(await paying(alice, request)).toEqual(expected);
      expect(await lookupPayment(alice, paymentHash)).toEqual({ state: 'absent' });
    });

    test('to our own other node: refused here, nothing sent', async () => {
      const { request, paymentHash } = await requested(bob, 5_000n);
      await expect(paying(alice, request)).rejects.toThrow('own_invoice');
      expect(await lookupPayment(alice, paymentHash)).toEqual({ state: 'absent' });
    });

    test('held: told in flight, unknown at the deadline, and the end is told late', async () => {
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
      const { request, cancel } = await held(fleet.network);
      const outcome = paying(alice, request);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await cancel();
      expect(await outcome).toEqual({ state: 'failed', reason: 'refused_by_payee', transient: false });
    });

    test('a hundred held do not stop the next', async () => {
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
      const begun = performance.now();
      expect((await paying(alice, (await requested(carol, 5_000n)).request)).state).toBe('paid');
      expect(performance.now() - begun).toBeLessThan(2_000);
      await Promise.all(all.map(({ cancel }) => cancel()));
      expect(new Set((await Promise.all(outcomes)).map(({ state }) => state))).toEqual(new Set(['failed']));
    }, 40_000);
  });

  describe('books', () => {
    test('what was settled and paid since then, page by page, equals what the node has gained', async () => {
      const beforeMsat = await quietLocalMsat(bob);
      const sinceMs = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 1_000 - (sinceMs % 1_000)));
      for (const amountMsat of [1_001n, 2_000n, 3_999_999n]) {
        await paying(carol, (await requested(bob, amountMsat)).request);
        await paying(bob, (await requested(carol, amountMsat * 2n)).request);
      }
      let sumMsat = 0n;
      for await (const { receivedMsat } of settledInvoices(bob, { sinceMs })) sumMsat += receivedMsat;
      for await (const { amountMsat, feeMsat } of succeededPayments(bob, { sinceMs })) sumMsat -= amountMsat + feeMsat;
      expect(sumMsat).toBe(-4_003_000n);
      expect((await quietLocalMsat(bob)) - beforeMsat).toBe(sumMsat);
      for await (const _ of settledInvoices(bob, { sinceMs: Date.now() + 5_000 })) throw new Error('none so new');
    });

    test('who it is, and that its macaroon can do no more than it must', async () => {
      expect(await nodeInfo(alice)).toMatchObject({
        publicKey: fleet.network.nodes.alice?.pubkey,
        syncedToChain: true,
        network: fleet.network.bitcoinNetwork,
      });
      expect(await checkMacaroon(alice)).toEqual({ excess: [], by: 'probed' });
      expect((await checkMacaroon(carol)).excess).toContain('send coins on the chain');
    });
  });

  describe('when nodes hang and die', () => {
    test('a node that hangs: unknown at the deadline, paid when it goes on', async () => {
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
