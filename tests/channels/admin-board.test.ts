// The queues in the browser: what can be looked at, what an admin may do there, and that the jobs of money cannot be touched by
// whatever is sent to the server, nor anything that is not offered; nothing of a job is shown but ids and what went wrong.
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { consume } from '../../src/infra/queue/consumer.ts';
import { MONEY_QUEUES, QUEUE_NAMES, type QueueName } from '../../src/infra/queue/jobs.ts';
import { type AdminGround, adminGround, cookieOf, get, type Place } from './admin-ground.ts';
import { SECRET, TOKENS } from './support.ts';

const INVOICE = `lnbcrt1${'q'.repeat(60)}`;
let all: AdminGround;
let place: Place;
let cookie: string;

beforeAll(async () => {
  all = await adminGround();
  place = await all.place();
  cookie = await cookieOf(place.world, all.bossId);
  await Promise.all((['payment', 'escalation'] as const).map((queue) => fail(queue)));
});
afterAll(() => all.close());

/** Has a job of a queue fail for good. */
async function fail(queue: QueueName, id = 'some-row'): Promise<void> {
  const connection = { url: all.shared.redis.queueUrl };
  const jobs = new Queue(queue, { connection });
  const data = { id, traceId: 'some-trace', note: `a note with ${TOKENS[1]}` };
  await jobs.add(queue, data, { jobId: `${queue}-${id}`, attempts: 1, removeOnFail: false });
  await jobs.close();
  const consumer = consume({
    url: connection.url,
    queue,
    clock: place.world.clock,
    events: { onDone() {}, onFault() {} },
    handler: async () => {
      throw new Error(`no way with ${TOKENS[0]}, ${SECRET} and ${INVOICE}`);
    },
  });
  await vi.waitFor(async () => expect(await stateOf(queue)).toMatchObject({ failed: 1, waiting: 0 }), 10_000);
  await consumer.close(1_000);
}

async function stateOf(queue: QueueName) {
  const { waiting, failed, delayed } = (await place.world.queues.counts()).find(({ name }) => name === queue) ?? {};
  return { waiting, failed, delayed };
}

const ask = async (path: string, method = 'GET', headers: Record<string, string> = {}) => {
  const answer = await fetch(`${place.url}/admin/queues/api${path}`, { method, headers: { cookie, ...headers } });
  return { status: answer.status, text: await answer.text() };
};

const read = async (path: string) => {
  const answer = await get(place, path, cookie);
  return { status: answer.status, text: await answer.text() };
};

const deeds = (queue: QueueName) => [
  ...['/retry/failed', '/promote', '/clean/failed'].map((path) => `/queues/${queue}${path}`),
  ...['/retry', '/clean', '/promote'].map((path) => `/queues/${queue}/${queue}-some-row${path}`),
];

const audited = async () =>
  (
    await all.asOwner(
      "select action || ' ' || (details->>'queue') as did from audit where details->>'by' = 'web' order by id",
    )
  ).map(({ did }) => did);

test('the page, its files and its questions, of nobody else and from nowhere else', async () => {
  const page = await get(place, '/admin/queues', cookie);
  const html = await page.text();
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(html).toContain('<base href="/admin/queues/" />');
  expect(html).not.toMatch(/https?:|<%/);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, path]) => path);
  expect(files.length).toBeGreaterThan(4);
  for (const path of files) expect((await read(`/admin/queues/${path}`)).status, path).toBe(200);
  for (const path of ['static/../index.ejs', 'static/%2e%2e/index.ejs', 'static/none.js', 'static/', 'static/js']) {
    const { status, text } = await read(`/admin/queues/${path}`);
    expect([path, [200, 404].includes(status), text.includes('<%=')]).toEqual([path, true, false]);
  }
  // A page further in is the same page.
  expect(await (await get(place, '/admin/queues/queue/payment', cookie)).text()).toBe(html);
});

test('every queue is there, those of money marked for looking only', async () => {
  const { queues } = JSON.parse((await ask('/queues')).text);
  expect(queues.map(({ name }: { name: string }) => name)).toEqual(QUEUE_NAMES);
  const closed = queues.flatMap((each: { readOnlyMode: boolean; name: QueueName }) =>
    each.readOnlyMode ? each.name : [],
  );
  expect(closed.sort()).toEqual([...MONEY_QUEUES].sort());
  // Those that a person can lose by: whoever takes one out of the list should have to think.
  expect(MONEY_QUEUES).toEqual(expect.arrayContaining(['invoice', 'payment', 'refund']));
});

test('of a job are shown its ids and what went wrong, cleaned of secrets', async () => {
  for (const path of [
    '/queues?activeQueue=payment&status=failed&page=1&jobsPerPage=10',
    '/queues/payment/payment-some-row',
  ]) {
    const { status, text } = await ask(path);
    expect(status).toBe(200);
    expect(text).toContain('"data":{"id":"some-row","traceId":"some-trace"}');
    expect(text).toContain('no way with [hidden], [hidden] and [hidden]');
    for (const secret of [...TOKENS, SECRET, INVOICE]) expect(text).not.toContain(secret);
  }
});

describe('what changes something', () => {
  test.each(MONEY_QUEUES)('is refused by the server for %s, and the job stays as it is', async (queue) => {
    const id = queue === 'payment' ? [] : [fail(queue)];
    await Promise.all(id);
    for (const path of deeds(queue)) {
      const { status, text } = await ask(path, 'PUT');
      expect([path, status]).toEqual([path, 405]);
      expect(text).toContain('QUEUE_READ_ONLY');
    }
    expect(await stateOf(queue)).toEqual({ waiting: 0, failed: 1, delayed: 0 });
  });

  test('is refused for every queue when it is not offered', async () => {
    const paths = ['/pause', '/resume', '/empty', '/obliterate', '/concurrency', '/rate-limit', '/rate-limit/release'];
    for (const path of ['/queues/pause', '/queues/resume', ...paths.map((each) => `/queues/escalation${each}`)]) {
      expect([path, (await ask(path, 'PUT')).status]).toEqual([path, 404]);
    }
    for (const path of ['/queues/escalation/add', '/queues/escalation/escalation-some-row/update-data']) {
      for (const method of ['POST', 'PATCH', 'DELETE', 'PUT']) expect((await ask(path, method)).status).toBe(404);
    }
    expect((await ask('/queues/payment/payment-some-row/flow')).status).toBe(404);
  });

  test('is done for the others by an admin from this page alone, and written down before', async () => {
    const before = (await audited()).length;
    const path = '/queues/escalation/escalation-some-row/retry';
    expect((await ask(path, 'PUT', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await ask(path, 'PUT', { cookie: '' })).status).toBe(401);
    expect(await stateOf('escalation')).toMatchObject({ failed: 1, waiting: 0 });
    expect(await audited()).toHaveLength(before);
    expect((await ask(path, 'PUT', { 'sec-fetch-site': 'same-origin' })).status).toBe(204);
    expect(await stateOf('escalation')).toMatchObject({ failed: 0, waiting: 1 });
    expect((await audited()).slice(before)).toEqual(['retry_failed escalation']);
  });

  test('is refused to who is no admin any more', async () => {
    await all.setRole(all.ashaId, 'admin');
    const theirs = await cookieOf(place.world, all.ashaId);
    await all.setRole(all.ashaId, 'person');
    const answer = await ask('/queues/escalation/retry/failed', 'PUT', { cookie: theirs });
    expect(answer.status).toBe(401);
  });
});
