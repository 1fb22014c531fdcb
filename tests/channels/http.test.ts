// The HTTP door and what operators see through it.
import { Agent, type ClientRequest, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { systemRandom, uuidIds } from '../../src/base/ids.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { currentTrace } from '../../src/base/trace.ts';
import { type Component, healthOf, watchHealth } from '../../src/http/health.ts';
import { addOps } from '../../src/http/ops.ts';
import { createServer, type HttpServer } from '../../src/http/server.ts';
import { silentLog } from '../redis/support.ts';

const clock = hostClock();
const up = () => Promise.resolve();
const down = () => Promise.reject(new Error('redis://user:password@host is away'));
const silent = () => new Promise(() => {});
let server: HttpServer;
let url: string;
let stopLooking: () => void;
let takesWork = true;
let components: Component[] = [];
const errors: unknown[] = [];

function newServer(): HttpServer {
  const log = { ...silentLog, error: (_event: string, fields?: object) => void errors.push(fields) };
  return createServer({ log, ids: uuidIds(clock, systemRandom()) });
}

beforeAll(async () => {
  server = newServer();
  server.route('POST', '/echo/:name', async ({ rawBody, params, query, traceId, ip }) => ({
    status: 201,
    headers: { 'x-trace': currentTrace() },
    body: { bytes: rawBody.toString('base64'), name: params.name, a: query.a, traceId, ip },
  }));
  server.route('GET', '/broken', () => Promise.reject(new Error('the password is hush')));
  const metrics = createMetrics();
  stopLooking = addOps(server, { clock, metrics, components: () => components, takesWork: () => takesWork });
  url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
});
afterAll(async () => {
  stopLooking();
  await server.close();
});

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

  it('goes on under the trace id that nginx gave it, and under no other words', async () => {
    const traceOf = async (given: string) => {
      const answer = await fetch(`${url}/echo/me`, { method: 'POST', headers: { 'x-request-id': given } });
      return ((await answer.json()) as { traceId: string }).traceId;
    };
    const given = '9f86d081-884c-7d65-9a2f-eaa0c55ad015';
    expect(await traceOf(given)).toBe(given);
    for (const other of ['', 'none', given.toUpperCase(), `${given}0`, `${given}'; drop table payments`]) {
      expect(await traceOf(other)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}$/);
    }
  });
});

