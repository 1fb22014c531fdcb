// People among each other: sending, claiming, asking, and who is who. Names move from person to person; money never
// follows a name that has moved, and of two who want the same thing at once one gets it.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { claimCodeOf, sendOfClaimCode } from '../../src/flows/claim-code.ts';
import { sweepPeople } from '../../src/flows/reconcile.ts';
import * as request from '../../src/flows/request.ts';
import * as send from '../../src/flows/send.ts';
import { findSend } from '../../src/infra/db/sends.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask, available, held, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

const DAY_MS = 24 * 3600_000;
let house: House;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 100_000n);
  baraka = await house.person('baraka', 100_000n);
});
afterAll(() => house.close());
afterEach(() => booksAreRight(house.world));

const of = (person: Person) => ({
  userId: person.userId,
  walletId: person.walletId,
  fromName: person.name,
  channel: 'telegram',
});
const quote = (
  person: Person,
  to: { username: string } | { externalId: string; name: string },
  amountMsat = 1_000_000n,
) => send.quote(house.world, { ...of(person), to, amountMsat });
const code = (id: string) => claimCodeOf(house.world.config.APP_SECRET, id);
const codesOf = (results: PromiseSettledResult<unknown>[]) =>
  results.map((each) => (each.status === 'rejected' ? String(each.reason.code ?? each.reason) : 'done')).toSorted();

async function holdFor(username: string, amountMsat = 1_000_000n): Promise<string> {
  const draft = await quote(asha, { username }, amountMsat);
  expect(await send.start(house.world, draft)).toMatchObject({ state: 'held', claimCode: code(draft.id) });
  return draft.id;
}

describe('sending', () => {
  test.each([
    [{ username: 'ASHA' }, 1_000n, 'payee_is_payer'],
    [{ username: 'baraka' }, 999n, 'amount_too_small'],
    [{ username: 'baraka' }, 10_000_000_001n, 'amount_too_large'],
    [{ username: 'baraka' }, 9_000_000_000n, 'balance_low'],
  ])('%j %i: %s', async (to, amountMsat, refusal) => {
    await expect(quote(asha, to, amountMsat)).rejects.toMatchObject({ code: refusal });
  });

  test('by name in any case, by number, and who is new is called so', async () => {
    expect(await quote(asha, { username: 'BaRaKa' })).toMatchObject({ to: { userId: baraka.userId, isNew: true } });
    expect(await quote(asha, { externalId: baraka.externalId, name: 'B.' })).toMatchObject({ to: { name: '@baraka' } });
    const aged = { ...house.world, clock: movableClock() };
    aged.clock.move(2 * DAY_MS);
    const draft = await send.quote(aged, {
      ...of(asha),
      to: { username: 'baraka' },
      amountMsat: 1_000n,
      memo: 'x'.repeat(300),
    });
    expect(draft).toMatchObject({ to: { isNew: false } });
    expect(draft.memo).toHaveLength(120);
    expect(await quote(asha, { externalId: '42', name: 'Chiku' })).toMatchObject({ to: { name: 'Chiku' } });
  });

  test('twenty taps at once: sent once', async () => {
    const before = await available(house.world, baraka);
    const draft = await quote(asha, { username: 'baraka' });
    const results = await Promise.all(Array.from({ length: 20 }, () => send.start(house.world, draft)));
    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['done']));
    expect((await available(house.world, baraka)) - before).toBe(1_000_000n);
    expect(await told(house.world, draft.id)).toEqual(['send_received']);
  });

  test('ten cards, and money for three: three go, seven are refused in words', async () => {
    const poor = await house.person('poor', 3_000n);
    const made = await Promise.all(Array.from({ length: 10 }, () => quote(poor, { username: 'baraka' })));
    const results = await Promise.allSettled(made.map((draft) => send.start(house.world, draft)));
    expect(codesOf(results)).toEqual([...Array(7).fill('balance_low'), ...Array(3).fill('done')]);
    expect(await available(house.world, poor)).toBe(0n);
  });

  test('forty at once in both directions between two people: nothing is lost, nobody waits for ever', async () => {
    const before = [await available(house.world, asha), await available(house.world, baraka)];
    const there = await Promise.all(Array.from({ length: 20 }, () => quote(asha, { username: 'baraka' }, 7_000n)));
    const back = await Promise.all(Array.from({ length: 20 }, () => quote(baraka, { username: 'asha' }, 7_000n)));
    await Promise.all([...there, ...back].map((draft) => send.start(house.world, draft)));
    expect([await available(house.world, asha), await available(house.world, baraka)]).toEqual(before);
  });
});

