// An admin's PIN: asked for before what moves money or people, gone from the chat as soon as it is read, good for ten
// minutes, kept in no session, log or text of ours.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Ground, ground, hook, type Instance } from '../channels/instances.ts';
import { ask } from '../support/flow-help.ts';
import { type House, openHouse } from '../support/house.ts';
import { freshRates, type Phone, someone } from './phone.ts';

const PIN = '482915';

async function makeAdmin(ownerUrl: string, userId: string): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  await owner.query("update users set role = 'admin' where id = $1", [userId]);
  await owner.end();
}

describe('in the conversation', () => {
  let house: House;
  let boss: Phone;

  beforeAll(async () => {
    house = await openHouse();
    await freshRates(house);
    boss = await someone(house, 'boss');
    await someone(house, 'asha');
    await makeAdmin(house.database.ownerUrl, boss.session?.userId ?? '');
  });
  afterAll(() => house.close());

  const lock = () => house.world.sessions.del(`unlocked:{${boss.session?.userId}}`);

  test('without one nothing that needs it is done', async () => {
    for (const text of ['/pause all', '/freeze @asha x', '/unfreeze @asha', '/admins add @asha', '/resume all']) {
      expect(await boss.say(text), text).toContain('this needs your PIN, and you have none yet');
    }
    expect(await boss.say('/refund 01900000-0000-7000-8000-000000000000')).toContain('none yet');
    await boss.say('/broadcast all hello');
    expect(await boss.press('Send to')).toContain('none yet');
    expect(await ask(house.world, 'select 1 from switches where not is_on')).toEqual([]);
    expect(await ask(house.world, "select 1 from broadcasts where state = 'running'")).toEqual([]);
  });

  test('one that anybody would try first is not taken', async () => {
    await boss.say('/pin');
    for (const unfit of ['12345', '111111', '123456', '987654', '1234567890123', 'abcdef']) {
      expect(await boss.say(unfit), unfit).toContain('6 to 12 digits');
    }
    expect(boss.session?.wizard).toMatchObject({ command: 'pin', isSecret: true });
    expect(await boss.say(PIN)).toContain('Your PIN is set');
    const [row] = await ask<{ hash: string }>(house.world, 'select hash, salt from pins');
    expect(row?.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('asked for once, then not for ten minutes; a wrong one leaves the question open', async () => {
    expect(await boss.say('/pause pay')).toContain('Your PIN, please');
    expect(boss.session?.wizard).toEqual({ command: 'pause', given: { rail: 'pay' }, asked: 'pin', isSecret: true });
    expect(await boss.say('000001')).toContain('not your PIN. Nothing was done');
    expect(await ask(house.world, 'select 1 from switches where not is_on')).toEqual([]);
    expect(await boss.say(PIN)).toContain('Paused, in all instances');
    expect(JSON.stringify(boss.session)).not.toContain(PIN);
    expect(await boss.say('/resume pay')).toContain('Resumed');
    await lock();
    expect(await boss.say('/freeze @asha a reason of many words')).toContain('Your PIN, please');
    expect(await boss.say(PIN)).toContain('@asha is frozen');
    await lock();
    await boss.say('/broadcast all hello');
    expect(await boss.press('Send to')).toContain('Your PIN, please');
    expect(await boss.say(PIN)).toContain('On its way');
    expect(await boss.say('/cancel')).toContain('nothing to cancel');
  });

  test('changed only by who knows the old one, even within the ten minutes', async () => {
    await boss.say('/pin');
    expect(await boss.say('593026')).toContain('not your PIN');
    expect(await boss.say(PIN)).toContain('new PIN, please');
    expect(await boss.say('593026')).toContain('Your PIN is set');
    expect(await boss.say('/pause all')).toContain('Your PIN, please');
    expect(await boss.say(PIN)).toContain('not your PIN');
    expect(await boss.say('593026')).toContain('Paused');
    await boss.say('/resume all');
  });

  test('no line of the log, no audit and no notice has it', async () => {
    expect(house.lines.filter((line) => line.includes(PIN) || line.includes('593026'))).toEqual([]);
    const text = "select 1 from audit where details::text like '%482915%' or details::text like '%593026%'";
    expect(await ask(house.world, text)).toEqual([]);
  });
});

describe('in Telegram', () => {
  let shared: Ground;
  let one: Instance;

  beforeAll(async () => {
    shared = await ground();
    one = await shared.start();
    await hook(one);
  });
  afterAll(() => shared.close());

  test('the message with it is taken away as soon as it is read, right or wrong; others stay', async () => {
    const phone = shared.telegram.person({ first_name: 'Boss', language_code: 'en' });
    const says = async (text: string, answer: RegExp) => {
      const before = phone.transcript().filter(({ from }) => from === 'bot').length;
      phone.say(text);
      await vi.waitFor(() => {
        const said = phone.transcript().filter(({ from }) => from === 'bot');
        expect(said.length).toBeGreaterThan(before);
        expect(JSON.stringify(said.at(-1))).toMatch(answer);
      }, 8_000);
    };
    await says('/start', /Welcome/);
    const db = one.world.db;
    const [user] = await db.query<{ id: string }>('test.user', 'select id from users', []);
    await makeAdmin(shared.database.ownerUrl, user?.id ?? '');
    await says('/pin', /new PIN/);
    await says('12', /6 to 12 digits/);
    await says(PIN, /PIN is set/);
    await says('/pause all', /Your PIN, please/);
    await says('999998', /not your PIN/);
    await says(PIN, /Paused/);
    await sleep(200);
    const mine = () => JSON.stringify(phone.transcript().filter(({ from, deleted }) => from !== 'bot' && !deleted));
    await vi.waitFor(() => expect(mine()).not.toMatch(/482915|999998/), 5_000);
    expect(mine()).toContain('/pause all');
  });
});
