// The contract's part about what is told as it happens, replayed from a cursor, or listed.
import {
  type AuthenticatedLnd,
  cancelHodlInvoice,
  deleteForwardingReputations,
  getFailedPayments,
  getInvoices,
  getPayments,
  subscribeToInvoices,
} from 'lightning';
import { expect, test } from 'vitest';
import { until } from '../../scripts/process.ts';
import { type At, hold, lookup, pay, payAndWaitUntilHeld, rejected, request } from './setting.ts';

type Update = { id: string; index: number; is_confirmed: boolean; confirmed_index?: number };

/** What the node's stream tells about these invoices until `count` events came, or for 300 ms when none is expected. */
async function heard(given: {
  lnd: AuthenticatedLnd;
  cursors: { added_after?: number; confirmed_after?: number };
  count: number;
  meanwhile?: () => Promise<unknown>;
}): Promise<Update[]> {
  const { lnd, cursors: from, count, meanwhile } = given;
  const updates: Update[] = [];
  const sub = subscribeToInvoices({ lnd, ...from });
  sub.on('error', () => {});
  sub.on('invoice_updated', (update: Update) => updates.push(update));
  // The stream must be open before what it shall tell happens.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await meanwhile?.();
  if (count) await until('the events', 4_000, async () => updates.length >= count).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 100));
  sub.removeAllListeners();
  return updates;
}

function short(updates: Update[]): string[] {
  return updates.map((update) => `${update.is_confirmed ? 'paid' : 'added'} ${update.id.slice(0, 6)}`);
}

export function cursors(at: At): void {
  test('without cursors only what happens from now on is told: added and paid, not held, not closed', async () => {
    const { alice, bob } = at();
    const seen: string[] = [];
    const told = await heard({
      lnd: bob,
      cursors: {},
      count: 4,
      async meanwhile() {
        const made = await request(bob, 31);
        await pay(alice, { request: made.request });
        const closed = await request(bob, 32);
        await cancelHodlInvoice({ lnd: bob, id: closed.id });
        const held = await hold(bob, 33);
        const { outcome } = await payAndWaitUntilHeld(alice, bob, held);
        await cancelHodlInvoice({ lnd: bob, id: held.id });
        await rejected(outcome);
        const [first, second, third] = [made, closed, held].map((one) => one.id.slice(0, 6));
        seen.push(`added ${first}`, `paid ${first}`, `added ${second}`, `added ${third}`);
      },
    });
    expect(short(told)).toEqual(seen);
    expect(await heard({ lnd: bob, cursors: { added_after: 0, confirmed_after: 0 }, count: 0 })).toEqual([]);
  });

  test('cursors replay what came after them: added, then paid', async () => {
    const { alice, bob } = at();
    const first = await request(bob, 41);
    await pay(alice, { request: first.request });
    const from = await lookup(bob, first.id);
    const second = await request(bob, 42);
    const third = await request(bob, 43);
    await pay(alice, { request: third.request });
    await pay(alice, { request: second.request });
    const [two, three] = [second, third].map((one) => one.id.slice(0, 6));
    const added_after = from.index;
    const confirmed_after = from.confirmed_index ?? 0;
    const paid = await heard({ lnd: bob, cursors: { confirmed_after }, count: 2 });
    expect(short(paid)).toEqual([`paid ${three}`, `paid ${two}`]);
    expect(paid.map((update) => update.confirmed_index)).toEqual([confirmed_after + 1, confirmed_after + 2]);
    const added = await heard({ lnd: bob, cursors: { added_after }, count: 2 });
    expect(added.map((update) => update.id)).toEqual([second.id, third.id]);
    expect(added.map((update) => update.index)).toEqual([added_after + 1, added_after + 2]);
    // Both cursors: an invoice added and paid since then comes twice, each time as it is now.
    const both = await heard({ lnd: bob, cursors: { added_after, confirmed_after }, count: 4 });
    expect(both.map((update) => update.id)).toEqual([second.id, third.id, third.id, second.id]);
    expect(both.every((update) => update.is_confirmed)).toBe(true);
    expect(await heard({ lnd: bob, cursors: { confirmed_after: confirmed_after + 2 }, count: 0 })).toEqual([]);
  });
}

export function lists(at: At): void {
  test('invoices and payments are listed newest first, in pages', async () => {
    const { alice, bob } = at();
    const ids: string[] = [];
    for (const tokens of [51, 52, 53]) {
      const made = await request(bob, tokens);
      await pay(alice, { request: made.request });
      ids.unshift(made.id);
    }
    const invoices = await getInvoices({ lnd: bob, limit: 2 });
    expect(invoices.invoices.map((invoice) => invoice.id)).toEqual(ids.slice(0, 2));
    const older = await getInvoices({ lnd: bob, token: String(invoices.next) });
    expect(older.invoices[0]?.id).toBe(ids[2]);
    const paid = await getPayments({ lnd: alice, limit: 2 });
    expect(paid.payments.map((payment) => payment.id)).toEqual(ids.slice(0, 2));
    const before = await getPayments({ lnd: alice, token: String(paid.next) });
    expect(before.payments[0]?.id).toBe(ids[2]);
  });

  test('a failed payment is listed apart', async () => {
    const { alice, bob } = at();
    const made = await request(bob, 17_000_000);
    await rejected(pay(alice, { request: made.request }));
    const { payments } = await getPayments({ lnd: alice, limit: 5 });
    expect(payments.map((payment) => payment.id)).not.toContain(made.id);
    const failed = await getFailedPayments({ lnd: alice, limit: 5 });
    expect(failed.payments.map((payment) => payment.id)).toContain(made.id);
  });

  test('what a node learned about routes can be forgotten', async () => {
    await deleteForwardingReputations({ lnd: at().alice });
  });
}
