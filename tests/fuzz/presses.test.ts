// Callback data and messages by hand, through the whole conversation with a real database: whatever is written or pressed
// is answered, nothing is a fault of ours, nothing takes long, and not a millisatoshi moves that nobody confirmed.
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { COMMANDS } from '../../src/chat/commands/index.ts';
import type { Session } from '../../src/chat/message.ts';
import { handle } from '../../src/chat/router.ts';
import { HOSTILE } from '../chat/hostile.ts';
import { freshRates, type Phone, RICH_FACE, someone } from '../chat/phone.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';
import { LONGEST_MS, RUNS } from './fuzz.ts';

const PEOPLE = 40;
const AT_ONCE = 20;
let house: House;
let phones: Phone[];
/** Ids of things that exist and are not the presser's. */
let foreign: string[];

beforeAll(async () => {
  house = await openHouse({ environment: { LOG_LEVEL: 'warn' } });
  await freshRates(house);
  const rich = await someone(house, 'treasure', RICH_FACE, 50_000);
  await someone(house, 'baraka');
  phones = [];
  for (let at = 0; at < PEOPLE; at++) phones.push(await someone(house, `fuzz${at}`));
  await rich.say('/send 100 @baraka');
  const card = buttonsOf(rich);
  await rich.say('/send 100 @baraka');
  await rich.press('Send');
  await rich.say('/send 700 @nobody_is_here');
  await rich.press('Send');
  const gift = buttonsOf(rich);
  await rich.say('/request 5 @baraka');
  foreign = [...card, ...gift, ...buttonsOf(rich)].flatMap((data) => data.split(':').slice(-1));
  expect(foreign.length).toBeGreaterThan(3);
}, 60_000);
afterAll(() => house.close());
afterEach(() => booksAreRight(house.world));

const buttonsOf = ({ last }: Phone) =>
  last.replies.flatMap(({ buttons = [] }) =>
    buttons.flat().flatMap((button) => ('data' in button ? [button.data] : [])),
  );

const owned = () => house.world.db.query('test.owned', 'select * from accounts order by id', []);

const faults = async () => {
  const line = /satfleet_messages_total\{[^}]*result="fault"[^}]*\} (\d+)/.exec(await house.world.metrics.text());
  return [Number(line?.[1] ?? 0), house.lines.filter((each) => each.includes('message failed'))];
};

const names = COMMANDS.map(({ name }) => name);
const word = fc.constantFrom('open', 'before', 'pay', 'decline', 'cancel', 'retract', 'lang', 'cur', 'newest', '', 'x');
const value = () =>
  fc.oneof(
    fc.constantFrom(...foreign, 'KES', 'sw', '__proto__', 'constructor', "';--", '0', '%00', 'null'),
    fc.uuid(),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  );
const data = () =>
  fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...names), word, value()).map((parts) => parts.join(':')) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...names), value()).map((parts) => parts.join(':')) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'confirm',
        'drop',
        'say:/stats',
        'say:say:/x',
        'say:/send all @baraka',
        'say:',
        ':',
        '::',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  );

type Act = { press: string } | { text: string; forwarded: boolean };

async function act(phone: Phone, given: Act, isPrivate: boolean): Promise<void> {
  const body =
    'press' in given
      ? ({ kind: 'press', data: given.press, messageId: '2', photo: false } as const)
      : ({ kind: 'text', text: given.text, messageId: '1', forwarded: given.forwarded } as const);
  const { externalId, name } = phone;
  const begun = performance.now();
  const { session } = await handle(
    house.world,
    {
      channel: 'telegram',
      bot: 'satfleet_bot',
      chatId: isPrivate ? externalId : '-5',
      isPrivate,
      from: { externalId, name, username: name },
      languageCode: 'en',
      face: RICH_FACE,
      traceId: house.world.ids.next(),
      body,
    },
    phone.session,
  );
  phone.session = session && (JSON.parse(JSON.stringify(session)) as Session);
  expect(performance.now() - begun).toBeLessThan(5_000);
}

async function all(acts: fc.Arbitrary<Act>, runs: number): Promise<void> {
  const before = await owned();
  const group = fc.array(fc.tuple(acts, fc.boolean(), fc.boolean()), { minLength: AT_ONCE, maxLength: AT_ONCE });
  await fc.assert(
    fc.asyncProperty(group, fc.nat(PEOPLE - AT_ONCE), async (tried, first) => {
      await Promise.all(
        tried.map(([each, one, two], at) => {
          const phone = phones[first + at];
          return phone && act(phone, each, one || two);
        }),
      );
      expect(await faults()).toEqual([0, []]);
    }),
    { numRuns: Math.ceil(runs / AT_ONCE), endOnFailure: true },
  );
  expect(await owned()).toEqual(before);
}

test('pressed: nothing of another’s, nothing twice, no fault', { timeout: LONGEST_MS }, () =>
  all(
    data().map((press) => ({ press })),
    RUNS,
  ),
);

test('written: commands in every shape, and what strangers paste', { timeout: LONGEST_MS }, () => {
  const typed = names.filter((name) => !['receive', 'request', 'confirm', 'drop'].includes(name));
  const args = fc.oneof(
    fc.constantFrom(...HOSTILE, '500 @baraka', 'all @treasure', '1 btc', '-5 @baraka', `lnbcrt10u1${'q'.repeat(200)}`),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
  );
  const text = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...typed), args).map(([name, rest]) => `/${name} ${rest}`) },
    { weight: 2, arbitrary: args },
  );
  // A tenth: each of these writes to the database.
  return all(fc.record({ text, forwarded: fc.boolean() }), RUNS / 10);
});
