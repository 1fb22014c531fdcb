// Those who run the house, in the chat: they hear of a broken promise in their language, see the switch and turn it, and
// are told the life of a thing by its number. Nobody else is, and what others are told while sending is stopped.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toPlain } from '../../src/chat/rich.ts';
import { shortId } from '../../src/flows/history.ts';
import { watchPromises } from '../../src/flows/watch-promises.ts';
import { ask, hold, run } from '../support/flow-help.ts';
import { booksAreRight, creditFrom, type House, openHouse } from '../support/house.ts';
import { freshRates, type Phone, someone } from './phone.ts';

let house: House;
let boss: Phone;
let asha: Phone;

beforeAll(async () => {
  house = await openHouse();
  await freshRates(house);
  [boss, asha] = [await someone(house, 'boss'), await someone(house, 'asha')];
  const owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
  await owner.query("update users set role = 'admin' where id = $1", [boss.session?.userId]);
  await owner.end();
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
});

test('a stranger neither stops nor learns anything', async () => {
  for (const said of ['/sending', '/sending off', '/why 01234567']) {
    expect(await asha.say(said)).toContain('only for those who run Satfleet');
  }
  expect(await boss.say('/sending')).toContain('Sending is on since');
});

test('stopped and started by an admin: what people are told meanwhile, and that receiving works', async () => {
  const person = {
    userId: asha.session?.userId ?? '',
    walletId: asha.session?.walletId ?? '',
    name: '',
    externalId: '',
  };
  const { id, request } = await house.invoice(person, 500n);
  expect(await boss.say('/sending off')).toMatch(/stopped since .*Receiving goes on.*\/sending on/s);
  await house.outside.pay({ request });
  await creditFrom(house.world, id);
  expect(await asha.say('/balance')).toContain('500 sats');
  await asha.say('/send 100 @boss');
  expect(await asha.press('Send')).toMatch(/Sending is stopped for a while.*Your money is safe/s);
  expect(await boss.say('/sending on')).toContain('Sending is on since');
  await asha.say('/send 100 @boss');
  expect(await asha.press('Send')).toContain('Sent 100 sats');
  const rows = await ask(house.world, "select action, actor_id from audit where action like 'sending%' order by id");
  const by = boss.session?.userId;
  expect(rows).toEqual([
    { action: 'sending_off', actor_id: by },
    { action: 'sending_on', actor_id: by },
  ]);
});

test('a broken promise comes to the admin, in their language; its number tells them the life of a payment', async () => {
  const wallet = asha.session?.walletId;
  const owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
  await owner.query('update accounts set credits_posted = credits_posted + 7 where id = $1', [wallet]);
  await watchPromises(house.world, 1);
  const news = toPlain((await boss.news('promise_broken')).text);
  expect(news).toMatch(/A promise is broken:\nP1: every currency sums to zero\n[\s\S]*BTC: 7[\s\S]*Sending is stopped/);
  expect(await boss.say('/sending')).toMatch(/stopped[\s\S]*P1: BTC: 7[\s\S]*Broken and known: P1/);
  await owner.query('update accounts set credits_posted = credits_posted - 7 where id = $1', [wallet]);
  await owner.end();
  await boss.say('/settings sw');
  expect(toPlain((await boss.news('promise_broken')).text)).toContain('Ahadi imevunjika');
  expect(await boss.say('/sending on')).toContain('Kutuma kunafanya kazi');
  const person = { userId: asha.session?.userId ?? '', walletId: wallet ?? '', name: '', externalId: '' };
  const { id } = await hold(house, person, { amountMsat: 1_000n });
  await run(house.world, id);
  const life = await boss.say(`/why ${shortId(id)}`);
  expect(life).toMatch(/new → held: tap[\s\S]*held → sending: job[\s\S]*sending → paid: answer/);
  expect(await boss.say('/why 00000000')).toContain('Siijui namba hii');
});
