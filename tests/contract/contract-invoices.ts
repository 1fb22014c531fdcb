// The contract's part about invoices: made, looked up, expired, withdrawn.
import { parsePaymentRequest } from 'invoices';
import { cancelHodlInvoice, createInvoice, decodePaymentRequest, getInvoice, getWalletInfo } from 'lightning';
import { expect, test } from 'vitest';
import { until } from '../../scripts/process.ts';
import { type At, hashOf, lookup, newSecret, nodeOf, pay, rejected, request } from './setting.ts';

export function invoices(at: At): void {
  test('on a node without any, a lookup says so', async () => {
    expect(await rejected(getInvoice({ lnd: at().carol, id: newSecret() }))).toEqual({
      code: 503,
      name: 'UnexpectedLookupInvoiceErr',
      grpc: 5,
      details: 'there are no existing invoices',
    });
  });

  test('a node tells who it is and that it is synced', async () => {
    const { alice, network } = at();
    const info = await getWalletInfo({ lnd: alice });
    expect(info).toMatchObject({ alias: 'alice', is_synced_to_chain: true, is_synced_to_graph: true });
    expect(info).toMatchObject({ active_channels_count: 2, public_key: nodeOf(network, 'alice').pubkey });
    expect(info.version).toMatch(/^0\.20\.0-beta/);
  });

  test('one is made with our own secret, and reads as what was asked for', async () => {
    const { alice, network } = at();
    const secret = newSecret();
    const made = await createInvoice({ lnd: alice, secret, mtokens: '123456', description: 'maziwa ya asubuhi' });
    expect(made).toMatchObject({ id: hashOf(secret), secret, tokens: 123, mtokens: '123456' });
    const read = parsePaymentRequest({ request: made.request });
    expect(read).toMatchObject({ id: made.id, mtokens: '123456', description: 'maziwa ya asubuhi' });
    expect(read).toMatchObject({ network: network.bitcoinNetwork, safe_tokens: 124, is_expired: false });
    expect(read.destination).toBe(nodeOf(network, 'alice').pubkey);
    expect(read.payment).toMatch(/^[0-9a-f]{64}$/);
    const decoded = await decodePaymentRequest({ lnd: alice, request: made.request });
    expect(decoded).toMatchObject({ id: made.id, mtokens: '123456', destination: read.destination });
    const found = await lookup(alice, made.id);
    expect(found).toMatchObject({ is_confirmed: false, received: 0, received_mtokens: '0', payments: [], secret });
    expect(found.is_held).toBeUndefined();
    expect(found.is_canceled).toBeUndefined();
    expect(found.confirmed_index).toBeUndefined();
  });

  test('a secret can be used once', async () => {
    const { alice } = at();
    const secret = newSecret();
    await createInvoice({ lnd: alice, secret, tokens: 1 });
    const again = await rejected(createInvoice({ lnd: alice, secret, tokens: 1 }));
    expect(again).toMatchObject({ code: 409, name: 'InvoiceWithGivenHashAlreadyExists' });
  });

  test('without an amount it says 0, with a description hash no text', async () => {
    const { alice } = at();
    const hash = newSecret();
    const made = await createInvoice({ lnd: alice, description_hash: hash });
    expect(made).toMatchObject({ tokens: 0, mtokens: '0' });
    expect(parsePaymentRequest({ request: made.request })).toMatchObject({ description_hash: hash, mtokens: '0' });
  });
}

export function invoiceEnds(at: At): void {
  test('an unknown one is an error, never a 404', async () => {
    expect(await rejected(getInvoice({ lnd: at().alice, id: newSecret() }))).toEqual({
      code: 503,
      name: 'UnexpectedLookupInvoiceErr',
      grpc: 5,
      details: 'unable to locate invoice',
    });
  });

  test('a description above 1,024 bytes is refused', async () => {
    const long = await rejected(createInvoice({ lnd: at().alice, tokens: 1, description: 'x'.repeat(1025) }));
    expect(long).toMatchObject({
      name: 'AddInvoiceError',
      grpc: 2,
      details: expect.stringContaining('memo too large'),
    });
  });

  test('it closes within a second of its expiry, and cannot be paid then', async () => {
    const { alice, bob } = at();
    const made = await request(bob, 5, 1_000);
    const begun = Date.now();
    await until('closed', 5_000, async () => (await getInvoice({ lnd: bob, id: made.id })).is_canceled);
    expect(Date.now() - begun).toBeLessThan(2_500);
    const refused = await rejected(pay(alice, { request: made.request }));
    expect(refused).toMatchObject({ code: 503, name: 'UnexpectedPaymentError', grpc: 2 });
    expect(refused.details).toMatch(/^invoice expired\. Valid until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC$/);
  });

  test('it can be withdrawn, twice, and is refused to who pays it then', async () => {
    const { alice, bob } = at();
    const made = await request(bob, 6);
    await cancelHodlInvoice({ lnd: bob, id: made.id });
    await cancelHodlInvoice({ lnd: bob, id: made.id });
    expect(await getInvoice({ lnd: bob, id: made.id })).toMatchObject({ is_canceled: true, is_confirmed: false });
    const refused = await rejected(pay(alice, { request: made.request }));
    expect(refused).toMatchObject({ code: 503, name: 'PaymentRejectedByDestination' });
  });

  test('once paid it cannot be withdrawn', async () => {
    const { alice, bob } = at();
    const made = await request(bob, 7);
    await pay(alice, { request: made.request });
    expect(await rejected(cancelHodlInvoice({ lnd: bob, id: made.id }))).toEqual({
      code: 503,
      name: 'UnexpectedErrorCancelingHodlInvoice',
      grpc: 2,
      details: 'invoice already settled',
    });
    const unknown = await rejected(cancelHodlInvoice({ lnd: bob, id: newSecret() }));
    expect(unknown).toMatchObject({ name: 'UnexpectedErrorCancelingHodlInvoice', details: 'unable to locate invoice' });
  });
}
