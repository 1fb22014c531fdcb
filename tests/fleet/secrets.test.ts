// A whole run, with everything going wrong that goes wrong on a first day, at the most talkative log level; then every
// secret that was used is looked for in everything that the run has written, sent to Redis or told over HTTP. Found
// nowhere; and the search is shown to find one that is put there.
import { execFile } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { getInvoices } from 'lightning';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientOf } from '../../sandbox/lnd/client.ts';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { until } from '../../scripts/process.ts';
import { BOTS, fund } from '../../scripts/rig.ts';
import { ROOT } from '../../scripts/root.ts';
import { webhookSecret } from '../../src/channels/telegram/registry.ts';
import {
  collect,
  type Evidence,
  type Listener,
  leaks,
  listen,
  outboxText,
  type Secret,
} from '../support/fleet-evidence.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { leftovers } from '../support/fleet-load.ts';
import { confirmPay, isCard, look } from '../support/fleet-people.ts';
import { bring, post, textUpdate } from '../support/fleet-updates.ts';
import { booksAreRight } from '../support/house.ts';

const PHONE_NUMBERS = ['254712345678', '255787654321', '233201234567'];
const [KENYAN, TANZANIAN, GHANAIAN] = PHONE_NUMBERS as [string, string, string];
const WAIT_MS = 30_000;
// As an operator leaves it.
const PACE = { TELEGRAM_PACE_BOT: '30', TELEGRAM_PACE_CHAT: '1' };

let fleet: Fleet;
let listeners: Listener[];
/** What was collected on the way. */
const more = new Map<string, string>();
/** Requests that are in no table of ours. */
const pasted: string[] = [];
let asha: Phone;
let baraka: Phone;

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

test('the first day, with its faults', { timeout: 180_000 }, async () => {
  [asha, baraka] = (await fleet.people(2)) as [Phone, Phone];
  await fund(fleet, [asha, baraka], 50_000n);
  await ordinaryThings();
  await badThings();
  await telegramTrouble();
  await nodesDown();
  await redisDown();
  await wrongConfiguration();
  await until('all is told', 60_000, async () => {
    const { untold, unfinished, outbox } = await leftovers(fleet);
    return untold + unfinished + outbox === 0;
  });
  await booksAreRight(fleet.world);
});

async function ordinaryThings(): Promise<void> {
  const { request } = await fleet.outside.makeInvoice({ amountMsat: 2_000_000n, memo: 'maize' });
  await confirmPay(asha, request);
  await asha.waitFor(/Paid/, WAIT_MS);
  await asha.ask('/history', /./, WAIT_MS);
  await asha.ask(`/send 5 @${baraka.person.username} thanks`, isCard, WAIT_MS);
  asha.press(/Send/);
  await baraka.waitFor(/Received/, WAIT_MS);
  await baraka.ask('/balance', /sat/, WAIT_MS, { bot: BOTS[1].username });
  await baraka.ask(`/send 7 +${KENYAN}`, /./, WAIT_MS, { bot: BOTS[0].username });
  await baraka.ask('/cancel', /./, WAIT_MS);
  await baraka.ask(`call me on +${TANZANIAN} or ${GHANAIAN}`, /./, WAIT_MS);
  baraka.sendContact(`+${TANZANIAN}`);
  await baraka.waitFor(/./, WAIT_MS);
  const hold = await fleet.outside.makeInvoice({ amountMsat: 3_000_000n, hold: true });
  await confirmPay(asha, hold.request);
  await until('carol holds it', WAIT_MS, async () => (await isHeldAtCarol(hold.hash)) === true);
  await fleet.outside.cancel(hold.hash);
  await asha.waitFor(/did not go through/, WAIT_MS);
}

async function isHeldAtCarol(hash: string): Promise<boolean> {
  return (await fleet.outside.invoices()).some((each) => each.hash === hash && each.state === 'held');
}

