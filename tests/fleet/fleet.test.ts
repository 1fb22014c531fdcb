// Many processes as one: three bots, two workers, their databases, and what happens when one of them dies or is not
// there. Nothing is done twice, nobody stays without an answer, and the books are right after every test.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { freePorts, until } from '../../scripts/process.ts';
import { fund, isReady } from '../../scripts/rig.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { leftovers, newLoad, purses, runLoad } from '../support/fleet-load.ts';
import { confirmPay, draftOf, invoiceFor, isCard, look, toldAbout } from '../support/fleet-people.ts';
import { bring, post, pressUpdate, textUpdate } from '../support/fleet-updates.ts';
import { booksAreRight } from '../support/house.ts';

const PEOPLE = 40;
const CALM_MS = 60_000;

let fleet: Fleet;
let people: Phone[];
const person = (at: number) => people[at] as Phone;

beforeAll(async () => {
  fleet = await openFleet({ bots: 3, workers: 2 });
  people = await fleet.people(PEOPLE);
  await fund(fleet, people, 1_000n);
});
afterEach(async () => {
  await calm();
  await booksAreRight(fleet.world);
});
afterAll(() => fleet?.end());

/** Waits until nothing is left to be done or told. */
async function calm(): Promise<void> {
  await until('nothing is left to do', CALM_MS, async () => {
    const { untold, unfinished, outbox } = await leftovers(fleet);
    return untold + unfinished + outbox === 0;
  });
}

const url = (at: number) => fleet.fleet.bots[at % fleet.fleet.bots.length] ?? '';

test('H1: one update brought twenty times at once to three bots has one effect', async () => {
  const update = textUpdate(person(0), '/receive 700');
  const statuses = await Promise.all(Array.from({ length: 20 }, (_, at) => bring(fleet, url(at), update)));
  expect(new Set(statuses.flat())).toEqual(new Set([200, 503]));
  const made = await look(fleet, 'select id from invoices where amount_msat = 700000');
  expect(made).toHaveLength(1);
});

test('A8: a button pressed fifty times by two people through three bots has one effect', async () => {
  const [asha, other] = [person(1), person(2)];
  const before = await purses(fleet, [asha, other]);
  const { request, hash } = await fleet.outside.makeInvoice({ amountMsat: 77_000n });
  const card = await asha.ask(request, isCard);
  const id = draftOf(card);
  const presses = Array.from({ length: 50 }, (_, at) =>
    pressUpdate(at % 2 ? asha : other, card.message_id, `confirm:${id}`),
  );
  const paid = asha.waitFor(/Paid/, 20_000);
  const statuses = await Promise.all(presses.map((update, at) => bring(fleet, url(at), update)));
  await paid;
  expect(statuses.every((each) => each.at(-1) === 200)).toBe(true);
  const rows = await look(fleet, 'select id, state from payments where payment_hash = $1', [hash]);
  expect(rows).toEqual([{ id, state: 'paid' }]);
  expect((await toldAbout(fleet, id)).filter((kind) => kind !== 'payment_pending')).toEqual(['payment_paid']);
  const after = await purses(fleet, [asha, other]);
  expect((before.get(asha) ?? 0n) - (after.get(asha) ?? 0n)).toBe(77_000n);
  expect(after.get(other)).toBe(before.get(other));
});

test('A8: a send, whose number alone keeps it from being made again, pressed fifty times has one effect', async () => {
  const [asha, other, payee] = [person(5), person(6), person(7)];
  const before = await purses(fleet, [asha, other, payee]);
  const card = await asha.ask(`/send 5 @${payee.person.username}`, isCard, 10_000);
  const id = draftOf(card);
  const presses = Array.from({ length: 50 }, (_, at) =>
    pressUpdate(at % 2 ? asha : other, card.message_id, `confirm:${id}`),
  );
  const statuses = await Promise.all(presses.map((update, at) => bring(fleet, url(at), update)));
  expect(statuses.every((each) => each.at(-1) === 200)).toBe(true);
  await calm();
  expect(await toldAbout(fleet, id)).toEqual(['send_received']);
  const after = await purses(fleet, [asha, other, payee]);
  const changes = [asha, other, payee].map((each) => (after.get(each) ?? 0n) - (before.get(each) ?? 0n));
  expect(changes).toEqual([-5_000n, 0n, 5_000n]);
});

