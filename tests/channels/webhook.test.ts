// Updates into several instances at once, with the real conversation, database and Redis behind them and a strict Bot API
// before them: who may come in, one effect for one update, order, and what happens when something is away.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import type { Handle } from '../../src/channels/channel.ts';
import { rich } from '../../src/chat/rich.ts';
import { handle as converse } from '../../src/chat/router.ts';
import { type Ground, ground, hook, type Instance, post } from './instances.ts';
import { emptySession, SECRET, TOKENS } from './support.ts';

let shared: Ground;
let one: Instance;
let two: Instance;
let three: Instance;

beforeAll(async () => {
  shared = await ground();
  [one, two, three] = await Promise.all([shared.start(), shared.start(), shared.start()]);
});
afterEach(() => {
  shared.handle = converse;
  Object.assign(shared.telegram.faults, { cut: undefined, fail: undefined, tooMany: undefined, duplicate: 0 });
});
afterAll(() => shared.close());

let nextUpdate = 500_000;
function textFrom(phone: { id: number }, text: string, id = nextUpdate++) {
  const from = { id: phone.id, is_bot: false, first_name: 'Asha', language_code: 'en' };
  const chat = { id: phone.id, type: 'private', first_name: 'Asha' };
  return { update_id: id, message: { message_id: id, from, chat, date: 1, text } };
}
/** Someone who has opened the bot's chat by hand, so that it may write to them. */
function newPhone() {
  const phone = shared.telegram.person({ first_name: 'Asha', language_code: 'en' });
  phone.say('hello');
  return phone;
}
const seenBy = (phone: ReturnType<typeof newPhone>) => phone.transcript().filter(({ from }) => from === 'bot');
const saying =
  (text: string): Handle =>
  async (_world, _incoming, session) => ({ answer: { replies: [{ text: [{ text }] }] }, session });

describe('the door', () => {
  test.each([
    ['no secret', { secret: null }],
    ['a wrong secret', { secret: 'a'.repeat(64) }],
    ['a short secret', { secret: 'x' }],
    ['an unknown bot', { botId: '999', secret: 'x' }],
  ])('H2: %s: 403', async (_name, given) => {
    expect((await post(one, textFrom(newPhone(), '/balance'), given)).status).toBe(403);
  });

  it('H2: the right secret on the wrong bot path: 403', async () => {
    const secret = one.bots.secretOf('110001') ?? '';
    expect((await post(one, textFrom(newPhone(), '/balance'), { botId: '110002', secret })).status).toBe(403);
  });

  test.each([
    ['a kind of the future', { update_id: 7, telepathy: {} }],
    ['no JSON', '{"update_id":'],
    ['no update', '[]'],
  ])('%s: 200, for bringing it again would not help', async (_name, update) => {
    expect((await post(one, update)).status).toBe(200);
  });

  it('H2: no log line has a secret or a token', () => {
    const all = [one, two, three].flatMap(({ lines }) => lines).join('\n');
    const secrets = [SECRET, ...TOKENS, one.bots.secretOf('110001'), one.bots.secretOf('110002')];
    for (const secret of secrets) expect(all.includes(secret ?? '')).toBe(false);
  });
});

