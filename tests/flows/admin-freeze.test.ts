// Freezing a person and pausing a rail, under load and in flight: from the moment it is done nothing leaves, whoever had
// already looked; everything comes in, and what was under way comes to its end.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { RAILS, type Rail } from '../../src/domain/rails.ts';
import { freeze, unfreeze } from '../../src/flows/freeze.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { rails, turnRail } from '../../src/flows/rails.ts';
import * as receive from '../../src/flows/receive.ts';
import * as request from '../../src/flows/request.ts';
import * as send from '../../src/flows/send.ts';
import { ask, available, held, hold, paymentOf, run } from '../support/flow-help.ts';
import { booksAreRight, creditFrom, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let boss: Person;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse({ environment: { SUPPORT_CONTACT: '@satfleet_help' } });
  boss = await house.person('boss');
  asha = await house.person('asha', 200_000n);
  baraka = await house.person('baraka', 100_000n);
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.userId]);
});
afterEach(async () => {
  await thaw();
  await turnRail(house.world, boss.userId, { rail: 'all', isOn: true });
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
});

const named = { said: '@asha', channel: 'telegram' };
const ice = () => freeze(house.world, boss.userId, { ...named, why: 'a stolen phone' });
const thaw = () => unfreeze(house.world, boss.userId, named);
const pause = (rail: Rail | 'all') => turnRail(house.world, boss.userId, { rail, isOn: false });
const quoteOf = (from: Person, username: string, amountMsat = 1_000n) =>
  send.quote(house.world, { ...from, fromName: from.name, channel: 'telegram', to: { username }, amountMsat });
const sendsOf = async (person: Person) => {
  const text = 'select count(*)::int4 as count from sends where from_user_id = $1';
  return (await ask<{ count: number }>(house.world, text, [person.userId]))[0]?.count;
};
const payDraft = async (person: Person) => {
  const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
  return pay.quote(house.world, { ...person, raw });
};

