// The sandbox's faults do what they say, and its state outlives its process: what the product's own tests stand on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cancelHodlInvoice,
  createInvoice,
  deletePayment,
  getChannelBalance,
  getChannels,
  getInvoice,
  getPayment,
  getWalletInfo,
  settleHodlInvoice,
  subscribeToInvoices,
} from 'lightning';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import { type SandboxLightning, startSandboxLightning } from '../../sandbox/lnd/network.ts';
import { hold, lookup, openSetting, pay, payAndWaitUntilHeld, rejected, request, restart } from './setting.ts';

const dir = mkdtempSync(join(tmpdir(), 'satfleet-sandbox-faults-'));
let network: SandboxLightning;
let setting: ReturnType<typeof openSetting>;

async function open(): Promise<void> {
  network = await startSandboxLightning({ dir });
  setting = openSetting(network);
}

beforeAll(open);
afterAll(async () => {
  await network.stop();
  rmSync(dir, { recursive: true, force: true });
});
afterEach(() => {
  for (const alias of ['alice', 'bob', 'carol']) network.setFaults(alias, NO_FAULTS);
});

const LOST = { code: 503, name: 'UnexpectedPaymentError', grpc: 14 };

describe('a payment', () => {
  test('whose connection drops goes on, or never began', async () => {
    const { alice, bob } = setting;
    const made = await request(bob, 10);
    network.setFaults('alice', { payment: 'unsent' });
    expect(await rejected(pay(alice, { request: made.request }))).toMatchObject(LOST);
    expect(await rejected(getPayment({ lnd: alice, id: made.id }))).toMatchObject({ name: 'SentPaymentNotFound' });
    network.setFaults('alice', { payment: 'sent' });
    expect(await rejected(pay(alice, { request: made.request }))).toMatchObject(LOST);
    expect(await getPayment({ lnd: alice, id: made.id })).toMatchObject({ is_confirmed: true });
    expect(await getInvoice({ lnd: bob, id: made.id })).toMatchObject({ is_confirmed: true, received: 10 });
  });

  test('is refused with each reason', async () => {
    const { alice, bob } = setting;
    const reasons = {
      TIMEOUT: 'PaymentAttemptsTimedOut',
      NO_ROUTE: 'PaymentPathfindingFailedToFindPossibleRoute',
      ERROR: 'FailedToFindPayableRouteToDestination',
      INCORRECT_PAYMENT_DETAILS: 'PaymentRejectedByDestination',
      INSUFFICIENT_BALANCE: 'InsufficientBalanceToAttemptPayment',
      CANCELED: 'PaymentExecutionCanceled',
    } as const;
    for (const [payment, name] of Object.entries(reasons)) {
      network.setFaults('alice', { payment: payment as keyof typeof reasons });
      const made = await request(bob, 11);
      expect(await rejected(pay(alice, { request: made.request }))).toMatchObject({ code: 503, name });
      expect(await getPayment({ lnd: alice, id: made.id })).toMatchObject({ is_failed: true });
    }
  });

  test('meets a transient fault now and then, and succeeds at the next try', async () => {
    const { alice, bob } = setting;
    network.setFaults('alice', { transient: { every: 3, kinds: ['starting', 'TIMEOUT'] } });
    const names: string[] = [];
    for (let i = 0; i < 8; i++) {
      const made = await request(bob, 12);
      const first = await pay(alice, { request: made.request }).then(
        () => 'paid',
        (error: [number, string]) => error[1],
      );
      names.push(first);
      if (first !== 'paid') await pay(alice, { request: made.request });
    }
    expect(names.filter((name) => name !== 'paid').sort()).toEqual([
      'PaymentAttemptsTimedOut',
      'UnexpectedPaymentError',
      'UnexpectedPaymentError',
    ]);
  });

  test('during which its node dies stays in flight for good, though no channel knows of it', async () => {
    const { alice, bob } = setting;
    const before = await getChannelBalance({ lnd: alice });
    const made = await request(bob, 13);
    network.setFaults('alice', { losePayment: true });
    expect(await rejected(pay(alice, { request: made.request }))).toMatchObject(LOST);
    await expect.poll(() => network.isRunning('alice')).toBe(false);
    await restart(network, 'alice', alice);
    expect(await getPayment({ lnd: alice, id: made.id })).toMatchObject({ is_pending: true });
    const again = await rejected(pay(alice, { request: made.request }));
    expect(again).toMatchObject({ grpc: 6, details: 'payment is in transition' });
    await cancelHodlInvoice({ lnd: bob, id: made.id });
    await rejected(deletePayment({ lnd: alice, id: made.id }));
    expect(await getPayment({ lnd: alice, id: made.id })).toMatchObject({ is_pending: true });
    const { channels } = await getChannels({ lnd: alice });
    expect(channels.flatMap((channel) => channel.pending_payments)).toEqual([]);
    expect(await getChannelBalance({ lnd: alice })).toMatchObject({ channel_balance: before.channel_balance });
  });
});

