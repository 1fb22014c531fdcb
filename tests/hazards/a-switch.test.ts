// The switch that stops sending, turned under load: from the moment it is off no payment and no send begins, whoever had
// already looked, and what was under way comes to its end.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import * as pay from '../../src/flows/pay.ts';
import { execute, pursue } from '../../src/flows/pay-execute.ts';
import * as send from '../../src/flows/send.ts';
import { turnSending } from '../../src/flows/sending.ts';
import type { World } from '../../src/world.ts';
import { anotherWorker } from '../support/flow-clock.ts';
import { ask, ended, hold, paymentOf, run } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let boss: Person;
let asha: Person;

beforeAll(async () => {
  house = await openHouse();
  boss = await house.person('boss');
  asha = await house.person('asha', 200_000n);
  await house.person('baraka', 1_000n);
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.userId]);
});
afterEach(async () => {
  await turnSending(house.world, boss.userId, true);
  await booksAreRight(house.world);
});
afterAll(() => house.close());

const turn = (isOn: boolean) => turnSending(house.world, boss.userId, isOn);
const quoteTo = (username: string) =>
  send.quote(house.world, {
    ...asha,
    fromName: asha.name,
    channel: 'telegram',
    to: { username },
    amountMsat: 1_000n,
  });
/** How many payments and sends there are. */
const begun = async () => {
  const text = `select ((select count(*) from payments) + (select count(*) from sends)
    + (select count(*) from pending_transfers where state = 'pending'))::int4 as count`;
  return (await ask<{ count: number }>(house.world, text))[0]?.count;
};

test('A2: the switch turned under load lets no new send begin, and what is pending comes to its end', async () => {
  const inFlight = await hold(house, asha, { amountMsat: 2_000_000n, hold: true });
  const waiting = await hold(house, asha, { amountMsat: 1_000_000n });
  await execute(house.world, inFlight.id);
  let isOver = false;
  const codes = new Set<string>();
  const started = { before: 0, after: 0, refused: 0 };
  const load = async (username: string) => {
    while (!isOver) {
      const draft = await quoteTo(username);
      const wasOff = isOff;
      await send.start(house.world, draft).then(
        () => started[wasOff ? 'after' : 'before']++,
        (error: { code: string }) => {
          codes.add(error.code);
          started.refused++;
        },
      );
    }
  };
  let isOff = false;
  // At once to someone who is here, and held for someone who is not: two ways into the ledger.
  const loads = Promise.all([...Array(8).fill('baraka'), ...Array(4).fill('nobody_yet')].map(load));
  const many = (what: 'before' | 'refused') =>
    vi.waitFor(() => expect(started[what]).toBeGreaterThan(40), { timeout: 15_000, interval: 5 });
  await many('before');
  await turn(false);
  isOff = true;
  const atTurn = await begun();
  await many('refused');
  expect(await begun()).toBe(atTurn);
  isOver = true;
  await loads;
  expect(started.after).toBe(0);
  expect([...codes]).toEqual(['sending_stopped']);

  // What no node has been given waits, with its hold and its job; it is neither sent nor failed.
  await execute(house.world, waiting.id);
  expect(await paymentOf(house.world, waiting.id)).toMatchObject({ state: 'held', node: null });
  expect(await ask(house.world, 'select 1 from outbox where id = $1', [waiting.id])).toHaveLength(1);
  // What a node has been given ends.
  await house.outside.settle(inFlight.hash);
  expect(await ended(house.world, inFlight.id)).toMatchObject({ state: 'paid' });
  await turn(true);
  expect(await run(house.world, waiting.id)).toMatchObject({ state: 'paid' });
  await send.start(house.world, await quoteTo('baraka'));
});

test('A2: a start that had seen the switch on is over when the turn is', async () => {
  const draft = await quoteTo('baraka');
  // The hold is taken, its transaction still open, when the switch is turned.
  const gate = Promise.withResolvers<void>();
  const slow = house.world.db.transaction('test.slow', async (tx) => {
    const [row] = await tx.query<{ isOn: boolean }>('test.is_on', 'select sending_is_on() as "isOn"', []);
    await gate.promise;
    return row?.isOn;
  });
  await house.world.clock.sleep(50);
  let isTurned = false;
  const turned = turn(false).then(() => {
    isTurned = true;
  });
  await house.world.clock.sleep(100);
  expect(isTurned).toBe(false);
  gate.resolve();
  expect(await slow).toBe(true);
  await turned;
  await expect(send.start(house.world, draft)).rejects.toMatchObject({ code: 'sending_stopped' });
});

test('A2: while it is off a second tap still finds what the first one began, and nothing is tried again', async () => {
  const draft = await quoteTo('baraka');
  await send.start(house.world, draft);
  const held = await hold(house, asha, { amountMsat: 1_000_000n });
  await turn(false);
  expect(await send.start(house.world, draft)).toMatchObject({ state: 'done' });
  expect(await pay.start(house.world, held.draft)).toMatchObject({ id: held.id, state: 'held' });
  const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
  const other: World = await anotherWorker(house.world);
  const fresh = await pay.quote(other, { ...asha, raw });
  await expect(pay.start(other, fresh)).rejects.toMatchObject({ code: 'sending_stopped' });
  await (other as Awaited<ReturnType<typeof anotherWorker>>).close();
  await turn(true);
  expect(await run(house.world, held.id)).toMatchObject({ state: 'paid' });
});

test('A2: what failed for a moment is not tried again while it is off, and is when it is on', async () => {
  const faults = (change: Parameters<House['sandbox']['setFaults']>[1]) => {
    for (const node of ['alice', 'bob']) house.sandbox.setFaults(node, change);
  };
  const { id } = await hold(house, asha, { amountMsat: 1_000_000n });
  faults({ transient: { every: 1, kinds: ['TIMEOUT'] } });
  const job = execute(house.world, id);
  await vi.waitFor(async () => expect(await paymentOf(house.world, id)).toMatchObject({ state: 'sending' }));
  await turn(false);
  const { attempts } = await paymentOf(house.world, id);
  faults({ transient: null });
  await job;
  await house.world.clock.sleep(2_000);
  // The sweep believes what a node says of a try once no other can be on its way.
  const later = await anotherWorker(house.world);
  later.clock.move(60_000);
  await pursue(later, { id, attempts });
  expect(await paymentOf(house.world, id)).toMatchObject({ state: 'sending', attempts });
  await turn(true);
  await pursue(later, { id, attempts });
  expect(await ended(house.world, id)).toMatchObject({ state: 'paid', attempts: attempts + 1 });
  await later.close();
});
