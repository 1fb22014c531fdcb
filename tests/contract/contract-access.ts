// The contract's part about rights: which macaroon may do what, and in which words a node refuses.

import { readFileSync } from 'node:fs';
import {
  authenticatedLndGrpc,
  closeChannel,
  createInvoice,
  getChainBalance,
  getChannelBalance,
  getChannels,
  getInvoice,
  getInvoices,
  getPayment,
  getPayments,
  getPendingChannels,
  getRouteToDestination,
  getWalletInfo,
  getWalletStatus,
  grantAccess,
  sendToChainAddress,
  stopDaemon,
  unauthenticatedLndGrpc,
  updateRoutingFees,
  verifyAccess,
} from 'lightning';
import { expect, test } from 'vitest';
import { clientOf } from '../../sandbox/lnd/client.ts';
import { onlyUntil } from '../../src/infra/lightning/until.ts';
import { type At, nodeOf, pay, rejected, request } from './setting.ts';

const DENIED = { grpc: 2, details: 'permission denied' };

export function access(at: At): void {
  const node = (alias: string) => nodeOf(at().network, alias);
  const payer = () => clientOf(node('alice'), node('alice').payerMacaroonFile);

  test('the payer’s macaroon does all that a payer’s worker does', async () => {
    const { bob } = at();
    const lnd = payer();
    const made = await request(bob, 61);
    const paid = await pay(lnd, { request: made.request });
    const own = await createInvoice({ lnd, tokens: 5 });
    await getPayment({ lnd, id: paid.id });
    await getInvoice({ lnd, id: own.id });
    await getWalletInfo({ lnd });
    await getChannelBalance({ lnd });
    await getChannels({ lnd });
    await getPendingChannels({ lnd });
    await getChainBalance({ lnd });
    await getPayments({ lnd, limit: 1 });
    await getInvoices({ lnd, limit: 1 });
    await getRouteToDestination({ lnd, destination: node('bob').pubkey, tokens: 5 });
  });

  test('and nothing that could take money out of the node or give rights away', async () => {
    const lnd = payer();
    const channel = (await getChannels({ lnd })).channels[0];
    const transaction_id = channel?.transaction_id ?? '';
    const transaction_vout = channel?.transaction_vout ?? 0;
    const address = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
    const calls: (() => Promise<unknown>)[] = [
      () => sendToChainAddress({ lnd, address, tokens: 10_000 }),
      () => closeChannel({ lnd, transaction_id, transaction_vout }),
      () => updateRoutingFees({ lnd, base_fee_tokens: 1 }),
      () => stopDaemon({ lnd }),
    ];
    for (const call of calls) expect(await rejected(call())).toMatchObject(DENIED);
    const baked = await rejected(grantAccess({ lnd, is_ok_to_pay: true }));
    expect(baked).toMatchObject({ code: 403, name: 'PermissionDeniedToBakeMacaroon' });
  });
}

