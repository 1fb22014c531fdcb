// What only admins may do, the books that notice what is wrong, nodes that are adopted once, the house kept in order,
// and what a person is answered when the database has no connection left.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { loadConfig } from '../../src/base/config.ts';
import * as admin from '../../src/flows/admin.ts';
import { addAdmin, removeAdmin } from '../../src/flows/admin-roles.ts';
import { stats } from '../../src/flows/admin-stats.ts';
import { check } from '../../src/flows/books.ts';
import { shown } from '../../src/flows/fx.ts';
import { keepHouse } from '../../src/flows/housekeeping.ts';
import { keepTellingLoad } from '../../src/flows/load.ts';
import { adopt, checkNode } from '../../src/flows/node-books.ts';
import * as pay from '../../src/flows/pay.ts';
import { makePartitions } from '../../src/infra/db/partitions.ts';
import { countPeople } from '../../src/infra/db/stats.ts';
import { consume } from '../../src/infra/queue/consumer.ts';
import { beat } from '../../src/infra/redis/instances.ts';
import { keepLoad, readLoads } from '../../src/infra/redis/loads.ts';
import { makeWorld } from '../../src/world.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { movableClock } from '../support/flow-clock.ts';
import { ask, available, hold, run, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

let house: House;
let boss: Person;
let asha: Person;

beforeAll(async () => {
  house = await openHouse();
  boss = await house.person('boss');
  asha = await house.person('asha', 50_000n);
  await ask(house.world, "update users set role = 'admin' where id = $1", [boss.userId]);
});
afterAll(() => house.close());

/** The screen, looked up now. */
const fresh = () => stats({ ...house.world }, boss.userId);

async function asOwner(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: house.database.ownerUrl });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

