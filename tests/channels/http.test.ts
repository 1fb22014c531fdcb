// The HTTP door and what operators see through it.
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { systemRandom, uuidIds } from '../../src/base/ids.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { currentTrace } from '../../src/base/trace.ts';
import { addOps, healthOf } from '../../src/http/ops.ts';
import { createServer, type HttpServer } from '../../src/http/server.ts';
import { silentLog } from '../redis/support.ts';

const clock = hostClock();
const up = () => Promise.resolve();
const down = () => Promise.reject(new Error('redis://user:password@host is away'));
const silent = () => new Promise(() => {});
let server: HttpServer;
let url: string;
let takesWork = true;
const errors: unknown[] = [];

beforeAll(async () => {
  const log = { ...silentLog, error: (_event: string, fields?: object) => void errors.push(fields) };
  server = createServer({ log, ids: uuidIds(clock, systemRandom()) });
  server.route('POST', '/echo/:name', async ({ rawBody, params, query, traceId, ip }) => ({
    status: 201,
    headers: { 'x-trace': currentTrace() },
    body: { bytes: rawBody.toString('base64'), name: params.name, a: query.a, traceId, ip },
  }));
  server.route('GET', '/broken', () => Promise.reject(new Error('the password is hush')));
  addOps(server, { clock, metrics: createMetrics(), components: [], takesWork: () => takesWork });
  url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
});
afterAll(() => server.close());

describe('a request', () => {
  it('keeps its bytes, whatever it says it is', async () => {
    const bytes = Buffer.from('{"a" : "☕\u00e9"} ');
    for (const type of ['application/json', 'text/plain', 'x/y']) {
      const answer = await fetch(`${url}/echo/me?a=b`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: bytes,
      });
      const body = (await answer.json()) as Record<string, string>;
      expect(body).toMatchObject({ bytes: bytes.toString('base64'), name: 'me', a: 'b', ip: '127.0.0.1' });
      expect(answer.headers.get('x-trace')).toBe(body.traceId);
    }
  });

  it('without a body has none', async () => {
    const answer = await fetch(`${url}/echo/me`, { method: 'POST' });
    expect(await answer.json()).toMatchObject({ bytes: '' });
  });

  it('whose handler throws gets a trace and nothing of the error', async () => {
    const answer = await fetch(`${url}/broken`);
    const body = await answer.text();
    expect([answer.status, body.includes('hush'), /[0-9a-f-]{36}/.test(body)]).toEqual([500, false, true]);
    expect(errors).toHaveLength(1);
  });

  it('for nothing gets 404, too large a body 413', async () => {
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/echo/me`, { method: 'POST', body: 'x'.repeat(1_100_000) })).status).toBe(413);
  });
});

describe('health', () => {
  test.each([
    ['healthy', up, up],
    ['degraded', up, down],
    ['degraded', up, silent],
    ['unhealthy', down, up],
    ['unhealthy', silent, down],
  ])('%s', async (state, database, queue) => {
    const health = await healthOf(clock, [
      { name: 'database', vital: true, check: database },
      { name: 'queue-redis', vital: false, check: queue },
    ]);
    expect(health.state).toBe(state);
    expect(health.components).toMatchObject({ database: { state: database === up ? 'up' : 'down' } });
    expect(JSON.stringify(health)).not.toContain('password');
  });

  it('ready until it takes no more work', async () => {
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    takesWork = false;
    expect((await fetch(`${url}/ready`)).status).toBe(503);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).headers.get('content-type')).toContain('text/plain');
  });
});
