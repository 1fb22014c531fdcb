// Everything that may end the same thing, at once, in orders chosen by a seed: at every statement it is the scheduler that
// says who goes on. Whatever the order there is one end, which the table of moves allows, and the money moved once.
import fc, { type Scheduler } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimCodeOf } from '../../src/flows/claim-code.ts';
import { finishFailed, finishPaid } from '../../src/flows/pay-finish.ts';
import * as request from '../../src/flows/request.ts';
import * as send from '../../src/flows/send.ts';
import type { Tx } from '../../src/infra/db/client.ts';
import { claimForSending } from '../../src/infra/db/payments.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { ask, available, held, hold, paymentOf } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let asha: Person;
let baraka: Person;
let chipo: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 1_000_000n);
  [baraka, chipo] = [await house.person('baraka', 100_000n), await house.person('chipo')];
});
afterAll(async () => {
  await house.close();
});

/** The world, in which every statement waits for its turn. */
function inTurns(scheduler: Scheduler): WorkerWorld {
  const { db } = house.world;
  const turn = () => scheduler.schedule(Promise.resolve());
  const gated = (tx: Tx): Tx => ({
    ...tx,
    query: (...given) => turn().then(() => tx.query(...given)) as never,
    post: (...given) => turn().then(() => tx.post(...given)),
  });
  return {
    ...house.world,
    db: {
      ...db,
      query: (...given) => turn().then(() => db.query(...given)) as never,
      post: (...given) => turn().then(() => db.post(...given)),
      call: (...given) => turn().then(() => db.call(...given)) as never,
      transaction: (name, run) => turn().then(() => db.transaction(name, (tx) => run(gated(tx)))) as never,
    },
  };
}

/** How many turns each of up to four lets pass before it begins. */
type Order = { readonly scheduler: Scheduler; readonly waits: readonly number[] };

/** Lets all run at once in the scheduler's order; says of each whether it was not refused. */
async function race({ scheduler, waits }: Order, deeds: readonly ((world: WorkerWorld) => Promise<unknown>)[]) {
  const world = inTurns(scheduler);
  const begin = async (deed: (world: WorkerWorld) => Promise<unknown>, at: number) => {
    for (let turn = 0; turn < (waits[at] ?? 0); turn++) await scheduler.schedule(Promise.resolve());
    return deed(world);
  };
  const all = Promise.allSettled(deeds.map(begin));
  const results = await scheduler.waitFor(all);
  for (const each of results) {
    if (each.status === 'rejected' && each.reason?.name !== 'Refusal') throw each.reason;
  }
  return results.map(({ status }) => status === 'fulfilled');
}

const orders = fc.record({
  scheduler: fc.scheduler(),
  waits: fc.array(fc.constantFrom(0, 0, 3, 9), { minLength: 4, maxLength: 4 }),
});
/** Proves it in twenty orders, and in more until things have ended in more ways than one. Gives the ends that were seen. */
async function everyOrder(prove: (order: Order) => Promise<string>): Promise<Set<string>> {
  const seen = new Set<string>();
  const property = fc.asyncProperty(orders, async (order) => {
    seen.add(await prove(order));
  });
  for (let round = 0; round === 0 || (round < 20 && seen.size < 2); round++) {
    await fc.assert(property, { numRuns: 20, endOnFailure: true });
  }
  return seen;
}
const all = async () => Promise.all([asha, baraka, chipo].map((each) => available(house.world, each)));
const gains = (before: readonly bigint[], after: readonly bigint[]) =>
  after.map((msat, at) => msat - (before[at] ?? 0n));

