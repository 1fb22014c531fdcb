// Giving a payment back by hand: refused by the worker that looks at its node, for as long as anything stands against it,
// and done by two admins only. What the node pays after all is caught, booked and rings.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import { toPlain } from '../../src/chat/rich.ts';
import { suspenseCode } from '../../src/domain/ledger.ts';
import type { RefundAnswer } from '../../src/domain/notice.ts';
import { measureHouse } from '../../src/flows/measure.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { setPin, unlock } from '../../src/flows/pin.ts';
import { sweepPayments } from '../../src/flows/reconcile.ts';
import * as refund from '../../src/flows/refund.ts';
import { ask as askRefund } from '../../src/flows/refund-ask.ts';
import { accountId } from '../../src/infra/db/accounts.ts';
import { balanceOf } from '../../src/infra/db/ledger.ts';
import { countAttempt } from '../../src/infra/db/payments.ts';
import { lookupPayment } from '../../src/infra/lightning/pay.ts';
import { freshRates, type Phone, someone } from '../chat/phone.ts';
import { mortal, type Survivor, survivor } from '../support/crash-world.ts';
import { ask, available, held, hold, paymentOf, told } from '../support/flow-help.ts';
import { booksAreRight, type House, openHouse, type Person } from '../support/house.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PIN = '482915';

let house: House;
let world: Survivor;
let asha: Person;
let boss: Phone;
let other: Phone;

beforeAll(async () => {
  house = await openHouse();
  await freshRates(house);
  [boss, other] = [await someone(house, 'boss'), await someone(house, 'other')];
  const admins = [boss, other].map(({ session }) => session?.userId);
  await ask(house.world, "update users set role = 'admin' where id = any($1::uuid[])", [admins]);
  for (const admin of [boss, other]) {
    await setPin(house.world, idOf(admin), PIN);
    await unlock(house.world, idOf(admin), PIN);
  }
});
beforeEach(async () => {
  world = await survivor(house.world);
  asha = await house.person(`asha${world.ids.next().slice(-6)}`, 50_000n);
});
afterEach(async () => {
  house.sandbox.setFaults('alice', NO_FAULTS);
  expect(await held(house.world, asha)).toBe(0n);
  await world.close();
});
afterAll(() => house.close());

const idOf = ({ session }: Phone) => session?.userId ?? '';

/** The job of a worker. As the queue does, it is brought back while the node cannot be asked. */
const decided = (askedId: string) =>
  vi.waitFor(() => refund.decide(world, askedId), { timeout: 10_000, interval: 200 });

/** An admin says it in the chat, and a worker answers. */
async function wish(admin: Phone, paymentId: string): Promise<{ answer: RefundAnswer; text: string }> {
  await expect(admin.say(`/refund ${paymentId}`)).resolves.toContain('Nothing is given back before');
  const text = "select id from audit where action = 'refund_asked' and actor_id = $1 order by at desc, id desc limit 1";
  const [row] = await ask<{ id: string }>(house.world, text, [idOf(admin)]);
  await decided(row?.id ?? '');
  await decided(row?.id ?? '');
  const rows = await ask<{ details: { answer: RefundAnswer } }>(
    house.world,
    "select details from notices where subject_id = $1 and kind = 'refund_answer'",
    [row?.id],
  );
  expect(rows).toHaveLength(1);
  const answer = rows[0]?.details.answer;
  if (!answer) throw new Error('no answer');
  return { answer, text: toPlain((await admin.news('refund_answer')).text) };
}

const refused = (...against: string[]) => ({ result: 'refused', against });

/** So much time passes, for us and for the node alike. */
function pass(ms: number): void {
  world.clock.move(ms);
  const { olderS } = house.sandbox.faults('alice');
  house.sandbox.setFaults('alice', { olderS: olderS + ms / 1_000 });
}

/** Alice died in the very moment of paying, and is up again: in flight for good, in none of its channels. */
async function lost(expiresInS = 3_600) {
  await house.lightning.kill('bob');
  await look();
  const made = await hold(house, asha, { amountMsat: 1_000_000n, expiresInS }, world);
  house.sandbox.setFaults('alice', { losePayment: true });
  await execute(world, made.id);
  await vi.waitFor(() => expect(house.sandbox.isRunning('alice')).toBe(false));
  await Promise.all(['alice', 'bob'].map((alias) => house.lightning.start(alias)));
  await vi.waitFor(async () => {
    await look();
    expect(world.lightning.health().every(({ state }) => state === 'up')).toBe(true);
  }, 10_000);
  return made;
}

