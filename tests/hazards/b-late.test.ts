// A try that was held up on its way: its sender is gone, the sweep has tried anew, the payer has everything back, and only
// then the first request arrives. The node must refuse it, by itself and for ever: it would pay a failed hash once more.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { type Survivor, survivor } from '../support/crash-world.ts';
import { anotherWorker, type MovableWorld, movableClock } from '../support/flow-clock.ts';
import { available, held, hold, paymentOf } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { type Line, lineTo } from '../support/line.ts';

/** So long after a try was counted its node refuses it. */
const REFUSED_AFTER_MS = 10_000;
/** How much of that is left, by the node's clock, when the try is sent here. */
const LEFT_MS = 1_000;

let house: House;
let lines: Line[];
let slow: MovableWorld;
let later: Survivor;
let asha: Person;

beforeAll(async () => {
  house = await openHouse();
  const { lndNodes } = house.world.config;
  lines = await Promise.all(lndNodes.map(({ socket }) => lineTo(socket)));
  const config = {
    ...house.world.config,
    lndNodes: lndNodes.map((node, index) => ({ ...node, socket: lines[index]?.socket ?? '' })),
  };
  const clock = movableClock(20);
  slow = await anotherWorker({ ...house.world, config }, clock);
  clock.move(LEFT_MS - REFUSED_AFTER_MS);
  later = await survivor(house.world);
});
afterAll(async () => {
  await Promise.all([slow.close(), later.close()]);
  await Promise.all(lines.map((line) => line.close()));
  await house.close();
});
beforeEach(async () => {
  asha = await house.person(`asha${house.world.ids.next().slice(-6)}`, 50_000n);
});
afterEach(() => booksAreRight(house.world));

function faults(change: object): void {
  for (const node of ['alice', 'bob']) house.sandbox.setFaults(node, change);
}

test('B6: a request that arrives after its payment was given back is refused by its node', async () => {
  const hadMsat = await available(house.world, asha);
  const { id, hash } = await hold(house, asha, { amountMsat: 4_000_000n }, slow);
  for (const line of lines) line.hold();
  const begunMs = Date.now();
  await execute(slow, id);
  expect(await paymentOf(slow, id)).toMatchObject({ state: 'sending', attempts: 1 });
  // The payer is given back what a second try could not bring to the payee.
  faults({ payment: 'INCORRECT_PAYMENT_DETAILS' });
  await later.recover(async () => (await paymentOf(later, id)).state === 'failed');
  faults(NO_FAULTS);
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(begunMs + LEFT_MS), 5_000);
  for (const line of lines) line.letGo();
  await vi.waitFor(() => expect(Math.max(...lines.map((line) => line.arrived()))).toBeGreaterThan(500), 5_000);
  await house.world.clock.sleep(300);
  const seen = (await house.outside.invoices()).find((each) => each.hash === hash);
  expect(seen?.receivedMsat).toBe('0');
  expect(await paymentOf(later, id)).toMatchObject({ state: 'failed', attempts: 2 });
  expect(await held(house.world, asha)).toBe(0n);
  expect(await available(house.world, asha)).toBe(hadMsat);
});
