// The nodes and the books drifting apart: seen within one round of the minute's check to the satoshi, told, and sending
// stops. What is only under way rings nobody, and a node that is away or not ours yet keeps nothing else from being seen.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { ROOT } from '../../scripts/root.ts';
import type { Clock } from '../../src/base/clock.ts';
import { adopt } from '../../src/flows/node-books.ts';
import * as pay from '../../src/flows/pay.ts';
import { readSending } from '../../src/infra/db/switches.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask } from '../support/flow-help.ts';
import { creditFrom, type House, openHouse, type Person } from '../support/house.ts';

// Each has a house of its own, for its books are broken on purpose.
vi.setConfig({ testTimeout: 60_000 });

let house: House;
let asha: Person;

beforeEach(async () => {
  house = await openHouse();
  asha = await house.person('asha', 10_000n);
});
afterEach(() => house.close());

/** One round of the minute's check, with its pauses left out; by default of the seventh minute. */
async function round(sleep: Clock['sleep'] = async () => {}, minute = 7): Promise<void> {
  const clock = movableClock();
  clock.move((minute - 7) * 60_000);
  const world = { ...house.world, clock: { ...clock, sleep } };
  await PROCESSORS['balance-check']({ world } as never, {
    id: `period-60000-${minute}`,
    traceId: 'y',
    attempt: 1,
    last: false,
  });
}

/** The round in which all is looked at again that one look does not prove. */
const secondLook = () => round(async () => {}, 9);

const logged = (words: string) => house.lines.filter((line) => line.includes(words));
const gauge = async (name: string): Promise<number> => {
  const line = (await house.world.metrics.text()).split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length));
};
const OFF_BY = 'satfleet_node_off_msat{node="alice"}';

async function steal(amountMsat: bigint): Promise<void> {
  const { request } = await house.outside.makeInvoice({ amountMsat });
  await new OutsideWallet(house.sandbox.nodes.alice, house.lightning.dir).pay({ request });
}

test('E11: one satoshi leaves a node by hand: gauge and log tell it in one round; at the second look sending stops', async () => {
  const boss = await house.person('boss');
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.userId]);
  await round();
  const before = await gauge('satfleet_solvency_msat');
  expect([await gauge(OFF_BY), (await readSending(house.world.db)).isOn]).toEqual([0, true]);
  await steal(1_000n);
  await round();
  expect(await gauge(OFF_BY)).toBe(-1_000);
  const fees = before - 1_000 - (await gauge('satfleet_solvency_msat'));
  expect(fees).toBeLessThan(1_000);
  expect(fees).toBeGreaterThanOrEqual(0);
  // The alert begins at this very satoshi.
  expect(readFileSync(join(ROOT, 'monitoring', 'rules', 'money.yml'), 'utf8')).toContain(
    '(abs(satfleet_node_off_msat)) >= 1000',
  );
  expect(logged('a node differs from the ledger')).toHaveLength(1);
  expect(await readSending(house.world.db)).toMatchObject({ isOn: true, known: [] });
  await secondLook();
  expect(await readSending(house.world.db)).toMatchObject({ isOn: false, known: ['P4'] });
  const news = await ask(house.world, "select user_id from notices where kind = 'promise_broken'");
  expect(news).toEqual([{ user_id: boss.userId }]);
  const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
  const draft = await pay.quote(house.world, { ...asha, raw });
  await expect(pay.start(house.world, draft)).rejects.toMatchObject({ code: 'sending_stopped' });
});

test('E11: a hundredth of all that is held leaves by hand, and what is owed is no longer there: sending stops', async () => {
  await round();
  const overMsat = BigInt(await gauge('satfleet_solvency_msat'));
  await steal(overMsat / 100n);
  // The rest of what is ours goes where no list of payments shows it: people are owed more than there is.
  const owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
  const wallet = `wallet:${asha.userId}`;
  await owner.query('update accounts set credits_posted = credits_posted + $2 where code = $1', [wallet, overMsat]);
  await owner.end();
  await round();
  expect(await gauge('satfleet_solvency_msat')).toBeLessThan(0);
  await secondLook();
  const { isOn, known } = await readSending(house.world.db);
  expect(isOn).toBe(false);
  expect(known).toEqual(expect.arrayContaining(['P4', 'P7']));
});

test('what is under way while the check looks, however often, rings nobody', async () => {
  const invoices: { id: string; request: string }[] = [];
  for (let i = 0; i < 4; i++) invoices.push(await house.invoice(asha, 100n));
  const last = invoices.pop();
  await house.outside.pay({ request: last?.request ?? '' });
  // At each look one settlement is not booked yet; it is by the next, when another one is not.
  await round(async () => {
    const settled = invoices.pop();
    if (settled) await house.outside.pay({ request: settled.request });
    const rows = await ask<{ id: string }>(house.world, "select id from invoices where state = 'open' order by id");
    for (const { id } of rows) if (id !== settled?.id) await creditFrom(house.world, id).catch(() => {});
  });
  expect(logged('a node differs from the ledger')).toEqual([]);
  expect(await gauge(OFF_BY)).toBe(0);
  expect((await readSending(house.world.db)).isOn).toBe(true);
});

test('a node that is away keeps neither the other node nor any promise of the books from being seen', async () => {
  await house.lightning.kill('bob');
  await steal(1_000n);
  const owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
  await owner.query("update accounts set credits_posted = credits_posted + 1 where code like 'wallet:%'");
  await owner.end();
  await round();
  expect(logged('a node could not be held against the ledger')).toHaveLength(1);
  expect(logged('a node differs from the ledger')).toHaveLength(1);
  expect(await readSending(house.world.db)).toMatchObject({ isOn: false, known: expect.arrayContaining(['P1']) });
});

test('a node that is not adopted is not held against books that are not its own', async () => {
  await house.close();
  house = await openHouse({ isToAdopt: true });
  await adopt(house.world, 'alice');
  await round();
  expect(logged('a node differs from the ledger')).toEqual([]);
  await steal(1_000n);
  await round();
  expect(logged('a node differs from the ledger')).toHaveLength(1);
});