const look = () => Promise.all(world.lightning.names().map((name) => world.lightning.node(name).check()));
const suspense = async () =>
  (await balanceOf(house.world.db, await accountId(house.world.db, suspenseCode('BTC')))).postedMsat;

/** Everything that moved for a payment, in order. */
const moves = (id: string) =>
  ask(house.world, 'select kind, code, amount from transfers where subject_id = $1 order by created_at, id', [id]);

test('B2: held past the end of its invoice: a refund is refused with the reason, and it is paid once', async () => {
  const { id, hash } = await hold(house, asha, { amountMsat: 4_000_000n, hold: true, expiresInS: 600 }, world);
  await execute(world, id);
  await vi.waitFor(async () => {
    expect((await house.outside.invoices()).find((each) => each.hash === hash)?.state).toBe('held');
  });
  pass(2 * HOUR_MS);
  await sweepPayments(world);
  expect(await paymentOf(world, id)).toMatchObject({ state: 'sending' });
  for (const admin of [boss, other, boss]) {
    const { answer, text } = await wish(admin, id);
    expect(answer).toMatchObject({ result: 'refused', against: expect.arrayContaining(['part_under_way']) });
    expect(text).toContain('a channel of its node shows a part of it under way');
    pass(15 * MINUTE_MS);
  }
  expect(await held(world, asha)).toBe(4_040_000n);
  await house.outside.settle(hash);
  await world.recover(async () => (await paymentOf(world, id)).state === 'paid');
  expect((await wish(other, id)).answer).toEqual({ result: 'ended', state: 'paid' });
  expect(await available(world, asha)).toBe(46_000_000n);
  expect(await told(world, id)).toEqual(['payment_paid', 'payment_pending']);
  await booksAreRight(house.world);
});

test('B6: asked for while another try may still begin: the failure of the one before gives nothing back', async () => {
  for (const alias of ['alice', 'bob']) house.sandbox.setFaults(alias, { payment: 'INCORRECT_PAYMENT_DETAILS' });
  const { id, hash } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
  await execute(mortal(world, { step: 4, what: 'dies before' }).world, id);
  for (const alias of ['alice', 'bob']) house.sandbox.setFaults(alias, NO_FAULTS);
  const node = world.lightning.node((await paymentOf(world, id)).node ?? '');
  pass(20_000);
  await vi.waitFor(async () => expect((await lookupPayment(node, hash)).state).toBe('failed'), 10_000);
  const dueAtMs = world.clock.nowMs() + 30_000;
  expect(await countAttempt(world.db, { id, attempts: 1, dueAtMs })).toBe(true);
  expect((await wish(boss, id)).answer).toEqual({ result: 'under_way' });
  expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', attempts: 2 });
  expect(await held(world, asha)).toBe(1_010_000n);
  pass(30_000);
  expect((await wish(boss, id)).answer).toEqual({ result: 'ended', state: 'failed' });
});

test('B7: in flight for good with nothing out: the alarm, two admins, and both entries stay in the books', async () => {
  measureHouse(world);
  const { id } = await lost();
  pass(61 * MINUTE_MS);
  await sweepPayments(world);
  const age = /satfleet_unfinished_age_seconds (\d+)/.exec(await world.metrics.text());
  expect(Number(age?.[1])).toBeGreaterThan(3_600);
  pass(2 * HOUR_MS);
  expect((await wish(boss, id)).answer).toEqual({ result: 'agreed' });
  pass(11 * MINUTE_MS);
  // The same admin again is not two.
  expect((await wish(boss, id)).answer).toEqual({ result: 'agreed' });
  expect(await paymentOf(world, id)).toMatchObject({ state: 'sending' });
  pass(11 * MINUTE_MS);
  expect((await wish(other, id)).answer).toEqual({ result: 'freed' });
  expect(await paymentOf(world, id)).toMatchObject({ state: 'failed', failure: 'not_sent' });
  expect(await moves(id)).toEqual(
    expect.arrayContaining([
      { kind: 'pending', code: 'hold', amount: 1_010_000n },
      { kind: 'post', code: 'pay', amount: 1_010_000n },
      { kind: 'single', code: 'suspense', amount: 1_010_000n },
      { kind: 'single', code: 'adjust', amount: 1_010_000n },
    ]),
  );
  expect(await moves(id)).toHaveLength(4);
  expect(await available(world, asha)).toBe(50_000_000n);
  expect(await suspense()).toBe(0n);
  const causes = await ask(world, 'select to_state, cause from events where row_id = $1 order by seq desc limit 1', [
    id,
  ]);
  expect(causes).toEqual([{ to_state: 'failed', cause: `admin:${idOf(other)}` }]);
  const made = await ask(world, "select actor_id, details from audit where action = 'refund_made'");
  expect(made).toEqual([{ actor_id: idOf(other), details: { payment: id, first: idOf(boss) } }]);
  expect((await wish(boss, id)).answer).toEqual({ result: 'ended', state: 'failed' });
  await booksAreRight(house.world);
});

