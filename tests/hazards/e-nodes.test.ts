// Nodes that are open to strangers, take minutes to start, or have no more to send: bots have no way to a node at all, a
// person's sats are safe and answered from the ledger meanwhile, and who wants too much hears no before anything is held.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { NO_FAULTS } from '../../sandbox/lnd/faults.ts';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { ROOT } from '../../scripts/root.ts';
import { hostClock } from '../../src/base/clock.ts';
import { loadConfig, secretsOf } from '../../src/base/config.ts';
import { systemRandom } from '../../src/base/ids.ts';
import * as pay from '../../src/flows/pay.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import * as receive from '../../src/flows/receive.ts';
import { create, makeAt } from '../../src/flows/receive-node.ts';
import * as send from '../../src/flows/send.ts';
import { tellSendable } from '../../src/flows/sendable.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { checkMacaroon } from '../../src/infra/lightning/macaroon.ts';
import { createLightningPool } from '../../src/infra/lightning/pool.ts';
import { makeWorld, withLightning } from '../../src/world.ts';
import { PLAIN_FACE, someone } from '../chat/phone.ts';
import { available, ended, held, hold, paymentOf } from '../support/flow-help.ts';
import { creditFrom, type House, openHouse, type Person } from '../support/house.ts';

const ALIASES = ['alice', 'bob'] as const;

let house: House;
let asha: Person;

beforeAll(async () => {
  house = await openHouse({ capacitySats: 400_000n });
  asha = await house.person('asha', 100_000n);
});
afterAll(() => house.close());
afterEach(async () => {
  for (const alias of ALIASES) house.sandbox.setFaults(alias, NO_FAULTS);
  await vi.waitFor(async () => expect(await states()).toEqual(['up', 'up']), 10_000);
});

const look = () => Promise.all(ALIASES.map((name) => house.world.lightning.node(name).check()));
const states = async () => (await look()).map(({ state }) => state);

test('E6: a bot is given no node, no certificate and no macaroon, even where its environment has them', () => {
  const config = loadConfig('bot', house.environment);
  expect(config.lndNodes).toEqual([]);
  const macaroon = readFileSync(house.environment.LND_ALICE_MACAROON_FILE ?? '').toString('base64');
  expect(JSON.stringify([config, secretsOf(config)])).not.toContain(macaroon);
});

test('E6: in the deployment a bot is given no node and none of their secrets, and no node is open to the outside', () => {
  const file = readFileSync(join(ROOT, 'docker-compose.scale.yml'), 'utf8');
  const services = (/^services:\n(.*?)^\S/ms.exec(file)?.[1] ?? '').split(/^ {2}(?=[\w-]+:$)/m).filter(Boolean);
  const named = (name: string) => services.find((each) => each.startsWith(`${name}:`)) ?? '';
  expect(named('bot')).toMatch(/LND_NODES: ""/);
  expect(named('bot')).not.toContain('secrets/lnd');
  expect(named('worker')).toContain('./secrets/lnd:/etc/satfleet:ro');
  expect(services.filter((each) => each.includes('secrets/lnd')).map((each) => each.split(':')[0])).toEqual(['worker']);
  const published = [...file.matchAll(/^ +- "((?:[\d.]+:)?\d+:\d+)"$/gm)].map(([, port]) => port);
  expect(published.filter((port) => !port?.startsWith('127.0.0.1:'))).toEqual(['80:80', '443:443']);
});

