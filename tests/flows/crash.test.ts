// The crash loop: every flow is run with a mishap at its n-th step (the process dies or the step fails, before or after
// it had its effect), for every n there is. Then the person taps again, the worker that comes next relays and sweeps,
// and there must be one end, told once, and books that are right to the millisatoshi.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { suspenseCode } from '../../src/domain/ledger.ts';
import { claimCodeOf } from '../../src/flows/claim-code.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import * as receive from '../../src/flows/receive.ts';
import { create, finish } from '../../src/flows/receive-node.ts';
import * as request from '../../src/flows/request.ts';
import * as send from '../../src/flows/send.ts';
import { accountId } from '../../src/infra/db/accounts.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import { findPayment } from '../../src/infra/db/payments.ts';
import { findSend } from '../../src/infra/db/sends.ts';
import { createInvoice } from '../../src/infra/lightning/invoices.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { MISHAPS, mortal, type Survivor, survivor } from '../support/crash-world.ts';
import { ask, available, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let after: Survivor;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  after = await survivor(house.world);
  asha = await house.person('asha', 2_000_000n);
  baraka = await house.person('baraka');
});
afterAll(async () => {
  await after.close();
  await house.close();
});

type Run = {
  /** What it is about, for its notices. */
  readonly subjectId: string;
  /** The flow, on the world with the mishap. Whatever it throws is part of the mishap. */
  act(world: WorkerWorld): Promise<unknown>;
  /** What goes on in the background after `act` has ended, seen from outside. */
  ended?(): Promise<boolean>;
  /** What people do next: tap again, pay from outside. */
  next?(): Promise<unknown>;
  isOver(): Promise<boolean>;
  readonly told: readonly string[];
  /** What the two have gained at the end. */
  readonly gains: readonly [ashaMsat: bigint, barakaMsat: bigint];
};

async function loop(prepare: (n: number) => Promise<Run>): Promise<number> {
  let runs = 0;
  for (const what of MISHAPS) {
    for (let n = 1; ; n++) {
      const before = [await available(after, asha), await available(after, baraka)];
      const run = await prepare(runs++);
      const { world, life } = mortal({ ...after, queues: house.world.queues }, { step: n, what });
      await run.act(world).catch(() => {});
      const ended = run.ended;
      if (ended && !life.isDead) await vi.waitUntil(async () => life.isDead || life.met || (await ended()), 5_000);
      await run.next?.();
      const isOver = async () => (await run.isOver()) && (await ask(after, 'select id from outbox')).length === 0;
      const context = `${what} step ${n}`;
      await after.recover(isOver).catch((error: Error) => {
        throw new Error(`${context}: ${error.message}`);
      });
      // Whether the person had to wait hangs on the mishap; the ends do not.
      const ends = (await told(after, run.subjectId)).filter((kind) => kind !== 'payment_pending');
      expect(ends, context).toEqual(run.told);
      const gains = [await available(after, asha), await available(after, baraka)].map((now, i) => now - before[i]!);
      expect(gains, context).toEqual(run.gains);
      if (!life.met) break;
    }
  }
  await booksAreRight(house.world);
  return runs;
}

const FAR = { expiresInS: 60 * 24 * 3600 };

describe('receive', () => {
  test('asked for, made at a node, paid from outside, credited', { timeout: 60_000 }, async () => {
    const runs = await loop(async () => {
      const id = after.ids.next();
      const asked = { userId: baraka.userId, id, amountMsat: 7_000_123n };
      const row = () => findInvoiceRow(after.db, id);
      const settle = async (world: WorkerWorld) => {
        const { request: raw = null, node, paymentHash } = (await row()) ?? {};
        if (!raw || !node || !paymentHash) return;
        await house.outside.pay({ request: raw });
        await finish(world, { node, paymentHash, receivedMsat: 7_000_123n });
      };
      return {
        subjectId: id,
        async act(world) {
          await receive.ask(world, asked);
          await create(world, id);
          await settle(world);
        },
        async next() {
          await receive.ask(after, asked);
          await after.recover(async () => (await row())?.state !== 'asked');
          await house.outside.pay({ request: (await row())?.request ?? '' });
        },
        isOver: async () => (await row())?.state === 'settled',
        told: ['invoice_paid', 'invoice_ready'],
        gains: [0n, 7_000_123n],
      };
    });
    expect(runs).toBeGreaterThan(30);
  });

  test('money for no invoice of ours is in suspense once', { timeout: 60_000 }, async () => {
    const runs = await loop(async () => {
      const node = after.lightning.node('alice');
      const order = { secret: randomBytes(32), amountMsat: 11_000n, expiresAtMs: after.clock.nowMs() + 3_600_000 };
      const { paymentHash, request: raw } = await createInvoice(node, order);
      await house.outside.pay({ request: raw });
      const cursor = { addedIndex: 1n, settledIndex: 1n };
      const settled = { node: 'alice', paymentHash, receivedMsat: 11_000n, cursor };
      return {
        subjectId: after.ids.next(),
        act: (world) => finish(world, settled),
        next: () => finish(after, settled),
        isOver: async () => true,
        told: [],
        gains: [0n, 0n],
      };
    });
    const suspense = await balanceOf(after.db, await accountId(after.db, suspenseCode('BTC')));
    expect(suspense.postedMsat).toBe(BigInt(runs) * 11_000n);
  });
});

