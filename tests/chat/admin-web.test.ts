// /web in the conversation: after the PIN alone, a link on a button where the channel takes one, to be copied where not, in the
// words of the admin; and nothing for anybody else.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { enterWeb } from '../../src/flows/admin-web.ts';
import { ask } from '../support/flow-help.ts';
import { type House, openHouse } from '../support/house.ts';
import { type Phone, someone } from './phone.ts';

const PIN = '482915';
let house: House;
let boss: Phone;
let asha: Phone;

beforeAll(async () => {
  house = await openHouse();
  boss = await someone(house, 'boss');
  asha = await someone(house, 'asha');
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.session?.userId]);
});
afterAll(() => house.close());

const at = (url: string | undefined) => ({
  ...house.world,
  config: { ...house.world.config, ...(url ? { ADMIN_URL: url } : {}) },
});
const buttons = () => boss.last.replies.flatMap((reply) => (reply.buttons ?? []).flat());

test('is for admins with a PIN, and says so where there are no pages', async () => {
  expect(await asha.say('/web')).toContain('only for');
  expect(await boss.say('/web')).toContain('this needs your PIN, and you have none yet');
  await boss.say('/pin');
  await boss.say(PIN);
  expect(await boss.say('/web')).toContain('Your PIN, please');
  expect(await boss.say(PIN)).toContain('this house has no pages of admins');
  expect(await ask(house.world, "select 1 from audit where action = 'web_link'")).toEqual([]);
});

test('gives a link that lets this admin in, and keeps it to itself', async () => {
  boss.world = at('https://admin.example.org/');
  expect(await boss.say('/web')).toContain('works once, within five minutes');
  const [button] = buttons();
  const url = button && 'url' in button ? button.url : '';
  expect(url).toMatch(/^https:\/\/admin\.example\.org\/admin\/in\?key=[\w-]{43}$/);
  expect(boss.last.replies.map(({ text }) => JSON.stringify(text)).join()).not.toContain('key=');
  expect(JSON.stringify(boss.session)).not.toContain('key=');
  expect(house.lines.filter((line) => line.includes('key='))).toEqual([]);
  const shown = await enterWeb(house.world, new URL(url).searchParams.get('key') ?? '');
  expect(shown?.split('.')[0]).toBe(boss.session?.userId);
});

test('is to be copied where a button takes no such address, and is in Kiswahili too', async () => {
  boss.world = at('http://localhost:8080');
  await boss.say('/web');
  const [button] = buttons();
  expect(button).toMatchObject({
    label: 'Copy the address',
    copy: expect.stringMatching(/^http:\/\/localhost:8080\/admin\/in\?key=/),
  });
  // Telegram copies no more.
  expect(JSON.stringify(button).length).toBeLessThan(256);
  boss.session = boss.session && { ...boss.session, language: 'sw' };
  expect(await boss.say('/web')).toContain('Inafanya kazi mara moja, ndani ya dakika tano');
});
