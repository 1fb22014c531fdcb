// One invoice, two payments of it: the first failed, the second pays. Whoever still listens for the first hears of that
// success as well, and it must be booked once, as the second's.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { finishPaid } from '../../src/flows/pay-finish.ts';
import { lookupPayment } from '../../src/infra/lightning/pay.ts';
import { mortal } from '../support/crash-world.ts';
import { anotherWorker, type MovableWorld, movableClock } from '../support/flow-clock.ts';
import { ask, available, hold, paymentOf, run } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';

let house: House;
/** A worker whose waits are twenty times shorter. */
let world: MovableWorld;

beforeAll(async () => {
  house = await openHouse();
  world = await anotherWorker(house.world, movableClock(20));
});
afterAll(async () => {
  await world.close();
  await house.close();
});
afterEach(() => booksAreRight(house.world));

function faults(change: object): void {
  for (const node of ['alice', 'bob']) house.sandbox.setFaults(node, change);
}

test.each(['paid', 'sending'] as const)(
  'B12: a success heard for a failed payment is that of a later one of the same invoice, which is %s: no loss',
  async (state) => {
    const asha = await house.person(`asha-${state}`, 50_000n);
    const hadMsat = await available(world, asha);
    const { id, raw, hash } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
    faults({ payment: 'ERROR' });
    expect(await run(world, id)).toMatchObject({ state: 'failed' });
    faults(NO_FAULTS);
    const again = await pay.quote(world, { ...asha, raw });
    await pay.start(world, again);
    const dying = mortal(world, { step: 4, what: 'dies before' });
    await execute(state === 'sending' ? dying.world : world, again.id);
    await vi.waitFor(async () => expect((await paymentOf(world, again.id)).state).toBe(state));
    // As if the first had gone to the same one.
    const node = (await paymentOf(world, again.id)).node ?? '';
    const outcome = await vi.waitFor(async () => {
      const found = await lookupPayment(world.lightning.node(node), hash);
      if (found.state !== 'paid') throw new Error(found.state);
      return found;
    });
    await finishPaid(world, { ...(await paymentOf(world, id)), node }, outcome, 'late_event');
    expect(await paymentOf(world, again.id)).toMatchObject({ state: 'paid', node });
    expect(await ask(world, "select amount from transfers where code = 'suspense' and subject_id = $1", [id])).toEqual(
      [],
    );
    expect(hadMsat - (await available(world, asha))).toBe(1_000_000n);
  },
);