test('A7: a waiting send claimed by two, taken back and overdue at once: it ends once', async () => {
  const seen = await everyOrder(async (order) => {
    const before = await all();
    const to = { username: 'nobody_yet' };
    const quote = { ...asha, fromName: asha.name, channel: 'telegram', to, amountMsat: 3_000n };
    const draft = await send.quote(house.world, quote);
    await send.start(house.world, draft);
    await ask(house.world, 'update sends set expires_at = created_at where id = $1', [draft.id]);
    const code = claimCodeOf(house.world.config.APP_SECRET, draft.id);
    const [first, second, retracted] = await race(order, [
      (world) => send.claim(world, { ...baraka, code }),
      (world) => send.claim(world, { ...chipo, code }),
      (world) => send.retract(world, { ...asha, id: draft.id }),
      (world) => send.giveBackOverdue(world, draft.id),
    ]);
    const [row] = await ask<{ state: string }>(house.world, 'select state from sends where id = $1', [draft.id]);
    const moved = { claimed: first ? [-3_000n, 3_000n, 0n] : [-3_000n, 0n, 3_000n] }[row?.state ?? ''] ?? [0n, 0n, 0n];
    expect(gains(before, await all())).toEqual(moved);
    expect([first, second, retracted].filter(Boolean).length).toBe(row?.state === 'returned' ? 0 : 1);
    const ends = await ask(house.world, 'select count(*)::int4 from transfers where pending_id = $1', [draft.id]);
    expect(ends).toEqual([{ count: 1 }]);
    return row?.state ?? '';
  });
  expect(seen.size).toBeGreaterThan(1);
  await booksAreRight(house.world);
});

test('A7: a request paid, declined, taken back and run out at once: it ends once', async () => {
  const seen = await everyOrder(async (order) => {
    const before = await all();
    const asked = {
      ...baraka,
      fromName: baraka.name,
      channel: 'telegram',
      to: { username: 'asha' },
      amountMsat: 2_000n,
    };
    const { id } = await request.ask(house.world, asked);
    const draft = await request.payDraft(house.world, { ...asha, id });
    const [paid, ...others] = await race(order, [
      (world) => send.start(world, draft),
      (world) => request.decline(world, { ...asha, id }),
      (world) => request.cancel(world, { userId: baraka.userId, id }),
    ]);
    const [row] = await ask<{ state: string }>(house.world, 'select state from requests where id = $1', [id]);
    expect(row?.state === 'paid').toBe(paid);
    expect([paid, ...others].filter(Boolean)).toHaveLength(1);
    expect(gains(before, await all())).toEqual(paid ? [-2_000n, 2_000n, 0n] : [0n, 0n, 0n]);
    return row?.state ?? '';
  });
  expect(seen.size).toBeGreaterThan(1);
  await booksAreRight(house.world);
});

test('A7: a payment called paid and failed at once by three who heard different things: it ends once', async () => {
  const seen = await everyOrder(async (order) => {
    const before = await available(house.world, asha);
    const { id } = await hold(house, asha, { amountMsat: 5_000n });
    const nowMs = house.world.clock.nowMs();
    await claimForSending(house.world.db, { id, node: 'alice', cause: 'job', nowMs, dueAtMs: nowMs + 30_000 });
    const row = { ...(await paymentOf(house.world, id)), node: 'alice' };
    const paid = { state: 'paid', preimage: 'ab'.repeat(32), feeMsat: 7n, amountMsat: 5_000n } as const;
    await race(order, [
      (world) => finishPaid(world, row, paid, 'answer'),
      (world) => finishFailed(world, id, 'no_route', 1, 'lookup'),
      (world) => finishPaid(world, row, paid, 'late_event'),
      (world) => finishFailed(world, id, 'timed_out', 1, 'answer'),
    ]);
    const { state } = await paymentOf(house.world, id);
    expect(before - (await available(house.world, asha))).toBe(state === 'paid' ? 5_007n : 0n);
    expect(await held(house.world, asha)).toBe(0n);
    const ends = await ask(house.world, 'select count(*)::int4 from transfers where pending_id = $1', [id]);
    expect(ends).toEqual([{ count: 1 }]);
    return state;
  });
  expect(seen).toEqual(new Set(['paid', 'failed']));
  // No node has paid any of these, so only the ledger can be held against itself.
  await booksAreRight(house.world, []);
});