describe('a node', () => {
  test('answers late, though the work is done at once', async () => {
    const { bob } = setting;
    network.setFaults('bob', { lateMs: 400 });
    const begun = Date.now();
    const info = getWalletInfo({ lnd: bob });
    expect(await info).toMatchObject({ alias: 'bob' });
    expect(Date.now() - begun).toBeGreaterThanOrEqual(390);
  });

  test('says that it is starting up', async () => {
    const { alice, bob } = setting;
    const made = await request(bob, 14);
    network.setFaults('alice', { starting: true });
    const details = 'the RPC server is in the process of starting up, but not yet ready to accept calls';
    expect(await rejected(getWalletInfo({ lnd: alice }))).toMatchObject({ grpc: 2, details });
    expect(await rejected(pay(alice, { request: made.request }))).toMatchObject({ grpc: 2, details });
  });

  test('forgets its invoice stream: what happened then is never told', async () => {
    const { alice, bob } = setting;
    const told: string[] = [];
    const sub = subscribeToInvoices({ lnd: bob });
    sub.on('error', () => {});
    sub.on('invoice_updated', ({ id, is_confirmed }: { id: string; is_confirmed: boolean }) => {
      if (is_confirmed) told.push(id);
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    network.setFaults('bob', { muteInvoices: true });
    const missed = await request(bob, 15);
    await pay(alice, { request: missed.request });
    network.setFaults('bob', { muteInvoices: false });
    const heard = await request(bob, 16);
    await pay(alice, { request: heard.request });
    await expect.poll(() => told).toEqual([heard.id]);
    sub.removeAllListeners();
  });

  test('counts settled invoices from 1 again', async () => {
    const { alice, bob } = setting;
    const before = await request(bob, 17);
    await pay(alice, { request: before.request });
    expect((await lookup(bob, before.id)).confirmed_index).toBeGreaterThan(1);
    network.restartSettleIndex('bob');
    const after = await request(bob, 18);
    await pay(alice, { request: after.request });
    expect((await lookup(bob, after.id)).confirmed_index).toBe(1);
  });
});

test('all that is known outlives the process, also a payment in flight', async () => {
  const held = await hold(setting.bob, 4_000);
  const { outcome } = await payAndWaitUntilHeld(setting.alice, setting.bob, held);
  const open19 = await createInvoice({ lnd: setting.bob, tokens: 19 });
  const identity = await getWalletInfo({ lnd: setting.bob });
  const balances = await getChannelBalance({ lnd: setting.alice });
  const index = (await lookup(setting.bob, held.id)).index;
  await network.stop();
  expect(await rejected(outcome)).toMatchObject(LOST);
  await open();
  const { alice, bob } = setting;
  expect((await getWalletInfo({ lnd: bob })).public_key).toBe(identity.public_key);
  expect(await getChannelBalance({ lnd: alice })).toEqual(balances);
  expect(await getPayment({ lnd: alice, id: held.id })).toMatchObject({ is_pending: true });
  expect(await lookup(bob, held.id)).toMatchObject({ is_held: true, received: 4_000, index });
  await settleHodlInvoice({ lnd: bob, secret: held.secret });
  expect(await getPayment({ lnd: alice, id: held.id })).toMatchObject({ is_confirmed: true });
  expect((await lookup(bob, held.id)).confirmed_index).toBe(2);
  await pay(alice, { request: open19.request });
  expect((await lookup(bob, open19.id)).confirmed_index).toBe(3);
  const next = await request(bob, 20);
  expect((await lookup(bob, next.id)).index).toBe(index + 2);
});

test('what a payee decided while the payer was down outlives the process too', async () => {
  const held = await hold(setting.bob, 5_000);
  const { outcome } = await payAndWaitUntilHeld(setting.alice, setting.bob, held);
  await network.kill('alice');
  await rejected(outcome);
  await settleHodlInvoice({ lnd: setting.bob, secret: held.secret });
  await network.stop();
  await open();
  expect(await getPayment({ lnd: setting.alice, id: held.id })).toMatchObject({ is_confirmed: true });
  expect(await lookup(setting.bob, held.id)).toMatchObject({ is_confirmed: true, received: 5_000 });
});

test('no sat is made or lost by all this', async () => {
  const balances = await Promise.all(
    [setting.alice, setting.bob, setting.carol].map((lnd) => getChannelBalance({ lnd })),
  );
  const total = balances.reduce((sum, { channel_balance }) => sum + channel_balance, 0);
  // Three channels of 16,000,000, of which each opener paid 3,470.
  expect(total).toBe(48_000_000 - 3 * 3_470);
});
