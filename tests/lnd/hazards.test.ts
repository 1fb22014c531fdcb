// Hazards that are LND's own behaviour, on real LND: what it shows of a payment it was killed in, and what it pays to a
// hop that asks for everything.
import { setTimeout as sleep } from 'node:timers/promises';
import { getChannels, updateRoutingFees } from 'lightning';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { clientOf } from '../../sandbox/lnd/client.ts';
import { areBuilt } from '../../sandbox/lnd/real/binaries.ts';
import { startRealLightning } from '../../sandbox/lnd/real/network.ts';
import { until } from '../../scripts/process.ts';
import { hindrances } from '../../src/domain/refund.ts';
import { lookupPayment } from '../../src/infra/lightning/pay.ts';
import { stuckEvidence } from '../../src/infra/lightning/stuck.ts';
import { long } from '../hazards/long.ts';
import { type Fleet, held, openFleet, paying, requested } from '../lightning/fleet.ts';
import { LND_BUILD_TIMEOUT_MS, lndPrograms } from '../support/lnd.ts';

const canRun = process.env.HAZARDS_ALL === '1' && (areBuilt() || process.env.TEST_LND_OUTCOME_FILE !== undefined);

describe.runIf(canRun)('on real LND', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await openFleet(await startRealLightning({ binaries: await lndPrograms() }));
  }, LND_BUILD_TIMEOUT_MS);
  afterAll(async () => {
    await fleet?.pool.close();
    await fleet?.outside.close();
    await fleet?.network.stop();
  });

  const alice = () => fleet.pool.node('alice');
  const isUp = async () => (await alice().check()).state === 'up';
  /** What stands against giving it back, for an invoice that ran out long ago. */
  async function against(hash: string): Promise<string[] | undefined> {
    const look = await stuckEvidence(alice(), hash);
    return look && hindrances(look, { expiresAtMs: 0, nowMs: Date.now() });
  }

  /** Kills alice some 20 ms after she was given a payment, until one of them is in flight for good. */
  async function lost(): Promise<string> {
    for (let tries = 0; tries < 8; tries++) {
      const { request, paymentHash } = await requested(fleet.outside.node('carol'), 1_000_000n);
      const outcome = paying(alice(), request);
      await sleep(12 + 3 * tries);
      await fleet.network.kill('alice');
      await outcome;
      await fleet.network.start('alice');
      await until('alice is up', 30_000, isUp);
      await sleep(2_000);
      if ((await lookupPayment(alice(), paymentHash)).state === 'unknown') return paymentHash;
    }
    throw new Error('no payment was lost in eight kills');
  }

  long(
    'B13: killed in the moment of paying: in flight for good, in no channel; a real one under way shows in one',
    async () => {
      const hold = await held(fleet.network);
      expect((await paying(alice(), hold.request, { deadlineMs: 1_000 })).state).toBe('unknown');
      // Held, and its node not begun anew since.
      expect(await against(hold.hash)).toEqual(['not_restarted', 'part_under_way']);
      const hash = await lost();
      await until('nothing stands against it', 20_000, async () => (await against(hash))?.length === 0);
      expect(await against(hold.hash)).toEqual(['part_under_way']);
      await fleet.network.kill('carol');
      await until('the channel is away', 20_000, async () => (await against(hash))?.join() === 'channel_away');
      await fleet.network.start('carol');
      await until('nothing stands against it', 20_000, async () => (await against(hash))?.length === 0);
      const [first] = [await stuckEvidence(alice(), hash)];
      await sleep(5_000);
      const second = await stuckEvidence(alice(), hash);
      // The node counts by itself for how long each peer has been there.
      for (const { id, peerUpMs } of second?.channels ?? []) {
        const before = first?.channels.find((each) => each.id === id)?.peerUpMs ?? 0;
        expect(peerUpMs - before).toBeGreaterThanOrEqual(4_000);
      }
      await hold.cancel();
      await until(
        'the held one has failed',
        20_000,
        async () => (await stuckEvidence(alice(), hold.hash)) === undefined,
      );
      expect((await lookupPayment(alice(), hash)).state).toBe('unknown');
    },
    240_000,
  );

  long('C1: a hop that asks for 999,000 ppm is not paid', async () => {
    const [bob, carol] = [fleet.network.nodes.bob, fleet.outside.node('carol')];
    if (!bob) throw new Error('no bob');
    const lnd = clientOf(bob);
    // What is left in alice's own channel to carol is too little for the next, which so must go over bob.
    expect((await paying(alice(), (await requested(carol, 6_000_000_000n)).request)).state).toBe('paid');
    for (const { transaction_id, transaction_vout } of (await getChannels({ lnd })).channels) {
      await updateRoutingFees({ lnd, transaction_id, transaction_vout, fee_rate: 999_000, base_fee_mtokens: '1000' });
    }
    await sleep(3_000);
    const { request, paymentHash } = await requested(carol, 4_000_000_000n);
    const order = { feeCeilingMsat: 40_000_000n, maxPaths: 1 };
    await expect(paying(alice(), request, order)).resolves.toMatchObject({ state: 'failed', reason: 'no_route' });
    await sleep(1_000);
    expect((await fleet.outside.node('carol').check()).state).toBe('up');
    const seen = await lookupPayment(
      { ...alice(), clock: { ...alice().clock, nowMs: () => Date.now() + 60_000 } },
      paymentHash,
    );
    expect(seen).toMatchObject({ state: 'failed' });
  });
});
