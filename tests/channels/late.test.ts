// Nobody waits in silence: a full pool is answered within two seconds, a hanging statement gets a word after three at
// most, and in the end one true answer stays in the chat; and what a killed instance had begun another one ends soon.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { rich } from '../../src/chat/rich.ts';
import { handle as converse } from '../../src/chat/router.ts';
import { openAccount } from '../../src/infra/db/accounts.ts';
import { single } from '../support/ledger.ts';
import { environmentOf, type Ground, ground, hook, type Instance, post } from './instances.ts';
import { emptySession } from './support.ts';

let shared: Ground;
let one: Instance;
let two: Instance;

beforeAll(async () => {
  shared = await ground();
  [one, two] = await Promise.all([shared.start({ DB_POOL_MAX: '2' }), shared.start()]);
});
afterEach(() => {
  shared.handle = converse;
  Object.assign(shared.telegram.faults, { fail: undefined });
});
afterAll(() => shared.close());

const BUSY = /this takes longer than it should\. Your money is safe/;

let nextUpdate = 900_000;
type Phone = ReturnType<typeof newPhone>;
function newPhone() {
  const phone = shared.telegram.person({ first_name: 'Asha', language_code: 'en' });
  phone.say('hello');
  return phone;
}
function textFrom(phone: Phone, text: string) {
  const id = nextUpdate++;
  const from = { id: phone.id, is_bot: false, first_name: 'Asha', language_code: 'en' };
  return { update_id: id, message: { message_id: id, from, chat: { id: phone.id, type: 'private' }, date: 1, text } };
}
const seenBy = (phone: Phone) =>
  phone
    .transcript()
    .filter(({ from, deleted }) => from === 'bot' && !deleted)
    .map(({ text }) => text);

/** Waits until the phone shows it; gives after how many milliseconds. */
async function shownAfter(phone: Phone, text: RegExp): Promise<number> {
  const begun = performance.now();
  await expect.poll(() => seenBy(phone), { timeout: 8_000, interval: 20 }).toContainEqual(expect.stringMatching(text));
  return performance.now() - begun;
}

/** Makes every statement that reads accounts hang until the returned function is called. */
async function hang(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: shared.database.ownerUrl });
  await client.connect();
  await client.query('begin; lock table accounts in access exclusive mode');
  return () => client.end();
}

describe('an invoice that no worker makes', () => {
  it('gets a word within three seconds, and none once it is made', async () => {
    const [asha, baraka] = [newPhone(), newPhone()];
    await Promise.all([asha, baraka].map((phone) => post(one, textFrom(phone, '/start'))));
    await post(one, textFrom(asha, '/receive 100'));
    expect(await shownAfter(asha, /Your invoice is noted/)).toBeLessThan(3_500);
    await post(two, textFrom(baraka, '/receive 100'));
    const client = new pg.Client({ connectionString: shared.database.ownerUrl });
    await client.connect();
    await client.query("update invoices set state = 'expired', cause = 'expiry' where state = 'asked'");
    await client.end();
    await sleep(3_000);
    expect(seenBy(baraka).filter((text) => /is noted/.test(text))).toEqual([]);
  });
});

describe('an answer', () => {
  it('that meets a full pool is there within two seconds, and is the only one', async () => {
    const phone = newPhone();
    await post(one, textFrom(phone, '/balance'));
    const before = seenBy(phone).length;
    const sleepers = [1, 2].map(() => one.world.db.query('test.sleep', 'select pg_sleep(4)', []));
    const answered = post(one, textFrom(phone, '/history'));
    expect(await shownAfter(phone, /I cannot reach a part of our system just now\. Your money is safe/)).toBeLessThan(
      2_000,
    );
    expect((await answered).status).toBe(200);
    await Promise.all(sleepers);
    expect(seenBy(phone)).toHaveLength(before + 1);
  });

  it('whose statement hangs is announced within three seconds; then it comes, and takes the word away', async () => {
    const phone = newPhone();
    await post(two, textFrom(phone, '/start'));
    const before = seenBy(phone).length;
    const free = await hang();
    const answered = post(two, textFrom(phone, '/balance'));
    expect(await shownAfter(phone, BUSY)).toBeLessThan(3_000);
    await free();
    expect((await answered).status).toBe(200);
    const after = seenBy(phone).slice(before);
    expect(after).toHaveLength(1);
    expect(after[0]).toMatch(/balance|sats/i);
  });

  it('that could not be sent keeps its word until it is, on whichever instance', async () => {
    const phone = newPhone();
    let calls = 0;
    shared.handle = async () => {
      calls++;
      await sleep(2_800);
      shared.telegram.faults.fail = { method: 'sendMessage', times: 1, status: 502 };
      return { answer: { replies: [{ text: rich`Sent 500 sats.` }] }, session: emptySession };
    };
    const update = textFrom(phone, 'yes');
    expect((await post(one, update)).status).toBe(503);
    expect(seenBy(phone)).toEqual([expect.stringMatching(BUSY)]);
    await sleep(2_050);
    expect((await post(two, update)).status).toBe(200);
    expect([calls, seenBy(phone)]).toEqual([1, ['Sent 500 sats.']]);
  });
});

