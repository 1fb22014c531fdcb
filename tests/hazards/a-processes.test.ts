// Balances under many at once through processes of their own, bots and workers, which share nothing but the database,
// Redis and the nodes. Every test ends with books that agree with the nodes to the millisatoshi.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { claimCodeOf } from '../../src/flows/claim-code.ts';
import * as pay from '../../src/flows/pay.ts';
import * as send from '../../src/flows/send.ts';
import { survivor } from '../support/crash-world.ts';
import { nodesOf } from '../support/fleet-nodes.ts';
import { ask, available, ended, held } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { type Came, type OtherProcess, otherProcesses } from '../support/other-process.ts';
import { long } from './long.ts';

let house: House;
let bots: OtherProcess[];
let workers: OtherProcess[];

beforeAll(async () => {
  house = await openHouse();
  const all = await otherProcesses(house, ['bot', 'bot', 'worker', 'worker']);
  [bots, workers] = [all.slice(0, 2), all.slice(2)];
});
afterEach(() => booksAreRight(house.world));
afterAll(async () => {
  await Promise.all([...bots, ...workers].map((each) => each.kill()));
  await house.close();
});

const turn = <T>(of: readonly T[], index: number): T => of[index % of.length] as T;
/** The codes of those that were refused. */
const refusals = (all: readonly Came[]) => all.flatMap((came) => ('code' in came ? [came.code] : []));

/** Drafts to pay so many invoices from elsewhere, or one invoice so many times. */
async function drafts(person: Person, count: number, { amountMsat = 990_000n, one = false } = {}) {
  const fresh = () => house.outside.makeInvoice({ amountMsat, expiresInS: 86_400 });
  const same = one ? await fresh() : undefined;
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { request: raw } = same ?? (await fresh());
      return pay.quote(house.world, { ...person, raw });
    }),
  );
}

test('A1: of 200 withdrawals of all there is, through four processes, one goes through', async () => {
  const asha = await house.person('asha', 1_000n);
  const all = [...bots, ...workers];
  const wanted = await drafts(asha, 200);
  const came = await Promise.all(wanted.map((given, i) => turn(all, i).tell({ name: 'pay.start', given })));
  expect(refusals(came)).toEqual(Array(199).fill('balance_low'));
  const id = wanted.find((_, i) => 'value' in (came[i] as Came))?.id ?? '';
  expect(await held(house.world, asha)).toBe(1_000_000n);
  await Promise.all(workers.map((each) => each.tell({ name: 'pay.execute', given: id })));
  await ended(house.world, id);
  expect(await available(house.world, asha)).toBe(10_000n);
});

test('A2: between the hold and the call to the node the money is taken already, whichever process is asked', async () => {
  const asha = await house.person('early', 1_000n);
  const [first, ...others] = await drafts(asha, 40);
  if (!first) throw new Error('no draft');
  const [bot, , worker] = [...bots, ...workers];
  expect(await bot?.tell({ name: 'pay.start', given: first })).toMatchObject({ value: { state: 'held' } });
  const came = await Promise.all(
    others.map((given, i) => turn([...bots, ...workers], i).tell({ name: 'pay.start', given })),
  );
  expect(refusals(came)).toEqual(Array(39).fill('balance_low'));
  expect(await available(house.world, asha)).toBe(0n);
  await worker?.tell({ name: 'pay.execute', given: first.id });
  expect(await ended(house.world, first.id)).toMatchObject({ state: 'paid' });
});

test('A1: sends to others, a payment to oneself, and one gift claimed by 100 people', async () => {
  const [giver, taker] = [await house.person('giver', 1_000n), await house.person('taker')];
  const all = [...bots, ...workers];
  const quote = (to: { username: string }, amountMsat: bigint) =>
    send.quote(house.world, { ...giver, fromName: giver.name, channel: 'telegram', to, amountMsat });
  const sends = await Promise.all(Array.from({ length: 40 }, () => quote({ username: 'taker' }, 600_000n)));
  const came = await Promise.all(sends.map((given, i) => turn(all, i).tell({ name: 'send.start', given })));
  expect(refusals(came)).toEqual(Array(39).fill('balance_low'));
  await expect(quote({ username: 'giver' }, 1_000n)).rejects.toMatchObject({ code: 'payee_is_payer' });
  const { request: raw } = await house.invoice(giver, 100n);
  await expect(pay.quote(house.world, { ...giver, raw })).rejects.toMatchObject({ code: 'own_invoice' });
  const gift = await quote({ username: 'nobody_yet' }, 400_000n);
  await send.start(house.world, gift);
  const code = claimCodeOf(house.world.config.APP_SECRET, gift.id);
  const claimers = await Promise.all(Array.from({ length: 100 }, (_, i) => house.person(`claimer${i}`)));
  const claims = await Promise.all(
    claimers.map((each, i) => turn(all, i).tell({ name: 'send.claim', given: { ...each, code } })),
  );
  expect(claims.filter((each) => 'value' in each)).toHaveLength(1);
  const got = await Promise.all([giver, taker, ...claimers].map((each) => available(house.world, each)));
  expect(got.filter((msat) => msat > 0n)).toEqual([600_000n, 400_000n]);
});

