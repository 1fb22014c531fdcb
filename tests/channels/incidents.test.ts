// Alerts from Alertmanager's webhook to the admins' phones: who may bring them and in what form, the message with its
// button, what becomes of it on every admin's phone, the list, and what is done when nothing can be written down.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Unavailable } from '../../src/base/errors.ts';
import { tellingAtOnce } from '../../src/channels/at-once.ts';
import { telegramChannel } from '../../src/channels/telegram/channel.ts';
import { addAlerts } from '../../src/http/alerts.ts';
import { createServer, type HttpServer } from '../../src/http/server.ts';
import { consume } from '../../src/infra/queue/consumer.ts';
import type { World } from '../../src/world.ts';
import { PROCESSORS } from '../../workers/processors/index.ts';
import { ask } from '../support/flow-help.ts';
import { type Alerting, openAlerting } from './alerting.ts';
import { hook } from './instances.ts';

const TOKEN = randomBytes(24).toString('hex');
const PLACE = 'docs/RUNBOOK.md#nodedown';

let alerting: Alerting;
let world: World;
let url: string;
let worker: ReturnType<typeof consume>;
const servers: HttpServer[] = [];
type Someone = Awaited<ReturnType<Alerting['newPerson']>>;
let [boss, second, thief] = [] as unknown as [Someone, Someone, Someone];

/** Where Alertmanager brings its alerts; the bot itself tells them, as where no worker is. */
async function serve(of: World): Promise<string> {
  const server = createServer({ log: of.log, ids: of.ids });
  addAlerts(server, of);
  servers.push(server);
  return `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}/alerts`;
}

beforeAll(async () => {
  alerting = await openAlerting({ ALERTS_TOKEN: TOKEN });
  const { instance, newPerson } = alerting;
  await hook(instance);
  world = tellingAtOnce(instance.world, { telegram: telegramChannel(instance.bots) });
  url = await serve(world);
  const { config, clock } = world;
  const channels = { telegram: telegramChannel(instance.bots) };
  // The only queue that is worked here: what a bot's flows have made news of is told by a worker.
  worker = consume({
    url: config.REDIS_QUEUE_URL,
    queue: 'notification',
    clock,
    events: { onDone() {}, onFault() {} },
    handler: (job) => PROCESSORS.notification({ world: instance.world, channels } as never, job),
  });
  [boss, second] = [await newPerson('boss', 'admin'), await newPerson('second', 'admin')];
  thief = await newPerson('thief');
});
beforeEach(() => {
  alerting.outside.posted.length = 0;
});
afterAll(async () => {
  await Promise.all([worker.close(2_000), ...servers.map((server) => server.close())]);
  await alerting.close();
});

/** However loaded the machine is. */
const soon = (check: () => void | Promise<void>) => vi.waitFor(check, 15_000);