describe('a frozen person', () => {
  test('neither sends, nor pays, nor answers a request with money; and is told whom to write to', async () => {
    const drafts = [await quoteOf(asha, 'baraka'), await quoteOf(asha, 'not_here_yet')];
    const { id } = await request.ask(house.world, {
      ...{ userId: baraka.userId, fromName: '@baraka', channel: 'telegram', amountMsat: 5_000n },
      to: { username: 'asha' },
    });
    drafts.push(await request.payDraft(house.world, { ...asha, id }));
    const wanted = await payDraft(asha);
    await ice();
    const before = await available(house.world, asha);
    const frozen = { code: 'wallet_frozen', details: { contact: '@satfleet_help' } };
    for (const draft of drafts) await expect(send.start(house.world, draft)).rejects.toMatchObject(frozen);
    await expect(pay.start(house.world, wanted)).rejects.toMatchObject(frozen);
    expect(await available(house.world, asha)).toBe(before);
    expect(await held(house.world, asha)).toBe(0n);
    expect(await ask(house.world, 'select 1 from payments where id = $1', [wanted.id])).toEqual([]);
    await thaw();
    for (const draft of drafts) await send.start(house.world, draft);
    expect(await pay.start(house.world, wanted)).toMatchObject({ state: 'held' });
    expect(await run(house.world, wanted.id)).toMatchObject({ state: 'paid' });
  });

  test('receives over Lightning and from people here', async () => {
    await ice();
    const before = await available(house.world, asha);
    const { id, request: raw } = await house.invoice(asha, 500n);
    await house.outside.pay({ request: raw });
    await creditFrom(house.world, id);
    await send.start(house.world, await quoteOf(baraka, 'asha', 2_000n));
    expect(await available(house.world, asha)).toBe(before + 502_000n);
  });

  test('keeps what waits for a claim, until they are free again', async () => {
    const draft = await quoteOf(asha, 'not_here_yet', 7_000n);
    const { claimCode = '' } = await send.start(house.world, draft);
    await ice();
    const claim = () => send.claim(house.world, { ...baraka, name: '@baraka', code: claimCode });
    await expect(claim()).rejects.toMatchObject({ code: 'claim_waits' });
    await thaw();
    expect(await claim()).toMatchObject({ amountMsat: 7_000n });
  });

  test('has a confirmed payment wait with its hold, where no node has it yet', async () => {
    const waiting = await hold(house, asha, { amountMsat: 1_000_000n });
    await ice();
    await execute(house.world, waiting.id);
    expect(await paymentOf(house.world, waiting.id)).toMatchObject({ state: 'held', node: null });
    expect(await ask(house.world, 'select 1 from outbox where id = $1', [waiting.id])).toHaveLength(1);
    await thaw();
    expect(await run(house.world, waiting.id)).toMatchObject({ state: 'paid' });
  });

  test('finds what was sent before, however often they tap', async () => {
    const draft = await quoteOf(asha, 'baraka');
    await send.start(house.world, draft);
    const paying = await hold(house, asha, { amountMsat: 1_000_000n });
    await ice();
    expect(await send.start(house.world, draft)).toMatchObject({ state: 'done' });
    expect(await pay.start(house.world, paying.draft)).toMatchObject({ id: paying.id, state: 'held' });
    await thaw();
    await run(house.world, paying.id);
  });

  test('under load: not one of theirs begins after it is done, and nobody else is held up', {
    timeout: 60_000,
  }, async () => {
    let isOver = false;
    let isDone = false;
    const after = { asha: 0, baraka: 0 };
    const codes = new Set<string>();
    const load = async (from: Person, name: 'asha' | 'baraka', to: string) => {
      while (!isOver) {
        const draft = await quoteOf(from, to);
        const wasDone = isDone;
        await send.start(house.world, draft).then(
          () => (wasDone ? after[name]++ : undefined),
          (error: { code: string }) => codes.add(error.code),
        );
      }
    };
    // At once to who is here, and held for who is not: two ways into the ledger. The batches hold sends of both.
    const loads = Promise.all([
      ...Array.from({ length: 6 }, () => load(asha, 'asha', 'boss')),
      ...Array.from({ length: 2 }, () => load(asha, 'asha', 'not_here_yet')),
      ...Array.from({ length: 4 }, () => load(baraka, 'baraka', 'boss')),
    ]);
    await vi.waitFor(async () => expect(await sendsOf(asha)).toBeGreaterThan(30), { timeout: 25_000, interval: 10 });
    await ice();
    isDone = true;
    const atFreeze = await sendsOf(asha);
    await vi.waitFor(() => expect(after.baraka).toBeGreaterThan(20), { timeout: 25_000, interval: 10 });
    expect(await sendsOf(asha)).toBe(atFreeze);
    isOver = true;
    await loads;
    expect(after.asha).toBe(0);
    expect([...codes]).toEqual(['wallet_frozen']);
  });

  test('a send in flight is over when the freeze is', async () => {
    const draft = await quoteOf(asha, 'baraka');
    const gate = Promise.withResolvers<void>();
    const slow = house.world.db.transaction('test.slow', async (tx) => {
      const text = "select refusal_to_begin('send', $1) as refusal";
      const [row] = await tx.query<{ refusal: string | null }>('test.refusal', text, [asha.userId]);
      await gate.promise;
      return row?.refusal;
    });
    await house.world.clock.sleep(50);
    let isFrozen = false;
    const frozen = ice().then(() => {
      isFrozen = true;
    });
    await house.world.clock.sleep(100);
    expect(isFrozen).toBe(false);
    gate.resolve();
    expect(await slow).toBeNull();
    await frozen;
    await expect(send.start(house.world, draft)).rejects.toMatchObject({ code: 'wallet_frozen' });
  });
});