describe('waiting for somebody who is not here yet', () => {
  test('claimed by two at once: one has it, also when they ask again', async () => {
    const id = await holdFor('stranger');
    expect(await held(house.world, asha)).toBe(1_000_000n);
    const [one, two] = [await house.person('one'), await house.person('two')];
    const claims = [one, two, one, two].map((person) => send.claim(house.world, { ...person, code: code(id) }));
    expect(codesOf(await Promise.allSettled(claims))).toEqual(['claim_taken', 'claim_taken', 'done', 'done']);
    const gains = [await available(house.world, one), await available(house.world, two)];
    expect(gains.toSorted()).toEqual([0n, 1_000_000n]);
    expect(await told(house.world, id)).toEqual(['send_claimed']);
  });

  test("one's own, a made-up code, a code of another house", async () => {
    const id = await holdFor('stranger2');
    await expect(send.claim(house.world, { ...asha, code: code(id) })).rejects.toMatchObject({
      code: 'payee_is_payer',
    });
    const wrong = [
      claimCodeOf('another secret', id),
      `c${'A'.repeat(43)}`,
      '',
      'c',
      `x${code(id).slice(1)}`,
      `${code(id)}AA`,
    ];
    for (const each of wrong) {
      await expect(send.claim(house.world, { ...baraka, code: each })).rejects.toMatchObject({ code: 'claim_unknown' });
    }
    const never = code(house.world.ids.next());
    await expect(send.claim(house.world, { ...baraka, code: never })).rejects.toMatchObject({ code: 'claim_unknown' });
    expect(code(id)).toMatch(/^[\w-]{1,64}$/);
    expect(sendOfClaimCode(house.world.config.APP_SECRET, code(id))).toBe(id);
    expect(await send.retract(house.world, { ...asha, id })).toEqual({ amountMsat: 1_000_000n });
  });

  test('claimed, taken back and returned at the same instant: exactly one of them', async () => {
    const had = await available(house.world, asha);
    let claimed = 0n;
    for (let round = 0; round < 15; round++) {
      const id = await holdFor('racer');
      await ask(house.world, 'update sends set expires_at = created_at where id = $1', [id]);
      const before = await available(house.world, baraka);
      const [claim, retract] = await Promise.allSettled([
        send.claim(house.world, { ...baraka, code: code(id) }),
        send.retract(house.world, { ...asha, id }),
        send.giveBackOverdue(house.world, id),
      ]);
      const gained = (await available(house.world, baraka)) - before;
      const state = (await findSend(house.world.db, id))?.state;
      expect(gained).toBe(state === 'claimed' ? 1_000_000n : 0n);
      expect(claim.status === 'fulfilled').toBe(state === 'claimed');
      expect(retract.status === 'fulfilled').toBe(state === 'retracted');
      // Whoever was later is told so in our own words.
      if (claim.status === 'rejected') expect(claim.reason).toMatchObject({ code: 'claim_taken' });
      if (retract.status === 'rejected') expect(retract.reason).toMatchObject({ code: 'send_closed' });
      claimed += gained;
    }
    expect(had - (await available(house.world, asha))).toBe(claimed);
    expect(await held(house.world, asha)).toBe(0n);
  });

  test('taken back: by the sender alone, and only while it waits', async () => {
    const id = await holdFor('stranger3');
    await expect(send.retract(house.world, { ...baraka, id })).rejects.toMatchObject({ code: 'not_found' });
    const nobody = house.world.ids.next();
    await expect(send.retract(house.world, { ...asha, id: nobody })).rejects.toMatchObject({ code: 'not_found' });
    await send.retract(house.world, { ...asha, id });
    await send.retract(house.world, { ...asha, id });
    await expect(send.claim(house.world, { ...baraka, code: code(id) })).rejects.toMatchObject({ code: 'claim_taken' });
    const done = await quote(asha, { username: 'baraka' });
    await send.start(house.world, done);
    await expect(send.retract(house.world, { ...asha, id: done.id })).rejects.toMatchObject({ code: 'send_closed' });
  });

  test('returned after 21 days, not before, and one that cannot be returned keeps nobody waiting', async () => {
    const [id, broken] = [await holdFor('stranger4'), await holdFor('stranger5')];
    const later = { ...house.world, clock: movableClock() };
    later.clock.move(21 * DAY_MS - 60_000);
    await sweepPeople(later);
    expect((await findSend(house.world.db, id))?.state).toBe('held');
    later.clock.move(61_000);
    const failing = { ...later, db: { ...later.db, transaction: failOnce(later.db.transaction) } };
    await sweepPeople(failing);
    const states = async () => [
      (await findSend(house.world.db, id))?.state,
      (await findSend(house.world.db, broken))?.state,
    ];
    expect((await states()).toSorted()).toEqual(['held', 'returned']);
    await sweepPeople(later);
    expect(await states()).toEqual(['returned', 'returned']);
    expect(await held(house.world, asha)).toBe(0n);
    expect(await told(house.world, id)).toEqual(['send_returned']);
    await expect(send.claim(house.world, { ...baraka, code: code(id) })).rejects.toMatchObject({ code: 'claim_taken' });
  });
});

