// A day on which everything goes wrong that can go wrong on a first day: what two people do with their wallets, bad
// invoices, forged deliveries, a Telegram that refuses or is silent, nodes and Redis that are away, processes that are
// told nonsense at their start. Ends with all of it over.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { until } from '../../scripts/process.ts';
import { BOTS, fund } from '../../scripts/rig.ts';
import { ROOT } from '../../scripts/root.ts';
import { outboxText } from './fleet-evidence.ts';
import type { Fleet } from './fleet-house.ts';
import { confirmPay, isCard, look } from './fleet-people.ts';
import { bring, post, textUpdate } from './fleet-updates.ts';

/** Typed by people on that day. */
export const PHONE_NUMBERS = ['254712345678', '255787654321', '233201234567'] as const;
const [KENYAN, TANZANIAN, GHANAIAN] = PHONE_NUMBERS;
const WAIT_MS = 30_000;

export type Day = {
  readonly fleet: Fleet;
  /** What was collected on the way, by place. */
  readonly more: Map<string, string>;
  /** Requests that are in nobody's list of invoices. */
  readonly pasted: string[];
};

type People = Day & { readonly asha: Phone; readonly baraka: Phone };

/** Lets the day pass. */
export async function badDay(day: Day): Promise<void> {
  const [asha, baraka] = (await day.fleet.people(2)) as [Phone, Phone];
  await fund(day.fleet, [asha, baraka], 50_000n);
  const people = { ...day, asha, baraka };
  await ordinaryThings(people);
  await badThings(people);
  await telegramTrouble(people);
  await nodesDown(people);
  await redisDown(people);
  await wrongConfiguration(people);
}

async function ordinaryThings({ fleet, asha, baraka }: People): Promise<void> {
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
  await until('carol holds it', WAIT_MS, async () => (await isHeldAtCarol(fleet, hold.hash)) === true);
  await fleet.outside.cancel(hold.hash);
  await asha.waitFor(/did not go through/, WAIT_MS);
}

async function isHeldAtCarol(fleet: Fleet, hash: string): Promise<boolean> {
  return (await fleet.outside.invoices()).some((each) => each.hash === hash && each.state === 'held');
}

async function badThings({ fleet, asha, more, pasted }: People): Promise<void> {
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
    more.set(`the answer to ${body.slice(0, 12)}`, await postRaw(fleet, bot, body));
  }
}

async function postRaw(fleet: Fleet, url: string, body: string): Promise<string> {
  const { token } = BOTS[0];
  const secret = fleet.telegram.bot(token).webhook?.secret ?? '';
  const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret };
  const response = await fetch(`${url}/telegram/${token.split(':')[0]}`, { method: 'POST', headers, body });
  return `${response.status} ${await response.text()}`;
}

async function telegramTrouble({ fleet, asha, baraka }: People): Promise<void> {
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

async function nodesDown({ fleet, asha, baraka, more }: People): Promise<void> {
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

async function redisDown({ fleet, asha, baraka, pasted }: People): Promise<void> {
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
async function wrongConfiguration({ fleet, more }: Day): Promise<void> {
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
