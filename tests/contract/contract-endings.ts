// The contract's part about nodes that hang, are down or die: nothing is known until the node is asked again.
import { cancelHodlInvoice, createInvoice, getInvoice, getPayment, getWalletInfo, settleHodlInvoice } from 'lightning';
import { expect, test } from 'vitest';
import { until } from '../../scripts/process.ts';
import { type At, channelTo, hold, nodeOf, pay, payAndWaitUntilHeld, rejected, request, restart } from './setting.ts';

const NO_ANSWER = Symbol('no answer');

function within<T>(ms: number, call: Promise<T>): Promise<T | typeof NO_ANSWER> {
  const late = new Promise<typeof NO_ANSWER>((resolve) => setTimeout(() => resolve(NO_ANSWER), ms));
  return Promise.race([call, late]);
}

export function outages(at: At): void {
  test('one that hangs never answers, until it goes on', async () => {
    const { bob, network } = at();
    await network.pause('bob');
    const call = getWalletInfo({ lnd: bob });
    expect(await within(700, call)).toBe(NO_ANSWER);
    await network.resume('bob');
    expect(await call).toMatchObject({ alias: 'bob' });
  });

  test('what is sent to one that hangs is pending, and paid when it goes on', async () => {
    const { alice, bob, network } = at();
    const made = await request(bob, 71);
    await network.pause('bob');
    const outcome = pay(alice, { request: made.request });
    expect(await within(700, outcome)).toBe(NO_ANSWER);
    expect(await getPayment({ lnd: alice, id: made.id })).toMatchObject({ is_pending: true });
    await network.resume('bob');
    expect(await outcome).toMatchObject({ secret: made.secret });
  });

  test('one that is down says code 14 to every call, and cannot be paid', async () => {
    const { alice, bob, network } = at();
    const made = await request(bob, 72);
    await network.kill('bob');
    expect(network.isRunning('bob')).toBe(false);
    const down = { code: 503, grpc: 14 };
    expect(await rejected(getWalletInfo({ lnd: bob }))).toMatchObject({ ...down, name: 'GetWalletInfoErr' });
    expect(await rejected(createInvoice({ lnd: bob, tokens: 1 }))).toMatchObject({ ...down, name: 'AddInvoiceError' });
    const unknown = await rejected(getPayment({ lnd: bob, id: made.id }));
    expect(unknown).toMatchObject({ ...down, name: 'UnexpectedGetPaymentError' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const refused = await rejected(pay(alice, { request: made.request }));
    expect(refused).toMatchObject({ name: 'PaymentPathfindingFailedToFindPossibleRoute' });
    await restart(network, 'bob', bob);
    // The same client, the same request.
    expect(await pay(alice, { request: made.request })).toMatchObject({ secret: made.secret });
    expect(await getInvoice({ lnd: bob, id: made.id })).toMatchObject({ is_confirmed: true });
  });
}

export function endings(at: At): void {
  /** Alice dies while bob holds her payment; `meanwhile` happens; she comes back. */
  async function payerDies(tokens: number, meanwhile: (held: { id: string; secret: string }) => Promise<unknown>) {
    const { alice, bob, network } = at();
    const held = await hold(bob, tokens);
    const { outcome } = await payAndWaitUntilHeld(alice, bob, held);
    await network.kill('alice');
    const lost = await rejected(outcome);
    expect(lost).toMatchObject({ code: 503, name: 'UnexpectedPaymentError', grpc: 14 });
    await meanwhile(held);
    await restart(network, 'alice', alice);
    return held;
  }

  test('the payer dies, the payee takes the money: paid', async () => {
    const { alice, bob } = at();
    const held = await payerDies(81, ({ secret }) => settleHodlInvoice({ lnd: bob, secret }));
    await until('confirmed', 5_000, async () => (await getPayment({ lnd: alice, id: held.id })).is_confirmed);
    const tracked = await getPayment({ lnd: alice, id: held.id });
    expect(tracked.payment).toMatchObject({ secret: held.secret, mtokens: '81000' });
  });

  test('the payer dies, the payee refuses: failed', async () => {
    const { alice, bob } = at();
    const held = await payerDies(82, ({ id }) => cancelHodlInvoice({ lnd: bob, id }));
    await until('failed', 5_000, async () => (await getPayment({ lnd: alice, id: held.id })).is_failed);
  });

  test('the payer dies, the payee waits: still pending, and in transition', async () => {
    const { alice, bob } = at();
    const held = await payerDies(83, async () => {});
    expect(await getPayment({ lnd: alice, id: held.id })).toMatchObject({ is_pending: true });
    await settleHodlInvoice({ lnd: bob, secret: held.secret });
    await until('confirmed', 5_000, async () => (await getPayment({ lnd: alice, id: held.id })).is_confirmed);
  });

  test('the router dies: the payee has the money, the payer learns it when the router is back', async () => {
    const { alice, bob, carol, network } = at();
    const outgoing_channel = await channelTo(alice, nodeOf(network, 'carol').pubkey);
    const held = await hold(bob, 84);
    const { outcome } = await payAndWaitUntilHeld(alice, bob, held, { outgoing_channel });
    await network.kill('carol');
    await settleHodlInvoice({ lnd: bob, secret: held.secret });
    expect(await getInvoice({ lnd: bob, id: held.id })).toMatchObject({ is_confirmed: true });
    expect(await getPayment({ lnd: alice, id: held.id })).toMatchObject({ is_pending: true });
    await restart(network, 'carol', carol);
    expect(await outcome).toMatchObject({ secret: held.secret, fee_mtokens: '1000' });
  });
}
