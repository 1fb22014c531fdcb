// Those who run the house, in the chat: what they see and do, what people read while something is stopped, and that nobody
// else gets anywhere, neither by typing, nor forwarding, nor in a group, nor by an admin's buttons.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/chat/commands/index.ts';
import { toPlain } from '../../src/chat/rich.ts';
import { stepBroadcasts } from '../../src/flows/broadcast.ts';
import { shortId } from '../../src/flows/history.ts';
import { ask, hold, run } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';
import { freshRates, type Phone, RICH_FACE, someone } from './phone.ts';

let house: House;
let boss: Phone;
let asha: Phone;
let thief: Phone;

beforeAll(async () => {
  house = await openHouse({ environment: { SUPPORT_CONTACT: '@satfleet_help' } });
  await freshRates(house);
  boss = await someone(house, 'boss');
  asha = await someone(house, 'asha', RICH_FACE, 5_000);
  thief = await someone(house, 'thief');
  await makeAdmin(boss);
  await prove(boss);
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
});

async function makeAdmin(phone: Phone): Promise<void> {
  const owner = new pg.Client({ connectionString: house.database.ownerUrl });
  await owner.connect();
  await owner.query("update users set role = 'admin' where id = $1", [phone.session?.userId]);
  await owner.end();
}

const PIN = '482915';
/** An admin sets a PIN and proves themselves by it, by a command that changes nothing. */
async function prove(phone: Phone): Promise<void> {
  await phone.say('/pin');
  expect(await phone.say(PIN)).toContain('Your PIN is set');
  expect(await phone.say('/resume all')).toContain('Your PIN, please');
  expect(await phone.say(PIN)).toContain('stood so already');
}

const idOf = (phone: Phone) => phone.session?.userId ?? '';
const buttonsOf = (phone: Phone) => phone.last.replies.flatMap(({ buttons = [] }) => buttons.flat());
const dataOf = (phone: Phone) => buttonsOf(phone).flatMap((each) => ('data' in each ? [each.data] : []));
/** All that the audit holds beside looks. */
const deeds = async () => {
  const text = "select action, details from audit where action not in ('looked', 'refused') order by id";
  return ask<{ action: string; details: Record<string, string> }>(house.world, text);
};

describe('nobody else', () => {
  const ALL = [
    ...['/stats', '/queues', '/failed', '/retryfailed', '/user', '/user @asha', '/freeze', '/freeze @asha because'],
    ...[
      '/unfreeze @asha',
      '/pause',
      '/pause all',
      '/resume pay',
      '/admins',
      '/admins add @thief',
      '/admins remove @boss',
    ],
    ...['/audit', '/audit @boss', '/broadcast', '/broadcast all hello', '/refund', '/sending', '/why 01234567'],
    ...['/pin', '/web'],
  ];
  const NO = 'only for those who run Satfleet';

  test('by typing: each says no, and changes and shows nothing', async () => {
    const before = await deeds();
    for (const text of ALL) expect(await thief.say(text), text).toContain(NO);
    expect(await deeds()).toEqual(before);
    // Every one of them is in the list above.
    const named = COMMANDS.filter(({ role }) => role === 'admin').map(({ name }) => name);
    expect(named.filter((name) => !ALL.some((text) => text.startsWith(`/${name}`)) && name !== 'incidents')).toEqual(
      [],
    );
  });

  test('by an admin’s words passed on, or in a group', async () => {
    const before = await deeds();
    for (const text of ['/pause all', '/freeze @asha x', '/broadcast all hello']) {
      expect(await boss.say(text, { forwarded: true })).toContain('no Lightning invoice');
      expect(await boss.say(text, { isPrivate: false, chatId: '-100' })).toContain('private chat');
    }
    expect(await deeds()).toEqual(before);
  });

  test('by an admin’s buttons', async () => {
    await boss.say('/broadcast all hello');
    const draft = dataOf(boss);
    expect(draft).toHaveLength(2);
    for (const data of ['stats:refresh', 'queues:refresh', 'failed:-:0', 'audit:-:', ...draft]) {
      expect(await thief.pressData(data), data).toContain(NO);
    }
    await boss.press('Cancel');
  });

  test('the words of every day stay words for who is no admin', async () => {
    expect(await thief.say('pause')).not.toContain(NO);
    expect(await thief.say('user')).not.toContain(NO);
    // The role that a session remembers is that of its beginning.
    boss.session = undefined;
    expect(await boss.say('queues')).toContain('payment:');
  });

  test('by who was one: the role is read at every command', async () => {
    expect(await boss.say('/admins add @thief')).toContain('@thief is an admin now');
    expect(await thief.say('/queues')).toContain('payment:');
    expect(await boss.say('/admins remove @thief')).toContain('no admin any more');
    expect(await thief.say('/queues')).toContain(NO);
  });
});