describe('pay', () => {
  type Wish = { hold?: 'settle' | 'cancel'; refused?: boolean; inside?: boolean };
  const story = (wish: Wish, end: { told: string[]; gains: readonly [bigint, bigint] }) => async (): Promise<Run> => {
    const made = wish.inside
      ? await house.invoice(baraka, 9_000n)
      : await house.outside.makeInvoice({ amountMsat: 9_000_000n, hold: wish.hold !== undefined, ...FAR });
    const hash = 'hash' in made ? made.hash : made.paymentHash;
    const draft = await pay.quote(after, { ...asha, raw: made.request });
    if (wish.refused) await house.outside.cancel(hash);
    const row = () => findPayment(after.db, draft.id);
    const isOver = async () => ['paid', 'failed'].includes((await row())?.state ?? '');
    return {
      subjectId: draft.id,
      async act(world) {
        await pay.start(world, draft);
        await execute(world, draft.id);
      },
      ended: wish.hold ? async () => true : isOver,
      async next() {
        await pay.start(after, draft);
        if (!wish.hold) return;
        // Held by the payee until now, whatever became of us.
        await after.recover(async () => (await held(hash)) || isOver());
        if (wish.hold === 'settle') await house.outside.settle(hash);
        else await house.outside.cancel(hash);
      },
      isOver,
      ...end,
    };
  };
  const held = async (hash: string) =>
    (await house.outside.invoices()).some((each) => each.hash === hash && each.state === 'held');

  test('I7: paid outside, with a mishap at every step', { timeout: 60_000 }, async () => {
    const runs = await loop(story({}, { told: ['payment_paid'], gains: [-9_000_000n, 0n] }));
    expect(runs).toBeGreaterThan(30);
  });

  test('refused by the payee', { timeout: 60_000 }, async () => {
    const runs = await loop(story({ refused: true }, { told: ['payment_failed'], gains: [0n, 0n] }));
    expect(runs).toBeGreaterThan(30);
  });

  test.each([['settle', 'payment_paid', -9_000_000n] as const, ['cancel', 'payment_failed', 0n] as const])(
    'I7: held by the payee, who then decides: %s; with a mishap at every step',
    { timeout: 60_000 },
    async (hold, kind, gain) => {
      const end = { told: [kind], gains: [gain, 0n] as const };
      expect(await loop(story({ hold }, end))).toBeGreaterThan(20);
    },
  );

  test('inside the house', { timeout: 60_000 }, async () => {
    const end = { told: ['payment_paid'], gains: [-9_000_000n, 9_000_000n] as const };
    expect(await loop(story({ inside: true }, end))).toBeGreaterThan(30);
  });
});

describe('send', () => {
  const draftTo = (to: { username: string }, world: WorkerWorld = after) =>
    send.quote(world, { ...asha, fromName: '@asha', channel: 'telegram', to, amountMsat: 3_000_000n });
  const state = async (id: string) => (await findSend(after.db, id))?.state;

  test('to somebody here', { timeout: 60_000 }, async () => {
    const runs = await loop(async () => {
      const draft = await draftTo({ username: 'baraka' });
      return {
        subjectId: draft.id,
        act: (world) => send.start(world, draft),
        next: () => send.start(after, draft),
        isOver: async () => (await state(draft.id)) === 'done',
        told: ['send_received'],
        gains: [-3_000_000n, 3_000_000n],
      };
    });
    expect(runs).toBeGreaterThan(8);
  });

  test('asked for and then sent', { timeout: 60_000 }, async () => {
    await loop(async () => {
      const asking = { ...baraka, fromName: '@baraka', channel: 'telegram', to: { username: 'asha' } };
      const { id } = await request.ask(after, { ...asking, amountMsat: 3_000_000n });
      const draft = await request.payDraft(after, { ...asha, id });
      return {
        subjectId: id,
        act: (world) => send.start(world, draft),
        next: () => send.start(after, draft),
        isOver: async () => (await state(draft.id)) === 'done',
        told: ['request_closed', 'request_paid', 'request_received'],
        gains: [-3_000_000n, 3_000_000n],
      };
    });
  });

  type Ending = [name: string, end: (world: WorkerWorld, id: string, code: string) => Promise<unknown>, Partial<Run>];
  const endings: Ending[] = [
    [
      'claimed',
      (world, _id, code) => send.claim(world, { ...baraka, code }),
      { told: ['send_claimed'], gains: [-3_000_000n, 3_000_000n] },
    ],
    ['retracted', (world, id) => send.retract(world, { ...asha, id }), { told: [], gains: [0n, 0n] }],
    [
      'returned',
      async (world, id) => {
        // As if its 21 days were over.
        await ask(after, 'update sends set expires_at = created_at where id = $1', [id]);
        await send.giveBackOverdue(world, id);
      },
      { told: ['send_returned'], gains: [0n, 0n] },
    ],
  ];

  test.each(endings)('to somebody not here yet, then %s', { timeout: 60_000 }, async (name, end, expected) => {
    const runs = await loop(async () => {
      const draft = await draftTo({ username: 'nobody_yet' });
      const code = claimCodeOf(after.config.APP_SECRET, draft.id);
      return {
        subjectId: draft.id,
        async act(world) {
          await send.start(world, draft);
          await end(world, draft.id, code);
        },
        async next() {
          await send.start(after, draft);
          await end(after, draft.id, code);
        },
        isOver: async () => (await state(draft.id)) === name,
        told: [],
        gains: [0n, 0n],
        ...expected,
      };
    });
    expect(runs).toBeGreaterThan(12);
  });
});