test.each([1, 8])(
  'A11: 64 payments of one invoice at once by %i people, through two bots and two workers',
  async (count) => {
    const people = await Promise.all(
      Array.from({ length: count }, (_, i) => house.person(`many${count}_${i}`, 2_000n)),
    );
    const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
    const wanted = await Promise.all(
      Array.from({ length: 64 }, (_, i) => pay.quote(house.world, { ...turn(people, i), raw })),
    );
    const came = await Promise.all(wanted.map((given, i) => turn(bots, i).tell({ name: 'pay.start', given })));
    expect(refusals(came)).toEqual(Array(63).fill('invoice_in_flight'));
    await Promise.all(wanted.flatMap(({ id }) => workers.map((each) => each.tell({ name: 'pay.execute', given: id }))));
    const id = wanted.find((_, i) => 'value' in (came[i] as Came))?.id ?? '';
    expect(await ended(house.world, id)).toMatchObject({ state: 'paid', attempts: 1 });
    const left = await Promise.all(people.map((person) => available(house.world, person)));
    expect(left.toSorted()).toEqual([1_000_000n, ...Array(count - 1).fill(2_000_000n)]);
    expect(await Promise.all(people.map((person) => held(house.world, person)))).toEqual(Array(count).fill(0n));
  },
);

long(
  'A4: a thousand things at once by three people, through two bots and two workers, are what a model says',
  async () => {
    const people = await Promise.all(['one', 'two', 'three'].map((name) => house.person(name, 20_000n)));
    const had = new Map(
      await Promise.all(people.map(async (each) => [each, await available(house.world, each)] as const)),
    );
    const move = (person: Person, msat: bigint) => had.set(person, (had.get(person) ?? 0n) + msat);
    const paying: string[] = [];
    async function sendOne(i: number) {
      const [from, to] = [turn(people, i), turn(people, i + 1)];
      const amountMsat = BigInt(1 + (i % 700)) * 1_000n;
      const quote = {
        ...from,
        fromName: from.name,
        channel: 'telegram',
        to: { username: to.name.slice(1) },
        amountMsat,
      };
      const drafted = await turn(bots, i).tell({ name: 'send.quote', given: quote });
      if ('code' in drafted) return expect(drafted.code).toBe('balance_low');
      const given = drafted.value as send.SendDraft;
      // Twice, as an impatient person taps, and by different bots.
      const came = await Promise.all(bots.map((bot) => bot.tell({ name: 'send.start', given })));
      if (came.every((each) => 'code' in each)) return expect(refusals(came)).toContain('balance_low');
      move(from, -amountMsat);
      return move(to, amountMsat);
    }
    async function payOne(i: number) {
      const from = turn(people, i);
      const amountMsat = BigInt(1 + (i % 50)) * 1_000n;
      const { request: raw } = await house.outside.makeInvoice({ amountMsat, expiresInS: 86_400 });
      const drafted = await turn(bots, i).tell({ name: 'pay.quote', given: { ...from, raw } });
      if ('code' in drafted) return expect(drafted.code).toBe('balance_low');
      const given = drafted.value as pay.PayDraft;
      const came = await turn(bots, i + 1).tell({ name: 'pay.start', given });
      if ('code' in came) return expect(['balance_low', 'too_many_open']).toContain(came.code);
      paying.push(given.id);
      await Promise.all(workers.map((each) => each.tell({ name: 'pay.execute', given: given.id })));
      const { state, feeMsat } = await ended(house.world, given.id, 60_000);
      if (state === 'paid') move(from, -amountMsat - (feeMsat ?? 0n));
    }
    let next = 0;
    const lane = async () => {
      for (let i = next++; i < 1_000; i = next++) await (i % 3 === 0 ? payOne(i) : sendOne(i));
    };
    await Promise.all(Array.from({ length: 24 }, lane));
    expect(paying.length).toBeGreaterThan(100);
    for (const [person, msat] of had) {
      expect(await available(house.world, person)).toBe(msat);
      expect(await held(house.world, person)).toBe(0n);
    }
  },
);

long(
  'A10: workers killed in the middle of two hundred payments, at any moment: each is paid once',
  async () => {
    const asha = await house.person('payouts', 40_000n);
    const before = await available(house.world, asha);
    const later = await survivor(house.world);
    const nodes = nodesOf(house.lightning);
    for (let round = 0; round < 10; round++) {
      const [worker] = await otherProcesses(house, ['worker']);
      const wanted = await drafts(asha, 20, { amountMsat: 100_000n });
      for (const draft of wanted) await pay.start(house.world, draft);
      const running = wanted.map(({ id }) => worker?.tell({ name: 'pay.execute', given: id }).catch(() => undefined));
      await house.world.clock.sleep(Math.random() * 500);
      await worker?.kill();
      await Promise.all(running);
      const ids = wanted.map(({ id }) => id);
      await later.recover(async () => {
        const open = "select id from payments where id = any($1::uuid[]) and state in ('held', 'sending')";
        return (await ask(house.world, open, [ids])).length === 0;
      });
      for (const { id, paymentHash } of wanted) {
        expect(await ended(house.world, id)).toMatchObject({ state: 'paid' });
        expect(await nodes.partsAtPayee(paymentHash)).toBe(1);
      }
    }
    expect(before - (await available(house.world, asha))).toBe(200n * 100_000n);
    await later.close();
  },
  300_000,
);
