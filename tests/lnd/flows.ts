// Whole payments on a running network of real LND, with a worker or a node dying at the worst moment: the bot and the workers are processes,
// people write in Telegram's sandbox, carol is the payee and the payer outside. After every test the books agree with
// the nodes to the millisatoshi. The tests that end a node come last.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { until } from '../../scripts/process.ts';
import { fund, isReady } from '../../scripts/rig.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { type Nodes, nodesOf } from '../support/fleet-nodes.ts';
import { balanceOf, confirmPay, invoiceFor, look, toldAbout } from '../support/fleet-people.ts';
import { layWire, type Wire } from '../support/fleet-wire.ts';
import { booksAreRight } from '../support/house.ts';

const SATS = 100_000n;

let fleet: Fleet;
let nodes: Nodes;
const wires: Wire[] = [];

type Going = { phone: Phone; id: string; hash: string; amountMsat: bigint };
type Row = { state: string; node: string; attempts: number; feeMsat: bigint | null };

async function row({ id }: Going): Promise<Row> {
  const text = 'select state, node, attempts, fee_msat as "feeMsat" from payments where id = $1';
  const [found] = await look<Row>(fleet, text, [id]);
  if (!found) throw new Error('there is no such payment');
  return found;
}

/** Somebody new with money pays an invoice of carol's by chat. */
async function begin(phone: Phone, amountMsat: bigint, hold: boolean): Promise<Going> {
  const { request, hash } = await fleet.outside.makeInvoice({ amountMsat, hold });
  return { phone, id: await confirmPay(phone, request), hash, amountMsat };
}

async function atCarol({ hash }: Going): Promise<string | undefined> {
  return (await fleet.outside.invoices()).find((each) => each.hash === hash)?.state;
}

async function isHeld(going: Going): Promise<Going> {
  await until('carol holds it', 10_000, async () => (await atCarol(going)) === 'held');
  return going;
}

/** The end of a payment, as everybody must see it who has a right to. */
async function ended(going: Going, state: 'paid' | 'failed'): Promise<void> {
  const found = await row(going);
  expect(found.state).toBe(state);
  const finals = (await toldAbout(fleet, going.id)).filter((kind) => kind !== 'payment_pending');
  expect(finals).toEqual([`payment_${state}`]);
  const spentMsat = state === 'paid' ? going.amountMsat + (found.feeMsat ?? 0n) : 0n;
  expect(await balanceOf(fleet, going.phone)).toEqual({ availableMsat: SATS * 1_000n - spentMsat, heldMsat: 0n });
  expect(await nodes.payments(going.hash)).toEqual([{ node: found.node, state }]);
}

async function waitForEnd(goings: readonly Going[], waitMs: number): Promise<void> {
  await Promise.all(
    goings.map((going) =>
      until('the payment has an end', waitMs, async () => ['paid', 'failed'].includes((await row(going)).state)),
    ),
  );
}

async function newcomers(count: number): Promise<Phone[]> {
  const phones = await fleet.people(count);
  await fund(fleet, phones, SATS);
  return phones;
}

/** Waits for ends. The owner of their tries has died and does not come back: nobody needs to wait half a minute for it. */
async function waitAsHeirs(goings: readonly Going[], waitMs: number): Promise<void> {
  const ids = goings.map(({ id }) => id);
  const over = waitForEnd(goings, waitMs).then(() => true);
  while (!(await Promise.race([over, sleep(1_000, false)]))) {
    await look(fleet, 'update payments set due_at = sent_at where id = any($1::uuid[])', [ids]);
  }
}

/** Registers the tests. The network that `start` gives is the caller's: it is not ended here. */
export function testFlows(start: () => Promise<LightningNetwork>, startTimeoutMs: number): void {
  describe('whole payments on real LND', { timeout: 120_000 }, () => {
    beforeAll(async () => {
      const lightning = await start();
      const through = async (socket: string) => {
        const wire = await layWire(socket);
        wires.push(wire);
        return wire.socket;
      };
      fleet = await openFleet({ lightning, through });
      nodes = nodesOf(fleet.lightning);
    }, startTimeoutMs);
    afterAll(async () => {
      await fleet?.end();
      await Promise.all(wires.map((wire) => wire.close()));
    });
    testWorkerKilled();
    testStreamCut();
    testPayeeHangs();
    testNodeKilled();
  });
}

function testWorkerKilled(): void {
  test('a worker killed in mid-payment: settled or refused meanwhile, the next worker finds it out', async () => {
    const [asha, baraka, chipo, dalia] = (await newcomers(4)) as [Phone, Phone, Phone, Phone];
    const request = await invoiceFor(dalia, 2_000n);
    const goings = await Promise.all([
      begin(asha, 11_000_000n, true),
      begin(baraka, 12_000_000n, true),
      begin(chipo, 13_000_000n, true),
    ]);
    const [settled, refused, later] = goings;
    await Promise.all(goings.map(isHeld));
    await fleet.daemon('worker').kill();
    await Promise.all([fleet.outside.settle(settled.hash), fleet.outside.cancel(refused.hash)]);
    expect(await fleet.outside.pay({ request })).toMatchObject({ state: 'paid' });
    const told = [
      asha.waitFor(/Paid 11,000 sats/, 40_000),
      baraka.waitFor(/did not go through/, 40_000),
      dalia.waitFor(/Received 2,000 sats/, 40_000),
    ];
    expect(await Promise.all(goings.map(async (each) => (await row(each)).state))).toEqual(Array(3).fill('sending'));
    fleet.daemon('worker').start();
    await isReady(fleet.fleet.worker);
    await waitAsHeirs([settled, refused], 40_000);
    await Promise.all(told);
    await ended(settled, 'paid');
    await ended(refused, 'failed');
    expect(await row(later)).toMatchObject({ state: 'sending' });
    const paid = chipo.waitFor(/Paid 13,000 sats/, 30_000);
    await fleet.outside.settle(later.hash);
    await paid;
    await ended(later, 'paid');
    // Each was sent once, and no second time by the worker that came after.
    for (const { hash } of goings) expect(await nodes.partsAtPayee(hash)).toBe(1);
    expect((await balanceOf(fleet, dalia)).availableMsat).toBe((SATS + 2_000n) * 1_000n);
    await booksAreRight(fleet.world);
  });
}

