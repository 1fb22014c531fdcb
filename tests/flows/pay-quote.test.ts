// What may be paid at all: every refusal before anything is held, and invoices that only look like ours.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPEN_PAYMENTS_PER_USER } from '../../src/domain/limits.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { bytesField, FEATURES, forge, MEMO, numberField, SECRET } from '../lightning/forge.ts';
import { held, hold } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  asha = await house.person('asha', 20_000n);
  baraka = await house.person('baraka');
});
afterAll(async () => {
  await booksAreRight(house.world);
  await house.close();
});

const quote = (raw: string, amountMsat?: bigint) =>
  pay.quote(house.world, { ...asha, raw, ...(amountMsat === undefined ? {} : { amountMsat }) });

test('what is no invoice, or one of another network', async () => {
  await expect(quote('pay my school fees')).rejects.toMatchObject({ code: 'invoice_unreadable' });
  await expect(quote('lnbcrt1notaninvoice')).rejects.toMatchObject({ code: 'invoice_unreadable' });
  const mainnet = forge([bytesField('p', Buffer.alloc(32, 9)), SECRET, MEMO, FEATURES, numberField('x', 900_000_000)]);
  await expect(quote(mainnet)).rejects.toMatchObject({ code: 'invoice_wrong_network' });
});

test.each([
  [999n, 'amount_too_small', { leastMsat: '1000' }],
  [10_000_000_001n, 'amount_too_large', { mostMsat: '10000000000' }],
  [20_000_000n, 'balance_low', { neededMsat: '20200000', availableMsat: '20000000' }],
] as const)('%i msat: %s', async (amountMsat, code, details) => {
  const { request } = await house.outside.makeInvoice({ amountMsat });
  await expect(quote(request)).rejects.toMatchObject({ code, details });
  const { request: open } = await house.outside.makeInvoice({});
  await expect(quote(open, amountMsat)).rejects.toMatchObject({ code, details });
});

test("D11: one's own invoice, one that is paid, one that is being closed", async () => {
  const own = await house.invoice(asha, 10n);
  await expect(quote(own.request)).rejects.toMatchObject({ code: 'own_invoice' });
  const paid = await house.invoice(baraka, 10n);
  const draft = await quote(paid.request);
  await pay.start(house.world, draft);
  await expect(quote(paid.request)).rejects.toMatchObject({ code: 'invoice_in_flight' });
  await execute(house.world, draft.id);
  await expect(quote(paid.request)).rejects.toMatchObject({ code: 'invoice_paid' });
  const outside = await house.invoice(baraka, 10n);
  await house.outside.pay({ request: outside.request });
  const { creditFrom } = await import('../support/house.ts');
  await creditFrom(house.world, outside.id);
  await expect(quote(outside.request)).rejects.toMatchObject({ code: 'invoice_paid' });
});

test('an open invoice of ours without an amount beside it', async () => {
  const { request } = await house.invoice(baraka);
  await expect(quote(request)).rejects.toMatchObject({ code: 'invoice_amount_missing' });
});

test('no more than so many at a time', async () => {
  const crowd = await house.person('crowd', 5_000n);
  for (let i = 0; i < OPEN_PAYMENTS_PER_USER; i++) await hold(house, crowd, { amountMsat: 1_000n });
  await expect(hold(house, crowd, { amountMsat: 1_000n })).rejects.toMatchObject({ code: 'too_many_open' });
});

test('the balance is gone between the card and the tap: refused in so many words, nothing half done', async () => {
  const poor = await house.person('poor', 100n);
  const drafts = await Promise.all(
    [1, 2].map(async () => {
      const { request: raw } = await house.outside.makeInvoice({ amountMsat: 60_000n });
      return pay.quote(house.world, { ...poor, raw });
    }),
  );
  await pay.start(house.world, drafts[0]!);
  await expect(pay.start(house.world, drafts[1]!)).rejects.toMatchObject({
    code: 'balance_low',
    details: { neededMsat: '70000', availableMsat: '30000' },
  });
  expect(await held(house.world, poor)).toBe(70_000n);
});
