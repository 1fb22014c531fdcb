// The contract's part about payments that succeed: what both sides see, what a router takes, which amounts are paid.
import { getChannelBalance, getInvoice, getPayment, getRouteToDestination, subscribeToPayViaRequest } from 'lightning';
import { expect, test } from 'vitest';
import { until } from '../../scripts/process.ts';
import { type At, channelTo, lookup, nodeOf, pay, rejected, request } from './setting.ts';

const CANNOT_BE_FOUND = { code: 503, name: 'PaymentPathfindingFailedToFindPossibleRoute' };

export function payments(at: At): void {
  test('a neighbour is paid without a fee, and both sides know it', async () => {
    const { alice, bob } = at();
    const before = await getChannelBalance({ lnd: alice });
    const made = await request(bob, 1_000);
    const paid = await pay(alice, { request: made.request });
    expect(paid).toMatchObject({ id: made.id, secret: made.secret, fee: 0, fee_mtokens: '0' });
    expect(paid).toMatchObject({ tokens: 1_000, mtokens: '1000000', safe_fee: 0, index: expect.any(String) });
    const found = await lookup(bob, made.id);
    expect(found).toMatchObject({ is_confirmed: true, received: 1_000, received_mtokens: '1000000' });
    expect(found.confirmed_index).toBeGreaterThan(0);
    expect(found.payments).toMatchObject([{ is_confirmed: true, mtokens: '1000000' }]);
    // For a moment the payer still bears the on-chain fee of what was locked.
    await until('the balance', 3_000, async () => {
      return before.channel_balance - (await getChannelBalance({ lnd: alice })).channel_balance === 1_000;
    });
    const tracked = await getPayment({ lnd: alice, id: made.id });
    expect(tracked).toMatchObject({ is_confirmed: true, is_failed: false, is_pending: false });
    expect(tracked.payment).toMatchObject({ id: made.id, secret: made.secret, fee_mtokens: '0', mtokens: '1000000' });
  });

  test('an unknown payment is a 404', async () => {
    const unknown = await rejected(getPayment({ lnd: at().alice, id: 'ab'.repeat(32) }));
    expect(unknown).toMatchObject({ code: 404, name: 'SentPaymentNotFound' });
  });

  test('events tell that it is under way, then that it is paid', async () => {
    const { alice, bob } = at();
    const made = await request(bob, 11);
    const events: string[] = [];
    const sub = subscribeToPayViaRequest({ lnd: alice, request: made.request, max_fee: 5 });
    await new Promise<void>((resolve, reject) => {
      sub.on('paying', () => events.push('paying'));
      sub.on('failed', reject);
      sub.on('error', reject);
      sub.on('confirmed', (paid: { secret: string; fee_mtokens: string }) => {
        events.push('confirmed');
        expect(paid).toMatchObject({ secret: made.secret, fee_mtokens: '0' });
        resolve();
      });
    });
    expect(new Set(events)).toEqual(new Set(['paying', 'confirmed']));
    expect(events.at(-1)).toBe('confirmed');
  });

  test('junk is thrown at once as an Error', () => {
    const { alice } = at();
    expect(() => subscribeToPayViaRequest({ lnd: alice, request: 'lnbc1junk', max_fee: 1 })).toThrow(Error);
  });
}

export function fees(at: At): void {
  /** Payment of alice to bob around by carol, who takes 1 sat and 1 ppm. */
  async function around(tokens: number, feeLimitMsat: bigint) {
    const { alice, bob, network } = at();
    const outgoing_channel = await channelTo(alice, nodeOf(network, 'carol').pubkey);
    const made = await request(bob, tokens);
    return pay(alice, { request: made.request, outgoing_channel, max_fee_mtokens: feeLimitMsat.toString() });
  }

  test('a router takes its fee, to the millisatoshi, and the totals include it', async () => {
    const paid = await around(2_000_000, 100_000n);
    expect(paid).toMatchObject({ fee_mtokens: '3000', fee: 3, safe_fee: 3, mtokens: '2000003000', tokens: 2_000_003 });
    const tracked = await getPayment({ lnd: at().alice, id: paid.id });
    expect(tracked.payment).toMatchObject({ fee_mtokens: '3000', mtokens: '2000003000' });
    expect(tracked.payment?.hops).toHaveLength(2);
  });

  test('the fee limit is honoured exactly', async () => {
    expect(await around(1_000_000, 2_000n)).toMatchObject({ fee_mtokens: '2000' });
    expect(await rejected(around(1_000_000, 1_999n))).toMatchObject(CANNOT_BE_FOUND);
    expect(await rejected(around(1_000, 0n))).toMatchObject(CANNOT_BE_FOUND);
  });

  test('a limit of 0 pays a neighbour', async () => {
    const { alice, bob } = at();
    const made = await request(bob, 9);
    expect(await pay(alice, { request: made.request, max_fee_mtokens: '0' })).toMatchObject({ fee_mtokens: '0' });
  });

  test('a route is shown without paying, or not at all', async () => {
    const { alice, network } = at();
    const destination = nodeOf(network, 'bob').pubkey;
    const found = await getRouteToDestination({ lnd: alice, destination, tokens: 50 });
    expect(found.route).toMatchObject({ fee_mtokens: '0', mtokens: '50000' });
    expect(await getRouteToDestination({ lnd: alice, destination, tokens: 9_000_000 })).toEqual({});
    const tooMuch = await rejected(getRouteToDestination({ lnd: alice, destination, tokens: 17_000_000 }));
    expect(tooMuch).toMatchObject({ code: 503, grpc: 2, details: 'insufficient local balance' });
  });
}

export function amounts(at: At): void {
  test('a request without an amount wants one', async () => {
    const { alice, bob } = at();
    const open = await request(bob, 0);
    expect(await rejected(pay(alice, { request: open.request }))).toMatchObject({
      name: 'UnexpectedPaymentError',
      grpc: 2,
      details: 'amount must be specified when paying a zero amount invoice',
    });
    expect(await pay(alice, { request: open.request, tokens: 77 })).toMatchObject({ mtokens: '77000' });
    expect(await getInvoice({ lnd: bob, id: open.id })).toMatchObject({ tokens: 0, received_mtokens: '77000' });
  });

  test('a request with an amount wants none', async () => {
    const { alice, bob } = at();
    const fixed = await request(bob, 20);
    expect(await rejected(pay(alice, { request: fixed.request, tokens: 20 }))).toMatchObject({
      name: 'UnexpectedPaymentError',
      grpc: 2,
      details: 'amount must not be specified when paying a non-zero amount invoice',
    });
    expect(await rejected(getPayment({ lnd: alice, id: fixed.id }))).toMatchObject({ name: 'SentPaymentNotFound' });
  });

  test('what no path carries alone goes over two, when that is allowed', async () => {
    const { alice, bob } = at();
    const large = await request(bob, 9_000_000);
    expect(await rejected(pay(alice, { request: large.request, max_fee: 100 }))).toMatchObject(CANNOT_BE_FOUND);
    const paid = await pay(alice, { request: large.request, max_fee: 100, max_paths: 4 });
    expect(paid).toMatchObject({ fee_mtokens: '5500', mtokens: '9000005500' });
    const found = await getInvoice({ lnd: bob, id: large.id });
    expect(found).toMatchObject({ is_confirmed: true, received_mtokens: '9000000000' });
    expect(found.payments).toHaveLength(2);
    // And back, so that the channels are balanced again for the tests that follow.
    const back = await request(alice, 9_000_000);
    await pay(bob, { request: back.request, max_fee: 100, max_paths: 4 });
  });
}
