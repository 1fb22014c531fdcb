// The promises, each broken by hand as nobody but the database's owner or a stranger at the node could: it is found, the
// gauge falls, admins are told once, sending stops while receiving goes on, and an admin's word starts it again.
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { measureHouse } from '../../src/flows/measure.ts';
import * as pay from '../../src/flows/pay.ts';
import { checkPromises } from '../../src/flows/promises.ts';
import * as send from '../../src/flows/send.ts';
import { sending, turnSending } from '../../src/flows/sending.ts';
import { watchPromises } from '../../src/flows/watch-promises.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { movableClock } from '../support/flow-clock.ts';
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
  // The second look of the watch comes at once.
  world = { ...house.world, clock: { ...house.world.clock, sleep: async () => {} } };
  owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
  boss = await house.person('boss');
  asha = await house.person('asha', 100_000n);
  baraka = await house.person('baraka');
  await ask(world, "update users set role = 'admin' where id = $1", [boss.userId]);
  measureHouse(world);
});
beforeEach(() => booksAreRight(house.world));
afterAll(async () => {
  await owner.end();
  await house.close();
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
    const later = { ...world, clock: { ...clock, sleep: async () => {} } };
    const putRight = await wrong({ house, world, owner, asha, baraka, paid, sent, credited, silenced });
    const broken = (await watchPromises(later, 'all')).filter(({ kept }) => kept === false);
    const names = broken.map(({ promise }) => promise);
    expect(names).toContain(breaks);
    expect(names.filter((name) => name !== breaks && !also.includes(name))).toEqual([]);

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

test('a payment made at a node by hand is not ours, and is found', async () => {
  const { request } = await house.outside.makeInvoice({ amountMsat: 5_000n });
  await new OutsideWallet(house.sandbox.nodes.alice, house.lightning.dir).pay({ request });
  expect((await checkPromises(world, { slice: 0 })).find(({ promise }) => promise === 'P4')).toMatchObject({
    kept: false,
  });
});
