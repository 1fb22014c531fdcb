// The promises, each broken by hand as nobody but the database's owner or a stranger at the node could: it is found, the
// gauge falls, admins are told once, sending stops while receiving goes on, and an admin's word starts it again.
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import type { Clock } from '../../src/base/clock.ts';
import { measureHouse } from '../../src/flows/measure.ts';
import * as pay from '../../src/flows/pay.ts';
import { checkPromises } from '../../src/flows/promises.ts';
import * as send from '../../src/flows/send.ts';
import { sending, turnSending } from '../../src/flows/sending.ts';
import { LOOK_AGAIN_MS, watchPromises } from '../../src/flows/watch-promises.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { type MovableClock, movableClock } from '../support/flow-clock.ts';
import { ask, available, hold, run } from '../support/flow-help.ts';
import { booksAreRight, creditFrom, type House, openHouse, type Person } from '../support/house.ts';
import { BREAKS } from './promise-breaks.ts';

let house: House;
let world: WorkerWorld;
let owner: pg.Client;
let boss: Person;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  world = house.world;
  owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
  boss = await house.person('boss');
  asha = await house.person('asha', 100_000n);
  baraka = await house.person('baraka');
  await ask(world, "update users set role = 'admin' where id = $1", [boss.userId]);
  measureHouse(world);
});
beforeEach(async () => {
  await booksAreRight(house.world);
  // Nobody works these jobs here; what is doubted in one test is not the next one's.
  await ask(world, "delete from outbox where queue = 'notification'");
  await ask(world, 'delete from promise_doubts');
});
afterAll(async () => {
  await owner.end();
  await house.close();
});

/** The watch on a clock that is moved; it ends without waiting for anything. */
const watching = (clock: Clock): WorkerWorld => ({
  ...world,
  clock: { ...clock, sleep: () => Promise.reject(new Error('the watch waits')) },
});
const quote = () =>
  send.quote(world, {
    ...asha,
    fromName: asha.name,
    channel: 'telegram',
    to: { username: 'baraka' },
    amountMsat: 1_000n,
  });
const news = async () =>
  ask<{ details: { promises: string[]; why: string } }>(
    world,
    "select details from notices where kind = 'promise_broken' and user_id = $1 order by id",
    [boss.userId],
  );
const paid = async () => {
  const { id } = await hold(house, asha, { amountMsat: 1_000_000n });
  await run(house.world, id);
  return id;
};
const sent = async () => (await send.start(world, await quote())).id;
const credited = async () => {
  const { id, request } = await house.invoice(baraka, 2n);
  await house.outside.pay({ request });
  await creditFrom(house.world, id);
  return id;
};
/** As its owner, who alone can silence the tables' own guards. */
async function silenced(table: string, ...statements: [string, unknown[]][]): Promise<void> {
  await owner.query(`alter table ${table} disable trigger user`);
  for (const [text, values] of statements) await owner.query(text, values);
  await owner.query(`alter table ${table} enable trigger user`);
}
describe.each(BREAKS)('$breaks, by $what', ({ breaks, also = [], wrong }) => {
  test('is seen, told, stops sending and not receiving, until an admin says otherwise', async () => {
    const before = (await news()).length;
    const draft = await quote();
    // A minute later than what is looked at, so that nothing is still on its way.
    const clock = movableClock();
    clock.move(61_000);
    const later = watching(clock);
    const putRight = await wrong({ house, world, owner, asha, baraka, paid, sent, credited, silenced });
    const broken = (await watchPromises(later, 'all')).filter(({ kept }) => kept === false);
    const names = broken.map(({ promise }) => promise);
    expect(names).toContain(breaks);
    expect(names.filter((name) => name !== breaks && !also.includes(name))).toEqual([]);
    clock.move(LOOK_AGAIN_MS);
    await watchPromises(later, 'all');

    const metrics = await world.metrics.text();
    expect(metrics).toContain(`satfleet_promise_kept{promise="${breaks}"} 0`);
    expect(metrics).toMatch(/satfleet_sending_on 0/);
    const told = (await news()).slice(before);
    expect(told.flatMap(({ details }) => details.promises)).toContain(breaks);
    await watchPromises(later, 'all');
    expect(await news()).toHaveLength(before + told.length);

    await expect(send.start(world, draft)).rejects.toMatchObject({ code: 'sending_stopped' });
    const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000n });
    const payDraft = await pay.quote(world, { ...asha, raw }).catch(() => undefined);
    if (payDraft) await expect(pay.start(world, payDraft)).rejects.toMatchObject({ code: 'sending_stopped' });
    const had = await available(world, boss);
    const { id, request } = await house.invoice(boss, 1n);
    await house.outside.pay({ request });
    await creditFrom(house.world, id);
    expect(await available(world, boss)).toBe(had + 1_000n);

    await expect(turnSending(world, asha.userId, true)).rejects.toMatchObject({ code: 'not_allowed' });
    expect(await turnSending(world, boss.userId, true)).toMatchObject({ isOn: true, by: boss.userId });
    // The same break does not stop it again.
    await watchPromises(later, 'all');
    expect(await sending(world, boss.userId)).toMatchObject({ isOn: true });
    await putRight();
    await watchPromises(later, 'all');
    expect(await sending(world, boss.userId)).toMatchObject({ isOn: true, known: [] });
    expect(await world.metrics.text()).toContain(`satfleet_promise_kept{promise="${breaks}"} 1`);
    await send.start(world, await quote());
  });
});

