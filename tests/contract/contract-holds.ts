// The contract's part about hold invoices: a payment in flight, as both sides see it, and its two ways out.
import {
  cancelHodlInvoice,
  createHodlInvoice,
  deletePayment,
  getChannelBalance,
  getChannels,
  getInvoice,
  getPayment,
  getPendingPayments,
  settleHodlInvoice,
  subscribeToInvoice,
} from 'lightning';
import { expect, test } from 'vitest';
import { until } from '../../scripts/process.ts';
import { type At, hold, newSecret, pay, payAndWaitUntilHeld, rejected } from './setting.ts';

type State = { is_confirmed: boolean; is_held?: boolean; is_canceled?: boolean };

export function holds(at: At): void {
  test('in flight: pending for the payer, held for the payee, locked in the channel', async () => {
    const { alice, bob } = at();
    const before = await getChannelBalance({ lnd: alice });
    const held = await hold(bob, 5_000);
    const { outcome } = await payAndWaitUntilHeld(alice, bob, held);
    const found = await getInvoice({ lnd: bob, id: held.id });
    expect(found).toMatchObject({ is_held: true, is_confirmed: false, received_mtokens: '5000000' });
    const tracked = await getPayment({ lnd: alice, id: held.id });
    expect(tracked).toMatchObject({ is_pending: true, is_confirmed: false, is_failed: false });
    const { payments } = await getPendingPayments({ lnd: alice });
    expect(payments.map((payment) => payment.id)).toContain(held.id);
    const { channels } = await getChannels({ lnd: alice });
    const locked = channels.flatMap((channel) => channel.pending_payments).find((one) => one.id === held.id);
    expect(locked).toMatchObject({ is_outgoing: true, tokens: 5_000 });
    const now = await getChannelBalance({ lnd: alice });
    // 430 sats more are away: who opened the channel bears the commitment's fee for what is locked.
    expect(before.channel_balance - now.channel_balance).toBe(5_430);
    expect(now.unsettled_balance).toBe(0);
    expect((await getChannelBalance({ lnd: bob })).unsettled_balance).toBe(5_000);
    await rejected(deletePayment({ lnd: alice, id: held.id }));
    await settleHodlInvoice({ lnd: bob, secret: held.secret });
    expect(await outcome).toMatchObject({ secret: held.secret, mtokens: '5000000' });
    expect(await getInvoice({ lnd: bob, id: held.id })).toMatchObject({ is_confirmed: true, received: 5_000 });
    await settleHodlInvoice({ lnd: bob, secret: held.secret });
  });

  test('cannot be settled before it is paid, nor with a stranger’s secret', async () => {
    const { bob } = at();
    const held = await hold(bob, 18);
    const early = await rejected(settleHodlInvoice({ lnd: bob, secret: held.secret }));
    expect(early).toMatchObject({ code: 402, name: 'CannotSettleHtlcBeforeHtlcReceived' });
    const unknown = await rejected(settleHodlInvoice({ lnd: bob, secret: newSecret() }));
    expect(unknown).toMatchObject({ code: 404, name: 'SecretDoesNotMatchAnyExistingHodlInvoice' });
    const twice = await rejected(createHodlInvoice({ lnd: bob, id: held.id, tokens: 18 }));
    expect(twice).toMatchObject({ name: 'UnexpectedAddHodlInvoiceError', grpc: 2 });
    expect(twice.details).toBe('invoice with payment hash already exists');
  });

  test('a subscriber to one hears of each state, beginning with the present one', async () => {
    const { alice, bob } = at();
    const held = await hold(bob, 19);
    const heard: string[] = [];
    const sub = subscribeToInvoice({ lnd: bob, id: held.id });
    sub.on('invoice_updated', (now: State) => {
      heard.push(now.is_confirmed ? 'paid' : now.is_held ? 'held' : now.is_canceled ? 'closed' : 'open');
    });
    sub.on('error', () => {});
    await until('the first', 3_000, async () => heard.length === 1);
    const { outcome } = await payAndWaitUntilHeld(alice, bob, held);
    await settleHodlInvoice({ lnd: bob, secret: held.secret });
    await outcome;
    await until('all three', 3_000, async () => heard.length === 3);
    expect(heard).toEqual(['open', 'held', 'paid']);
  });
}

export function cancels(at: At): void {
  test('the payer gets its money back and learns why', async () => {
    const { alice, bob } = at();
    const before = await getChannelBalance({ lnd: alice });
    const held = await hold(bob, 6_000);
    const { outcome } = await payAndWaitUntilHeld(alice, bob, held);
    await cancelHodlInvoice({ lnd: bob, id: held.id });
    expect(await rejected(outcome)).toMatchObject({ code: 503, name: 'PaymentRejectedByDestination' });
    const tracked = await getPayment({ lnd: alice, id: held.id });
    expect(tracked).toMatchObject({ is_failed: true, failed: { is_invalid_payment: true } });
    await until('the money is back', 3_000, async () => {
      return (await getChannelBalance({ lnd: alice })).channel_balance === before.channel_balance;
    });
  });

  test('the invoice still names what had come: only is_confirmed says that it is ours', async () => {
    const { alice, bob } = at();
    const held = await hold(bob, 21);
    const { outcome } = await payAndWaitUntilHeld(alice, bob, held);
    await cancelHodlInvoice({ lnd: bob, id: held.id });
    await rejected(outcome);
    const found = await getInvoice({ lnd: bob, id: held.id });
    expect(found).toMatchObject({ is_canceled: true, is_confirmed: false, received_mtokens: '21000' });
    const late = await rejected(settleHodlInvoice({ lnd: bob, secret: held.secret }));
    expect(late).toMatchObject({ name: 'UnexpectedErrorWhenSettlingHodlInvoice', details: 'invoice already canceled' });
    expect(await rejected(pay(alice, { request: held.request }))).toMatchObject({
      name: 'PaymentRejectedByDestination',
    });
  });
}
