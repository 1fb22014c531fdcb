// Settlements while nobody listened, and very many open invoices: all is credited once within a minute of the worker's
// start, and a node carries one stream however many invoices are open.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { inTurn } from '../../scripts/rig.ts';
import { sweepInvoices } from '../../src/flows/reconcile.ts';
import { nodeRows } from '../../src/infra/db/nodes.ts';
import type { LightningNode } from '../../src/infra/lightning/pool.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { watchNodes } from '../../workers/lightning-events.ts';
import { ask, available } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse } from '../support/house.ts';
import { long } from './long.ts';

const MINUTE_MS = 60_000;
const PER_PERSON = 10;

let house: House;

beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

/** A worker runs until each node's cursor says how far it has heard. */
async function hearFirst(): Promise<void> {
  const person = await house.person('first');
  const stop = watchNodes(house.world);
  try {
    await vi.waitFor(
      async () => {
        await house.outside.pay({ request: (await house.invoice(person, 3n)).request });
        expect((await nodeRows(house.world.db)).every(({ settledIndex }) => settledIndex > 0n)).toBe(true);
      },
      { timeout: MINUTE_MS, interval: 200 },
    );
    await house.world.clock.sleep(300);
  } finally {
    stop();
  }
}

/** So many invoices of 3 sats, all paid while no worker hears of it; then one starts. */
const missed = (count: number, hasCursor: boolean) => async () => {
  if (hasCursor) await hearFirst();
  const people = await Promise.all(
    Array.from({ length: count / PER_PERSON }, (_, i) => house.person(`p${count}_${i}`)),
  );
  const owners = people.flatMap((person) => Array.from({ length: PER_PERSON }, () => person));
  await inTurn(owners, 8, async (person) => {
    const { request } = await house.invoice(person, 3n);
    expect(await house.outside.pay({ request, waitMs: MINUTE_MS })).toMatchObject({ state: 'paid' });
  });
  if (!hasCursor) await ask(house.world, 'update lightning_nodes set settled_index = 0');
  const stop = watchNodes(house.world);
  try {
    const credited = async () => {
      for (const person of people) expect(await available(house.world, person)).toBe(BigInt(PER_PERSON) * 3_000n);
    };
    await vi.waitFor(credited, { timeout: MINUTE_MS, interval: 100 });
  } finally {
    stop();
  }
  const again = "select 1 from notices where kind = 'invoice_paid' group by subject_id having count(*) > 1";
  expect(await ask(house.world, again)).toEqual([]);
  await booksAreRight(house.world);
};

test('E3: ten settled while no worker ran: credited once, by the cursor', { timeout: 2 * MINUTE_MS }, missed(10, true));
long(
  'E3: a thousand settled while no worker ran: credited once within a minute, by the cursor',
  missed(1_000, true),
  5 * MINUTE_MS,
);
long(
  'E3: a thousand settled while no worker ran: credited once within a minute, without a cursor',
  missed(1_000, false),
  5 * MINUTE_MS,
);

/** The same world, and the names of the streams that were opened at its nodes. */
function countingStreams(world: WorkerWorld): { world: WorkerWorld; streams: string[] } {
  const streams: string[] = [];
  const counting = (part: object, node: string) =>
    new Proxy(part, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        if (/^(subscribe|track)/i.test(String(name))) streams.push(`${node} ${String(name)}`);
        return value.bind(target);
      },
    });
  const node = (name: string): LightningNode => {
    const real = world.lightning.node(name);
    const connection = () =>
      new Proxy(real.connection(), {
        get: (target, part) => {
          const value = Reflect.get(target, part) as unknown;
          return typeof value === 'object' && value !== null ? counting(value, name) : value;
        },
      });
    return { ...real, connection };
  };
  return { world: { ...world, lightning: { ...world.lightning, node } }, streams };
}

/** With so many open invoices a worker starts, and looks all of them up if `isSwept`. */
const manyOpen = (count: number, isSwept: boolean) => async () => {
  const person = await house.person(`many${count}`);
  await ask(
    house.world,
    `insert into invoices (id, user_id, node, payment_hash, request, amount_msat, state, cause, expires_at, created_at)
     select gen_random_uuid(), $1, (array['alice', 'bob'])[1 + n % 2], md5($4 || 'a' || n) || md5($4 || 'b' || n), 'request ' || n,
       1000, 'open', 'node', $2::timestamptz, $3::timestamptz from generate_series(1, $4::text::int) n`,
    [person.userId, new Date(Date.now() + 60 * MINUTE_MS), new Date(), String(count)],
  );
  await ask(house.world, 'update lightning_nodes set settled_index = greatest(settled_index, 1)');
  const { world, streams } = countingStreams(house.world);
  const stop = watchNodes(world);
  try {
    await vi.waitFor(() => expect(streams).toHaveLength(2), 5_000);
    if (isSwept) await sweepInvoices(world);
    await world.clock.sleep(500);
    expect(streams.sort()).toEqual(['alice subscribeInvoices', 'bob subscribeInvoices']);
  } finally {
    stop();
    await ask(house.world, "update invoices set state = 'expired', cause = 'expiry' where user_id = $1", [
      person.userId,
    ]);
  }
};

test('E5: five hundred open invoices, all looked up: one stream for each node', manyOpen(500, true));
long('E5: 50,000 open invoices: one stream for each node', manyOpen(50_000, false));
