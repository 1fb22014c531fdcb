// The queue between two real worker processes: one that sleeps past its lock, or is killed with a job in hand, lets the
// other do the job again. Whatever the queue believes, the node is told to send once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { Daemon, freePorts, Guard } from '../../scripts/process.ts';
import { nodesOf } from '../support/fleet-nodes.ts';
import { durableDatabase } from '../support/flow-durable.ts';
import { ask, available, ended, held, hold, paymentOf, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { long } from './long.ts';

const folder = mkdtempSync(join(tmpdir(), 'satfleet-hazard-'));
const guard = new Guard(folder);
let redis: TestRedis;
let house: House;
let asha: Person;
const workers: Daemon[] = [];

beforeAll(async () => {
  const [database, own] = await Promise.all([durableDatabase(), startRedis()]);
  redis = own;
  // Nobody can be told here: it is tried again and again, which harms nothing.
  house = await openHouse({ database, redis, environment: { TELEGRAM_API_ROOT: 'http://127.0.0.1:1' } });
  asha = await house.person('asha', 1_000_000n);
});
afterEach(async () => {
  for (const alias of ['alice', 'bob']) house.sandbox.setFaults(alias, { hang: false });
  for (const each of workers.splice(0)) if (each.running) await each.kill();
  await booksAreRight(house.world);
});
afterAll(async () => {
  await house?.close();
  await redis?.kill();
  await guard.finish();
  rmSync(folder, { recursive: true, force: true });
});

async function startWorker(): Promise<Daemon> {
  const [port = 0] = await freePorts(1);
  const daemon = new Daemon({
    name: 'worker',
    file: process.execPath,
    args: ['workers/worker.ts'],
    logFile: join(folder, `worker-${port}.log`),
    guard,
    env: { ...house.environment, PORT: String(port) },
  });
  workers.push(daemon);
  daemon.start();
  await daemon.until('is ready', 30_000, async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok);
  return daemon;
}

/** Brings jobs once more, as a queue does that believes them lost, and lets them be done. */
async function bringAgain(ids: readonly string[]): Promise<void> {
  await house.world.queues.add(ids.map((id) => ({ queue: 'payment', id, traceId: `again-${id}` })));
  await house.world.clock.sleep(1_000);
}

long(
  'I1: a worker stopped past its lock with payments in hand, another that takes them over, and the first goes on: each is sent once',
  async () => {
    const first = await startWorker();
    // Neither node answers: the payments are claimed, and their calls stay without a word.
    for (const alias of ['alice', 'bob']) house.sandbox.setFaults(alias, { hang: true });
    const going = await Promise.all([1, 2, 3, 4].map((n) => hold(house, asha, { amountMsat: BigInt(n) * 1_000_000n })));
    await vi.waitFor(async () => {
      for (const { id } of going) expect((await paymentOf(house.world, id)).state).toBe('sending');
    }, 15_000);
    first.signal('SIGSTOP');
    await startWorker();
    // The lock of a job is lost after 30 s, and 30 s later somebody has noticed: the other worker has it by then.
    await house.world.clock.sleep(70_000);
    for (const { id } of going) expect((await paymentOf(house.world, id)).state).toBe('sending');
    for (const alias of ['alice', 'bob']) house.sandbox.setFaults(alias, { hang: false });
    first.signal('SIGCONT');
    for (const { id } of going) expect(await ended(house.world, id, 60_000)).toMatchObject({ state: 'paid' });
    await house.world.clock.sleep(3_000);
    const nodes = nodesOf(house.lightning);
    for (const { id, hash } of going) {
      expect(await nodes.payments(hash)).toMatchObject([{ state: 'paid' }]);
      expect(await nodes.partsAtPayee(hash)).toBe(1);
      expect((await told(house.world, id)).filter((kind) => kind !== 'payment_pending')).toEqual(['payment_paid']);
    }
    expect(await held(house.world, asha)).toBe(0n);
    expect(await available(house.world, asha)).toBe(990_000_000n);
  },
  240_000,
);

long(
  'I1: four workers killed with twenty payments in hand, and what the queue knew thrown away: nothing is given back, each is sent once',
  async () => {
    const before = await available(house.world, asha);
    const going: { id: string; hash: string }[] = [];
    for (let round = 0; round < 4; round++) {
      const worker = await startWorker();
      const made = await Promise.all(
        [1, 2, 3, 4, 5].map(() => hold(house, asha, { amountMsat: 1_000_000n, hold: true })),
      );
      going.push(...made);
      await house.world.clock.sleep(50 + 150 * round);
      await worker.kill();
      // What an impatient operator does: all that Redis knows is thrown away.
      if (round % 2) await redis.flush();
    }
    for (const { id } of going) expect(['held', 'sending']).toContain((await paymentOf(house.world, id)).state);
    await ask(house.world, "update payments set due_at = created_at where state = 'sending'");
    await ask(house.world, 'update outbox set due_at = created_at');
    await startWorker();
    await vi.waitFor(
      async () => {
        const states = (await house.outside.invoices()).filter(({ hash }) => going.some((each) => each.hash === hash));
        expect(states.map(({ state }) => state)).toEqual(going.map(() => 'held'));
      },
      { timeout: 90_000, interval: 500 },
    );
    // The queue brings them all again, as it does with what a dead worker had in hand.
    for (let time = 0; time < 3; time++) await bringAgain(going.map(({ id }) => id));
    for (const { id } of going) expect((await paymentOf(house.world, id)).state).toBe('sending');
    expect(await held(house.world, asha)).toBeGreaterThanOrEqual(20_000_000n);
    await Promise.all(going.map(({ hash }, at) => (at % 2 ? house.outside.settle(hash) : house.outside.cancel(hash))));
    for (const [at, { id }] of going.entries()) {
      expect(await ended(house.world, id, 60_000)).toMatchObject({ state: at % 2 ? 'paid' : 'failed' });
    }
    const nodes = nodesOf(house.lightning);
    for (const { hash } of going) expect(await nodes.payments(hash)).toHaveLength(1);
    expect(before - (await available(house.world, asha))).toBe(10_000_000n);
  },
  240_000,
);