test('E6: the macaroon of a worker can do no more than it must; one that can is told right by right', async () => {
  for (const name of ALIASES) {
    expect((await checkMacaroon(house.world.lightning.node(name))).excess).toEqual([]);
  }
  const { socket, certFile, macaroonFile } = house.sandbox.nodes.alice;
  const admin = {
    name: 'admin',
    socket,
    cert: readFileSync(certFile, 'utf8'),
    macaroon: readFileSync(macaroonFile).toString('base64'),
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const pool = createLightningPool({
    nodes: [admin],
    network: 'regtest',
    clock: hostClock(),
    random: systemRandom(),
    log,
  });
  const { excess } = await checkMacaroon(pool.node('admin'));
  await pool.close();
  expect(excess).toEqual(expect.arrayContaining(['send coins on the chain', 'make macaroons', 'stop the node']));
});

test('E8: a worker starts while both nodes are starting: people are answered, what needs a node waits and is done', async () => {
  for (const alias of ALIASES) house.sandbox.setFaults(alias, { starting: true });
  const config = loadConfig('worker', house.environment);
  const world = await withLightning(await makeWorld('worker', config, () => {}), () => {});
  try {
    const had = await available(world, asha);
    expect(had).toBeGreaterThan(0n);
    const baraka = await house.person('baraka');
    const draft = await send.quote(world, {
      ...asha,
      fromName: 'asha',
      channel: 'telegram',
      to: { username: 'baraka' },
      amountMsat: 5_000n,
    });
    await send.start(world, draft);
    expect(await available(world, baraka)).toBe(5_000n);
    const { id } = await hold(house, asha, { amountMsat: 1_000_000n }, world);
    await expect(execute(world, id)).rejects.toMatchObject({ what: 'lightning node' });
    const asked = await receive.ask(world, { userId: asha.userId, amountMsat: 7_000n });
    await expect(create(world, asked.id)).rejects.toMatchObject({ what: 'lightning node' });
    expect(await paymentOf(world, id)).toMatchObject({ state: 'held', node: null, attempts: 0 });
    expect(await held(world, asha)).toBe(1_010_000n);
    for (const alias of ALIASES) house.sandbox.setFaults(alias, NO_FAULTS);
    await vi.waitFor(async () => {
      for (const name of ALIASES) await world.lightning.node(name).check();
      expect(world.lightning.health().map(({ state }) => state)).toEqual(['up', 'up']);
    }, 10_000);
    await execute(world, id);
    expect(await ended(world, id)).toMatchObject({ state: 'paid' });
    await create(world, asked.id);
    expect((await findInvoiceRow(world.db, asked.id))?.state).toBe('open');
  } finally {
    await world.close();
  }
});

/** Sats from outside over each node, and then nearly all of the nodes' own out of their channels to the outside, by hand. */
async function drain(person: Person): Promise<bigint> {
  for (const name of ALIASES) {
    const { id } = await receive.ask(house.world, { userId: person.userId, amountMsat: 190_000_000n });
    const row = await findInvoiceRow(house.world.db, id);
    if (row) await makeAt(house.world, row, house.world.lightning.node(name));
    await house.outside.pay({ request: (await findInvoiceRow(house.world.db, id))?.request ?? '' });
    await creditFrom(house.world, id);
    const { request } = await house.outside.makeInvoice({ amountMsat: 340_000_000n });
    const byHand = new OutsideWallet(house.sandbox.nodes[name], house.lightning.dir);
    expect(await byHand.pay({ request })).toMatchObject({ state: 'paid' });
  }
  await look();
  return house.world.lightning.sendableMsat() ?? -1n;
}

test('E9: down to the reserve: more than can be sent is refused before anything is held, in words; less still goes', async () => {
  const phone = await someone(house, 'rich', PLAIN_FACE);
  const rich = { userId: phone.session?.userId ?? '', walletId: phone.session?.walletId ?? '' } as Person;
  const mostMsat = await drain(rich);
  const before = await available(house.world, rich);
  expect(before).toBe(380_000_000n);
  expect(mostMsat).toBeLessThan(before - 10_000_000n);
  const more = (await house.outside.makeInvoice({ amountMsat: mostMsat })).request;
  // Nobody has said yet what can be sent: the worker finds out, and gives all back.
  const blind = await pay.quote(house.world, { ...rich, raw: more });
  await pay.start(house.world, blind);
  await execute(house.world, blind.id);
  expect(await paymentOf(house.world, blind.id)).toMatchObject({
    state: 'failed',
    failure: 'node_balance',
    node: null,
  });

  await tellSendable(house.world);
  await expect(pay.quote(house.world, { ...rich, raw: more })).rejects.toMatchObject({ code: 'lightning_too_small' });
  expect(await phone.say(`/pay ${more}`)).toMatch(/cannot send that much just now, so nothing was sent/);
  expect(await available(house.world, rich)).toBe(before);
  expect(await held(house.world, rich)).toBe(0n);
  const less = await hold(house, rich, { amountMsat: 10_000_000n });
  await execute(house.world, less.id);
  expect(await ended(house.world, less.id)).toMatchObject({ state: 'paid' });
});
