// Alerts among those who run the house: each occurrence is one row and one message however often it is brought; whoever
// takes it on silences it for all; nobody else may; and what is over says so once.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Alert } from '../../src/domain/incidents.ts';
import { acknowledge, incidents, takeAlerts } from '../../src/flows/incidents.ts';
import { escalate } from '../../src/flows/incidents-escalate.ts';
import { type Alerting, MINUTE_MS, openAlerting } from '../channels/alerting.ts';
import { ask, told } from '../support/flow-help.ts';

let { world, outside, alert, rowsOf, callsOf, raised, close } = {} as Alerting;
type Someone = Awaited<ReturnType<Alerting['newPerson']>>;
let [boss, second, asha] = [] as unknown as [Someone, Someone, Someone];

beforeAll(async () => {
  const alerting = await openAlerting();
  ({ world, outside, alert, rowsOf, callsOf, raised, close } = alerting);
  const { newPerson } = alerting;
  [boss, second] = [await newPerson('boss', 'admin'), await newPerson('second', 'admin')];
  asha = await newPerson('asha');
});
beforeEach(() => {
  outside.posted.length = 0;
});
afterAll(() => close());

const jobsLeft = async (...of: Parameters<typeof callsOf>) => {
  const ids = (await callsOf(...of)).map(({ id }) => id);
  return ask(world, 'select 1 from outbox where id = any($1::uuid[])', [ids]);
};

describe('what is told', () => {
  test('each occurrence is one row, and what comes together one message to each admin, however often it is brought', async () => {
    const together = [alert(), alert()];
    await Promise.all([takeAlerts(world, together), takeAlerts(world, [...together].reverse())]);
    await takeAlerts(world, together);
    const rows = await rowsOf(...together);
    expect(rows).toHaveLength(2);
    expect(new Set(rows.map(({ toldId }) => toldId)).size).toBe(1);
    const toldId = rows[0]?.toldId ?? '';
    expect(await told(world, toldId)).toEqual(['alert_raised ×2']);
    const news = await ask<{ user_id: string; details: { alerts: Alert[] } }>(
      world,
      'select user_id, details from notices where subject_id = $1',
      [toldId],
    );
    expect(news.map(({ user_id }) => user_id).sort()).toEqual([boss.userId, second.userId].sort());
    expect(news[0]?.details.alerts).toHaveLength(2);
    const third = alert();
    await takeAlerts(world, [...together, third]);
    expect(await told(world, toldId)).toEqual(['alert_raised ×2']);
    expect(await told(world, (await rowsOf(third))[0]?.toldId ?? '')).toEqual(['alert_raised ×2']);
  });

  test('taken on: audited, said to the other admin, silent from then on, by whomever it is tried again', async () => {
    const { one, toldId } = await raised();
    expect(await acknowledge(world, boss.userId, toldId)).toMatchObject({ by: { userId: boss.userId, name: '@boss' } });
    expect(await acknowledge(world, second.userId, toldId)).toMatchObject({ by: { userId: boss.userId } });
    await takeAlerts(world, [one]);
    expect(await told(world, toldId)).toEqual(['alert_acked', 'alert_raised ×2']);
    const text = 'select user_id as "userId" from notices where subject_id = $1 and kind = \'alert_acked\'';
    expect(await ask(world, text, [toldId])).toEqual([{ userId: second.userId }]);
    const audit = await ask<{ actor_id: string; details: { alerts: string[] } }>(
      world,
      "select actor_id, details from audit where action = 'incident_acked' and details->>'told' = $1",
      [toldId],
    );
    expect(audit).toMatchObject([{ actor_id: boss.userId, details: { alerts: ['NodeDown'] } }]);
    world.clock.move(16 * MINUTE_MS);
    for (const { id } of await callsOf(one)) expect(await escalate(world, id)).toBeUndefined();
    expect((await callsOf(one)).map(({ state }) => state)).toEqual(['needless', 'needless']);
    expect(await jobsLeft(one)).toEqual([]);
    expect(outside.posted).toEqual([]);
  });

  test('over when all that came together is over; firing anew it is a new one, and nothing old opens it again', async () => {
    const [first, other] = [alert(), alert()];
    await takeAlerts(world, [first, other]);
    const toldId = (await rowsOf(first))[0]?.toldId ?? '';
    await takeAlerts(world, [{ ...first, isOver: true }, other]);
    expect(await told(world, toldId)).toEqual(['alert_raised ×2']);
    await takeAlerts(world, [{ ...other, isOver: true }]);
    await takeAlerts(world, [{ ...other, isOver: true }, first]);
    expect(await told(world, toldId)).toEqual(['alert_over ×2', 'alert_raised ×2']);
    expect((await rowsOf(first)).map(({ closed }) => closed)).toEqual([true]);
    const again = { ...first, startedAtMs: first.startedAtMs + MINUTE_MS };
    await takeAlerts(world, [again]);
    await takeAlerts(world, [{ ...first, isOver: true }]);
    expect((await rowsOf(first)).map(({ closed }) => closed)).toEqual([true, false]);
    // Its end was never heard of, and it fires anew: the old one has ended.
    await takeAlerts(world, [{ ...again, startedAtMs: again.startedAtMs + MINUTE_MS }]);
    expect((await rowsOf(first)).map(({ closed }) => closed)).toEqual([true, true, false]);
  });

  test('nobody else takes one on or sees the list, and nobody any more who could; what is not there is not found', async () => {
    const { one, toldId } = await raised();
    for (const userId of [asha.userId, world.ids.next()]) {
      await expect(acknowledge(world, userId, toldId)).rejects.toMatchObject({ code: 'not_allowed' });
      await expect(incidents(world, userId)).rejects.toMatchObject({ code: 'not_allowed' });
    }
    await ask(world, "update users set role = 'person' where id = $1", [second.userId]);
    await expect(acknowledge(world, second.userId, toldId)).rejects.toMatchObject({ code: 'not_allowed' });
    await ask(world, "update users set role = 'admin' where id = $1", [second.userId]);
    expect((await rowsOf(one)).map(({ acked }) => acked)).toEqual([false]);
    const refused = await ask(world, "select 1 from audit where action = 'refused' and actor_id = $1", [asha.userId]);
    expect(refused.length).toBeGreaterThan(0);
    await expect(acknowledge(world, boss.userId, world.ids.next())).rejects.toMatchObject({ code: 'not_found' });
  });

  test('the list: what goes on first, then what is over, ten a page', async () => {
    const many = Array.from({ length: 12 }, () => alert({ name: 'Paged' }));
    await takeAlerts(world, many);
    await takeAlerts(
      world,
      many.map((each) => ({ ...each, isOver: true })),
    );
    const { one } = await raised({ name: 'GoesOn' });
    const first = await incidents(world, boss.userId);
    expect(first.open[0]).toMatchObject({ name: 'GoesOn', closedAtMs: null });
    expect(first.past).toHaveLength(10);
    const next = await incidents(world, boss.userId, first.next);
    expect(next.open).toEqual([]);
    const seen = [...first.past, ...next.past].map(({ id }) => id);
    expect(new Set(seen).size).toBe(seen.length);
    expect([...first.past, ...next.past].filter(({ name }) => name === 'Paged')).toHaveLength(12);
    await takeAlerts(world, [{ ...one, isOver: true }]);
  });
});