test('both workers work', async () => {
  const done = await Promise.all(
    fleet.fleet.workers.map(async (each) => {
      const text = await (await fetch(`${each}/metrics`)).text();
      return [...text.matchAll(/^\w*jobs\w*\{[^}]*\} (\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
    }),
  );
  expect(Math.min(...done)).toBeGreaterThan(0);
});

/** Lets `breakIt` happen in the middle of so many operations, and holds every wallet against what was done. */
async function underLoad(rounds: number, breakIt: () => Promise<void>): Promise<void> {
  const before = await purses(fleet, people);
  const load = newLoad(people);
  const running = runLoad(fleet, load, rounds);
  const middle = (rounds * people.length) / 3;
  const broken = until('the middle of the load', 60_000, async () => load.done >= middle).then(breakIt);
  await Promise.all([running, broken]);
  await calm();
  const after = await purses(fleet, people);
  const changes = people.map((each) => (after.get(each) ?? 0n) - (before.get(each) ?? 0n));
  expect(changes).toEqual(people.map((each) => load.change.get(each)));
  const ids = [...load.payments.keys()];
  const rows = await look<{ hash: string }>(
    fleet,
    "select payment_hash as hash from payments where id = any($1::uuid[]) and state = 'paid'",
    [ids],
  );
  expect(rows.map(({ hash }) => hash).sort()).toEqual([...load.payments.values()].sort());
  expect(await look(fleet, "select id from notices where state <> 'sent'")).toEqual([]);
}

test('I5: both Redis emptied in the middle of two hundred operations: all end, none twice, everybody is told', async () => {
  await underLoad(5, async () => {
    // Five times, so that jobs, drafts and claims are surely among what is lost.
    for (let time = 0; time < 5; time++) {
      await Promise.all([fleet.queueRedis.flush(), fleet.sessionRedis.flush()]);
      await sleep(150);
    }
  });
});

test('a bot killed and a worker told to end in the middle of a load: nobody stays without an answer', async () => {
  const worker = fleet.daemon('worker');
  try {
    await underLoad(3, async () => {
      const begun = performance.now();
      const [ending] = await Promise.all([worker.stop('SIGTERM', 25_000), fleet.daemon('bot-2').kill()]);
      expect(ending).toEqual({ code: 0, signal: null });
      expect(performance.now() - begun).toBeLessThan(20_000);
    });
  } finally {
    worker.start();
    fleet.daemon('bot-2').start();
    await Promise.all([...fleet.fleet.bots, fleet.fleet.worker].map(isReady));
  }
});

test('without the queues people hear that it is noted, and it is done when they are back', async () => {
  const [asha, baraka] = [person(2), person(3)];
  await fleet.queueRedis.kill();
  const { request } = await fleet.outside.makeInvoice({ amountMsat: 5_000n });
  const id = await confirmPay(asha, request);
  await asha.waitFor(/is noted and your sats are set aside/, 10_000);
  await baraka.ask(`/send 4 @${person(4).person.username}`, isCard, 10_000);
  baraka.press(/Send/);
  await baraka.waitFor(/Sent .*It has arrived/, 10_000);
  expect((await fetch(`${url(0)}/ready`)).status).toBe(200);
  const paid = asha.waitFor(/Paid/, 40_000);
  const received = person(4).waitFor(/Received .*4 sat/, 40_000);
  await fleet.queueRedis.restart();
  // Their half minute of patience with the fast path is over.
  await look(fleet, 'update outbox set due_at = created_at');
  await Promise.all([paid, received]);
  expect(await toldAbout(fleet, id)).toEqual(['payment_paid']);
});

test('without the session Redis a bot says so to Telegram and to its balancer, and serves again when it is back', async () => {
  const asha = person(5);
  await fleet.sessionRedis.kill();
  const update = textUpdate(asha, '/balance');
  expect(await post(fleet, url(0), update)).toEqual({ status: 503, retryAfter: '1' });
  await until('not ready', 5_000, async () => (await fetch(`${url(0)}/ready`)).status === 503);
  const answer = asha.ask('/balance', /sat/, 20_000);
  await sleep(500);
  await fleet.sessionRedis.restart();
  await answer;
  await Promise.all(fleet.fleet.bots.map(isReady));
  expect((await bring(fleet, url(1), update)).at(-1)).toBe(200);
});

test('a pool of connections that is used up gives a kind answer in two seconds, and not silence', async () => {
  const [asha, baraka] = [person(6), person(7)];
  const [port = 0] = await freePorts(1);
  const alone = `http://127.0.0.1:${port}`;
  const bot = fleet.startBot('bot-alone', { PORT: String(port), DB_POOL_MIN: '1', DB_POOL_MAX: '1' });
  const outside = new pg.Client({ connectionString: fleet.databaseOwnerUrl });
  await outside.connect();
  try {
    await isReady(alone);
    await bring(fleet, alone, textUpdate(asha, '/balance'));
    await outside.query('begin; lock table accounts in access exclusive mode');
    const kind = /I cannot reach a part of our system/;
    const stuck = asha.waitFor(kind, 10_000);
    const held = post(fleet, alone, textUpdate(asha, '/balance'));
    await sleep(200);
    const begun = performance.now();
    const [answer] = await Promise.all([
      baraka.waitFor(kind, 5_000),
      post(fleet, alone, textUpdate(baraka, '/balance')),
    ]);
    expect(performance.now() - begun).toBeLessThan(3_500);
    expect(answer.text).toMatch(/Your money is safe/);
    await Promise.all([stuck, held]);
    await outside.query('rollback');
    const well = baraka.waitFor(/sat/, 10_000);
    await Promise.all([well, bring(fleet, alone, textUpdate(baraka, '/balance'))]);
  } finally {
    await outside.end();
    await bot.stop();
  }
});

/** How far an invoice has come: at its node's stream, in its row, in its news, or in the job that tells them. */
async function standOf(request: string): Promise<string> {
  const rows = await look(
    fleet,
    `select i.state, i.node, i.settled_at, l.settled_index::text as cursor, n.kind, n.state as notice, n.created_at,
       o.due_at from invoices i join lightning_nodes l on l.name = i.node
       left join notices n on n.subject_id = i.id left join outbox o on o.id = n.id where i.request = $1`,
    [request],
  );
  return JSON.stringify(rows);
}

test('E4: an invoice is credited once, though two workers hear of it', async () => {
  const asha = person(8);
  const before = await purses(fleet, [asha]);
  const request = await invoiceFor(asha, 321n);
  const told = asha.waitFor(/Received .*321 sat/, 20_000).catch(async (error: Error) => {
    throw new Error(`${error.message}; it stands here: ${await standOf(request)}`);
  });
  expect(await fleet.outside.pay({ request })).toMatchObject({ state: 'paid' });
  await told;
  const after = await purses(fleet, [asha]);
  expect((after.get(asha) ?? 0n) - (before.get(asha) ?? 0n)).toBe(321_000n);
});
