// The whole first day of two people as flows alone, without chat and queues: paid from outside, paying out, sending,
// asking, and looking back at it.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import * as history from '../../src/flows/history.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import * as request from '../../src/flows/request.ts';
import * as send from '../../src/flows/send.ts';
import { balance } from '../../src/flows/wallets.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 100_000n);
  baraka = await house.person('baraka');
});
afterAll(() => house.close());

const available = async (person: Person) => (await balance(house.world, person.walletId)).availableMsat;

test('paid from outside: the sats are there', async () => {
  expect(await available(asha)).toBe(100_000_000n);
  await booksAreRight(house.world);
});

test('paying out: the amount and the real fee leave, the rest of the ceiling comes back', async () => {
  const { request: raw } = await house.outside.makeInvoice({ amountMsat: 20_000_000n, memo: 'tea' });
  const draft = await pay.quote(house.world, { ...asha, raw: `please pay lightning:${raw.toUpperCase()} thanks` });
  expect(draft).toMatchObject({ amountMsat: '20000000', feeCeilingMsat: '200000', ownInvoiceId: null });
  await pay.start(house.world, draft);
  expect((await balance(house.world, asha.walletId)).heldMsat).toBe(20_200_000n);
  await execute(house.world, draft.id);
  // The job ends when the payment is under way; its end follows.
  await vi.waitFor(async () => expect((await balance(house.world, asha.walletId)).heldMsat).toBe(0n));
  expect(await available(asha)).toBe(80_000_000n);
  await booksAreRight(house.world);
});

test('an invoice of ours paid by a person of ours never leaves the house and costs nothing', async () => {
  const { request: raw } = await house.invoice(baraka, 5_000n);
  const draft = await pay.quote(house.world, { ...asha, raw });
  expect(draft.feeCeilingMsat).toBe('0');
  await pay.start(house.world, draft);
  await execute(house.world, draft.id);
  expect(await available(asha)).toBe(75_000_000n);
  expect(await available(baraka)).toBe(5_000_000n);
  await booksAreRight(house.world);
});

test('sending by name is instant; to a stranger it waits for the link', async () => {
  const common = { userId: asha.userId, walletId: asha.walletId, fromName: '@asha', channel: 'telegram' };
  const draft = await send.quote(house.world, { ...common, to: { username: 'baraka' }, amountMsat: 1_000_000n });
  expect((await send.start(house.world, draft)).state).toBe('done');
  expect((await send.start(house.world, draft)).state).toBe('done');
  const held = await send.quote(house.world, { ...common, to: { username: 'chiku' }, amountMsat: 2_000_000n });
  const { claimCode = '' } = await send.start(house.world, held);
  expect(await balance(house.world, asha.walletId)).toMatchObject({ availableMsat: 72_000_000n, heldMsat: 2_000_000n });
  const chiku = await house.person('chiku');
  expect(await send.claim(house.world, { ...chiku, code: claimCode })).toMatchObject({ fromName: '@asha' });
  await expect(send.claim(house.world, { ...baraka, code: claimCode })).rejects.toMatchObject({ code: 'claim_taken' });
  expect(await available(chiku)).toBe(2_000_000n);
  await booksAreRight(house.world);
});

test('a request is paid once', async () => {
  const asked = await request.ask(house.world, {
    userId: baraka.userId,
    fromName: '@baraka',
    channel: 'telegram',
    to: { username: 'asha' },
    amountMsat: 3_000_000n,
    memo: 'lunch',
  });
  const drafts = await Promise.all([1, 2].map(() => request.payDraft(house.world, { ...asha, id: asked.id })));
  await send.start(house.world, drafts[0]!);
  await expect(send.start(house.world, drafts[1]!)).rejects.toMatchObject({ code: 'request_closed' });
  expect(await available(baraka)).toBe(9_000_000n);
  await booksAreRight(house.world);
});

test('history tells it, newest first', async () => {
  const { lines } = await history.page(house.world, asha);
  expect(lines.map(({ kind, amountMsat, name }) => [kind, amountMsat, name])).toEqual([
    ['sent', -3_000_000n, '@baraka'],
    ['sent', -2_000_000n, '@chiku'],
    ['sent', -1_000_000n, '@baraka'],
    ['paid', -5_000_000n, null],
    ['paid', -20_000_000n, null],
    ['received', 100_000_000n, null],
  ]);
  const detail = await history.detail(house.world, { userId: asha.userId, id: lines[4]?.id ?? '' });
  expect(detail).toMatchObject({ kind: 'paid', memo: 'tea', state: 'paid' });
  await expect(history.detail(house.world, { userId: baraka.userId, id: detail.id })).rejects.toMatchObject({
    code: 'not_found',
  });
});
