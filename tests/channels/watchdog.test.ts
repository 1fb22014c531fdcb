// The sign of Prometheus that always comes: it is no news and no incident; once it stays away the admins are told, once,
// whichever worker looks, also outside when the database is away too; and they are told again when it is back.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Unavailable } from '../../src/base/errors.ts';
import { keepWatchdog, SILENT_AFTER_MS, watchdogLook } from '../../src/flows/watchdog.ts';
import { addAlerts } from '../../src/http/alerts.ts';
import { createServer, type HttpServer } from '../../src/http/server.ts';
import { ask } from '../support/flow-help.ts';
import { type Alerting, MINUTE_MS, openAlerting } from './alerting.ts';

const TOKEN = randomBytes(24).toString('hex');

let alerting: Alerting;
let server: HttpServer;
let url: string;

beforeAll(async () => {
  alerting = await openAlerting({ ALERTS_TOKEN: TOKEN });
  const { world } = alerting;
  server = createServer({ log: world.log, ids: world.ids });
  addAlerts(server, world);
  url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}/alerts`;
  await alerting.newPerson('boss', 'admin');
});
beforeEach(async () => {
  alerting.outside.posted.length = 0;
  await alerting.world.sessions.del('watchdog');
});
afterAll(async () => {
  await server?.close();
  await alerting?.close();
});

/** As Alertmanager brings it. */
async function sign(status: 'firing' | 'resolved' = 'firing'): Promise<number> {
  const alert = {
    status,
    labels: { alertname: 'Watchdog', severity: 'info' },
    annotations: {},
    startsAt: '2026-01-01T00:00:00Z',
    fingerprint: 'abcdef',
  };
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ version: '4', alerts: [alert] });
  return (await fetch(url, { method: 'POST', headers, body })).status;
}

type Row = { name: string; closed: boolean };
const listed = () =>
  ask<Row>(alerting.world, 'select name, closed_at is not null as closed from incidents order by opened_at, id', []);
const told = async () =>
  (
    await ask<{ kind: string }>(alerting.world, `select kind from notices where kind like 'alert_%' order by id`, [])
  ).map(({ kind }) => kind);

test('the sign is no news; its absence is, once for all workers; and so is its return', async () => {
  const { world } = alerting;
  const [one, other] = [watchdogLook(world), watchdogLook(world)];
  expect(await sign()).toBe(200);
  world.clock.move(SILENT_AFTER_MS - MINUTE_MS);
  await Promise.all([one(), other()]);
  expect(await listed()).toEqual([]);
  world.clock.move(MINUTE_MS);
  await Promise.all([one(), other()]);
  world.clock.move(MINUTE_MS);
  await Promise.all([one(), other(), watchdogLook(world)()]);
  expect(await listed()).toEqual([{ name: 'PrometheusSilent', closed: false }]);
  expect(await told()).toEqual(['alert_raised']);
  // A worker that was started meanwhile ends what another has told of.
  expect(await sign()).toBe(200);
  await Promise.all([watchdogLook(world)(), one(), other()]);
  expect(await listed()).toEqual([{ name: 'PrometheusSilent', closed: true }]);
  expect(await told()).toEqual(['alert_raised', 'alert_over']);
});

test('when Alertmanager says that Prometheus does not renew it, nobody waits any longer, and says it once', async () => {
  const { world } = alerting;
  const look = watchdogLook(world);
  const before = (await listed()).length;
  await sign();
  await look();
  await sign('resolved');
  await look();
  world.clock.move(MINUTE_MS);
  await sign('resolved');
  await look();
  expect((await listed()).slice(before)).toEqual([{ name: 'PrometheusSilent', closed: false }]);
  await sign();
  await look();
  expect((await listed()).slice(before)).toEqual([{ name: 'PrometheusSilent', closed: true }]);
});

test('where it never came it is waited for from the first look on; where no alerts are taken it is not', async () => {
  const { world } = alerting;
  const look = watchdogLook(world);
  const before = (await listed()).length;
  await look();
  world.clock.move(SILENT_AFTER_MS);
  await look();
  expect((await listed()).length).toBe(before + 1);
  let looks = 0;
  const every = () => {
    looks++;
    return () => {};
  };
  const { ALERTS_TOKEN: _token, ...config } = world.config;
  keepWatchdog({ ...world, config: config as never, clock: { ...world.clock, every } })();
  expect(looks).toBe(0);
  keepWatchdog({ ...world, clock: { ...world.clock, every } })();
  expect(looks).toBe(1);
});

test('with the database away as well it is said outside, once', async () => {
  const { world, outside } = alerting;
  const away = () => Promise.reject(new Unavailable('database'));
  const look = watchdogLook({ ...world, db: { ...world.db, transaction: away } });
  await sign();
  world.clock.move(SILENT_AFTER_MS);
  await expect(look()).rejects.toThrow(Unavailable);
  await expect(look()).rejects.toThrow(Unavailable);
  expect(outside.at('/chat').map(({ text }) => String(text).split('\n')[0])).toEqual([
    '[critical] PrometheusSilent: Prometheus or Alertmanager has not been heard for five minutes',
  ]);
});
