// The life of one thing, in order and with who and why: as an admin asks for it in the chat and at the house's machine.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../scripts/root.ts';
import { shortId } from '../../src/flows/history.ts';
import * as request from '../../src/flows/request.ts';
import * as send from '../../src/flows/send.ts';
import { lifeText, why } from '../../src/flows/why.ts';
import { ask, hold, run } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let boss: Person;
let asha: Person;

beforeAll(async () => {
  house = await openHouse();
  boss = await house.person('boss');
  asha = await house.person('asha', 50_000n);
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.userId]);
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
});

const lines = async (said: string) => {
  const [life] = await why(house.world, boss.userId, said);
  return life
    ? lifeText(life)
        .split('\n')
        .map((line) => line.replace(/^\S+Z {2}/, ''))
    : [];
};

test('a payment: tapped, sent by its job, paid by its answer; what moved, what was told; no secret', async () => {
  const { id, hash, raw } = await hold(house, asha, { amountMsat: 2_000_000n });
  const row = await run(house.world, id);
  const actor = house.world.instanceId;
  const life = await lines(shortId(id));
  expect(life).toEqual([
    `payment ${id} is paid, 2000000 msat, at ${row.node}`,
    `1. new → held: tap, by ${actor}`,
    `pending hold: 2020000 msat, wallet:${asha.userId} → outgoing:BTC`,
    `2. held → sending: job, by ${actor}`,
    expect.any(String),
    expect.any(String),
    expect.any(String),
    expect.any(String),
    'job notification not done yet',
  ]);
  for (const each of [
    `3. sending → paid: answer, by ${actor}`,
    `post pay: 2000000 msat, wallet:${asha.userId} → outgoing:BTC`,
    `single outflow: 2000000 msat, outgoing:BTC → lightning:${row.node}`,
    'notice payment_paid made',
  ]) {
    expect(life).toContain(each);
  }
  expect(await lines(id)).toEqual(life);
  for (const secret of [row.preimage, hash, raw]) expect(life.join('\n')).not.toContain(secret);

  const script = join(ROOT, 'scripts', 'why.ts');
  const env = { ...process.env, DATABASE_URL: house.database.appUrl };
  const { stdout } = await promisify(execFile)(process.execPath, [script, id], { env });
  expect(stdout).toContain(`3. sending → paid: answer, by ${actor}`);
  await expect(promisify(execFile)(process.execPath, [script, 'ffffffff'], { env })).rejects.toMatchObject({
    stderr: expect.stringContaining('Nothing is known of ffffffff'),
  });
});

test('an invoice, a send that was taken back, a request that was declined', async () => {
  const { id: invoice } = await house.invoice(boss, 5n);
  expect(await lines(invoice)).toContain(`2. asked → open: node, by ${house.world.instanceId}`);
  const asked = { ...asha, fromName: asha.name, channel: 'telegram', amountMsat: 1_000n };
  const draft = await send.quote(house.world, { ...asked, to: { username: 'nobody_yet' } });
  await send.start(house.world, draft);
  await send.retract(house.world, { ...asha, id: draft.id });
  const sent = await lines(draft.id);
  expect(sent).toContain(`2. held → retracted: retract, by ${house.world.instanceId}`);
  expect(sent).toContain(`void return: 1000 msat, wallet:${asha.userId} → outgoing:BTC`);
  const { id } = await request.ask(house.world, { ...asked, to: { username: 'boss' } });
  await request.decline(house.world, { ...boss, id });
  expect(await lines(id)).toContain(`2. open → declined: decline, by ${house.world.instanceId}`);
});

test('nothing is told of what is not there, nor to anybody else', async () => {
  for (const said of ['', 'ffffffff', "' or true --", house.world.ids.next()]) expect(await lines(said)).toEqual([]);
  await expect(why(house.world, asha.userId, 'ffffffff')).rejects.toMatchObject({ code: 'not_allowed' });
});
