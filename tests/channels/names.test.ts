// A fleet with several names: one more is one variable at a rolling restart, and whichever name people write to, it is
// one wallet, one language and one history.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { setUp } from '../../src/channels/telegram/setup.ts';
import { openAccount } from '../../src/infra/db/accounts.ts';
import { single } from '../support/ledger.ts';
import { type Ground, ground, type Instance } from './instances.ts';
import { TOKENS } from './support.ts';

const [FIRST, SECOND] = ['satfleet1_bot', 'satfleet2_bot'] as const;

let shared: Ground;
let instance: Instance;
let asha: Phone;
let baraka: Phone;

/** What an instance does at its start for every name in its variable. */
async function start(names: readonly string[]): Promise<Instance> {
  const started = await shared.start({ TELEGRAM_BOTS: names.join() });
  const world = { ...started.world, config: { ...started.world.config, PUBLIC_URL: started.url } };
  for (const bot of await started.bots.all()) await setUp(world, bot);
  return started;
}

function person(username: string): Phone {
  return shared.telegram.person({ first_name: username, username, language_code: 'en' });
}

async function first(phone: Phone, bot: string): Promise<void> {
  await phone.ask('/start', /./, 10_000, { bot });
  for (const label of [/English/, /KES/]) {
    phone.press(label);
    await phone.waitFor(/./, 10_000);
  }
}

const wallets = (phone: Phone) =>
  instance.world.db.query<{ id: bigint }>(
    'test.wallets',
    `select u.wallet_id as id from users u join identities i on i.user_id = u.id where i.external_id = $1`,
    [String(phone.id)],
  );

beforeAll(async () => {
  shared = await ground();
  instance = await start(TOKENS.slice(0, 1));
  [asha, baraka] = [person('asha'), person('baraka')];
  await first(asha, FIRST);
  await first(baraka, FIRST);
  const { db } = instance.world;
  const source = await openAccount(db, { code: 'capital:test', currency: 'BTC', guarded: false });
  const [wallet] = await wallets(asha);
  await db.post([single(source, wallet?.id ?? 0n, 1_000_000n)]);
});
afterAll(() => shared.close());

test('one more name is one variable: with it the name is answered, without it nobody is', async () => {
  asha.say('/start', { bot: SECOND });
  expect(shared.telegram.bot(SECOND).webhook).toBeUndefined();
  // A rolling restart with the variable changed: the old instance goes when the new one is there.
  const old = instance;
  instance = await start(TOKENS);
  await old.close();
  await asha.waitFor(/./, 10_000, { bot: SECOND });
  expect(shared.telegram.bot(SECOND).webhook?.url).toBe(`${instance.url}/telegram/110002`);
  expect(await asha.ask('/balance', /You have/, 10_000, { bot: FIRST })).toBeDefined();
});

test('one wallet, one language, one history, whichever name is written to', async () => {
  for (const bot of [FIRST, SECOND, FIRST]) {
    expect((await asha.ask('/balance', /You have/, 10_000, { bot })).text).toContain('1,000 sats');
  }
  expect(await wallets(asha)).toHaveLength(1);
  await asha.ask('/settings kiswahili', /./, 10_000, { bot: SECOND });
  expect((await asha.ask('/balance', /sats/, 10_000, { bot: FIRST })).text).toContain('Una ');
  await asha.ask('/settings english', /./, 10_000, { bot: FIRST });
});

test('a card shown under one name is pressed under the other, once', async () => {
  const card = await asha.ask(`/send 300 @${baraka.person.username}`, /Send this/, 10_000, { bot: SECOND });
  const data = card.buttons.flat().find(({ callback_data }) => callback_data?.startsWith('confirm:'))?.callback_data;
  // From the chat with the other name: as a forged press would come, and it is their own.
  await asha.ask('/help', /./, 10_000, { bot: FIRST });
  const last = asha.last({ bot: FIRST })?.message_id ?? 0;
  asha.pressData(last, data ?? '', { bot: FIRST, stale: true });
  await asha.waitFor(/Sent 300 sats/, 10_000, { bot: FIRST });
  asha.press(/Send/, { bot: SECOND, message_id: card.message_id });
  const balance = await asha.ask('/balance', /You have/, 10_000, { bot: SECOND });
  expect(balance.text).toContain('700 sats');
  const own = await baraka.ask('/balance', /You have/, 10_000, { bot: SECOND });
  expect(own.text).toContain('300 sats');
});

test('people who know different names pay each other', async () => {
  const chiku = person('chiku');
  await first(chiku, SECOND);
  await baraka.ask('/send 100 @chiku', /Send this/, 10_000, { bot: FIRST });
  baraka.press(/Send/, { bot: FIRST });
  await baraka.waitFor(/Sent 100 sats/, 10_000, { bot: FIRST });
  expect((await chiku.ask('/balance', /You have/, 10_000, { bot: SECOND })).text).toContain('100 sats');
});
