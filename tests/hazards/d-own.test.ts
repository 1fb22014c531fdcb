// Invoices of our own never go through Lightning, whatever they look like; forged ones show nothing; and what is expired
// or paid is refused before anything is held. `sends` counts what was handed to a node.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { bytesField, FEATURES, forge, MEMO, numberField, SECRET } from '../lightning/forge.ts';
import { available, held, hold, run } from '../support/flow-help.ts';
import { booksAreRight, creditFrom, type House, openHouse, type Person } from '../support/house.ts';
import { countingSends } from './wrapped.ts';

const LATER_S = 900_000_000;

let house: House;
let world: WorkerWorld;
let sends: () => number;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 50_000n);
  baraka = await house.person('baraka');
});
beforeEach(() => {
  ({ world, sends } = countingSends(house.world));
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
});

const quote = (raw: string) => pay.quote(world, { ...asha, raw });
const heldByAsha = () => held(world, asha);

/** An invoice of baraka's at this node, and as a stranger would sign it anew with another payee. */
async function ownAt(node: string) {
  for (;;) {
    const made = await house.invoice(baraka, 1_000n);
    if ((await findInvoiceRow(world.db, made.id))?.node !== node) continue;
    const hash = bytesField('p', Buffer.from(made.paymentHash, 'hex'));
    return { ...made, wrapped: forge([hash, SECRET, MEMO, FEATURES, numberField('x', LATER_S)], 'lnbcrt10u') };
  }
}

test.each(['alice', 'bob'])(
  'D10: an invoice of our node %s, however it is written: paid inside, never sent',
  async (node) => {
    const before = await available(world, baraka);
    for (const written of [
      (request: string) => request,
      (request: string) => request.toUpperCase(),
      (request: string) => `lightning:${request}`,
      (request: string) => `Pay me with lightning:${request.toUpperCase()} please`,
    ]) {
      const { request } = await ownAt(node);
      const draft = await quote(written(request));
      expect(draft).toMatchObject({ feeCeilingMsat: '0' });
      await pay.start(world, draft);
      expect(await run(world, draft.id)).toMatchObject({ state: 'paid', feeMsat: 0n });
    }
    expect((await available(world, baraka)) - before).toBe(4_000_000n);
    expect(sends()).toBe(0);
  },
);

test('D10: an invoice of ours wrapped in one of another payee, by its hash: refused, never sent', async () => {
  const { wrapped, id } = await ownAt('alice');
  await expect(quote(wrapped)).rejects.toMatchObject({ code: 'invoice_unreadable' });
  expect(sends()).toBe(0);
  expect(await findInvoiceRow(world.db, id)).toMatchObject({ state: 'open', receivedMsat: null });
});

test('D2: one sat for an invoice of a thousand, signed anew with its hash: refused, no proof shown, nothing held', async () => {
  const { paymentHash, id, request } = await ownAt('bob');
  const fields = [bytesField('p', Buffer.from(paymentHash, 'hex')), SECRET, MEMO, FEATURES];
  const cheap = forge([...fields, numberField('x', LATER_S)], 'lnbcrt10n');
  await expect(quote(cheap)).rejects.toMatchObject({ code: 'invoice_unreadable', details: {} });
  expect(await heldByAsha()).toBe(0n);
  expect(await findInvoiceRow(world.db, id)).toMatchObject({ state: 'open', receivedMsat: null });
  expect((await lookupInvoice(world.lightning.node('bob'), paymentHash)).state).toBe('open');
  expect(sends()).toBe(0);
  expect(await quote(request)).toMatchObject({ amountMsat: '1000000' });
});

test('D11: an invoice from elsewhere that is paid, or is being paid: refused before anything is held, by all of us', async () => {
  const paid = await hold(house, asha, { amountMsat: 2_000_000n });
  await run(world, paid.id);
  const flying = await hold(house, asha, { amountMsat: 3_000_000n, hold: true });
  await execute(world, flying.id);
  const heldBefore = await heldByAsha();
  for (const person of [asha, await house.person('chipo', 20_000n)]) {
    const again = (raw: string) => pay.quote(world, { ...person, raw });
    await expect(again(paid.raw)).rejects.toMatchObject({ code: 'invoice_paid' });
    await expect(again(flying.raw)).rejects.toMatchObject({ code: 'invoice_in_flight' });
  }
  expect(await heldByAsha()).toBe(heldBefore);
  await house.outside.settle(flying.hash);
  await run(world, flying.id);
});

test('D11: two cards of one invoice, the second confirmed after the first has paid: refused, nothing held', async () => {
  const { request } = await house.outside.makeInvoice({ amountMsat: 2_000_000n });
  const [first, second] = [await quote(request), await quote(request)];
  await pay.start(world, first);
  await run(world, first.id);
  await expect(pay.start(world, second)).rejects.toMatchObject({ code: 'invoice_in_flight' });
  expect(await heldByAsha()).toBe(0n);
  expect(sends()).toBe(1);
});

test('D11: one invoice of ours paid twice from outside, at once and after: one credit, the other is refused', async () => {
  const { id, request } = await house.invoice(baraka, 1_000n);
  const before = await available(world, baraka);
  const both = await Promise.all([1, 2].map(() => house.outside.pay({ request })));
  const later = await house.outside.pay({ request }).catch(() => ({ state: 'refused' }));
  expect(both.some(({ state }) => state === 'paid')).toBe(true);
  await Promise.all(Array.from({ length: 3 }, () => creditFrom(world, id)));
  expect((await available(world, baraka)) - before).toBe(1_000_000n);
  expect(['paid', 'failed', 'refused', 'unknown']).toContain(later.state);
  const paidOut = (await house.outside.payments()).filter(
    ({ state, amountMsat }) => state === 'paid' && amountMsat === '1000000',
  );
  expect(paidOut).toHaveLength(1);
});
