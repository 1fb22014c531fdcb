// Who is who: a wallet at the first message, names that move from person to person, chats that are blocked and come
// back; and what a person has been asked to confirm.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as drafts from '../../src/flows/drafts.ts';
import * as send from '../../src/flows/send.ts';
import * as wallets from '../../src/flows/wallets.ts';
import { findUser, newestChat } from '../../src/infra/db/users.ts';
import { ask } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 10_000n);
  baraka = await house.person('baraka');
});
afterAll(() => house.close());
afterEach(() => booksAreRight(house.world));

const quote = (person: Person, to: { username: string }) =>
  send.quote(house.world, { ...person, fromName: person.name, channel: 'telegram', to, amountMsat: 1_000_000n });

describe('who is who', () => {
  const come = (externalId: string, username?: string, more: object = {}) =>
    wallets.openOrFind(house.world, {
      channel: 'telegram',
      externalId,
      ...(username ? { username } : {}),
      bot: 'satfleet_bot',
      chatId: externalId,
      ...more,
    });

  test('twenty first messages at once open one wallet, which works at once', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => come('777', 'eager', { languageCode: 'sw-KE' })));
    expect(new Set(all.map(({ userId }) => userId)).size).toBe(1);
    expect(all[0]).toMatchObject({
      language: 'sw',
      currency: 'KES',
      zone: 'Africa/Nairobi',
      role: 'person',
      onboarded: false,
    });
    expect(await wallets.balance(house.world, all[0]?.walletId ?? '')).toEqual({
      availableMsat: 0n,
      heldMsat: 0n,
      incomingMsat: 0n,
    });
    expect(await come('778', undefined, { languageCode: 'am' })).toMatchObject({
      language: 'en',
      currency: 'ETB',
      isNew: true,
    });
    expect(await come('778', undefined, { languageCode: 'sw' })).toMatchObject({ currency: 'ETB', isNew: false });
  });

  test('a name that moved: its former holder gets nothing, the new one is called new', async () => {
    const old = await come('801', 'bob');
    const next = await come('802', 'Bob');
    const draft = await quote(asha, { username: 'bob' });
    expect(draft.to).toMatchObject({ userId: next.userId, isNew: true });
    // Who drops a name without anybody taking it is not found by it any more.
    await come('802');
    expect(await wallets.findPayee(house.world, 'telegram', { username: 'bob' })).toBeUndefined();
    expect(await wallets.findPayee(house.world, 'telegram', { externalId: '801' })).toMatchObject({
      userId: old.userId,
    });
    // The card still shows whom it was for: the person, not the name.
    expect(await send.start(house.world, draft)).toMatchObject({ state: 'done' });
    expect((await wallets.balance(house.world, next.walletId)).availableMsat).toBe(1_000_000n);
    expect((await wallets.balance(house.world, old.walletId)).availableMsat).toBe(0n);
  });

  test('names swapped at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      await Promise.all([come('811', round % 2 ? 'left' : 'right'), come('812', round % 2 ? 'right' : 'left')]);
    }
    const rows = await ask(house.world, "select username from identities where username in ('left', 'right')");
    expect(rows.length).toBeLessThanOrEqual(2);
  });

  test('settings, and a chat that was blocked and comes back', async () => {
    const who = await come('821', 'set');
    await wallets.settings(house.world, who.userId, { language: 'sw', currency: 'NGN', onboarded: true });
    await wallets.settings(house.world, who.userId, { currency: 'XXX' });
    expect(await come('821', 'set')).toMatchObject({
      language: 'sw',
      currency: 'NGN',
      zone: 'Africa/Lagos',
      onboarded: true,
    });
    await wallets.setReach(house.world, { bot: 'satfleet_bot', chatId: '821', blocked: true });
    expect(await newestChat(house.world.db, who.userId)).toBeUndefined();
    await come('821', 'set');
    expect(await newestChat(house.world.db, who.userId)).toMatchObject({ chatId: '821' });
    expect(await findUser(house.world.db, who.userId)).toMatchObject({ username: 'set', name: null });
    expect(wallets.nameOf({ username: null, name: null })).toBe('?');
  });
});

test('a draft is taken once, by its owner, within a quarter of an hour', async () => {
  const draft = await quote(asha, { username: 'baraka' });
  await drafts.keep(house.world, draft);
  await expect(drafts.take(house.world, { id: draft.id, userId: baraka.userId })).rejects.toMatchObject({
    code: 'card_expired',
  });
  const takes = [1, 2, 3].map(() => drafts.take(house.world, { id: draft.id, userId: asha.userId }));
  const results = await Promise.allSettled(takes);
  const taken = results.filter((each) => each.status === 'fulfilled');
  expect(taken.map(({ value }) => value)).toEqual([draft]);
  await drafts.keep(house.world, draft);
  const keys = await house.world.sessions.keys('*draft*');
  const lives = await Promise.all(keys.map((key) => house.world.sessions.pttl(key)));
  for (const life of lives) expect(life).toBeGreaterThan(14 * 60_000);
  for (const life of lives) expect(life).toBeLessThanOrEqual(15 * 60_000);
});
