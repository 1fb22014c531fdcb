// The wallet elsewhere, on either network: what the demo's page does as the world outside.
import { parsePaymentRequest } from 'invoices';
import { createInvoice, getInvoice } from 'lightning';
import { expect, test } from 'vitest';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { type At, lookup, nodeOf, pay, rejected, request } from './setting.ts';

export function outside(at: At): void {
  const open = () => new OutsideWallet(nodeOf(at().network, 'carol'), at().network.dir);
  let opened: OutsideWallet | undefined;
  const wallet = () => {
    opened ??= open();
    return opened;
  };

  test('asks to be paid, and is', async () => {
    const { alice } = at();
    const made = await wallet().makeInvoice({ amountMsat: 91_000n, memo: 'chapati' });
    expect(parsePaymentRequest({ request: made.request })).toMatchObject({ description: 'chapati', mtokens: '91000' });
    await pay(alice, { request: made.request });
    const listed = (await wallet().invoices()).find(({ hash }) => hash === made.hash);
    expect(listed).toMatchObject({ state: 'paid', memo: 'chapati', receivedMsat: '91000', amountMsat: '91000' });
  });

  test('holds a payment, then takes it or refuses it, also when opened anew in between', async () => {
    const { alice } = at();
    const anew = open();
    for (const end of ['settle', 'cancel'] as const) {
      const made = await wallet().makeInvoice({ amountMsat: 92_000n, hold: true });
      const outcome = pay(alice, { request: made.request });
      outcome.catch(() => {});
      const state = async () => (await wallet().invoices()).find(({ hash }) => hash === made.hash)?.state;
      await expect.poll(state, { timeout: 5_000 }).toBe('held');
      await anew[end](made.hash);
      if (end === 'settle') expect(await outcome).toMatchObject({ id: made.hash });
      else expect(await rejected(outcome)).toMatchObject({ name: 'PaymentRejectedByDestination' });
      await expect.poll(state, { timeout: 5_000 }).toBe(end === 'settle' ? 'paid' : 'closed');
    }
  });

  test('pays: as asked, more than asked, what it likes; and learns when it is too late', async () => {
    const { bob } = at();
    const exact = await request(bob, 93);
    expect(await wallet().pay({ request: exact.request })).toMatchObject({ state: 'paid', preimage: exact.secret });
    const more = await request(bob, 94);
    const over = await wallet().pay({ request: more.request, amountMsat: 150_001n });
    expect(over).toMatchObject({ hash: more.id, state: 'paid', feeMsat: '0' });
    expect(await lookup(bob, more.id)).toMatchObject({ received_mtokens: '150001', tokens: 94 });
    const open = await createInvoice({ lnd: bob });
    await wallet().pay({ request: open.request, amountMsat: 5_500n });
    expect(await getInvoice({ lnd: bob, id: open.id })).toMatchObject({ received: 5, received_mtokens: '5500' });
    const again = await wallet().pay({ request: exact.request });
    expect(again).toMatchObject({ state: 'unknown', reason: 'invoice is already paid' });
    const short = await request(bob, 95);
    const under = await wallet().pay({ request: short.request, amountMsat: 50_000n });
    expect(under).toMatchObject({ state: 'failed', reason: 'PaymentRejectedByDestination' });
    expect((await wallet().payments()).slice(0, 4).map(({ state }) => state)).toContain('failed');
    await expect(wallet().pay({ request: 'lnbc1junk' })).rejects.toThrow('this is no payment request');
  });
}
