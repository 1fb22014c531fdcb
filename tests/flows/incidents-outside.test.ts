// An alert that nobody takes on goes outside: a webhook after 5 minutes, a pager after 15, each once, over a real
// connection, whatever breaks on the way; and once somebody has taken it on, the pager hears of it.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Severity } from '../../src/domain/incidents.ts';
import { acknowledge, takeAlerts } from '../../src/flows/incidents.ts';
import { escalate, escalateOverdue } from '../../src/flows/incidents-escalate.ts';
import { relay } from '../../src/flows/outbox.ts';
import { consume } from '../../src/infra/queue/consumer.ts';
import type { World } from '../../src/world.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { type Alerting, MINUTE_MS, openAlerting } from '../channels/alerting.ts';
import { ask } from '../support/flow-help.ts';

let { world, outside, alert, callsOf, callOf, raised, instance, close } = {} as Alerting;
let boss = {} as Awaited<ReturnType<Alerting['newPerson']>>;

beforeAll(async () => {
  const alerting = await openAlerting();
  ({ world, outside, alert, callsOf, callOf, raised, instance, close } = alerting);
  boss = await alerting.newPerson('boss', 'admin');
});
beforeEach(() => {
  outside.posted.length = 0;
  outside.answer = () => 202;
});
afterAll(() => close());

const jobsLeft = async (...of: Parameters<typeof callsOf>) => {
  const ids = (await callsOf(...of)).map(({ id }) => id);
  return ask(world, 'select 1 from outbox where id = any($1::uuid[])', [ids]);
};

describe('what goes outside', () => {
  test('nobody takes it on: the webhook after 5 minutes, the pager after 15, each once, by workers’ jobs', async () => {
    const { one } = await raised();
    const stop = works(world);
    await relay(world);
    world.clock.move(5 * MINUTE_MS - 2_000);
    await relay(world);
    expect(outside.posted).toEqual([]);
    world.clock.move(2_000);
    await relay(world);
    await vi.waitFor(async () => expect((await callOf(one, 'webhook')).state).toBe('done'), 10_000);
    const [{ text } = { text: '' }] = outside.at('/chat') as { text: string }[];
    expect(text).toMatch(
      /^\[critical\] NodeDown: The node &lt;alice&gt; is away\nWhat to do: Look at its log\.\nRunbook: /,
    );
    expect(outside.at('/v2/enqueue')).toEqual([]);
    world.clock.move(10 * MINUTE_MS);
    await relay(world);
    await vi.waitFor(async () => expect((await callOf(one, 'pager')).state).toBe('done'), 10_000);
    expect(outside.at('/v2/enqueue')).toMatchObject([
      {
        routing_key: 'an-integration-key',
        event_action: 'trigger',
        dedup_key: `satfleet-${one.fingerprint}-${one.startedAtMs}`,
        payload: { summary: expect.stringContaining('NodeDown'), source: 'satfleet', severity: 'error' },
      },
    ]);
    world.clock.move(60 * MINUTE_MS);
    await relay(world);
    await stop();
    expect(outside.posted).toHaveLength(2);
    expect(await jobsLeft(one)).toEqual([]);
  });

  test.each<[Severity, string[]]>([
    ['info', []],
    ['warning', ['webhook']],
    ['emergency', ['webhook', 'pager']],
  ])('%s: %j', async (severity, steps) => {
    const { one } = await raised({ severity });
    expect((await callsOf(one)).map(({ step }) => step)).toEqual(steps);
  });

  test('where no way out is set there is none', async () => {
    const { ALERT_WEBHOOK_URL: _webhook, PAGERDUTY_KEY: _key, ...config } = world.config;
    const one = alert();
    await takeAlerts({ ...world, config }, [one]);
    expect(await callsOf(one)).toEqual([]);
  });

  test('busy, gone, silent: tried again under the same key until it is taken; refused for good: an error, and no more', async () => {
    const { one } = await raised();
    const { id } = await callOf(one, 'pager');
    world.clock.move(15 * MINUTE_MS);
    for (const wrong of [503, 429, 'cut'] as const) {
      outside.answer = () => wrong;
      const later = await escalate(world, id);
      expect(later?.laterMs).toBeGreaterThanOrEqual(world.clock.nowMs() + 15_000);
      expect((await callOf(one, 'pager')).state).toBe('waiting');
      world.clock.move(60_000);
    }
    outside.answer = () => 202;
    expect(await escalate(world, id)).toBeUndefined();
    expect((await callOf(one, 'pager')).state).toBe('done');
    expect(new Set(outside.posted.map(({ body }) => body.dedup_key)).size).toBe(1);
    expect(outside.posted).toHaveLength(4);

    const { one: wrong } = await raised();
    outside.answer = () => 400;
    world.clock.move(15 * MINUTE_MS);
    expect(await escalate(world, (await callOf(wrong, 'pager')).id)).toBeUndefined();
    expect((await callOf(wrong, 'pager')).state).toBe('failed');
    expect(instance.lines.join()).toContain('alert not brought outside');
    expect(instance.lines.join()).not.toContain(outside.url);
  });

  test('two at once call once, and what no worker did is done without one', async () => {
    const { one } = await raised({ name: 'Alone' });
    const { id } = await callOf(one, 'webhook');
    const calls = () => outside.at('/chat').filter(({ text }) => String(text).includes('Alone'));
    world.clock.move(5 * MINUTE_MS + 20_000);
    await escalateOverdue(world);
    expect(calls()).toEqual([]);
    world.clock.move(20_000);
    await Promise.all([escalateOverdue(world), escalate(world, id), escalate(world, id)]);
    await vi.waitFor(async () => expect((await callOf(one, 'webhook')).state).toBe('done'), 10_000);
    expect(calls()).toHaveLength(1);
  });

  test('the pager hears that somebody took it on, and that it is over', async () => {
    const { one, toldId } = await raised();
    world.clock.move(15 * MINUTE_MS);
    await escalate(world, (await callOf(one, 'pager')).id);
    await acknowledge(world, boss.userId, toldId);
    await escalate(world, (await callOf(one, 'pager_ack')).id);
    await takeAlerts(world, [{ ...one, isOver: true }]);
    await escalate(world, (await callOf(one, 'pager_over')).id);
    const calls = outside.at('/v2/enqueue');
    expect(calls.map(({ event_action }) => event_action)).toEqual(['trigger', 'acknowledge', 'resolve']);
    expect(new Set(calls.map(({ dedup_key }) => dedup_key)).size).toBe(1);
  });

  test('taken on in the very moment of the call: the pager hears of it all the same', async () => {
    const { one, toldId } = await raised();
    world.clock.move(15 * MINUTE_MS);
    outside.answer = async () => {
      await acknowledge(world, boss.userId, toldId);
      return 202;
    };
    await escalate(world, (await callOf(one, 'pager')).id);
    outside.answer = () => 202;
    await escalate(world, (await callOf(one, 'pager_ack')).id);
    expect(outside.at('/v2/enqueue').map(({ event_action }) => event_action)).toEqual(['trigger', 'acknowledge']);
  });
});

/** A worker of the one queue, until stopped. */
function works(of: World): () => Promise<void> {
  const consumer = consume({
    url: of.config.REDIS_QUEUE_URL,
    queue: 'escalation',
    clock: of.clock,
    events: { onDone() {}, onFault() {} },
    handler: (job) => PROCESSORS.escalation({ world: of } as never, job),
  });
  return () => consumer.close(2_000);
}
