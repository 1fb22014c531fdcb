// A whole run, with everything going wrong that goes wrong on a first day, at the most talkative log level; then every
// secret that was used is looked for in everything that the run has written, sent to Redis or told over HTTP. Found
// nowhere; and the search is shown to find one that is put there.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { getInvoices } from 'lightning';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientOf } from '../../sandbox/lnd/client.ts';
import { until } from '../../scripts/process.ts';
import { BOTS } from '../../scripts/rig.ts';
import { webhookSecret } from '../../src/channels/telegram/registry.ts';
import { badDay, PHONE_NUMBERS } from '../support/fleet-bad-day.ts';
import { collect, type Evidence, type Listener, leaks, listen, type Secret } from '../support/fleet-evidence.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { leftovers } from '../support/fleet-load.ts';
import { look } from '../support/fleet-people.ts';
import { booksAreRight } from '../support/house.ts';

// As an operator leaves it.
const PACE = { TELEGRAM_PACE_BOT: '30', TELEGRAM_PACE_CHAT: '1' };

let fleet: Fleet;
let listeners: Listener[];
/** What was collected on the way. */
const more = new Map<string, string>();
/** Requests that are in no table of ours. */
const pasted: string[] = [];

beforeAll(async () => {
  fleet = await openFleet({ bots: 2, names: 2, limits: 'real', settings: { ...PACE, LOG_LEVEL: 'debug' } });
  listeners = await Promise.all([
    listen('queue', fleet.queueRedis.queueUrl),
    listen('session', fleet.sessionRedis.sessionUrl),
    listen('cache', fleet.cacheRedis.cacheUrl),
  ]);
});
afterAll(async () => {
  for (const listener of listeners ?? []) listener.end();
  await fleet?.end();
});

test('I10: the first day, with its faults', { timeout: 180_000 }, async () => {
  await badDay({ fleet, more, pasted });
  await until('all is told', 60_000, async () => {
    const { untold, unfinished, outbox } = await leftovers(fleet);
    return untold + unfinished + outbox === 0;
  });
  await booksAreRight(fleet.world);
});

/** Everything that must be seen nowhere. */
async function secrets(): Promise<Secret[]> {
  const { environment } = fleet;
  const many = (name: string, values: readonly string[]) => [...new Set(values)].map((value) => ({ name, value }));
  const macaroons = ['ALICE', 'BOB'].map((alias) => readFileSync(environment[`LND_${alias}_MACAROON_FILE`] ?? ''));
  const appSecret = environment.APP_SECRET ?? '';
  const invoices = await Promise.all(
    Object.values(fleet.lightning.nodes).map((node) => getInvoices({ lnd: clientOf(node), limit: 200 })),
  );
  const preimages = await look<{ preimage: string }>(fleet, 'select preimage from payments where preimage is not null');
  return [
    ...many(
      'a bot token',
      BOTS.map(({ token }) => token),
    ),
    ...many(
      "a bot token's second half",
      BOTS.map(({ token }) => token.split(':')[1] ?? ''),
    ),
    ...many('the app secret', [appSecret]),
    ...many(
      'a webhook secret',
      BOTS.map(({ token }) => webhookSecret(appSecret, token.split(':')[0] ?? '')),
    ),
    ...many(
      'a macaroon',
      macaroons.flatMap((each) => [each.toString('hex'), each.toString('base64')]),
    ),
    ...many(
      'a password',
      [environment.DATABASE_URL ?? '', fleet.databaseOwnerUrl].map((url) => new URL(url).password),
    ),
    ...many('a phone number', PHONE_NUMBERS),
    ...many('a preimage', [
      ...preimages.map(({ preimage }) => preimage),
      ...invoices.flatMap((list) => list.invoices.map(({ secret }) => secret ?? '').filter(Boolean)),
    ]),
    ...many('a request', [...invoices.flatMap((list) => list.invoices.map(({ request }) => request ?? '')), ...pasted]),
  ];
}

// What a person has typed and is asked about, is about to confirm or has not been answered yet lies in the session Redis
// for a while: a request, a note with a number in it. Nothing else there may hold it, and nothing there may hold more.
const TYPED = ['a request', 'a phone number'];
const MAY_HOLD_TYPED = /\b(?:draft|parked|session):\{/;

function found(evidence: Evidence, all: readonly Secret[]): string[] {
  const typed = all.filter(({ name }) => TYPED.includes(name));
  const others = all.filter(({ name }) => !TYPED.includes(name));
  const rest = [...evidence].map(([place, text]): [string, string] => {
    const lines = place.endsWith('session Redis')
      ? text.split('\n').filter((line) => !MAY_HOLD_TYPED.test(line))
      : [text];
    return [place, lines.join('\n')];
  });
  return [...leaks(evidence, others), ...leaks(new Map(rest), typed)];
}

test('I10: no secret of the run is to be found anywhere', async () => {
  const all = await secrets();
  const kinds = new Set(all.map(({ name }) => name));
  expect(kinds.size).toBe(9);
  expect(all.filter(({ value }) => value.length < 12)).toEqual([]);
  const evidence = await collect(fleet, listeners, more);
  expect([...evidence].filter(([place, text]) => text === '' && !/outbox|^cache Redis/.test(place))).toEqual([]);
  expect(notLogged(evidence)).toEqual([]);
  expect(found(evidence, all)).toEqual([]);
});

const EVENTS = [
  'redis away',
  'update left for later',
  'refused',
  'lightning node down',
  'job will be tried again',
  'telegram did not answer',
  'telegram sent what we cannot read',
];

/** What a run with refusals and outages must have said; the search would prove nothing in a silent one. */
function notLogged(evidence: Evidence): string[] {
  const text = [...evidence].flatMap(([place, all]) => (place.startsWith('log ') ? [all] : [])).join('\n');
  return EVENTS.filter((event) => !text.includes(`"message":"${event}`));
}

test('I10: the search finds a secret in each place where one is put', async () => {
  const all = await secrets();
  const byKind = new Map(all.map((secret) => [secret.name, secret]));
  const [token] = BOTS.map((bot) => bot.token) as [string];
  appendFileSync(join(fleet.logs, 'bot-1.log'), [...byKind.values()].map(({ value }) => value).join('\n'));
  for (const server of [fleet.queueRedis.queueUrl, fleet.sessionRedis.sessionUrl, fleet.cacheRedis.cacheUrl]) {
    const redis = new Redis(server);
    await redis.hset('forgotten', 'token', token);
    redis.disconnect();
  }
  await until('it is heard', 5_000, async () =>
    listeners.every(({ heard }) => heard.at(-1) !== undefined && heard.some((each) => each.includes('forgotten'))),
  );
  const leaked = found(await collect(fleet, listeners, more), all);
  const redis = ['queue', 'session', 'cache'].flatMap((name) => [`${name} Redis`, `commands to the ${name} Redis`]);
  for (const name of byKind.keys()) expect(leaked).toContain(`log bot-1.log: ${name}`);
  for (const place of redis) expect(leaked).toContain(`${place}: a bot token`);
});