async function badThings(): Promise<void> {
  const { request } = await fleet.outside.makeInvoice({ amountMsat: 1_000_000n });
  const changed = `${request.slice(0, -6)}qqqqqq`;
  const cut = request.slice(0, -20);
  const { request: brief } = await fleet.outside.makeInvoice({ amountMsat: 1_000_000n, expiresInS: 1 });
  const { request: dear } = await fleet.outside.makeInvoice({ amountMsat: 9_000_000_000n });
  pasted.push(request, changed, cut, brief, dear);
  for (const text of [changed, cut, dear, `/pay ${cut} 500`]) await asha.ask(text, /./, WAIT_MS);
  await until('it has run out', 5_000, async () => (await asha.ask(brief, /./, WAIT_MS)).text.includes('run out'));
  const [bot = ''] = fleet.fleet.bots;
  const update = textUpdate(asha, `${request} +${KENYAN}`);
  const answers = await Promise.all([
    post(fleet, bot, update, 'a wrong secret of a stranger'),
    post(fleet, bot, update, BOTS[0].token),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([403, 403]);
  for (const body of [
    `+${KENYAN} is no update`,
    `{"message": ${request}}`,
    `{"update_id":1,"message":{"text":"${request}"}}`,
  ]) {
    more.set(`the answer to ${body.slice(0, 12)}`, await postRaw(bot, body));
  }
}

async function postRaw(url: string, body: string): Promise<string> {
  const { token } = BOTS[0];
  const secret = fleet.telegram.bot(token).webhook?.secret ?? '';
  const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret };
  const response = await fetch(`${url}/telegram/${token.split(':')[0]}`, { method: 'POST', headers, body });
  return `${response.status} ${await response.text()}`;
}

async function telegramTrouble(): Promise<void> {
  const { faults } = fleet.telegram;
  faults.tooMany = { method: 'sendMessage', times: 2, retryAfter: 1 };
  await asha.ask('/balance', /sat/, WAIT_MS);
  faults.fail = { method: 'sendMessage', times: 2, status: 502 };
  await asha.ask('/balance', /sat/, WAIT_MS);
  faults.cut = { times: 1 };
  await asha.ask('/balance', /sat/, WAIT_MS);
  await baraka.ask(`/send 9 @${asha.person.username}`, isCard, WAIT_MS);
  asha.block();
  baraka.press(/Send/);
  await baraka.waitFor(/Sent/, WAIT_MS);
  await until('nobody could be told', WAIT_MS, async () => {
    return (await look(fleet, "select 1 from notices where state = 'unreachable'")).length > 0;
  });
  asha.unblock();
  await asha.ask('/balance', /sat/, WAIT_MS);
}

async function nodesDown(): Promise<void> {
  const { request } = await fleet.outside.makeInvoice({ amountMsat: 4_000_000n });
  await asha.ask(request, isCard, WAIT_MS);
  await Promise.all(['alice', 'bob'].map((alias) => fleet.lightning.kill(alias)));
  asha.press(/Pay/);
  const late = baraka.waitFor(/takes longer than usual/, WAIT_MS);
  baraka.say('/receive 60');
  await until('jobs wait', WAIT_MS, async () => (await outboxText(fleet)).includes('invoice'));
  more.set('the outbox while the nodes are down', await outboxText(fleet));
  await late.catch(() => {});
  await Promise.all(['alice', 'bob'].map((alias) => fleet.lightning.start(alias)));
  const paid = asha.waitFor(/Paid/, 60_000);
  // What was tried in vain comes back by the relay, whose half minute need not be waited for.
  await look(fleet, 'update outbox set due_at = created_at');
  await paid;
}

async function redisDown(): Promise<void> {
  const { request } = await fleet.outside.makeInvoice({ amountMsat: 1_000_000n });
  pasted.push(request);
  await fleet.sessionRedis.kill();
  const card = asha.ask(request, isCard, WAIT_MS);
  const [bot = ''] = fleet.fleet.bots;
  const update = textUpdate(baraka, `/pay ${request}`);
  expect((await post(fleet, bot, update)).status).toBe(503);
  // Long enough for everybody to notice.
  await sleep(500);
  await fleet.sessionRedis.restart();
  await card;
  await bring(fleet, bot, update);
}

/** Processes that refuse to start, or cannot, say why without saying what with. */
async function wrongConfiguration(): Promise<void> {
  const wrong: [string, Record<string, string>][] = [
    ['without a port', { PORT: 'many', TELEGRAM_BOTS: `${BOTS[0].token},${BOTS[1].token.slice(0, 20)}` }],
    ['at a wrong database', { DATABASE_URL: (fleet.environment.DATABASE_URL ?? '').replace(/\/[^/]*$/, '/nowhere') }],
    ['without its nodes', { LND_ALICE_CERT: 'no certificate', LND_ALICE_CERT_FILE: '' }],
  ];
  await Promise.all(
    wrong.map(async ([name, change]) => {
      const env = { ...process.env, ...fleet.environment, LOG_LEVEL: 'debug', PORT: '0', ...change };
      const options = { env, cwd: ROOT, timeout: 5_000 };
      const ran = promisify(execFile)(process.execPath, [join(ROOT, 'workers/worker.ts')], options);
      const { stdout, stderr } = await ran.catch((error: { stdout: string; stderr: string }) => error);
      more.set(`a worker ${name}`, `${stdout}\n${stderr}`);
    }),
  );
}

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

test('no secret of the run is to be found anywhere', async () => {
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

test('the search finds a secret in each place where one is put', async () => {
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