describe('one update', () => {
  it('H1: twenty times at once to three instances has one effect', async () => {
    const phone = newPhone();
    let calls = 0;
    shared.handle = async (world, incoming, session) => {
      calls++;
      await sleep(50);
      return converse(world, incoming, session);
    };
    const update = textFrom(phone, '/balance');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => post([one, two, three][at % 3] as Instance, update)),
    );
    expect(calls).toBe(1);
    expect(seenBy(phone)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(answer).toEqual({ status: 503, retryAfter: '1' });
    }
    expect((await post(three, update)).status).toBe(200);
    expect(calls).toBe(1);
  });

  it('that makes the conversation throw is tried five times, then apologised for', async () => {
    const phone = newPhone();
    const update = textFrom(phone, '/balance');
    shared.handle = () => Promise.reject(new Error('a bug'));
    const statuses: number[] = [];
    for (let at = 0; at < 6; at++) statuses.push((await post([one, two][at % 2] as Instance, update)).status);
    expect(statuses).toEqual([500, 500, 500, 500, 200, 200]);
    expect(seenBy(phone).map(({ text }) => text)).toEqual([expect.stringContaining('Sorry, something went wrong')]);
  });

  it('whose answer could not be sent is handled once and answered when Telegram is back', async () => {
    const phone = newPhone();
    let calls = 0;
    shared.handle = (...given) => {
      calls++;
      return saying('Sent 500 sats.')(...given);
    };
    const update = textFrom(phone, 'yes');
    shared.telegram.faults.fail = { method: 'sendMessage', times: 1, status: 502 };
    expect((await post(one, update)).status).toBe(503);
    expect(seenBy(phone)).toHaveLength(0);
    await sleep(1_100);
    expect((await post(two, update)).status).toBe(200);
    expect([calls, seenBy(phone).map(({ text }) => text)]).toEqual([1, ['Sent 500 sats.']]);
  });

  it('H3: whose answer was cut off is sent at most twice, however often that happens', async () => {
    const phone = newPhone();
    shared.handle = saying('Sent 500 sats.');
    const update = textFrom(phone, 'yes');
    shared.telegram.faults.cut = { method: 'sendMessage', times: 9 };
    const first = await post(one, update);
    expect(first.status).toBe(503);
    await sleep(Number(first.retryAfter) * 1_000);
    expect((await post(two, update)).status).toBe(200);
    expect((await post(two, update)).status).toBe(200);
    expect(seenBy(phone)).toHaveLength(2);
  });

  it('429 keeps the answer with the update and the chat quiet until then', async () => {
    const phone = newPhone();
    shared.handle = saying('Received.');
    shared.telegram.faults.tooMany = { method: 'sendMessage', times: 1, retryAfter: 2 };
    const update = textFrom(phone, 'x');
    expect(await post(one, update)).toEqual({ status: 503, retryAfter: '2' });
    const early = await post(two, textFrom(phone, 'y'));
    expect(early.status).toBe(503);
    await sleep(2_050);
    expect((await post(three, update)).status).toBe(200);
    expect(seenBy(phone)).toHaveLength(1);
  });

  it('is not handled again when only showing the answer failed', async () => {
    const phone = newPhone();
    let calls = 0;
    shared.handle = async (_world, _incoming, session) => {
      calls++;
      const data = calls === 1 ? 'x'.repeat(65) : 'ok';
      return { answer: { replies: [{ text: rich`Sent`, buttons: [[{ label: 'b', data }]] }] }, session };
    };
    const update = textFrom(phone, 'yes');
    expect((await post(one, update)).status).toBe(503);
    expect((await post(two, update)).status).toBe(503);
    expect([calls, seenBy(phone).length]).toEqual([1, 0]);
  });

  it('from someone who blocks us meanwhile ends, and the chat is known as blocked', async () => {
    const phone = newPhone();
    await post(one, textFrom(phone, '/balance'));
    phone.block();
    expect((await post(one, textFrom(phone, '/balance'))).status).toBe(200);
    const rows = await one.world.db.query('test.blocked', 'select blocked from chats where chat_id = $1', [
      String(phone.id),
    ]);
    expect(rows).toEqual([{ blocked: true }]);
  });
});

describe('a person', () => {
  it('has two things handled one after the other, wherever they arrive', async () => {
    const phone = newPhone();
    let running = 0;
    let most = 0;
    shared.handle = async (_world, _incoming, session) => {
      most = Math.max(most, ++running);
      await sleep(40);
      running--;
      const count = Number(session?.zone ?? '0') + 1;
      return { answer: { replies: [] }, session: { ...emptySession, zone: String(count) } };
    };
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, at) => post([one, two, three][at % 3] as Instance, textFrom(phone, 'x'))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(most).toBe(1);
    let zone: string | undefined;
    shared.handle = async (_world, _incoming, session) => {
      zone = session?.zone;
      return { answer: { replies: [] }, session };
    };
    await post(two, textFrom(phone, 'x'));
    expect(zone).toBe('6');
  });

  it('is answered through the next instance as through the first', async () => {
    const phone = newPhone();
    for (const instance of [one, two, three]) {
      expect((await post(instance, textFrom(phone, '/balance'))).status).toBe(200);
    }
    const texts = seenBy(phone).map(({ text }) => text);
    expect(texts).toHaveLength(3);
    expect(new Set(texts).size).toBe(1);
  });

  it('H14: in a group learns no number', async () => {
    const phone = newPhone();
    await post(one, textFrom(phone, '/balance'));
    const chat = shared.telegram.group('Chama', [phone]);
    const update = textFrom(phone, '/balance');
    const inGroup = { ...update, message: { ...update.message, chat: { id: chat, type: 'group', title: 'Chama' } } };
    expect((await post(two, inGroup)).status).toBe(200);
    const said = phone.transcript({ chat }).filter(({ from }) => from === 'bot');
    expect(said.map(({ text }) => /\d/.test(text.replace(/@\w+/g, '')))).toEqual([false]);
  });
});