describe('admins', () => {
  test('nobody else, and nobody any more who was one', async () => {
    const deeds = (userId: string) => [
      stats(house.world, userId),
      admin.queues(house.world, userId),
      admin.failed(house.world, userId),
      admin.retryFailed(house.world, userId, {}),
    ];
    for (const userId of [asha.userId, house.world.ids.next()]) {
      for (const each of await Promise.allSettled(deeds(userId))) {
        expect(each).toMatchObject({ status: 'rejected', reason: { code: 'not_allowed' } });
      }
    }
    await stats(house.world, boss.userId);
    await ask(house.world, "update users set role = 'person' where id = $1", [boss.userId]);
    await expect(stats(house.world, boss.userId)).rejects.toMatchObject({ code: 'not_allowed' });
    await ask(house.world, "update users set role = 'admin' where id = $1", [boss.userId]);
  });

  test('of two who remove each other at the same moment, one stays', async () => {
    await addAdmin(house.world, boss.userId, { said: '@asha', channel: 'telegram' });
    // Both have looked, and neither can write yet.
    const [isHeld, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const hog = house.world.db.transaction('test.hog_users', async (tx) => {
      await tx.query('test.lock_users', 'select 1 from users for update', []);
      isHeld.resolve();
      await gate.promise;
    });
    await isHeld.promise;
    const both = Promise.allSettled([
      removeAdmin(house.world, boss.userId, { said: '@asha', channel: 'telegram' }),
      removeAdmin(house.world, asha.userId, { said: '@boss', channel: 'telegram' }),
    ]);
    await vi.waitFor(async () => {
      const text = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      expect((await ask(house.world, text)).length).toBeGreaterThanOrEqual(2);
    }, 10_000);
    gate.resolve();
    await hog;
    expect((await both).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await ask(house.world, "select 1 from users where role = 'admin'")).toHaveLength(1);
    await ask(house.world, "update users set role = case when id = $1 then 'admin' else 'person' end", [boss.userId]);
  });

  test('see the house: what is under way, how much moved, whether the books are right', async () => {
    const { id } = await hold(house, asha, { amountMsat: 3_000_000n });
    await run(house.world, id);
    await hold(house, asha, { amountMsat: 1_000n });
    const seen = await fresh();
    expect(seen).toMatchObject({
      users: 2,
      volume24h: {
        in: { count: 1, msat: 50_000_000n },
        out: { count: 1, msat: 3_000_000n },
        inside: { count: 0, msat: 0n },
      },
      payments: { held: 1, sending: 0 },
      booksOk: true,
      off: [],
    });
    expect(seen.worth.owedMsat).toBeLessThanOrEqual(47_000_000n);
    expect(seen.worth.owedMsat).toBeGreaterThan(46_000_000n);
    expect(seen.worth.atNodesMsat).toBeGreaterThan(seen.worth.owedMsat);
    expect(seen.worth.suspenseMsat).toBe(0n);
    // The screen counts from midnight, which may just have been.
    const { db, clock } = house.world;
    expect(await countPeople(db, clock.nowMs() - 3_600_000)).toEqual({ users: 2, active: 2 });
    expect(await countPeople(db, clock.nowMs() + 3_600_000)).toEqual({ users: 2, active: 0 });
    expect(seen.queues.find(({ name }) => name === 'payment')?.waiting).toBeGreaterThan(0);
    expect(seen.rate).toBeUndefined();
  });

  test('see who lives, with the memory and the cache that each process told of', async () => {
    await keepLoad(house.world.sessions, 'bot-gone', { memoryBytes: 1, hits: 0, misses: 1_000 });
    expect(await fresh()).toMatchObject({ instances: [], cacheHitRate: undefined });
    await beat(house.world.sessions, house.world.instanceId);
    await shown(house.world, 'KES');
    const stop = keepTellingLoad(house.world);
    const loads = () => readLoads(house.world.sessions);
    await vi.waitFor(async () => expect([...(await loads()).keys()]).toContain(house.world.instanceId), 5_000);
    const { instances, cacheHitRate } = await fresh();
    expect(instances).toMatchObject([{ id: house.world.instanceId, kind: 'worker' }]);
    expect(instances[0]?.memoryBytes).toBeGreaterThan(50_000_000);
    expect(cacheHitRate).toBeGreaterThanOrEqual(0);
    expect(cacheHitRate).toBeLessThanOrEqual(1);
    await stop();
    expect([...(await loads()).keys()]).toEqual(['bot-gone']);
  });

  test('look again and again, and the database is asked once in two seconds', async () => {
    const inTime = { ...house.world, clock: movableClock() };
    const [first, second] = await Promise.all([stats(inTime, boss.userId), stats(inTime, boss.userId)]);
    expect(second).toBe(first);
    inTime.clock.move(2_500);
    expect(await stats(inTime, boss.userId)).not.toBe(first);
    const text = "select count(*)::int4 as count from audit where action = 'looked' and details->>'act' = 'stats'";
    const [looked] = await ask<{ count: number }>(house.world, text);
    expect(looked?.count).toBeGreaterThanOrEqual(3);
  });

  test('see failed jobs and put them back, which is written down', async () => {
    let broken = true;
    const { config } = house.world;
    const consumer = consume({
      url: config.REDIS_QUEUE_URL,
      queue: 'reconcile',
      clock: hostClock(),
      events: { onDone() {}, onFault() {} },
      async handler() {
        if (broken) throw new Error('no node');
        return undefined;
      },
    });
    await house.world.queues.add([{ queue: 'reconcile', id: 'once', traceId: 'trace' }]);
    await vi.waitFor(async () => {
      const { jobs, more } = await admin.failed(house.world, boss.userId, { queue: 'reconcile' });
      expect(more).toBe(false);
      expect(jobs).toMatchObject([
        { queue: 'reconcile', id: 'once', reason: 'no node', traceId: 'trace', attempts: 2 },
      ]);
    }, 8_000);
    await expect(admin.failed(house.world, boss.userId, { queue: 'nonsense' })).rejects.toMatchObject({
      code: 'queue_unknown',
    });
    await expect(admin.retryFailed(house.world, boss.userId, { queue: 'x' })).rejects.toMatchObject({
      code: 'queue_unknown',
    });
    broken = false;
    expect(await admin.retryFailed(house.world, boss.userId, { queue: 'reconcile', count: 5 })).toEqual({
      retried: [{ queue: 'reconcile', retried: 1 }],
      unknown: 0,
    });
    const none = { jobs: [], more: false };
    await vi.waitFor(async () => expect(await admin.failed(house.world, boss.userId)).toEqual(none), 5_000);
    const text = "select action, details from audit where action <> 'looked' order by id desc limit 1";
    const rows = await ask(house.world, text);
    expect(rows).toEqual([{ action: 'retry_failed', details: { queue: 'reconcile', count: 5 } }]);
    await consumer.close(1_000);
  });
});

describe('the books', () => {
  test('say which account is off, and are right again when it is put right', async () => {
    await booksAreRight(house.world);
    const wallet = `wallet:${asha.userId}`;
    await asOwner(`update accounts set credits_posted = credits_posted + 1 where code = '${wallet}'`);
    const books = await check(house.world);
    expect(books).toMatchObject({ ok: false, offAccounts: [{ code: wallet, why: 'posted totals' }] });
    expect(books.currencies).toEqual([{ code: 'BTC', sum: 1n }]);
    expect(await house.world.metrics.text()).toMatch(/satfleet_books_off\{currency="BTC"\} 1/);
    expect(house.lines.some((line) => line.includes('the books are off'))).toBe(true);
    expect((await fresh()).booksOk).toBe(false);
    await asOwner(`update accounts set credits_posted = credits_posted - 1 where code = '${wallet}'`);
    await asOwner(`update accounts set debits_pending = debits_pending + 5 where code = '${wallet}'`);
    expect(await check(house.world)).toMatchObject({
      ok: false,
      offAccounts: [{ code: wallet, why: 'pending totals' }],
    });
    await asOwner(`update accounts set debits_pending = debits_pending - 5 where code = '${wallet}'`);
    await booksAreRight(house.world);
  });

  test('a node is adopted once, with what it had; what is not adopted is not checked', async () => {
    expect(await adopt(house.world, 'alice')).toBeUndefined();
    expect(await checkNode(house.world, 'alice')).toMatchObject({ offMsat: 0n });
    await ask(house.world, "delete from lightning_nodes where name = 'bob'");
    await expect(checkNode(house.world, 'bob')).rejects.toThrow('never adopted');
    expect(() => house.world.lightning.node('carol')).toThrow('no LND node');
  });

  test('the processor looks at the ledger, every node and the whole, and rings when a node differs', async () => {
    const another = await openHouse();
    const job = { id: 'period-60000-7', traceId: 'y', attempt: 1, last: false };
    const clock = { ...another.world.clock, sleep: async () => {} };
    const tools = { world: { ...another.world, clock } } as never;
    const person = await another.person('p', 10n);
    expect(await PROCESSORS['balance-check'](tools, job)).toBeUndefined();
    expect(another.lines.some((line) => line.includes('differs from the ledger'))).toBe(false);
    const { request } = await another.outside.makeInvoice({ amountMsat: 5_000n });
    const { OutsideWallet } = await import('../../sandbox/lnd/outside.ts');
    await new OutsideWallet(another.sandbox.nodes.alice, another.lightning.dir).pay({ request });
    await PROCESSORS['balance-check'](tools, job);
    expect(another.lines.some((line) => line.includes('differs from the ledger'))).toBe(true);
    expect(await available(another.world, person)).toBe(10_000n);
    await another.close();
  });
});

test('the house is kept: months ahead are made once, the words of old news are forgotten, the news are not', async () => {
  const { id } = await hold(house, asha, { amountMsat: 2_000n });
  await run(house.world, id);
  await ask(house.world, "update notices set state = 'sent' where subject_id = $1", [id]);
  const inTime = { ...house.world, clock: movableClock() };
  inTime.clock.move(31 * 24 * 3600_000);
  await PROCESSORS.cleanup({ world: inTime } as never, { id: 'x', traceId: 'x', attempt: 1, last: false });
  await keepHouse(inTime);
  expect(await ask(house.world, 'select details from notices where subject_id = $1', [id])).toEqual([{ details: {} }]);
  expect(await told(house.world, id)).toEqual(['payment_paid']);
  expect(await makePartitions(house.world.db, inTime.clock.nowMs(), 3)).toBe(0);
});

test('no connection left in the pool: the tap is answered within its two seconds, and nothing was done', async () => {
  const environment = { ...house.environment, DB_POOL_MIN: '1', DB_POOL_MAX: '1' };
  const bot = await makeWorld('bot', loadConfig('bot', environment), () => {});
  const { request: raw } = await house.outside.makeInvoice({ amountMsat: 1_000_000n });
  const draft = await pay.quote(house.world, { ...asha, raw });
  const hog = Promise.withResolvers<void>();
  const taken = bot.db.transaction('test.hog', async (tx) => {
    await tx.query('test.one', 'select 1', []);
    await hog.promise;
  });
  await bot.clock.sleep(50);
  const begun = performance.now();
  await expect(pay.start(bot, draft)).rejects.toMatchObject({ name: 'Unavailable' });
  expect(performance.now() - begun).toBeLessThan(2_600);
  hog.resolve();
  await taken;
  expect(await ask(house.world, 'select 1 from payments where id = $1', [draft.id])).toEqual([]);
  expect(await pay.start(bot, draft)).toMatchObject({ state: 'held' });
  await bot.close();
});
