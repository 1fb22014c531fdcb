// Those who want in, one by one: whatever they try is refused, changes nothing, is counted by what it was, and where it
// was an admin's act it stands in the audit.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RefusedAct } from '../../src/base/metrics.ts';
import { freshRates, type Phone, RICH_FACE, someone } from '../chat/phone.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';
import { type Ground, ground, type Instance, post } from './instances.ts';

let house: House;
let shared: Ground;
let instance: Instance;
let baraka: Phone;
let thief: Phone;

beforeAll(async () => {
  [house, shared] = await Promise.all([openHouse(), ground()]);
  instance = await shared.start();
  await freshRates(house);
  baraka = await someone(house, 'baraka', RICH_FACE, 1_000);
  thief = await someone(house, 'thief', RICH_FACE, 1_000);
});
afterAll(() => Promise.all([house.close(), shared.close()]));
afterEach(() => booksAreRight(house.world));

const group = { isPrivate: false, chatId: '-100200300' };

/** How often an act was refused while `work` ran. */
async function refused(act: RefusedAct, work: () => Promise<unknown>, world = house.world): Promise<number> {
  const count = async () =>
    Number(new RegExp(`refused_acts_total\\{act="${act}"\\} (\\d+)`).exec(await world.metrics.text())?.[1] ?? 0);
  const before = await count();
  await work();
  return (await count()) - before;
}
const audits = (phone: Phone) =>
  house.world.db.query<{ details: { act: string } }>(
    'test.audits',
    `select details from audit where action = 'refused' and actor_id = $1`,
    [phone.session?.userId ?? ''],
  );
/** Sats alone: the age of the rate beside them goes on. */
const satsOf = async (phone: Phone) => (await phone.say('/balance')).match(/[\d,]+ sats?/g)?.join();
const money = async () => [await satsOf(baraka), await satsOf(thief)];

async function makeAdmin(phone: Phone, role: 'admin' | 'person'): Promise<void> {
  const owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
  await owner.query('update users set role = $2 where id = $1', [phone.session?.userId, role]);
  await owner.end();
}

describe('the webhook', () => {
  const update = {
    update_id: 77_001,
    message: {
      message_id: 1,
      from: { id: 881, is_bot: false, first_name: 'A' },
      chat: { id: 881, type: 'private' },
      date: 1,
      text: '/balance',
    },
  };

  test('forged', async () => {
    const tries = [null, '', 'a'.repeat(64), instance.bots.secretOf('110002') ?? ''];
    const work = async () => {
      for (const secret of tries) expect((await post(instance, update, { secret })).status).toBe(403);
      expect((await post(instance, update, { botId: '999', secret: 'x' })).status).toBe(403);
    };
    expect(await refused('webhook_forged', work, instance.world as typeof house.world)).toBe(5);
  });

  test('replayed', async () => {
    expect((await post(instance, update)).status).toBe(200);
    const work = async () => {
      for (let again = 0; again < 3; again++) expect((await post(instance, update)).status).toBe(200);
    };
    expect(await refused('update_repeated', work, instance.world as typeof house.world)).toBe(3);
  });
});

