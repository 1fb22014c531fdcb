// An invoice of ours that its node does not know any more while a user of ours pays it: forgotten after its cancelling,
// or never heard of by a node restored from an older state. Nobody pays twice, and no payer outside is lost.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { suspenseCode } from '../../src/domain/ledger.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { finish } from '../../src/flows/receive-node.ts';
import { sweepInvoices } from '../../src/flows/reconcile.ts';
import { accountId } from '../../src/infra/db/accounts.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import { lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import { MISHAPS, mortal, type Survivor, survivor } from '../support/crash-world.ts';
import { ask, available, held, paymentOf, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

const SATS = 100_000n;

let house: House;
let later: Survivor;
let asha: Person;
let baraka: Person;

beforeEach(async () => {
  house = await openHouse();
  later = await survivor(house.world);
  asha = await house.person('asha', SATS);
  baraka = await house.person('baraka');
});
afterEach(async () => {
  await booksAreRight(house.world);
  await later.close();
  await house.close();
});

const stateOf = async (id: string) => (await findInvoiceRow(house.world.db, id))?.state;
const noneOpen = async () =>
  (await ask(house.world, "select id from payments where state in ('held', 'sending')")).length === 0;
const balances = async () => [await available(house.world, asha), await available(house.world, baraka)];

/** Asha is about to pay an invoice of Baraka's, which stands at this node. */
async function about() {
  const { id: invoiceId, request, paymentHash } = await house.invoice(baraka, 500n);
  const draft = await pay.quote(house.world, { ...asha, raw: request });
  await pay.start(house.world, draft);
  return { invoiceId, request, paymentHash, id: draft.id, node: await nodeOf(invoiceId) };
}

async function nodeOf(invoiceId: string): Promise<string> {
  const row = await findInvoiceRow(house.world.db, invoiceId);
  if (!row?.node) throw new Error('an invoice without a node');
  return row.node;
}

const keepAll = () => ['alice', 'bob'].map((alias) => house.sandbox.keepInvoices(alias));
const putBack = (kept: readonly (() => void)[]) => {
  for (const each of kept) each();
};

test('a node that forgets what is cancelled, and a crash at every step: paid inside, or all given back', {
  timeout: 90_000,
}, async () => {
  for (const alias of ['alice', 'bob']) house.sandbox.setFaults(alias, { forgetCanceled: true });
  const ends = new Set<string>();
  for (const what of MISHAPS) {
    for (let step = 1, met = true; met; step++) {
      const before = await balances();
      const going = await about();
      const dying = mortal(house.world, { step, what });
      await execute(dying.world, going.id).catch(() => {});
      met = dying.life.met;
      await later.recover(noneOpen);
      const payment = await paymentOf(house.world, going.id);
      const movedMsat = payment.state === 'paid' ? 500_000n : 0n;
      expect(await balances()).toEqual([(before[0] ?? 0n) - movedMsat, (before[1] ?? 0n) + movedMsat]);
      expect(await held(house.world, asha)).toBe(0n);
      expect(await stateOf(going.invoiceId)).toBe(payment.state === 'paid' ? 'settled' : 'open');
      expect(await told(house.world, going.id)).toContain(`payment_${payment.state}`);
      expect((await lookupInvoice(house.world.lightning.node(going.node), going.paymentHash)).state).toBe('absent');
      ends.add(payment.state);
    }
  }
  expect(ends).toEqual(new Set(['paid', 'failed']));
});

test.each(['before', 'after'] as const)(
  'a node restored from before the invoice: all comes back; paid outside %s it, that counts when the node is right again',
  async (paid) => {
    const old = keepAll();
    const going = await about();
    if (paid === 'before') await house.outside.pay({ request: going.request });
    const right = keepAll();
    putBack(old);
    await execute(house.world, going.id);
    expect(await paymentOf(house.world, going.id)).toMatchObject({ state: 'failed', failure: 'invoice_expired' });
    expect(await balances()).toEqual([SATS * 1_000n, 0n]);
    putBack(right);
    if (paid === 'after') await house.outside.pay({ request: going.request });
    expect(await sweepInvoices(house.world)).toBe(1);
    expect(await balances()).toEqual([SATS * 1_000n, 500_000n]);
    expect(await stateOf(going.invoiceId)).toBe('settled');
  },
);

test('booked inside, then its node is restored from before the cancelling and paid: kept apart, credited to nobody twice', async () => {
  const going = await about();
  const old = keepAll();
  await execute(house.world, going.id);
  expect(await paymentOf(house.world, going.id)).toMatchObject({ state: 'paid' });
  const { node, paymentHash } = going;
  const again = { node, paymentHash, receivedMsat: 500_000n };
  putBack(old);
  expect(await house.outside.pay({ request: going.request })).toMatchObject({ state: 'paid' });
  for (let time = 0; time < 3; time++) expect(await finish(house.world, again)).toEqual({ credited: false });
  expect(await balances()).toEqual([(SATS - 500n) * 1_000n, 500_000n]);
  const suspense = await balanceOf(house.world.db, await accountId(house.world.db, suspenseCode('BTC')));
  expect(suspense.postedMsat).toBe(500_000n);
  expect(house.lines.filter((line) => line.includes('that was paid inside'))).toHaveLength(1);
});
