// Looking back: every line of a wallet in its order, page by page and without a gap, what is under way on top, and the
// details of each to those whom they concern and to nobody else.
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as history from '../../src/flows/history.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { finishFailed } from '../../src/flows/pay-finish.ts';
import * as send from '../../src/flows/send.ts';
import { ended, hold } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 100_000n);
  baraka = await house.person('baraka');
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
});

const detail = (person: Person, id: string) => history.detail(house.world, { userId: person.userId, id });

async function give(amountMsat: bigint, username = 'baraka', memo = 'hi'): Promise<string> {
  const common = { ...asha, fromName: '@asha', channel: 'telegram' };
  const draft = await send.quote(house.world, { ...common, to: { username }, amountMsat, memo });
  await send.start(house.world, draft);
  return draft.id;
}

test('three pages and a bit, newest first, none twice, none missing', async () => {
  for (let i = 1; i <= 29; i++) await give(BigInt(i) * 1_000n);
  const seen: bigint[] = [];
  const sizes: number[] = [];
  let before: string | undefined;
  do {
    const page = await history.page(house.world, { ...asha, ...(before ? { before } : {}) });
    sizes.push(page.lines.length);
    seen.push(...page.lines.map(({ amountMsat }) => amountMsat));
    before = page.next;
  } while (before);
  // Thirty lines with the deposit: a last page that is full promises no other.
  expect(sizes).toEqual([10, 10, 10]);
  expect(seen).toEqual([...Array.from({ length: 29 }, (_, i) => -BigInt(29 - i) * 1_000n), 100_000_000n]);
  const got = await history.page(house.world, baraka);
  expect(got.lines[0]).toMatchObject({ kind: 'got', amountMsat: 29_000n, name: '@asha', memo: 'hi', pending: false });
});

test('a mark that is none, or of a line of somebody else, shows nothing of theirs', async () => {
  const first = await history.page(house.world, asha);
  expect(await history.page(house.world, { ...asha, before: 'x' })).toEqual(first);
  const chiku = await house.person('chiku');
  const others = await history.page(house.world, { ...chiku, before: first.next ?? '' });
  expect(others).toEqual({ lines: [] });
});

test('what is under way stands on top, with the most it can cost, and only on the first page', async () => {
  const waiting = await give(5_000n, 'nobody', 'later');
  const { id, hash } = await hold(house, asha, { amountMsat: 2_000_000n, hold: true, memo: 'tea' });
  await execute(house.world, id);
  const { lines, next } = await history.page(house.world, asha);
  expect(lines.slice(0, 2)).toMatchObject([
    { id, kind: 'paying', amountMsat: -2_020_000n, feeMsat: 20_000n, memo: 'tea', pending: true },
    { id: waiting, kind: 'waiting', amountMsat: -5_000n, name: '@nobody', memo: 'later', pending: true },
  ]);
  const second = await history.page(house.world, { ...asha, before: next ?? '' });
  expect(second.lines.some(({ pending }) => pending)).toBe(false);
  expect(await detail(asha, waiting)).toMatchObject({
    kind: 'waiting',
    retractable: true,
    state: 'held',
    pending: true,
  });
  expect(await detail(asha, id)).toMatchObject({ kind: 'paying', amountMsat: -2_020_000n, preimage: null });
  await house.outside.settle(hash);
  await ended(house.world, id);
  const paid = await detail(asha, id);
  expect(paid).toMatchObject({ kind: 'paid', amountMsat: -2_000_000n, state: 'paid', pending: false });
  expect(paid.preimage).toMatch(/^[0-9a-f]{64}$/);
  expect(paid.destination).toMatch(/^0[23]/);
  await send.retract(house.world, { ...asha, id: waiting });
  expect(await detail(asha, waiting)).toMatchObject({ kind: 'returned', retractable: false, state: 'retracted' });
});

test('the details of the rest: what failed, what was asked for, what was claimed', async () => {
  const failed = await hold(house, asha, { amountMsat: 3_000n });
  await finishFailed(house.world, failed.id, 'no_route', 0, 'answer');
  expect(await detail(asha, failed.id)).toMatchObject({ kind: 'paid', state: 'failed', feeMsat: 0n, pending: false });
  const invoice = await house.invoice(baraka, 7n);
  expect(await detail(baraka, invoice.id)).toMatchObject({ kind: 'received', state: 'open', pending: true });
  const draft = await pay.quote(house.world, { ...asha, raw: invoice.request });
  await pay.start(house.world, draft);
  await execute(house.world, draft.id);
  expect(await detail(baraka, invoice.id)).toMatchObject({ kind: 'received', amountMsat: 7_000n, state: 'settled' });
  const given = await give(9_000n);
  expect(await detail(asha, given)).toMatchObject({ kind: 'sent', amountMsat: -9_000n, name: '@baraka' });
  expect(await detail(baraka, given)).toMatchObject({
    kind: 'got',
    amountMsat: 9_000n,
    name: '@asha',
    retractable: false,
  });
  const dora = await house.person('dora');
  for (const id of [failed.id, invoice.id, given, 'nonsense', house.world.ids.next()]) {
    await expect(detail(dora, id)).rejects.toMatchObject({ code: 'not_found' });
  }
  expect(history.shortId(given)).toBe(given.slice(-8));
});
