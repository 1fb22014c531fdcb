// Bytes at the webhook: with a wrong secret they are never read; with the right one they are an update, or are put aside
// with a 200, since bringing them again would not help. Never a 500, and no id or text that is none gets through.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readUpdate } from '../../src/channels/telegram/update.ts';
import { type Ground, ground, type Instance } from '../channels/instances.ts';
import { LONGEST_MS, quick, RUNS } from './fuzz.ts';

let shared: Ground;
let instance: Instance;
beforeAll(async () => {
  shared = await ground();
  shared.handle = async (_world, _incoming, session) => ({ answer: { replies: [] }, session });
  instance = await shared.start();
});
afterAll(() => shared.close());

const JUNK = fc.oneof(
  fc.anything({ maxDepth: 1, maxKeys: 2, size: 'xsmall' }),
  fc.constantFrom(null, 0, -1, 1.5, '', '\0', {}, []),
);
const orJunk = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof({ weight: 15, arbitrary }, { weight: 1, arbitrary: JUNK });
const text = fc.oneof(
  fc.constantFrom('/balance', '/send 5 @asha', '/pay@satfleet1_bot x', '/stats@other_bot', '\0', '\ud800', 'hi'),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const id = orJunk(fc.integer({ min: 1, max: 2 ** 40 }));
const user = orJunk(
  fc.record(
    {
      id,
      is_bot: orJunk(fc.constant(false)),
      first_name: orJunk(text),
      username: orJunk(text),
      language_code: orJunk(text),
    },
    { requiredKeys: ['id', 'is_bot'] },
  ),
);
const chat = orJunk(fc.record({ id, type: orJunk(fc.constantFrom('private', 'group', 'channel', 'future')) }));
const entity = orJunk(
  fc.record({ type: orJunk(fc.constantFrom('text_mention', 'bold')), offset: orJunk(fc.nat(9)), length: id, user }),
);
const message = orJunk(
  fc.record(
    {
      message_id: id,
      from: user,
      chat,
      text: orJunk(text),
      entities: orJunk(fc.array(entity, { maxLength: 2 })),
      forward_origin: JUNK,
      reply_to_message: orJunk(fc.record({ from: user })),
    },
    { requiredKeys: ['message_id', 'from', 'chat', 'text'] },
  ),
);
const press = orJunk(fc.record({ id: orJunk(text), from: user, data: orJunk(text), message }));
const reach = orJunk(fc.record({ chat, from: user, new_chat_member: orJunk(fc.record({ status: orJunk(text) })) }));
const update = fc.record(
  { update_id: id, message, callback_query: press, my_chat_member: reach },
  { requiredKeys: ['update_id'] },
);
const json = update.map((value) =>
  JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? String(each) : each)),
);
const body = fc.oneof(
  { weight: 8, arbitrary: json.map((each) => Buffer.from(each ?? '')) },
  { weight: 1, arbitrary: fc.tuple(json, fc.nat(200)).map(([each, at]) => Buffer.from((each ?? '').slice(0, at))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('[['.repeat(9_000), '1e999', '{"update_id":1e999}', '{"__proto__":{"update_id":1}}')
      .map((each) => Buffer.from(each)),
  },
);

const ID = /^-?\d{1,16}$/;
const isText = (value: unknown) =>
  value === undefined || (typeof value === 'string' && !value.includes('\0') && value.isWellFormed());

test('whatever is read has ids that are ids and texts that are texts', { timeout: LONGEST_MS }, () => {
  let read = 0;
  fc.assert(
    fc.property(body, (raw) => {
      let found: ReturnType<typeof readUpdate>;
      try {
        found = quick(() => readUpdate(raw, 'satfleet1_bot', 'trace'));
      } catch (error) {
        return error instanceof SyntaxError || error instanceof TypeError;
      }
      if (!found) return true;
      read++;
      const { incoming, updateId, callbackId } = found;
      const { from, replyTo, body: said } = incoming;
      const ids = [
        updateId,
        incoming.chatId,
        from.externalId,
        replyTo?.externalId ?? '1',
        'messageId' in said ? said.messageId : '1',
      ];
      const texts = [callbackId, incoming.languageCode, from.username, from.name, replyTo?.username, replyTo?.name];
      const words = said.kind === 'text' ? said.text : said.kind === 'press' ? said.data : '';
      return ids.every((each) => ID.test(each)) && [...texts, words].every(isText);
    }),
    { numRuns: RUNS },
  );
  expect(read).toBeGreaterThan(RUNS / 20);
});

test('a delivery is answered 403 without its secret, and with it 200, or 503 while another of that person runs', {
  timeout: LONGEST_MS,
}, async () => {
  const right = instance.bots.secretOf('110001') ?? '';
  const secret = fc.oneof(
    { weight: 6, arbitrary: fc.constant<string | undefined>(right) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        undefined,
        '',
        right.slice(1),
        `${right}0`,
        right.toUpperCase(),
        instance.bots.secretOf('110002'),
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 64 }) },
  );
  const AT_ONCE = 50;
  const delivery = fc.tuple(body, secret);
  await fc.assert(
    fc.asyncProperty(fc.array(delivery, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (all) => {
      const begun = performance.now();
      const statuses = await Promise.all(
        all.map(async ([rawBody, given]) => {
          const headers = { 'x-telegram-bot-api-secret-token': given };
          const traceId = instance.world.ids.next();
          const { status } = await instance.webhook.receive({ botId: '110001', rawBody, headers, traceId });
          return given === right ? status === 200 || status === 503 : status === 403;
        }),
      );
      // The same person's may wait for each other; none waits longer than its patience.
      return statuses.every(Boolean) && performance.now() - begun < 8_000;
    }),
    { numRuns: Math.ceil(RUNS / AT_ONCE) },
  );
  expect(instance.lines.filter((line) => /"message":"(update failed|update not handled)"/.test(line))).toEqual([]);
});
