// Amounts: what the payer loses is what the payee gets and the fee, to the millisatoshi, however the amount came about;
// and what people are shown never adds up to more than there is.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sats } from '../../src/chat/format.ts';
import { renderNotice } from '../../src/chat/notices.ts';
import { toPlain } from '../../src/chat/rich.ts';
import type { Rounding } from '../../src/domain/fx.ts';
import type { Notice } from '../../src/domain/notice.ts';
import * as pay from '../../src/flows/pay.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { ask, available, held, run } from '../support/flow-help.ts';
import { booksAreRight, creditFrom, type House, openHouse, type Person } from '../support/house.ts';

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

const carolMsat = async () => BigInt((await house.outside.balance()).balanceMsat);

/** What each of the three has gained since, or lost. */
async function moved(run: () => Promise<void>) {
  const all = async () => [await available(house.world, asha), await available(house.world, baraka), await carolMsat()];
  const before = await all();
  await run();
  const after = await all();
  const [ofAsha = 0n, ofBaraka = 0n, ofCarol = 0n] = after.map((each, at) => each - (before[at] ?? 0n));
  return { asha: ofAsha, baraka: ofBaraka, carol: ofCarol };
}

async function payFrom(person: Person, raw: string, amountMsat?: bigint) {
  const draft = await pay.quote(house.world, { ...person, raw, ...(amountMsat === undefined ? {} : { amountMsat }) });
  await pay.start(house.world, draft);
  return run(house.world, draft.id);
}

test.each([
  ['as asked', 1_234n, undefined, 1_234_000n],
  ['open, by the payer’s choice', undefined, 1_234_567n, 1_234_567n],
  ['twice what was asked', 1_000n, 2_000_000n, 2_000_000n],
  ['a millisatoshi more than asked', 1_000n, 1_000_001n, 1_000_001n],
] as const)('D1: paid from outside, %s: credited is what the payer lost less the fee', async (...row) => {
  const [, asked, amountMsat, receivedMsat] = row;
  let feeMsat = 0n;
  const { asha: gained, carol } = await moved(async () => {
    const { id, request } = await house.invoice(asha, asked);
    const paid = await house.outside.pay({ request, ...(amountMsat === undefined ? {} : { amountMsat }) });
    if (paid.state !== 'paid') throw new Error(`the outside wallet says ${paid.state}`);
    feeMsat = BigInt(paid.feeMsat);
    await creditFrom(house.world, id);
    expect(await findInvoiceRow(house.world.db, id)).toMatchObject({ state: 'settled', receivedMsat });
  });
  expect(gained).toBe(receivedMsat);
  expect(-carol).toBe(gained + feeMsat);
});

test('D1: paid from outside with less than was asked: the node refuses it, nothing is credited, it may still be paid', async () => {
  const { id, request } = await house.invoice(asha, 1_000n);
  const less = await moved(async () => {
    expect(await house.outside.pay({ request, amountMsat: 999_999n })).toMatchObject({ state: 'failed' });
    await expect(creditFrom(house.world, id)).rejects.toThrow('the invoice is open');
  });
  expect(less).toEqual({ asha: 0n, baraka: 0n, carol: 0n });
  await house.outside.pay({ request });
  expect(await creditFrom(house.world, id)).toEqual({ credited: true });
});

test.each([
  ['a fixed amount', 1_234n, undefined, 1_234_000n],
  ['an open amount', undefined, 1_234_567n, 1_234_567n],
  ['a fixed amount with another beside it', 1_000n, 2_000_000n, 1_000_000n],
] as const)('D1: paid inside, %s: one number for both, and no fee', async (_, asked, chosen, amountMsat) => {
  const change = await moved(async () => {
    const { request } = await house.invoice(baraka, asked);
    expect(await payFrom(asha, request, chosen)).toMatchObject({ state: 'paid', amountMsat });
  });
  expect(change).toEqual({ asha: -amountMsat, baraka: amountMsat, carol: 0n });
});

test.each([
  ['a fixed amount', 2_345_678n, undefined],
  ['an open amount', undefined, 2_345_678n],
  ['a fixed amount with another beside it', 2_345_678n, 9_000_000n],
] as const)('D1: paid to outside, %s: the payer loses what arrives and the fee of the row', async (...row) => {
  const [, asked, chosen] = row;
  let feeMsat = 0n;
  const { asha: lost, carol } = await moved(async () => {
    const { request } = await house.outside.makeInvoice(asked === undefined ? {} : { amountMsat: asked });
    const paid = await payFrom(asha, request, chosen);
    expect(paid).toMatchObject({ state: 'paid', amountMsat: 2_345_678n });
    feeMsat = paid.feeMsat ?? -1n;
  });
  expect(carol).toBe(2_345_678n);
  expect(-lost).toBe(carol + feeMsat);
  expect(await held(house.world, asha)).toBe(0n);
});

test.each([0n, -1n, -1_000n])('D3: no movement of %i msat, whoever asks the database for it', async (amountMsat) => {
  const draft = await house.outside.makeInvoice({ amountMsat: 5_000n });
  const quoted = await pay.quote(house.world, { ...asha, raw: draft.request });
  const before = await available(house.world, asha);
  await expect(pay.start(house.world, { ...quoted, amountMsat: String(amountMsat) })).rejects.toThrow();
  await expect(pay.start(house.world, { ...quoted, feeCeilingMsat: String(-6_000n) })).rejects.toThrow();
  expect(await available(house.world, asha)).toBe(before);
  expect(await ask(house.world, 'select 1 from payments where id = $1', [quoted.id])).toEqual([]);
});

const shown = (amountMsat: bigint, rounding: Rounding) => satsIn(sats(amountMsat, rounding))[0] ?? 0n;
const satsIn = (text: string) =>
  [...text.matchAll(/([\d,]+) sats?\b/g)].map(([, sat = '']) => BigInt(sat.replaceAll(',', '')));

/** The same each time: a linear congruential generator. */
function numbers(): (below: number) => number {
  let state = 42;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    // The low bits of such a generator hardly change.
    return (state >>> 8) % below;
  };
}

test('D4: a hundred thousand movements of odd millisatoshi: what is shown never adds up to more than there is', () => {
  const next = numbers();
  let ledgerMsat = 0n;
  let shownSat = 0n;
  for (let i = 0; i < 100_000; i++) {
    const msat = BigInt(1 + next(5_000));
    const isIn = next(2) === 0 || ledgerMsat < msat;
    ledgerMsat += isIn ? msat : -msat;
    shownSat += isIn ? shown(msat, 'down') : -shown(msat, 'up');
    if (shownSat * 1_000n > ledgerMsat || shown(ledgerMsat, 'down') * 1_000n > ledgerMsat) {
      throw new Error(`${shownSat} sats shown of ${ledgerMsat} msat after ${i} movements`);
    }
  }
});

test('D4: the news of 1,999 msat in say 1, of 1,001 msat out and a fee of 1 msat say 2 and 1', () => {
  const person = { language: 'en', currency: 'KES', zone: 'Africa/Nairobi' };
  const id = house.world.ids.next();
  const told = (notice: Notice) => {
    const stored = { id, userId: asha.userId, subjectId: id, notice, state: 'waiting' as const };
    return satsIn(toPlain(renderNotice(stored, person, undefined).text));
  };
  expect(told({ kind: 'invoice_paid', receivedMsat: '1999', memo: null })).toEqual([1n]);
  const paid = { kind: 'payment_paid', amountMsat: '1001', feeMsat: '1', preimage: null, memo: null } as const;
  expect(told(paid)).toEqual([2n, 1n]);
});