export function refusedAccess(at: At): void {
  const node = (alias: string) => nodeOf(at().network, alias);

  test('the read-only one neither pays nor asks to be paid, the invoice one does not pay', async () => {
    const readonly = clientOf(node('alice'), node('alice').readonlyMacaroonFile);
    const invoice = clientOf(node('alice'), node('alice').invoiceMacaroonFile);
    const made = await request(at().bob, 62);
    await getWalletInfo({ lnd: readonly });
    await createInvoice({ lnd: invoice, tokens: 1 });
    expect(await rejected(createInvoice({ lnd: readonly, tokens: 1 }))).toMatchObject(DENIED);
    for (const lnd of [readonly, invoice]) {
      const refused = await rejected(pay(lnd, { request: made.request }));
      expect(refused).toMatchObject({ code: 503, name: 'UnexpectedPaymentError', ...DENIED });
    }
  });

  test('another node’s macaroon, junk, and a wrong certificate', async () => {
    const foreign = clientOf(node('alice'), node('bob').macaroonFile);
    expect((await rejected(getWalletInfo({ lnd: foreign }))).details).toBe(
      'verification failed: signature mismatch after caveat verification',
    );
    const cert = readFileSync(node('alice').certFile).toString('base64');
    const { socket } = node('alice');
    const junk = {
      '0201ff': 'unmarshal v2: varint value extends past end of buffer',
      '02010a00': 'unmarshal v2: field data extends past end of buffer',
      '0201036c6e64': 'unmarshal v2: section extends past end of buffer',
      ffff: 'cannot determine data format of binary-encoded macaroon',
    };
    for (const [macaroon, details] of Object.entries(junk)) {
      const { lnd } = authenticatedLndGrpc({ cert, macaroon, socket });
      expect(await rejected(getWalletInfo({ lnd }))).toMatchObject({ grpc: 2, details });
    }
    const stranger = clientOf({ ...node('alice'), certFile: node('bob').certFile });
    const refused = await rejected(getWalletInfo({ lnd: stranger }));
    expect(refused).toMatchObject({ grpc: 14, details: expect.stringContaining('certificate') });
  });

  test('a macaroon can be made with few rights, and be asked what it allows', async () => {
    const { alice } = at();
    const { macaroon } = await grantAccess({ lnd: alice, methods: ['getWalletInfo'] });
    const cert = readFileSync(node('alice').certFile).toString('base64');
    const { lnd } = authenticatedLndGrpc({ cert, macaroon, socket: node('alice').socket });
    await getWalletInfo({ lnd });
    expect(await rejected(createInvoice({ lnd, tokens: 1 }))).toMatchObject(DENIED);
    const admin = readFileSync(node('alice').macaroonFile).toString('base64');
    const may = await verifyAccess({ lnd: alice, macaroon: admin, permissions: ['offchain:write'] });
    expect(may.is_valid).toBe(true);
    const readonly = readFileSync(node('alice').readonlyMacaroonFile).toString('base64');
    const mayNot = await verifyAccess({ lnd: alice, macaroon: readonly, permissions: ['offchain:write'] });
    expect(mayNot.is_valid).toBe(false);
  });

  test('the state is told without a macaroon', async () => {
    const cert = readFileSync(node('alice').certFile).toString('base64');
    const { lnd } = unauthenticatedLndGrpc({ cert, socket: node('alice').socket });
    expect(await getWalletStatus({ lnd })).toMatchObject({ is_active: true });
  });
}

export function restrictedAccess(at: At): void {
  const node = (alias: string) => nodeOf(at().network, alias);

  test('one that its holder restricted in time is taken until then, and one that was tampered with never', async () => {
    const cert = readFileSync(node('alice').certFile).toString('base64');
    const { socket, macaroonFile } = node('alice');
    const whole = readFileSync(macaroonFile);
    const using = (macaroon: string) => authenticatedLndGrpc({ cert, macaroon, socket }).lnd;
    const until = (ms: number) => String(onlyUntil(whole, ms).get('macaroon')[0]);
    const [soonMs, pastMs] = [Date.now() + 60_000, Date.now() - 1_000];
    await getWalletInfo({ lnd: using(until(soonMs)) });
    expect(await rejected(getWalletInfo({ lnd: using(until(pastMs)) }))).toMatchObject({
      grpc: 2,
      details: `caveat "time-before ${new Date(pastMs).toISOString()}" not satisfied: macaroon has expired`,
    });
    const tampered = Buffer.from(until(pastMs), 'hex').toString('latin1');
    const prolonged = tampered.replace(new Date(pastMs).toISOString(), new Date(soonMs).toISOString());
    expect(
      (await rejected(getWalletInfo({ lnd: using(Buffer.from(prolonged, 'latin1').toString('hex')) }))).details,
    ).toBe('verification failed: signature mismatch after caveat verification');
    // Restricted twice, both hold.
    const twice = String(onlyUntil(Buffer.from(until(pastMs), 'hex'), soonMs).get('macaroon')[0]);
    expect((await rejected(getWalletInfo({ lnd: using(twice) }))).details).toMatch(/macaroon has expired$/);
  });
}