describe('a tap on yes whose transaction hangs', () => {
  afterAll(async () => {
    await (await two.bots.byId('110001'))?.api.call('deleteWebhook', {});
  });
  /** Asha with 1,000 sats before a card to send 300 of them to Baraka. */
  async function beforeTheCard(): Promise<Phone> {
    await hook(two);
    const person = (username: string) =>
      shared.telegram.person({ first_name: username, username: `${username}${nextUpdate++}`, language_code: 'en' });
    const [asha, baraka] = [person('asha'), person('baraka')];
    for (const each of [asha, baraka]) {
      each.say('/start');
      await each.waitFor(/./);
    }
    const { db } = two.world;
    const wallets = await db.query<{ id: bigint }>(
      'test.wallet',
      `select u.wallet_id as id from users u join identities i on i.user_id = u.id where i.external_id = $1`,
      [String(asha.id)],
    );
    const source = await openAccount(db, { code: 'capital:test', currency: 'BTC', guarded: false });
    await db.post(wallets.map(({ id }) => single(source, id, 1_000_000n)));
    asha.say(`/send 300 @${baraka.person.username}`);
    await asha.waitFor(/300/);
    return asha;
  }
  const sends = (phone: Phone) =>
    two.world.db.query(
      'test.sends',
      `select s.state from sends s join identities i on i.user_id = s.from_user_id where i.external_id = $1`,
      [String(phone.id)],
    );

  it('and then goes through: the word, then the truth alone', async () => {
    const asha = await beforeTheCard();
    const before = seenBy(asha).length;
    const free = await hang();
    asha.press(/Send/);
    expect(await shownAfter(asha, BUSY)).toBeLessThan(3_000);
    await free();
    await shownAfter(asha, /Sent 300 sats/);
    await expect.poll(() => seenBy(asha)).toHaveLength(before);
    expect(await sends(asha)).toHaveLength(1);
  });

  it('and ends without a result: told so, never as failed, and the next tap does it once', async () => {
    const asha = await beforeTheCard();
    const before = seenBy(asha).length;
    const free = await hang();
    asha.press(/Send/);
    expect(await shownAfter(asha, BUSY)).toBeLessThan(3_000);
    await shownAfter(asha, /Your money is safe.*to see what was done: \/history/);
    await free();
    await expect.poll(() => seenBy(asha).slice(before)).toEqual([expect.stringContaining('I cannot reach a part')]);
    expect(await sends(asha)).toEqual([]);
    asha.press(/Send/);
    await shownAfter(asha, /Sent 300 sats/);
    expect(await sends(asha)).toHaveLength(1);
  });
});

describe('an update', () => {
  it.concurrent('H1: of a merely slow instance is never handled twice', { timeout: 30_000 }, async () => {
    const phone = newPhone();
    let calls = 0;
    shared.handle = async (world, incoming, session) => {
      if (incoming.from.externalId !== String(phone.id)) return converse(world, incoming, session);
      calls++;
      await sleep(11_000);
      return { answer: { replies: [{ text: rich`Done` }] }, session: emptySession };
    };
    const update = textFrom(phone, 'x');
    const slow = post(one, update);
    for (let at = 0; at < 10; at++) {
      await sleep(1_000);
      expect((await post(two, update)).status).toBe(503);
    }
    expect((await slow).status).toBe(200);
    expect((await post(two, update)).status).toBe(200);
    expect([calls, seenBy(phone)]).toEqual([1, ['Done']]);
  });

  it.concurrent('of a killed instance is answered by another within about ten seconds', {
    timeout: 40_000,
  }, async () => {
    const phone = newPhone();
    await post(two, textFrom(phone, '/start'));
    const before = seenBy(phone).length;
    const entry = fileURLToPath(new URL('../../src/bot.ts', import.meta.url));
    const env = { ...environmentOf(shared), PATH: process.env.PATH, PORT: '0', PUBLIC_URL: 'http://127.0.0.1:1' };
    const child = spawn(process.execPath, [entry], { stdio: ['ignore', 'pipe', 'ignore'], env });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    try {
      const port = () => /"port":(\d+)/.exec(output)?.[1];
      await expect.poll(port, { timeout: 15_000 }).toBeDefined();
      const free = await hang();
      const update = textFrom(phone, '/balance');
      const cut = post({ ...two, url: `http://127.0.0.1:${port()}` }, update).catch(() => 'cut');
      await sleep(1_000);
      expect((await post(two, update)).status).toBe(503);
      child.kill('SIGKILL');
      expect(await cut).toBe('cut');
      await free();
      const killed = performance.now();
      // As Telegram does, which was told to come again after a second.
      while ((await post(two, update)).status !== 200) await sleep(1_000);
      expect(performance.now() - killed).toBeLessThan(11_000);
      expect(seenBy(phone).slice(before)).toEqual([expect.stringMatching(/sats/)]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

it('H3: an answer lost in a broken line is sent when Telegram answers again', async () => {
  const phone = newPhone();
  shared.handle = async (_world, _incoming, session) => ({
    answer: { replies: [{ text: rich`Sent 500 sats.` }] },
    session,
  });
  const update = textFrom(phone, 'yes');
  shared.telegram.faults.lost = { times: 2 };
  for (let at = 0; at < 2; at++) {
    const { status, retryAfter } = await post(at % 2 ? one : two, update);
    expect(status).toBe(503);
    await sleep(Number(retryAfter) * 1_000);
  }
  expect((await post(two, update)).status).toBe(200);
  expect(seenBy(phone)).toEqual(['Sent 500 sats.']);
});