function testStreamCut(): void {
  test('an invoice paid while the stream is cut is credited once', async () => {
    const [asha] = (await newcomers(1)) as [Phone];
    const request = await invoiceFor(asha, 3_000n);
    for (const wire of wires) wire.cut();
    await sleep(300);
    expect(await fleet.outside.pay({ request })).toMatchObject({ state: 'paid' });
    const told = asha.waitFor(/Received 3,000 sats/, 40_000);
    await sleep(1_000);
    expect((await balanceOf(fleet, asha)).availableMsat).toBe(SATS * 1_000n);
    for (const wire of wires) wire.mend();
    await told;
    expect((await balanceOf(fleet, asha)).availableMsat).toBe((SATS + 3_000n) * 1_000n);
    await until('the nodes are up again', 20_000, async () => {
      await Promise.all(fleet.world.lightning.names().map((name) => fleet.world.lightning.node(name).check()));
      return fleet.world.lightning.health().every(({ state }) => state === 'up');
    });
    await booksAreRight(fleet.world);
  });
}

function testPayeeHangs(): void {
  test('a payee that hangs: told as pending, and paid when it goes on', async () => {
    const [asha] = (await newcomers(1)) as [Phone];
    const { request, hash } = await fleet.outside.makeInvoice({ amountMsat: 9_000_000n });
    await fleet.lightning.pause('carol');
    let going: Going;
    try {
      going = { phone: asha, id: await confirmPay(asha, request), hash, amountMsat: 9_000_000n };
      await asha.waitFor(/on its way since/, 15_000);
      expect((await balanceOf(fleet, asha)).heldMsat).toBeGreaterThanOrEqual(9_000_000n);
    } finally {
      await fleet.lightning.resume('carol');
    }
    await asha.waitFor(/Paid 9,000 sats/, 30_000);
    await ended(going, 'paid');
    expect(await nodes.partsAtPayee(hash)).toBe(1);
    await booksAreRight(fleet.world);
  });
}

function testNodeKilled(): void {
  test('a node killed in mid-payment: unknown is not failed, nothing is sent twice, and nothing is given back unasked', async () => {
    const phones = await newcomers(9);
    const holds: Going[] = [];
    // Of three, two are on one node: that one dies.
    for (const phone of phones.slice(0, 3)) holds.push(await isHeld(await begin(phone, 21_000_000n, true)));
    const placed = await Promise.all(holds.map(async (each) => ({ going: each, node: (await row(each)).node })));
    const doomed = placed.filter(({ node }) => node === 'alice').length >= 2 ? 'alice' : 'bob';
    const [first, second] = placed.filter(({ node }) => node === doomed).map(({ going }) => going) as [Going, Going];
    const others = holds.filter((each) => each !== first && each !== second);
    const ordinary = await killAmong(phones.slice(3), doomed);
    await Promise.all([fleet.outside.settle(first.hash), fleet.outside.cancel(second.hash)]);
    for (const each of [first, second]) expect(await row(each)).toMatchObject({ state: 'sending', attempts: 1 });
    for (const each of others) await fleet.outside.settle(each.hash);
    await fleet.lightning.start(doomed);
    await waitForEnd([first, second, ...others], 70_000);
    await ended(first, 'paid');
    await ended(second, 'failed');
    for (const each of others) await ended(each, 'paid');
    for (const { hash } of holds) expect(await nodes.partsAtPayee(hash)).toBe(1);
    await asTheNodeSays(ordinary);
    await booksAreRight(fleet.world);
  });
}

// Ordinary payments, and their node killed about 20 ms after it was given one: LND may then have that in flight for
// good.
async function killAmong(phones: readonly Phone[], doomed: string): Promise<Going[]> {
  const going = Promise.all(phones.map((phone) => begin(phone, 1_000_000n, false)));
  const text = "select 1 from payments where state = 'sending' and amount_msat = 1000000 and node = $1";
  while ((await look(fleet, text, [doomed])).length === 0) await sleep(1);
  await sleep(20);
  await fleet.lightning.kill(doomed);
  return going;
}

/** Each is where LND says it is: with an end there it has one here, without one it stays held and is told as pending. */
async function asTheNodeSays(goings: readonly Going[]): Promise<void> {
  for (const going of goings) {
    const [seen, ...more] = await nodes.payments(going.hash);
    expect(more).toEqual([]);
    if (seen?.state === 'in_flight') {
      expect(await row(going)).toMatchObject({ state: 'sending', node: seen.node });
      expect(await toldAbout(fleet, going.id)).toEqual(['payment_pending']);
      const { heldMsat } = await balanceOf(fleet, going.phone);
      expect(heldMsat).toBeGreaterThanOrEqual(going.amountMsat);
    } else {
      await waitForEnd([going], 40_000);
      await ended(going, (await row(going)).state === 'paid' ? 'paid' : 'failed');
    }
  }
}