describe('what one look does not prove', () => {
  const doubts = async () =>
    (
      await ask<{ doubt: string }>(world, "select promise || ' ' || slice as doubt from promise_doubts order by at")
    ).map(({ doubt }) => doubt);
  const isOn = async () => (await sending(world, boss.userId)).isOn;
  let clock: MovableClock;
  /** An invoice that its node was paid for and nobody was credited for. */
  let invoice: { id: string; request: string };

  beforeEach(async () => {
    clock = movableClock();
    clock.move(61_000);
    invoice = await house.invoice(baraka, 3n);
    await house.outside.pay({ request: invoice.request });
    await watchPromises(watching(clock), 7);
    expect(await doubts()).toEqual(['P6 7']);
    expect(await isOn()).toBe(true);
  });

  test('stops nothing, until a worker sees it again in a later round, whatever became of the first one', async () => {
    const before = (await news()).length;
    clock.move(30_000);
    await watchPromises(watching(clock), 8);
    expect(await doubts()).toEqual(['P6 7', 'P6 8']);
    expect(await isOn()).toBe(true);
    // No worker for a while: a look at the last minutes would not see it any more.
    clock.move(15 * 60_000);
    expect((await checkPromises(watching(clock), { slice: 23 })).find(({ promise }) => promise === 'P6')?.kept).toBe(
      true,
    );
    await watchPromises(watching(clock), 23);
    expect(await isOn()).toBe(false);
    expect((await news()).slice(before).map(({ details }) => details.promises)).toEqual([['P6']]);
    expect((await doubts()).filter((doubt) => doubt.startsWith('P6'))).toEqual([]);
    await creditFrom(world, invoice.id);
    await turnSending(world, boss.userId, true);
    await watchPromises(watching(clock), 'all');
    expect(await sending(world, boss.userId)).toMatchObject({ isOn: true, known: [] });
  });

  test('stops nothing when it was on its way', async () => {
    await creditFrom(world, invoice.id);
    clock.move(LOOK_AGAIN_MS);
    await watchPromises(watching(clock), 8);
    expect(await doubts()).toEqual([]);
    expect(await isOn()).toBe(true);
  });

  test('is not forgotten while a node cannot be asked', async () => {
    await house.lightning.kill('alice');
    clock.move(LOOK_AGAIN_MS);
    await watchPromises(watching(clock), 8);
    expect(await doubts()).toEqual(['P6 7']);
    expect(await isOn()).toBe(true);
    await house.lightning.start('alice');
    await vi.waitFor(async () => {
      await watchPromises(watching(clock), 9);
      expect(await isOn()).toBe(false);
    }, 15_000);
    await creditFrom(world, invoice.id);
    await turnSending(world, boss.userId, true);
    await watchPromises(watching(clock), 'all');
  });
});

test('a payment made at a node by hand is not ours, and is found', async () => {
  const { request } = await house.outside.makeInvoice({ amountMsat: 5_000n });
  await new OutsideWallet(house.sandbox.nodes.alice, house.lightning.dir).pay({ request });
  expect((await checkPromises(world, { slice: 0 })).find(({ promise }) => promise === 'P4')).toMatchObject({
    kept: false,
  });
});