test('B13: refused until each condition holds; and what is paid after all is caught, booked and rings', async () => {
  const { id, hash } = await lost();
  // Nobody had it restarted after the try, as far as the node's channels tell.
  house.sandbox.setFaults('alice', { olderS: 600 });
  expect((await wish(boss, id)).answer).toEqual(refused('invoice_alive', 'not_restarted'));
  house.sandbox.setFaults('alice', { olderS: 0 });
  expect((await wish(boss, id)).answer).toEqual(refused('invoice_alive'));
  pass(HOUR_MS + 11 * MINUTE_MS);
  await house.lightning.kill('carol');
  expect((await wish(boss, id)).answer).toEqual(refused('channel_away'));
  await house.lightning.start('carol');
  // Two looks that each found nothing, less than ten minutes apart.
  expect((await wish(boss, id)).answer).toEqual({ result: 'agreed' });
  pass(5 * MINUTE_MS);
  expect((await wish(other, id)).answer).toEqual(refused('too_soon'));
  // And more than ten, but a channel was away in between.
  world.clock.move(6 * MINUTE_MS);
  expect((await wish(other, id)).answer).toEqual(refused('channel_away'));
  // A look that found something takes back every consent before it.
  await house.lightning.kill('carol');
  expect((await wish(other, id)).answer).toEqual(refused('channel_away'));
  await house.lightning.start('carol');
  pass(11 * MINUTE_MS);
  expect((await wish(other, id)).answer).toEqual({ result: 'agreed' });
  pass(11 * MINUTE_MS);
  // Whoever is no admin any more has agreed to nothing.
  await ask(world, "update users set role = 'person' where id = $1", [idOf(other)]);
  expect((await wish(boss, id)).answer).toEqual({ result: 'under_way' });
  await expect(askRefund(world, { userId: idOf(other), paymentId: id })).rejects.toMatchObject({
    code: 'not_allowed',
  });
  await ask(world, "update users set role = 'admin' where id = $1", [idOf(other)]);
  expect(await paymentOf(world, id)).toMatchObject({ state: 'sending', attempts: 1 });
  expect(await held(world, asha)).toBe(1_010_000n);
  expect((await wish(boss, id)).answer).toEqual({ result: 'freed' });
  expect(await available(world, asha)).toBe(50_000_000n);
  await booksAreRight(house.world);
  // It had left the node after all.
  const before = await suspense();
  house.sandbox.revivePayment('alice', hash);
  await vi.waitFor(async () => {
    expect((await house.outside.invoices()).find((each) => each.hash === hash)?.state).toBe('paid');
  });
  expect(await refund.sweepFreed(world)).toBeGreaterThan(0);
  expect(await refund.sweepFreed(world)).toBe(0);
  pass(61 * MINUTE_MS);
  expect(await refund.sweepFreed(world)).toBeGreaterThan(0);
  expect((await suspense()) - before).toBe(-1_000_000n);
  expect(
    house.lines.filter((line) => line.includes('a payment called failed was paid') && line.includes(id)),
  ).toHaveLength(1);
  expect(await available(world, asha)).toBe(50_000_000n);
  await booksAreRight(house.world);
});

test('B7: nobody but an admin, and nothing without the number of a payment', async () => {
  const stranger = await someone(house, 'stranger');
  const { id } = await hold(house, asha, { amountMsat: 1_000_000n });
  expect(await stranger.say(`/refund ${id}`)).toContain('only for those who run');
  expect(await boss.say('/refund the last one')).toContain('Nothing was done');
  expect(await boss.say(`/refund ${world.ids.next()}`)).toContain('I cannot find that');
  await execute(world, id);
  await world.recover(async () => (await paymentOf(world, id)).state === 'paid');
});
