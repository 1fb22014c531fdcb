// Everything at the same instant: taps, people, jobs, payers inside and outside. One invoice is paid once, nobody spends
// what they do not have, and whoever loses a race has lost nothing else.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { sweepInvoices } from '../../src/flows/reconcile.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import { long } from '../hazards/long.ts';
import { type Survivor, survivor } from '../support/crash-world.ts';
import { ask, available, ended, held, paymentOf, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let later: Survivor;
let asha: Person;
let baraka: Person;

beforeAll(async () => {
  house = await openHouse();
  later = await survivor(house.world);
  asha = await house.person('asha', 1_000_000n);
  baraka = await house.person('baraka', 1_000_000n);
});
afterAll(async () => {
  await later.close();
  await house.close();
});
afterEach(() => booksAreRight(house.world));

const codesOf = (results: PromiseSettledResult<unknown>[]) =>
  results.flatMap((each) => (each.status === 'rejected' ? [String(each.reason.code ?? each.reason)] : []));

describe('one person', () => {
  test('A3: taps twenty times at once, with no lock anywhere: one payment, and every tap hears of the same one', async () => {
    const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
    for (let round = 0; round < 5; round++) {
      const { request } = round === 0 ? { request: raw } : await house.outside.makeInvoice({ amountMsat: 1_000_000n });
      const before = await available(house.world, asha);
      const draft = await pay.quote(house.world, { ...asha, raw: request });
      const taps = await Promise.all(Array.from({ length: 20 }, () => pay.start(house.world, draft)));
      expect(new Set(taps.map(({ id }) => id))).toEqual(new Set([draft.id]));
      expect(await held(house.world, asha)).toBe(1_010_000n);
      await Promise.all(Array.from({ length: 4 }, () => execute(house.world, draft.id)));
      expect(await ended(house.world, draft.id)).toMatchObject({ state: 'paid', attempts: 1 });
      await pay.start(house.world, draft);
      await execute(house.world, draft.id);
      expect(before - (await available(house.world, asha))).toBe(1_000_000n);
      expect(await told(house.world, draft.id)).toEqual(['payment_paid']);
    }
  });

  test('A11: one person pays one invoice 64 times at once, by 64 cards', async () => {
    const before = await available(house.world, asha);
    const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
    const drafts = await Promise.all(Array.from({ length: 64 }, () => pay.quote(house.world, { ...asha, raw })));
    const results = await Promise.allSettled(drafts.map((draft) => pay.start(house.world, draft)));
    expect(codesOf(results)).toEqual(Array(63).fill('invoice_in_flight'));
    await later.recover(noneOpen);
    expect(before - (await available(house.world, asha))).toBe(1_000_000n);
    await expect(pay.quote(house.world, { ...asha, raw })).rejects.toMatchObject({ code: 'invoice_paid' });
  });

  test('A12: money for 32 of 64 payments at once: exactly 32 are made', async () => {
    const poor = await house.person('poor', 320n);
    const invoices = await Promise.all(
      Array.from({ length: 64 }, () => house.outside.makeInvoice({ expiresInS: 86_400 })),
    );
    // 1 sat, and 10 of fee ceiling, so 11 at a time while they are open; paid ones give the ceiling back.
    const exact = await house.person('exact', 32n * 11n);
    const drafts = await Promise.all(
      invoices.map(({ request: raw }) => pay.quote(house.world, { ...exact, raw, amountMsat: 1_000n })),
    );
    const begun = performance.now();
    const results = await Promise.allSettled(drafts.map((draft) => pay.start(house.world, draft)));
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect(codesOf(results)).toEqual(Array(32).fill('balance_low'));
    expect(await available(house.world, exact)).toBe(0n);
    await later.recover(noneOpen);
    expect(await available(house.world, exact)).toBe(32n * 10_000n);
    expect(await available(house.world, poor)).toBe(320_000n);
  });
});

test('A11: eight people pay one invoice eight times each at once: it is paid once, and by one', async () => {
  const people = await Promise.all(Array.from({ length: 8 }, (_, i) => house.person(`eight${i}`, 2_000n)));
  const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
  const drafts = await Promise.all(
    people.flatMap((person) => Array.from({ length: 8 }, () => pay.quote(house.world, { ...person, raw }))),
  );
  const results = await Promise.allSettled(drafts.map((draft) => pay.start(house.world, draft)));
  expect(codesOf(results)).toEqual(Array(63).fill('invoice_in_flight'));
  await later.recover(noneOpen);
  const left = await Promise.all(people.map((person) => available(house.world, person)));
  expect(left.toSorted()).toEqual([1_000_000n, ...Array(7).fill(2_000_000n)]);
});

test(
  'A5: a payer outside and one inside at the same instant, 25 times: one of them pays, the payee has it once',
  {
    timeout: 60_000,
  },
  () => atTheSameInstant(25),
);

long('A5: a payer outside and one inside at the same instant, 500 times', () => atTheSameInstant(500), 600_000);

async function atTheSameInstant(rounds: number): Promise<void> {
  const winners = { inside: 0, outside: 0 };
  // So much later the faster one begins, that it stays a race on any machine.
  let insideLaterMs = 0;
  for (let round = 0; round < rounds; round++) {
    const payer = [await available(house.world, asha), await available(house.world, baraka)] as const;
    const { id: invoiceId, request: raw, paymentHash } = await house.invoice(baraka, 500n);
    const draft = await pay.quote(house.world, { ...asha, raw });
    await pay.start(house.world, draft);
    const delay = (laterMs: number) => house.world.clock.sleep(Math.max(0, laterMs) + Math.random() * 12);
    const [outside] = await Promise.all([
      delay(-insideLaterMs).then(() => house.outside.pay({ request: raw })),
      delay(insideLaterMs).then(() => execute(house.world, draft.id)),
    ]);
    await sweepInvoices(house.world);
    const payment = await ended(house.world, draft.id);
    const paidOutside = outside.state === 'paid';
    expect(payment.state).toBe(paidOutside ? 'failed' : 'paid');
    if (paidOutside) expect(payment.failure).toBe('payer_too_late');
    winners[paidOutside ? 'outside' : 'inside']++;
    insideLaterMs += paidOutside ? -2 : 2;
    expect((await findInvoiceRow(house.world.db, invoiceId))?.state).toBe('settled');
    const { node = '' } = (await findInvoiceRow(house.world.db, invoiceId)) ?? {};
    const seen = await lookupInvoice(house.world.lightning.node(node ?? ''), paymentHash);
    expect(seen.state).toBe(paidOutside ? 'settled' : 'canceled');
    expect((await available(house.world, asha)) - payer[0]).toBe(paidOutside ? 0n : -500_000n);
    expect((await available(house.world, baraka)) - payer[1]).toBe(500_000n);
    expect(await told(house.world, invoiceId)).toEqual(['invoice_paid', 'invoice_ready']);
  }
  // No worker has told anybody of it yet.
  await later.recover(noneOpen);
  expect(Math.min(winners.inside, winners.outside)).toBeGreaterThan(rounds / 10);
}

test('an invoice of ours, its node away: held and asked again; and what the node says then decides', async () => {
  for (const fast of ['inside', 'outside'] as const) {
    const before = [await available(house.world, asha), await available(house.world, baraka)] as const;
    const { id: invoiceId, request: raw } = await house.invoice(baraka, 700n);
    const { node = '' } = (await findInvoiceRow(house.world.db, invoiceId)) ?? {};
    const draft = await pay.quote(house.world, { ...asha, raw });
    await pay.start(house.world, draft);
    if (fast === 'outside') await house.outside.pay({ request: raw });
    await house.lightning.kill(node ?? '');
    await execute(house.world, draft.id);
    expect(await paymentOf(house.world, draft.id)).toMatchObject({ state: 'sending', node });
    expect(await held(house.world, asha)).toBe(700_000n);
    await house.lightning.start(node ?? '');
    await later.recover(noneOpen);
    const gains = [await available(house.world, asha), await available(house.world, baraka)].map(
      (now, i) => now - before[i]!,
    );
    expect(gains).toEqual([fast === 'inside' ? -700_000n : 0n, 700_000n]);
    await vi.waitFor(async () => {
      await house.world.lightning.node(node ?? '').check();
      expect(house.world.lightning.health().every(({ state }) => state === 'up')).toBe(true);
    }, 8_000);
  }
});

test('an invoice of ours that has run out before the job: everything comes back', async () => {
  const before = await available(house.world, asha);
  const { id: invoiceId, request: raw } = await house.invoice(baraka, 700n);
  const draft = await pay.quote(house.world, { ...asha, raw });
  await pay.start(house.world, draft);
  await ask(house.world, "update invoices set state = 'expired', cause = 'expiry' where id = $1", [invoiceId]);
  await execute(house.world, draft.id);
  expect(await paymentOf(house.world, draft.id)).toMatchObject({ state: 'failed', failure: 'invoice_expired' });
  expect(await available(house.world, asha)).toBe(before);
});

async function noneOpen(): Promise<boolean> {
  const rows = await ask(house.world, "select id from payments where state in ('held', 'sending')");
  return rows.length === 0;
}