test('who may freeze, whom, and what is written down of it', async () => {
  const byAsha = freeze(house.world, asha.userId, { said: '@baraka', channel: 'telegram', why: 'x' });
  await expect(byAsha).rejects.toMatchObject({ code: 'not_allowed' });
  await expect(unfreeze(house.world, asha.userId, named)).rejects.toMatchObject({ code: 'not_allowed' });
  const nobody = freeze(house.world, boss.userId, { said: '@nobody_here', channel: 'telegram', why: 'x' });
  await expect(nobody).rejects.toMatchObject({ code: 'person_unknown' });
  expect(await ice()).toEqual({ name: '@asha', isNew: true });
  expect(await freeze(house.world, boss.userId, { ...named, why: 'another reason' })).toMatchObject({ isNew: false });
  const [row] = await ask(house.world, 'select why from freezes where user_id = $1', [asha.userId]);
  expect(row).toEqual({ why: 'a stolen phone' });
  expect(await thaw()).toEqual({ name: '@asha', isNew: true });
  expect(await thaw()).toMatchObject({ isNew: false });
  const text =
    "select action, details from audit where actor_id = $1 and action like '%freeze' order by id desc limit 4";
  const rows = await ask(house.world, text, [boss.userId]);
  expect(rows.reverse()).toEqual([
    { action: 'freeze', details: { user: asha.userId, why: 'a stolen phone' } },
    { action: 'freeze', details: { user: asha.userId, why: 'another reason' } },
    { action: 'unfreeze', details: { user: asha.userId } },
    { action: 'unfreeze', details: { user: asha.userId } },
  ]);
});

describe('a paused rail', () => {
  test.each(RAILS)('%s: nothing new begins on it, and the others go on', async (rail) => {
    const begin: Record<Rail, () => Promise<unknown>> = {
      send: async () => send.start(house.world, await quoteOf(asha, 'baraka')),
      pay: async () => {
        const { id } = await pay.start(house.world, await payDraft(asha));
        expect(await run(house.world, id)).toMatchObject({ state: 'paid' });
      },
      receive: () => house.invoice(asha, 10n),
    };
    expect(await pause(rail)).toMatchObject({ turned: [rail] });
    expect(await pause(rail)).toMatchObject({ turned: [] });
    for (const each of RAILS) {
      if (each !== rail) await begin[each]();
      else await expect(begin[each]()).rejects.toMatchObject({ code: `${rail}_paused` });
    }
    const standing = await rails(house.world, boss.userId);
    expect(standing.filter(({ isOn }) => !isOn)).toMatchObject([{ name: rail, by: boss.userId }]);
    await turnRail(house.world, boss.userId, { rail, isOn: true });
    await begin[rail]();
  });

  test('all of them: what is under way comes to its end, and what is paid on an old invoice is credited', async () => {
    const waiting = await hold(house, asha, { amountMsat: 1_000_000n });
    const old = await house.invoice(asha, 300n);
    const { claimCode = '' } = await send.start(house.world, await quoteOf(asha, 'not_here_yet', 4_000n));
    await pause('all');
    await expect(quoteOf(asha, 'not_here_yet').then((draft) => send.start(house.world, draft))).rejects.toMatchObject({
      code: 'send_paused',
    });
    expect(await run(house.world, waiting.id)).toMatchObject({ state: 'paid' });
    await house.outside.pay({ request: old.request });
    expect(await creditFrom(house.world, old.id)).toEqual({ credited: true });
    await send.claim(house.world, { ...baraka, name: '@baraka', code: claimCode });
  });

  test('asking again for an invoice that is there finds it', async () => {
    const { id } = await receive.ask(house.world, { userId: asha.userId, amountMsat: 5_000n });
    await pause('receive');
    expect(await receive.ask(house.world, { id, userId: asha.userId, amountMsat: 5_000n })).toMatchObject({ id });
  });

  test('by a stranger: not at all', async () => {
    const turn = turnRail(house.world, asha.userId, { rail: 'all', isOn: false });
    await expect(turn).rejects.toMatchObject({ code: 'not_allowed' });
    await expect(rails(house.world, asha.userId)).rejects.toMatchObject({ code: 'not_allowed' });
  });
});
