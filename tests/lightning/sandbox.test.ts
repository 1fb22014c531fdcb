// This module on the sandbox's network: all that holds on real LND too (network-suite.ts), and the faults that only
// the sandbox can show at will.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import { type SandboxLightning, startSandboxLightning } from '../../sandbox/lnd/network.ts';
import { nodeBalances } from '../../src/infra/lightning/accounts.ts';
import { type LostReason, type SettledInvoice, watchInvoices } from '../../src/infra/lightning/invoices.ts';
import { lookupPayment } from '../../src/infra/lightning/pay.ts';
import { type Fleet, openFleet, paying, requested } from './fleet.ts';
import { testNetwork } from './network-suite.ts';
import { hastyClock } from './scripted.ts';

const folders: string[] = [];
function startSandbox(): Promise<SandboxLightning> {
  const dir = mkdtempSync(join(tmpdir(), 'satfleet-lightning-test-'));
  folders.push(dir);
  return startSandboxLightning({ dir });
}
afterAll(() => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
});

describe('as real LND', () => {
  testNetwork(startSandbox, 10_000);
});

describe('faults', () => {
  let network: SandboxLightning;
  let fleet: Fleet;
  beforeAll(async () => {
    network = await startSandbox();
    fleet = await openFleet(network, hastyClock(20));
  });
  afterEach(() => network.setFaults('alice', NO_FAULTS));
  afterAll(async () => {
    await fleet?.pool.close();
    await fleet?.outside.close();
    await network?.stop();
  });
  const at = () => ({ alice: fleet.pool.node('alice'), carol: fleet.outside.node('carol') });

  test('the connection is lost before LND took it: unknown, then absent, then sent again', async () => {
    const { alice, carol } = at();
    const { request, paymentHash } = await requested(carol, 5_000n);
    network.setFaults('alice', { payment: 'unsent' });
    expect((await paying(alice, request)).state).toBe('unknown');
    network.setFaults('alice', NO_FAULTS);
    expect(await lookupPayment(alice, paymentHash)).toEqual({ state: 'absent' });
    expect((await paying(alice, request)).state).toBe('paid');
  });

  test('the connection is lost after LND took it: unknown, then paid, and never twice', async () => {
    const { alice, carol } = at();
    const { request, paymentHash } = await requested(carol, 5_000n);
    network.setFaults('alice', { payment: 'sent' });
    expect((await paying(alice, request)).state).toBe('unknown');
    network.setFaults('alice', NO_FAULTS);
    await expect.poll(async () => (await lookupPayment(alice, paymentHash)).state).toBe('paid');
    expect((await paying(alice, request)).state).toBe('paid');
  });

  test('a failure of an earlier try is not taken for the end of one nobody heard of', async () => {
    const { alice, carol } = at();
    const { request, paymentHash } = await requested(carol, 5_000n);
    network.setFaults('alice', { payment: 'NO_ROUTE' });
    expect(await paying(alice, request)).toEqual({ state: 'failed', reason: 'no_route', transient: true });
    network.setFaults('alice', { payment: 'unsent' });
    expect((await paying(alice, request)).state).toBe('unknown');
    network.setFaults('alice', NO_FAULTS);
    expect(await lookupPayment(alice, paymentHash)).toEqual({
      state: 'unknown',
      why: 'the recorded failure may be that of an earlier try',
    });
  });

  test.each([
    ['TIMEOUT', 'timed_out', true],
    ['NO_ROUTE', 'no_route', true],
    ['INCORRECT_PAYMENT_DETAILS', 'refused_by_payee', false],
    ['INSUFFICIENT_BALANCE', 'node_balance', false],
    ['ERROR', 'rejected', false],
    ['CANCELED', 'rejected', false],
  ] as const)('fails with %s: %s', async (payment, reason, transient) => {
    const { alice, carol } = at();
    const { request } = await requested(carol, 5_000n);
    network.setFaults('alice', { payment });
    expect(await paying(alice, request)).toEqual({ state: 'failed', reason, transient });
    network.setFaults('alice', NO_FAULTS);
    expect((await paying(alice, request)).state).toBe('paid');
  });

  test('E8: the node is starting: nothing is said to have failed, and it gets no new work', async () => {
    const { alice, carol } = at();
    const { request, paymentHash } = await requested(carol, 5_000n);
    network.setFaults('alice', { starting: true });
    expect((await paying(alice, request)).state).toBe('unknown');
    expect((await lookupPayment(alice, paymentHash)).state).toBe('unknown');
    expect((await alice.check()).state).toBe('down');
    for (let i = 0; i < 10; i++) expect(fleet.pool.forInvoice().name).toBe('bob');
    network.setFaults('alice', NO_FAULTS);
    await expect.poll(async () => (await alice.check()).state, { timeout: 10_000 }).toBe('up');
  });

  test('B5: twenty connections cut at random points: every payment ends as LND has it, and none is sent twice', async () => {
    const { alice, carol } = at();
    const begunMsat = (await nodeBalances(carol)).localMsat;
    network.setFaults('alice', { lateMs: 5 });
    const seen = new Set<string>();
    const invoices = await Promise.all(Array.from({ length: 20 }, () => requested(carol, 10_000n)));
    const outcomes = await Promise.all(
      invoices.map(async ({ request, paymentHash }, index) => {
        setTimeout(() => network.dropConnections('alice'), index * 3);
        let outcome = (await paying(alice, request)) as { state: string };
        seen.add(outcome.state);
        for (let tries = 0; outcome.state !== 'paid' && tries < 200; tries++) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          outcome = await lookupPayment(alice, paymentHash);
          seen.add(outcome.state);
          if (outcome.state === 'absent') outcome = await paying(alice, request);
        }
        return outcome.state;
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set(['paid']));
    // A dropped connection is no outcome.
    expect(seen).toContain('unknown');
    expect(seen).not.toContain('failed');
    expect((await nodeBalances(carol)).localMsat - begunMsat).toBe(200_000n);
  }, 30_000);

  test('E2: a settle index that begins anew is told, and no settlement is missed', async () => {
    const { carol } = at();
    const alice = fleet.pool.node('alice');
    await paying(carol, (await requested(alice, 5_000n)).request);
    const seen: SettledInvoice[] = [];
    const lost: LostReason[] = [];
    const { stop } = watchInvoices(alice, {
      cursor: { addedIndex: 900n, settledIndex: 900n },
      onSettled: async (event) => {
        seen.push(event);
      },
      onLost: (reason) => lost.push(reason),
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    network.restartSettleIndex('alice');
    const { request, paymentHash } = await requested(alice, 6_000n);
    await paying(carol, request);
    await expect.poll(() => seen.map((event) => event.paymentHash)).toContain(paymentHash);
    expect(lost).toContain('index_reset');
    stop();
  });
});