test('/stats: one screen, brought up to date in its place', async () => {
  const text = await boss.say('/stats');
  expect(text).toMatch(/State of the fleet \(\d\d:\d\d\)[\s\S]*Queues[\s\S]*payment: \d+ · \d+ · \d+ · \d+ · \d+/);
  expect(text).toMatch(/Wallets: 3 · active today: \d[\s\S]*in: 1 × · 5,000 sats[\s\S]*Owed to people: 5,000 sats/);
  expect(text).not.toContain('⛔');
  expect(await boss.press('Refresh')).toContain('State of the fleet');
  expect(boss.last.replies[0]).toMatchObject({ edit: true });
});

test('/failed: page by page, of one queue or of all', async () => {
  const job = (at: number) => ({
    ...{ queue: 'payment' as const, id: `job${at}`, reason: 'no node', traceId: 'abcdef0123', attempts: 2, atMs: at },
  });
  const all = Array.from({ length: 7 }, (_, at) => job(at));
  const failed = async (_only: unknown, limit: number) => all.slice(0, limit);
  boss.world = { ...house.world, queues: { ...house.world.queues, failed } };
  expect(await boss.say('/failed payment')).toMatch(/job0[\s\S]*job4/);
  expect(dataOf(boss)).toEqual(['failed:payment:1']);
  const second = await boss.press('Older');
  expect(second).toMatch(/job5[\s\S]*job6/);
  expect(second).not.toContain('job4');
  expect(dataOf(boss)).toEqual(['failed:payment:0']);
  expect(await boss.pressData('failed:nonsense:x')).toContain('no such queue');
  boss.world = house.world;
});

test('/user: what support needs, by name, id or a number of theirs, and it is written down', async () => {
  const owner = { userId: idOf(asha), walletId: asha.session?.walletId ?? '', name: '', externalId: '' };
  const { id } = await hold(house, owner, { amountMsat: 100_000n });
  const seen = await boss.say('/user @asha');
  expect(seen).toMatch(/👤 @asha\nHere since: .*\nLast seen: .*\nReads: en, KES \(telegram\)/);
  expect(seen).toMatch(/Held: 110 sats[\s\S]*Payments without an end: 1\n {2}\w{8} · held · 100 sats[\s\S]*Not frozen/);
  expect(seen).toContain(`Number: ${idOf(asha)}`);
  for (const said of [idOf(asha), shortId(idOf(asha)), id, shortId(id), 'ASHA']) {
    expect(await boss.say(`/user ${said}`), said).toContain('👤 @asha');
  }
  expect(await boss.say('/user @nobody_at_all')).toContain('I know nobody by that name');
  expect(await boss.say('/user')).toContain('Write /user');
  const text = "select count(*)::int4 as count from audit where action = 'looked' and details->>'user' = $1";
  expect(await ask(house.world, text, [idOf(asha)])).toEqual([{ count: 6 }]);
  await run(house.world, id);
});

test('/freeze and /unfreeze: kind words for who is frozen, and the reason for who looks', async () => {
  expect(await boss.say('/freeze @asha')).toContain('and the reason');
  expect(await boss.say('/freeze @asha stolen phone, she called')).toContain('@asha is frozen');
  expect(await boss.say('/user @asha')).toMatch(/🧊 Frozen since .*: stolen phone, she called/);
  await asha.say('/send 10 @boss');
  const said = await asha.press('Send');
  expect(said).toContain('nothing can leave it for now; nothing was sent. All your sats are there');
  expect(said).toContain('write to @satfleet_help');
  expect(await asha.say('/balance')).toContain('sats');
  expect(await boss.say('/freeze @asha again')).toContain('frozen already');
  expect(await boss.say('/unfreeze @asha')).toContain('can send and pay again');
  expect(await boss.say('/unfreeze @asha')).toContain('was not frozen');
  await asha.say('/send 10 @boss');
  expect(await asha.press('Send')).toContain('Sent 10 sats');
});