describe('closing', () => {
  type Asked = { status: Promise<number | string>; connection: Promise<string | undefined>; request: ClientRequest };
  const ask = (port: number, path: string, agent: Agent): Asked => {
    const status = Promise.withResolvers<number | string>();
    const connection = Promise.withResolvers<string | undefined>();
    const asked = request({ host: '127.0.0.1', port, path, agent }, (answer) => {
      answer.resume();
      connection.resolve(answer.headers.connection);
      answer.once('end', () => status.resolve(answer.statusCode ?? 0));
    });
    asked.once('error', (error: NodeJS.ErrnoException) => status.resolve(error.code ?? error.message));
    asked.end();
    return { status: status.promise, connection: connection.promise, request: asked };
  };

  it('shuts the door to new ones at once, answers what it has read, and keeps no connection', async () => {
    const closing = newServer();
    const held = Promise.withResolvers<void>();
    let running = 0;
    closing.route('GET', '/slow', async () => {
      running++;
      await held.promise;
      return { status: 200 };
    });
    closing.route('GET', '/quick', async () => ({ status: 200 }));
    const port = await closing.listen(0, '127.0.0.1');
    const agent = new Agent({ keepAlive: true });
    const idle = ask(port, '/quick', agent);
    expect([await idle.status, await idle.connection]).toEqual([200, 'keep-alive']);
    const slow = [ask(port, '/slow', agent), ask(port, '/slow', agent)];
    await vi.waitFor(() => expect(running).toBe(2));
    let ended = false;
    const end = closing.close().then(() => {
      ended = true;
    });
    await vi.waitFor(async () => expect(await ask(port, '/quick', new Agent()).status).toBe('ECONNREFUSED'));
    expect(ended).toBe(false);
    held.resolve();
    expect(await Promise.all(slow.map(({ status }) => status))).toEqual([200, 200]);
    expect(await Promise.all(slow.map(({ connection }) => connection))).toEqual(['close', 'close']);
    await end;
    agent.destroy();
  });

  it('answers also who was in the middle of the question', async () => {
    const closing = newServer();
    closing.route('GET', '/quick', async () => ({ status: 200 }));
    const port = await closing.listen(0, '127.0.0.1');
    const socket = connect(port, '127.0.0.1');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    let said = '';
    socket.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    socket.write('GET /quick HTTP/1.1\r\nHost: here\r\n');
    // By then it has read the half of it.
    for (let time = 0; time < 5; time++) await ask(port, '/quick', new Agent()).status;
    const end = closing.close();
    await vi.waitFor(async () => expect(await ask(port, '/quick', new Agent()).status).toBe('ECONNREFUSED'));
    socket.write('\r\n');
    await Promise.all([end, ended]);
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(said.toLowerCase()).toContain('connection: close');
  });

  it('never answers a request with a refusal of its own', async () => {
    const closing = newServer();
    closing.route('GET', '/quick', async () => ({ status: 200 }));
    const port = await closing.listen(0, '127.0.0.1');
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const seen = new Map<number | string, number>();
    let isOver = false;
    const ask20 = Array.from({ length: 20 }, async () => {
      while (!isOver) {
        const status = await ask(port, '/quick', agent).status;
        seen.set(status, (seen.get(status) ?? 0) + 1);
      }
    });
    await vi.waitFor(() => expect(seen.get(200) ?? 0).toBeGreaterThan(200));
    await closing.close();
    await vi.waitFor(() => expect(seen.get('ECONNREFUSED') ?? 0).toBeGreaterThan(20));
    isOver = true;
    await Promise.all(ask20);
    // What was lost on the way was never read: a proxy brings it to the next one.
    expect([...seen.keys()].filter((status) => typeof status === 'number')).toEqual([200]);
    agent.destroy();
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
    takesWork = true;
  });

  it('not ready while something vital is away; without the rest it is', async () => {
    components = [{ name: 'one', vital: false, check: down }];
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    components = [...components, { name: 'two', vital: true, check: down }];
    expect((await fetch(`${url}/ready`)).status).toBe(503);
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.json()]).toMatchObject([
      503,
      { state: 'unhealthy', components: { one: { state: 'down', vital: false }, two: { state: 'down', vital: true } } },
    ]);
    components = [];
  });

  it('of each part tells its latency and since when, and asks once a second however many ask', async () => {
    let nowMs = 1_000_000;
    let asked = 0;
    let isUp = true;
    const changes: string[] = [];
    const still = { ...clock, nowMs: () => nowMs, monotonicMs: () => nowMs };
    const own: Component = {
      name: 'own',
      vital: true,
      check: async () => {
        asked++;
        nowMs += 7;
        if (!isUp) throw new Error('away');
      },
    };
    let foreignAsked = 0;
    const foreign: Component = {
      name: 'foreign',
      vital: false,
      everyMs: 15_000,
      check: async () => void foreignAsked++,
    };
    const look = watchHealth(
      still,
      () => [own, foreign],
      (name, state) => changes.push(`${name} ${state}`),
    );
    await Promise.all(Array.from({ length: 50 }, () => look.now()));
    expect([asked, foreignAsked]).toEqual([1, 1]);
    const since = new Date(1_000_007).toISOString();
    expect((await look.now()).components.own).toEqual({ state: 'up', vital: true, latencyMs: 7, since });
    nowMs += 1_000;
    expect(await look.isServing()).toBe(true);
    expect([asked, foreignAsked]).toEqual([2, 1]);
    expect((await look.now()).components.own?.since).toBe(since);
    isUp = false;
    nowMs += 1_000;
    const gone = (await look.now()).components.own;
    expect(gone).toMatchObject({ state: 'down', since: new Date(nowMs).toISOString() });
    nowMs += 15_000;
    expect((await look.now()).components.own?.since).toBe(gone?.since);
    expect(foreignAsked).toBe(2);
    isUp = true;
    nowMs += 1_000;
    expect((await look.now()).state).toBe('healthy');
    expect(changes).toEqual(['own down', 'own up']);
  });

  it('answers within its deadline, whatever hangs', async () => {
    const hanging = ['a', 'b', 'c', 'd'].map((name) => ({ name, vital: true, check: silent }));
    const begun = performance.now();
    const health = await healthOf(clock, hanging);
    expect([health.state, performance.now() - begun < 1_800]).toEqual(['unhealthy', true]);
  });
});
