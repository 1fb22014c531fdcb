// A node that has forgotten every payment it made: restored from its channel backup, or tidied by hand. Its "never heard
// of it" ends nothing.
import { type AuthenticatedLnd, deletePayment } from 'lightning';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientOf } from '../../sandbox/lnd/client.ts';
import { sweepPayments } from '../../src/flows/reconcile.ts';
import { recover } from '../../src/flows/recover.ts';
import { claimForSending } from '../../src/infra/db/payments.ts';
import { type Survivor, survivor } from '../support/crash-world.ts';
import { available, held, hold, paymentOf, run } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let later: Survivor;
let asha: Person;

beforeEach(async () => {
  house = await openHouse();
  later = await survivor(house.world);
  asha = await house.person('asha', 100_000n);
});
afterEach(async () => {
  await later.close();
  await house.close();
});

const DAYS_MS = 40 * 24 * 3_600_000;

/** A payment that was paid at a node, and another that was given to the same one and is not known there. */
async function twoAtOneNode() {
  const paid = await hold(house, asha, { amountMsat: 5_000_000n });
  await run(house.world, paid.id);
  const node = (await paymentOf(house.world, paid.id)).node ?? '';
  const open = await hold(house, asha, { amountMsat: 7_000_000n });
  const nowMs = house.world.clock.nowMs();
  await claimForSending(house.world.db, { id: open.id, node, cause: 'job', nowMs, dueAtMs: nowMs });
  later.clock.move(DAYS_MS);
  const ours = house.sandbox.nodes[node === 'alice' ? 'alice' : 'bob'];
  const forget = (lnd: AuthenticatedLnd) => deletePayment({ lnd, id: paid.hash });
  return { open, forget: () => forget(clientOf(ours)) };
}

test('E10: a node that denies what it has paid is not believed about anything else: the sats stay held', async () => {
  const { open, forget } = await twoAtOneNode();
  await forget();
  for (let look = 0; look < 3; look++) {
    await sweepPayments(later);
    later.clock.move(60_000);
  }
  expect(await paymentOf(house.world, open.id)).toMatchObject({ state: 'sending', attempts: 1 });
  expect(await held(house.world, asha)).toBe(7_070_000n);
  expect(house.lines.join('\n')).toContain('a node does not know what it paid');
  // Nor does it say what a restored database has forgotten.
  await expect(recover(house.world)).rejects.toThrow('has forgotten what it paid');
});

test('a node that knows what it has paid is believed, and the sats come back', async () => {
  const { open } = await twoAtOneNode();
  await later.recover(async () => (await paymentOf(house.world, open.id)).state === 'failed');
  expect(await paymentOf(house.world, open.id)).toMatchObject({ failure: 'not_sent' });
  expect(await held(house.world, asha)).toBe(0n);
  expect(await available(house.world, asha)).toBeGreaterThan(94_000_000n);
  await booksAreRight(house.world);
});