describe('pace', () => {
  it('waits a second at most in memory, else keeps the answer and lets Telegram come again', async () => {
    const slow = await shared.start({ TELEGRAM_PACE_CHAT: '1', TELEGRAM_PACE_BOT: '30' });
    const phone = newPhone();
    shared.handle = saying('Hello');
    const started = performance.now();
    for (let at = 0; at < 4; at++) expect((await post(slow, textFrom(phone, 'x'))).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(900);
    shared.handle = async (_world, _incoming, session) => ({
      answer: { replies: [{ text: rich`a` }, { text: rich`b` }, { text: rich`c` }] },
      session,
    });
    const update = textFrom(phone, 'x');
    const statuses: number[] = [];
    for (let at = 0; at < 4; at++) {
      const { status, retryAfter } = await post(slow, update);
      statuses.push(status);
      if (status === 200) break;
      await sleep(Number(retryAfter) * 1_000);
    }
    expect(statuses.at(-1)).toBe(200);
    expect(
      seenBy(phone)
        .map(({ text }) => text)
        .slice(4),
    ).toEqual(['a', 'b', 'c']);
  });
});

describe('through the real Bot API', () => {
  it('a chat is answered in order, repeated deliveries or not, and buttons lose their clock', async () => {
    await hook(one);
    shared.telegram.faults.duplicate = 1;
    const phone = shared.telegram.person({ first_name: 'Baraka', language_code: 'en' });
    shared.handle = async (_world, { body }, session) => ({
      answer:
        body.kind === 'press'
          ? { replies: [{ text: rich`Done`, edit: true }], toast: 'Thank you' }
          : {
              replies: [
                { text: [{ text: body.kind === 'text' ? body.text : '' }], buttons: [[{ label: 'Go', data: 'go:1' }]] },
              ],
            },
      session,
    });
    for (let at = 0; at < 10; at++) phone.say(`m${at}`);
    await phone.waitFor('m9');
    expect(seenBy(phone).map(({ text }) => text)).toEqual(Array.from({ length: 10 }, (_, at) => `m${at}`));
    const press = phone.press('Go');
    expect(await press.answered).toMatchObject({ text: 'Thank you' });
    expect((await phone.waitFor('Done')).buttons).toEqual([]);
    expect(seenBy(phone)).toHaveLength(10);
    await (await one.bots.byId('110001'))?.api.call('deleteWebhook', {});
  });
});

// Last: it takes Redis away from all.
describe('the session Redis', () => {
  it('wiped in the middle costs no answer', async () => {
    const phone = newPhone();
    await post(one, textFrom(phone, '/balance'));
    await shared.redis.flush();
    expect((await post(two, textFrom(phone, '/balance'))).status).toBe(200);
    expect(seenBy(phone)).toHaveLength(2);
  });

  it('away: 503 at once, and answers again when it is back', async () => {
    const phone = newPhone();
    await shared.redis.kill();
    const started = performance.now();
    const update = textFrom(phone, '/balance');
    expect(await post(one, update)).toEqual({ status: 503, retryAfter: '1' });
    expect(performance.now() - started).toBeLessThan(2_500);
    await shared.redis.restart();
    await expect.poll(async () => (await post(one, update)).status, { timeout: 8_000, interval: 200 }).toBe(200);
    expect(seenBy(phone)).toHaveLength(1);
  });
});
