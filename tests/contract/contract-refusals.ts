// The contract's part about payments that fail or are refused, and about paying a hash twice.
import { cancelHodlInvoice, getInvoice, getPayment, payViaPaymentDetails } from 'lightning';
import { expect, test } from 'vitest';
import {
  type At,
  channelTo,
  hold,
  newSecret,
  nodeOf,
  pay,
  payAndWaitUntilHeld,
  rejected,
  request,
  type Setting,
} from './setting.ts';

export function refusals(at: At): void {
  test('more than the node has', async () => {
    const { alice, bob } = at();
    const made = await request(bob, 17_000_000);
    const refused = await rejected(pay(alice, { request: made.request, max_paths: 16 }));
    expect(refused).toMatchObject({ code: 503, name: 'InsufficientBalanceToAttemptPayment' });
    const tracked = await getPayment({ lnd: alice, id: made.id });
    expect(tracked).toMatchObject({ is_failed: true, is_confirmed: false, is_pending: false });
    expect(tracked.failed).toMatchObject({ is_insufficient_balance: true });
  });

  test('no route', async () => {
    const { alice, bob, network } = at();
    const outgoing_channel = await channelTo(alice, nodeOf(network, 'carol').pubkey);
    const made = await request(bob, 12);
    const refused = await rejected(pay(alice, { request: made.request, outgoing_channel, max_fee_mtokens: '0' }));
    expect(refused).toMatchObject({ code: 503, name: 'PaymentPathfindingFailedToFindPossibleRoute' });
    expect((await getPayment({ lnd: alice, id: made.id })).failed).toMatchObject({ is_route_not_found: true });
  });

  test('to oneself', async () => {
    const { alice } = at();
    const made = await request(alice, 13);
    const refused = await rejected(pay(alice, { request: made.request }));
    expect(refused).toMatchObject({ code: 503, name: 'PaymentPathfindingFailedToFindPossibleRoute' });
    expect(await getPayment({ lnd: alice, id: made.id })).toMatchObject({ is_failed: true });
  });

  test('what failed may be tried again', async () => {
    const { alice, bob, network } = at();
    const outgoing_channel = await channelTo(alice, nodeOf(network, 'carol').pubkey);
    const made = await request(bob, 14);
    await rejected(pay(alice, { request: made.request, outgoing_channel, max_fee_mtokens: '0' }));
    expect(await pay(alice, { request: made.request })).toMatchObject({ id: made.id, mtokens: '14000' });
  });
}

export function again(at: At): void {
  test('paid already by this node: paid, not failed', async () => {
    const { alice, bob } = at();
    const made = await request(bob, 15);
    await pay(alice, { request: made.request });
    expect(await rejected(pay(alice, { request: made.request }))).toEqual({
      code: 503,
      name: 'UnexpectedPaymentError',
      grpc: 6,
      details: 'invoice is already paid',
    });
  });

  test('paid already by another node: rejected by its destination', async () => {
    const { alice, bob, carol } = at();
    const made = await request(bob, 16);
    await pay(alice, { request: made.request });
    const refused = await rejected(pay(carol, { request: made.request }));
    expect(refused).toMatchObject({ code: 503, name: 'PaymentRejectedByDestination' });
    expect((await getPayment({ lnd: carol, id: made.id })).failed).toMatchObject({ is_invalid_payment: true });
    expect(await getInvoice({ lnd: bob, id: made.id })).toMatchObject({ received: 16, is_confirmed: true });
  });

  test('under way already: unknown, not failed', async () => {
    const { alice, bob } = at();
    const held = await hold(bob, 17);
    const { outcome } = await payAndWaitUntilHeld(alice, bob, held);
    expect(await rejected(pay(alice, { request: held.request }))).toEqual({
      code: 503,
      name: 'UnexpectedPaymentError',
      grpc: 6,
      details: 'payment is in transition',
    });
    await cancelHodlInvoice({ lnd: bob, id: held.id });
    await rejected(outcome);
  });
}

export function details(at: At): void {
  /** Alice pays an invoice of bob for 1,000 sats, by hand. */
  async function byHand(mtokens: string, payment?: string) {
    const { alice, bob, network }: Setting = at();
    const made = await request(bob, 1_000);
    const outcome = payViaPaymentDetails({
      lnd: alice,
      destination: nodeOf(network, 'bob').pubkey,
      id: made.id,
      mtokens,
      payment: payment ?? made.payment,
      cltv_delta: 80,
      features: [{ bit: 8 }, { bit: 14 }, { bit: 17 }],
      max_fee: 5,
    });
    return { made, outcome };
  }

  test('over-payment is accepted, and the payee sees what came', async () => {
    const { made, outcome } = await byHand('2000000');
    expect(await outcome).toMatchObject({ mtokens: '2000000', fee_mtokens: '0' });
    const found = await getInvoice({ lnd: at().bob, id: made.id });
    expect(found).toMatchObject({ is_confirmed: true, tokens: 1_000, received_mtokens: '2000000' });
  });

  test('under-payment and a wrong payment secret are rejected, and the invoice stays open', async () => {
    for (const terms of [{ mtokens: '999999' }, { mtokens: '1000000', payment: newSecret() }]) {
      const wrong = await byHand(terms.mtokens, terms.payment);
      expect(await rejected(wrong.outcome)).toMatchObject({ name: 'PaymentRejectedByDestination' });
      const found = await getInvoice({ lnd: at().bob, id: wrong.made.id });
      expect(found).toMatchObject({ is_confirmed: false, received_mtokens: '0' });
      expect(found.is_canceled).toBeUndefined();
    }
  });
}