test('/pause and /resume: people are told in their language, and the screen shows it', async () => {
  expect(await boss.say('/pause')).toMatch(/✅ pay: paying over Lightning[\s\S]*one of: send, pay, receive, all/);
  expect(await boss.say('/pause everything')).toContain('one of: send, pay, receive, all');
  expect(await boss.say('/pause all')).toMatch(/Paused, in all instances[\s\S]*⛔ pay[\s\S]*⛔ receive[\s\S]*⛔ send/);
  await asha.say('/send 10 @boss');
  expect(await asha.press('Send')).toContain('paused for a short while, so nothing was sent');
  expect(await asha.say('/receive 10')).toContain('New invoices are paused');
  await asha.say('/settings sw');
  expect(await asha.say('/receive 10')).toContain('Ankara mpya zimesitishwa');
  await asha.say('/settings en');
  boss.world = { ...house.world };
  expect(await boss.say('/stats')).toContain('⛔ Off: pay, receive, send');
  boss.world = house.world;
  expect(await boss.say('/resume all')).toContain('✅ Resumed');
  expect(await boss.say('/resume all')).toContain('stood so already');
});

test('/admins: the last one stays, whoever asks', async () => {
  expect(await boss.say('/admins')).toMatch(/@boss · \w{8}/);
  expect(await boss.say('/admins remove @boss')).toContain('this is the last admin');
  expect(await boss.say('/admins add @asha')).toContain('@asha is an admin now');
  expect(await boss.say('/admins add @asha')).toContain('stood so already');
  expect(await asha.say('/admins remove @boss')).toContain('you have none yet');
  await prove(asha);
  // Both want the other gone at the same moment: one of them stays.
  const both = await Promise.all([boss.say('/admins remove @asha'), asha.say('/admins remove @boss')]);
  expect(both.filter((text) => text.includes('no admin any more'))).toHaveLength(1);
  const left = await ask<{ id: string }>(house.world, "select id from users where role = 'admin'");
  expect(left).toHaveLength(1);
  if (left[0]?.id !== idOf(boss)) {
    await asha.say('/admins add @boss');
    await prove(boss);
    await boss.say('/admins remove @asha');
  }
  expect(await boss.say('/admins')).not.toContain('@asha');
});

test('/audit: newest first, page by page, of all, of one act or of one person', async () => {
  const first = await boss.say('/audit');
  expect(first).toMatch(/What admins did, newest first\n\n.* · @boss · remove_admin|add_admin/);
  const older = dataOf(boss).find((data) => data.startsWith('audit:') && !data.startsWith('audit:-'));
  expect(Buffer.byteLength(older ?? '')).toBeLessThanOrEqual(64);
  expect(await boss.press('Older')).not.toBe(first);
  expect(boss.last.replies[0]).toMatchObject({ edit: true });
  expect(await boss.press('Newest')).toContain('add_admin');
  expect(await boss.say('/audit freeze')).toMatch(/@boss · freeze → @asha\n {2}\{"why":"again"\}/);
  const ofAsha = await boss.say('/audit @asha');
  expect(ofAsha).toContain('→ @asha');
  for (const data of dataOf(boss)) expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64);
  expect(await boss.say('/audit looked')).toContain('{"act":"audit"');
  expect(await boss.say('/audit refund_made')).toContain('Nothing was written down');
});

test('/broadcast: seen first, then given to all but who muted it, with its progress in one place', async () => {
  expect(await boss.say('/broadcast hello')).toContain('/broadcast, then all, en or sw');
  await thief.say('/settings');
  expect(await thief.press('Mute our news')).toContain('no more news from us');
  expect(await thief.say('/settings')).toContain('News from us: muted');
  const preview = await boss.say('/broadcast all From Monday on:\n\n\n\nlower fees \u202eno');
  expect(preview).toContain('📣 News from Satfleet\n\nFrom Monday on:\n\nlower fees  no');
  expect(preview).toContain('It is for 2 people');
  expect(await boss.press('Send to 2')).toMatch(/On its way[\s\S]*Given to 0 of 2/);
  await stepBroadcasts(house.world);
  expect(await boss.press('Refresh')).toMatch(/Given to all[\s\S]*Given to 2 of 2/);
  expect(boss.last.replies[0]).toMatchObject({ edit: true });
  const news = await asha.news('broadcast');
  expect(toPlain(news.text)).toContain('lower fees');
  expect(news.silent).toBe(true);
  await expect(ask(house.world, 'select 1 from notices where user_id = $1', [idOf(thief)])).resolves.toEqual([]);
  await thief.say('/settings');
  expect(await thief.press('Hear our news')).toContain('our news again');
  expect(await boss.say('/broadcast')).toMatch(/From Monday on:[\s\S]*Given to 2 of 2/);
  const actions = (await deeds()).filter(({ action }) => action.startsWith('broadcast')).map(({ action }) => action);
  expect(actions.slice(-2)).toEqual(['broadcast_drafted', 'broadcast_started']);
});