function failOnce<Given extends unknown[], T>(run: (...given: Given) => Promise<T>) {
  let failed = false;
  return async (...given: Given) => {
    if (failed) return run(...given);
    failed = true;
    throw new Error('out of order');
  };
}

describe('asking', () => {
  const asking = (to: { username: string }, amountMsat = 2_000_000n) =>
    request.ask(house.world, { ...of(baraka), to, amountMsat, memo: 'lunch' });

  test('refusals', async () => {
    await expect(asking({ username: 'nobody' })).rejects.toMatchObject({ code: 'payee_unknown' });
    await expect(asking({ username: 'baraka' })).rejects.toMatchObject({ code: 'payee_is_payer' });
    await expect(asking({ username: 'asha' }, 1n)).rejects.toMatchObject({ code: 'amount_too_small' });
    await expect(asking({ username: 'asha' }, 10n ** 12n)).rejects.toMatchObject({ code: 'amount_too_large' });
    const { id } = await asking({ username: 'asha' }, 9_000_000_000n);
    await expect(request.payDraft(house.world, { ...asha, id })).rejects.toMatchObject({ code: 'balance_low' });
    await expect(request.payDraft(house.world, { ...baraka, id })).rejects.toMatchObject({ code: 'not_found' });
    await expect(request.decline(house.world, { ...baraka, id })).rejects.toMatchObject({ code: 'not_found' });
    await expect(request.cancel(house.world, { ...asha, id })).rejects.toMatchObject({ code: 'not_found' });
    await request.cancel(house.world, { ...baraka, id });
    await expect(request.cancel(house.world, { ...baraka, id })).rejects.toMatchObject({ code: 'request_closed' });
    await expect(request.decline(house.world, { ...asha, id })).rejects.toMatchObject({ code: 'request_closed' });
    await expect(request.payDraft(house.world, { ...asha, id })).rejects.toMatchObject({ code: 'request_closed' });
    expect(await told(house.world, id)).toEqual(['request_closed', 'request_received']);
  });

  test('declined, and who asked is told once', async () => {
    const { id, toName } = await asking({ username: 'asha' });
    expect(toName).toBe('@asha');
    await request.decline(house.world, { ...asha, id });
    expect(await told(house.world, id)).toEqual(['request_declined', 'request_received']);
  });

  test('paid and declined and withdrawn at once: one of the three', async () => {
    for (let round = 0; round < 8; round++) {
      const before = await available(house.world, baraka);
      const { id } = await asking({ username: 'asha' }, 1_000n);
      const draft = await request.payDraft(house.world, { ...asha, id });
      const results = await Promise.allSettled([
        send.start(house.world, draft),
        request.decline(house.world, { ...asha, id }),
        request.cancel(house.world, { ...baraka, id }),
      ]);
      expect(codesOf(results)).toEqual(['done', 'request_closed', 'request_closed']);
      const isPaid = results[0]?.status === 'fulfilled';
      expect((await available(house.world, baraka)) - before).toBe(isPaid ? 1_000n : 0n);
      // Each card is ended by what happened: by the tap of who declined or took back, else by news.
      const isDeclined = results[1]?.status === 'fulfilled';
      const ends = isPaid ? ['request_closed', 'request_paid'] : [isDeclined ? 'request_declined' : 'request_closed'];
      expect(await told(house.world, id)).toEqual([...ends, 'request_received']);
    }
  });

  test('ends after a week, and no more than so many are open', async () => {
    const { id } = await asking({ username: 'asha' });
    const later = { ...house.world, clock: movableClock() };
    later.clock.move(7 * DAY_MS + 1_000);
    await expect(request.payDraft(later, { ...asha, id })).rejects.toMatchObject({ code: 'request_closed' });
    await sweepPeople(later);
    await sweepPeople(later);
    expect(await told(house.world, id)).toEqual(['request_closed', 'request_expired', 'request_received']);
    await expect(request.decline(house.world, { ...asha, id })).rejects.toMatchObject({ code: 'request_closed' });
    for (let i = 0; i < 20; i++) await asking({ username: 'asha' });
    await expect(asking({ username: 'asha' })).rejects.toMatchObject({ code: 'too_many_open' });
  });
});
