// The morning's digest: seven in the house's zone, to every admin once, with what the last day was like.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Digest } from '../../src/domain/notice.ts';
import { lastAt, tellDigest } from '../../src/flows/digest.ts';
import { takeAlerts } from '../../src/flows/incidents.ts';
import * as send from '../../src/flows/send.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { type MovableClock, movableClock } from '../support/flow-clock.ts';
import { ask, hold, run } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

const HOUR_MS = 60 * 60_000;
const ZONE = 'Africa/Nairobi';

describe('the last seven in the morning', () => {
  test.each([
    ['UTC', '2026-11-21T07:00:00Z', '2026-11-21T07:00:00Z'],
    ['UTC', '2026-11-21T06:59:59Z', '2026-11-20T07:00:00Z'],
    ['Africa/Nairobi', '2026-11-21T04:00:01Z', '2026-11-21T04:00:00Z'],
    ['Africa/Nairobi', '2026-11-21T22:30:00Z', '2026-11-21T04:00:00Z'],
    ['Africa/Nairobi', '2026-01-01T03:59:00Z', '2025-12-31T04:00:00Z'],
    ['Asia/Kathmandu', '2026-11-21T12:00:00Z', '2026-11-21T01:15:00Z'],
    // The clocks went back at 01:00 UTC that night, after the seven that is looked for and before the one after it.
    ['Europe/Berlin', '2026-10-25T05:30:00Z', '2026-10-24T05:00:00Z'],
    ['Europe/Berlin', '2026-10-25T06:30:00Z', '2026-10-25T06:00:00Z'],
  ])('%s at %s: %s', (zone, now, expected) => {
    expect(new Date(lastAt(Date.parse(now), zone, 7)).toISOString()).toBe(new Date(expected).toISOString());
  });
});

describe('the digest', () => {
  let house: House;
  let boss: Person;
  let asha: Person;
  let world: WorkerWorld & { clock: MovableClock };

  beforeAll(async () => {
    house = await openHouse({ environment: { HOUSE_ZONE: ZONE } });
    boss = await house.person('boss');
    await house.person('second');
    asha = await house.person('asha', 20_000n);
    const named = ['boss', 'second'];
    await ask(
      house.world,
      "update users set role = 'admin' where id in (select user_id from identities where username = any($1))",
      [named],
    );
    world = { ...house.world, clock: movableClock() };
    const nowMs = world.clock.nowMs();
    world.clock.move(lastAt(nowMs + 24 * HOUR_MS, ZONE, 7) - nowMs + 60_000);
  });
  afterAll(async () => {
    await booksAreRight(house.world);
    await house.close();
  });

  const digests = () =>
    ask<{ userId: string; details: { digest: Digest } }>(
      world,
      `select user_id as "userId", details from notices where kind = 'daily_digest' order by id`,
    );
  const tick = () =>
    PROCESSORS.digest({ world } as never, { id: 'period-900000-1', traceId: 'tick', attempt: 1, last: false });

  test('says what the day was like, to each admin once, however many workers look', async () => {
    const { id } = await hold(house, asha, { amountMsat: 3_000_000n });
    await run(house.world, id);
    for (const node of ['alice', 'bob']) house.sandbox.setFaults(node, { payment: 'ERROR' });
    const wrong = await hold(house, asha, { amountMsat: 1_000_000n });
    expect(await run(house.world, wrong.id)).toMatchObject({ state: 'failed' });
    const draft = await send.quote(house.world, {
      ...asha,
      fromName: asha.name,
      channel: 'telegram',
      to: { username: 'boss' },
      amountMsat: 2_000_000n,
    });
    await send.start(house.world, draft);
    const alert = {
      startedAtMs: 1,
      isOver: false,
      severity: 'warning',
      summary: '',
      description: '',
      runbook: '',
    } as const;
    const three = ['a', 'b', 'c'].map((fingerprint) => ({
      ...alert,
      fingerprint,
      name: fingerprint === 'c' ? 'Two' : 'One',
    }));
    await takeAlerts(house.world, three);
    await takeAlerts(house.world, [{ ...alert, fingerprint: 'c', name: 'Two', isOver: true }]);

    await Promise.all([tick(), tick(), tellDigest(world)]);
    expect(await tellDigest(world)).toBe(0);
    const found = await digests();
    expect(found).toHaveLength(2);
    expect(found.map(({ userId }) => userId)).toContain(boss.userId);
    expect(found[0]?.details.digest).toMatchObject({
      ...{ users: 3, newUsers: 3, inMsat: '20000000', outMsat: '3000000', insideMsat: '2000000' },
      ...{ paid: 1, failed: 1, booksOk: true, open: 2 },
      incidents: [
        { name: 'One', count: 2 },
        { name: 'Two', count: 1 },
      ],
    });
  });

  test('the next day is another one, and the afternoon is too late', async () => {
    world.clock.move(24 * HOUR_MS);
    expect(await tellDigest(world)).toBe(2);
    expect((await digests()).at(-1)?.details.digest).toMatchObject({
      newUsers: 0,
      inMsat: '0',
      paid: 0,
      incidents: [],
    });
    world.clock.move(24 * HOUR_MS + 6 * HOUR_MS);
    expect(await tellDigest(world)).toBe(0);
  });
});