let count = 0;
type Change = { status?: string; startsAt?: string; labels?: object; fingerprint?: string };
function one(change: Change = {}) {
  return {
    status: 'firing',
    labels: { alertname: 'NodeDown', severity: 'critical', node: 'alice' },
    annotations: { summary: 'Node alice cannot be used', description: 'Look at its log.', runbook: PLACE },
    startsAt: '2026-11-21T10:00:00.123456789Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus:9090/graph?g0.expr=x',
    fingerprint: (++count).toString(16).padStart(16, 'a'),
    ...change,
  };
}
const group = (...alerts: object[]) => ({
  version: '4',
  groupKey: '{}:{alertname="NodeDown"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'admins',
  groupLabels: { alertname: 'NodeDown' },
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'http://alertmanager:9093',
  alerts,
});
async function bring(body: unknown, given: { token?: string; to?: string } = {}) {
  const { token = TOKEN, to = url } = given;
  const answer = await fetch(to, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  await answer.arrayBuffer();
  return answer.status;
}
const incidents = async () =>
  (await ask<{ count: number }>(world, 'select count(*)::int4 as count from incidents'))[0]?.count;
const seenBy = ({ phone }: Someone) =>
  phone.transcript({ bot: 'satfleet1_bot' }).filter(({ from, deleted }) => from === 'bot' && !deleted);
const last = (of: Someone) => seenBy(of).at(-1);

describe('who may bring alerts, and what', () => {
  test('without its token there is nothing there; with a wrong one nothing is taken', async () => {
    const { ALERTS_TOKEN: _token, ...config } = world.config;
    const closed = await serve({ ...world, config });
    expect(await bring(group(one()), { to: closed })).toBe(404);
    const before = await incidents();
    for (const token of ['', 'wrong', `${TOKEN}x`, TOKEN.slice(1), TOKEN.slice(0, -1)]) {
      expect(await bring(group(one()), { token })).toBe(401);
    }
    expect(await fetch(url, { method: 'POST', body: JSON.stringify(group(one())) })).toMatchObject({ status: 401 });
    expect(await incidents()).toBe(before);
    expect(await world.metrics.text()).toMatch(/refused_acts_total\{act="alert_forged"\} 6/);
  });

  test.each([
    ['no JSON', '{'],
    ['another version', { ...group(one()), version: '5' }],
    ['no alerts', group()],
    ['no moment', group(one({ startsAt: 'yesterday' }))],
    ['no state', group(one({ status: 'perhaps' }))],
    ['no fingerprint', group(one({ fingerprint: "'; drop table incidents" }))],
    ['labels that are none', group(one({ labels: { alertname: { a: 1 } } }))],
    ['too many', group(...Array.from({ length: 501 }, () => one()))],
  ])('%s: refused as a whole', async (_what, body) => {
    const before = await incidents();
    expect(await bring(body)).toBe(400);
    expect(await incidents()).toBe(before);
  });

  test('too large a body is not read', async () => {
    expect(await bring({ ...group(one()), groupKey: 'x'.repeat(600_000) })).toBe(413);
  });
});

describe('on the admins’ phones', () => {
  test('one message to each admin; who takes it on is named to the others; a stranger’s press is refused; over', async () => {
    const alert = one();
    expect(await bring(group(alert))).toBe(200);
    expect(await bring(group(alert))).toBe(200);
    await soon(() => {
      for (const admin of [boss, second]) expect(last(admin)?.text).toContain('Node alice cannot be used');
    });
    const text = last(boss)?.text;
    expect(text).toMatch(
      /^🔴 Critical · NodeDown: Node alice cannot be used\nWhat to do: Look at its log\.\nRunbook: /,
    );
    expect(last(boss)?.html).toContain(`<code>${PLACE}</code>`);
    expect(seenBy(boss).filter((each) => each.text === text)).toHaveLength(1);
    expect(seenBy(thief).filter((each) => each.text.includes('NodeDown'))).toEqual([]);
    const data = last(boss)?.buttons[0]?.[0]?.callback_data ?? '';

    await soon(() => expect(seenBy(thief)).not.toEqual([]));
    thief.phone.pressData(last(thief)?.message_id ?? 0, data, { stale: true });
    await soon(() => expect(last(thief)?.text).toContain('only for those who run Satfleet'));
    thief.phone.say('/incidents', { bot: 'satfleet1_bot' });
    await soon(() => expect(seenBy(thief).filter((each) => each.text.includes('only for those'))).toHaveLength(2));

    boss.phone.press(/on it/, { bot: 'satfleet1_bot' });
    await soon(() => {
      expect(last(boss)).toMatchObject({ text: expect.stringMatching(/You are on it since/), buttons: [], edits: 1 });
      expect(last(second)).toMatchObject({
        text: expect.stringMatching(/Taken on by @boss at/),
        buttons: [],
        edits: 1,
      });
    });
    expect(await bring(group(alert))).toBe(200);
    expect(await bring({ ...group({ ...alert, status: 'resolved' }), status: 'resolved' })).toBe(200);
    await soon(() => {
      for (const admin of [boss, second]) {
        expect(last(admin)).toMatchObject({ text: expect.stringContaining('✅ Over. It went on from'), edits: 2 });
      }
    });
  });

  test('the list is short, in one’s own language, and takes on what goes on', async () => {
    const alerts = [one(), one()];
    await bring(group(...alerts));
    await soon(() => expect(last(boss)?.text).toContain('• NodeDown: Node alice'));
    boss.phone.say('/incidents', { bot: 'satfleet1_bot' });
    await soon(() => expect(last(boss)?.text).toContain('Alerts that go on'));
    expect(last(boss)?.text).toMatch(/1\. 🔴 NodeDown: [^\n]*\n2\. 🔴 NodeDown: [^\n]*\n\nOver\n1\. ✅ NodeDown/);
    boss.phone.press('✋ 1');
    await soon(() => expect(last(boss)?.text).toMatch(/1\. ✋ NodeDown: [^\n]*\n2\. ✋ NodeDown/));
    expect(last(boss)?.buttons).toEqual([]);
    await ask(world, "update users set language = 'sw' where id = $1", [second.userId]);
    await bring(group(one()));
    await soon(() => expect(last(second)?.text).toMatch(/^🔴 Hatari · NodeDown[\s\S]*La kufanya: /));
  });

  test('what is only said makes no sound, and what has no severity is a warning', async () => {
    await bring(group(one({ labels: { alertname: 'Said', severity: 'info' } })));
    await soon(() => expect(last(boss)).toMatchObject({ text: expect.stringContaining('Said'), silent: true }));
    await bring(group(one({ labels: { alertname: 'Bare' } })));
    await soon(() =>
      expect(last(boss)).toMatchObject({ text: expect.stringContaining('Warning · Bare'), silent: false }),
    );
  });

  test('its words are an operator’s, but what is in them may not be: no line of theirs, no more than a message holds', async () => {
    const summary = `x\n✅ Over.\u202e ${'long '.repeat(200)}`;
    await bring(group({ ...one({ labels: { alertname: 'A\nB' } }), annotations: { summary, description: summary } }));
    await soon(() => expect(last(boss)?.text).toContain('A B'));
    expect(last(boss)?.text.split('\n')).toHaveLength(2);
    expect(last(boss)?.text.length).toBeLessThan(1_000);
  });
});

test('the database is away: brought outside at once and once, brought again by Alertmanager, and then written down', async () => {
  const away = () => Promise.reject(new Unavailable('database'));
  const blind = await serve({ ...world, db: { ...world.db, transaction: away, query: away } });
  const alert = one();
  for (let at = 0; at < 3; at++) expect(await bring(group(alert, one({ labels: {} })), { to: blind })).toBe(503);
  const { outside } = alerting;
  const texts = outside.at('/chat').map(({ text }) => String(text));
  expect(texts.filter((text) => text.includes('[critical] NodeDown'))).toHaveLength(1);
  const [page] = outside.at('/v2/enqueue');
  expect(page).toMatchObject({ event_action: 'trigger', dedup_key: `satfleet-${alert.fingerprint}-1795255200123` });
  expect(outside.at('/v2/enqueue')).toHaveLength(1);
  // It was over before it could be written down: the pager hears of it.
  expect(await bring(group({ ...alert, status: 'resolved' }))).toBe(200);
  expect(outside.at('/v2/enqueue').at(-1)).toMatchObject({ event_action: 'resolve', dedup_key: page?.dedup_key });
});