describe('buttons', () => {
  test('another’s, in every kind', async () => {
    const before = await money();
    await baraka.say('/send 100 @thief');
    const card = baraka.last.replies;
    await baraka.say('/send 70 @somebody_new');
    await baraka.press('Send');
    const gift = baraka.last.replies;
    await baraka.say('/request 30 @baraka');
    await thief.say('/request 30 @baraka');
    const asked = thief.last.replies;
    const work = async () => {
      expect(await thief.press('Send', card)).toContain('too old');
      for (const reply of gift)
        for (const button of (reply.buttons ?? []).flat()) {
          if ('data' in button) await thief.pressData(button.data);
        }
      const [cancel] = asked.flatMap(({ buttons = [] }) => buttons.flat());
      const id = cancel && 'data' in cancel ? (cancel.data.split(':')[2] ?? '') : '';
      // Who asked cannot pay or decline in the other's name, nor can the other take it back.
      await thief.pressData(`request:pay:${id}`);
      await thief.pressData(`request:decline:${id}`);
      await baraka.pressData(`request:cancel:${id}`);
    };
    expect(await refused('button_refused', work)).toBeGreaterThanOrEqual(5);
    expect((await money())[1]).toBe(before[1]);
  });

  test('changed by hand, with ids that are guessed', async () => {
    await baraka.say('/history');
    const line = baraka.last.replies
      .flatMap(({ buttons = [] }) => buttons.flat())
      .flatMap((each) => ('data' in each ? [each.data] : []));
    const near = line[0]?.replace(/.$/, (last) => (last === '0' ? '1' : '0')) ?? '';
    const before = await money();
    const work = async () => {
      for (const data of [near, `confirm:${house.world.ids.next()}`, ...line.filter((each) => each.includes('open'))]) {
        const said = await thief.pressData(data);
        expect(said).not.toMatch(/70 sats|100 sats/);
      }
    };
    expect(await refused('button_refused', work)).toBeGreaterThanOrEqual(3);
    const invented = async () => {
      for (const data of ['withdraw:all', 'confirm2:1', '{"act":"send"}']) await thief.pressData(data);
    };
    expect(await refused('button_unknown', invented)).toBe(3);
    expect(await money()).toEqual(before);
  });

  test('from before a restart that forgot everything: too old, and nothing happens', async () => {
    await baraka.say('/send 50 @thief');
    const card = baraka.last.replies;
    const before = await money();
    await house.world.sessions.flushdb();
    expect(await refused('button_refused', () => baraka.press('Send', card))).toBe(1);
    expect(await money()).toEqual(before);
  });

  test('a claim code that is guessed', async () => {
    const codes = ['A'.repeat(32), 'claim', `${house.world.ids.next()}`];
    const work = async () => {
      for (const code of codes) await thief.say(`/start ${code}`);
    };
    expect(await refused('code_guessed', work)).toBe(codes.length);
  });
});

test('private things asked in a group are told to nobody there', async () => {
  const asked = ['/balance', '/history', '/receive 5', '/settings', '/stats', '/why x', '/sweepto'];
  const work = async () => {
    for (const text of asked) expect(await baraka.say(text, group)).toContain('private chat');
    await baraka.pressData('history:newest', group);
  };
  expect(await refused('private_in_group', work)).toBe(asked.length + 1);
});

describe('admin commands', () => {
  const ALL = [
    '/stats',
    '/failed',
    '/retryfailed',
    '/sending',
    '/sending off',
    '/why 1',
    `/refund 01900000-0000-7000-8000-000000000000`,
  ];

  test('by a stranger: refused, counted each time, audited once a minute', async () => {
    const work = async () => {
      for (const text of ALL) expect(await thief.say(text)).toContain('only for those who run Satfleet');
    };
    expect(await refused('admin_by_stranger', work)).toBe(ALL.length);
    expect((await audits(thief)).map(({ details }) => details.act)).toEqual(['stats']);
    expect(await baraka.say('/send 1 @thief')).toContain('To: @thief');
  });

  test('by an admin no more, whatever the session remembers', async () => {
    const boss = await someone(house, 'boss');
    await makeAdmin(boss, 'admin');
    boss.session = undefined;
    expect(await boss.say('/sending')).not.toContain('only for those');
    expect(boss.session).toMatchObject({ role: 'admin' });
    await makeAdmin(boss, 'person');
    expect(await refused('admin_by_stranger', () => boss.say('/sending off'))).toBe(1);
    expect((await audits(boss)).map(({ details }) => details.act)).toEqual(['turn_sending']);
    expect(await baraka.say('/send 1 @thief')).toContain('To: @thief');
  });

  test('forwarded from an admin, by an admin or by anyone: words of somebody else are no command', async () => {
    const boss = await someone(house, 'boss2');
    await makeAdmin(boss, 'admin');
    const work = async () => {
      for (const phone of [boss, thief]) {
        expect(await phone.say('/sending off', { forwarded: true })).toContain('no Lightning invoice');
      }
    };
    expect(await refused('command_forwarded', work)).toBe(2);
    expect(await baraka.say('/send 1 @thief')).toContain('To: @thief');
  });
});
