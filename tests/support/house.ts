// A whole house for a test: a worker's World over a database, a Redis and a Lightning network of its own, people with
// wallets, and the wallet elsewhere. Every test that moves money ends with `booksAreRight`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';
import { type SandboxLightning, startSandboxLightning } from '../../sandbox/lnd/network.ts';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import { loadConfig } from '../../src/base/config.ts';
import { adopt, checkNode } from '../../src/flows/node-books.ts';
import { checkPromises } from '../../src/flows/promises.ts';
import * as receive from '../../src/flows/receive.ts';
import * as receiveNode from '../../src/flows/receive-node.ts';
import { finish } from '../../src/flows/receive-node.ts';
import { openOrFind } from '../../src/flows/wallets.ts';
import { findInvoiceRow } from '../../src/infra/db/invoices.ts';
import { lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import type { NodeEvent } from '../../src/infra/lightning/pool.ts';
import { makeWorld, type WorkerWorld, withLightning } from '../../src/world.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { type TestRedis, testRedis } from './redis.ts';

export type Person = { userId: string; walletId: string; name: string; externalId: string };

export type House = {
  readonly world: WorkerWorld;
  readonly lightning: LightningNetwork;
  /** The same network, when it is the sandbox's, with its faults. */
  readonly sandbox: SandboxLightning;
  readonly outside: OutsideWallet;
  readonly database: TestDatabase;
  /** Log lines so far. */
  readonly lines: string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Someone with a wallet; `sats` come from outside over Lightning. */
  person(name: string, sats?: bigint): Promise<Person>;
  /** Makes an invoice for a person as bot and worker do. */
  invoice(person: Person, sats?: bigint): Promise<{ id: string; request: string; paymentHash: string }>;
  close(): Promise<void>;
};

let people = 0;

export type HouseOptions = {
  onEvent?: (event: NodeEvent) => void;
  /** Variables that differ from those of every house. */
  environment?: NodeJS.ProcessEnv;
  /** Of each channel; 16 million unless given. */
  capacitySats?: bigint;
  /** Its nodes are left for the test to adopt. */
  isToAdopt?: boolean;
  /** By default one on the tests' server, which is quick and not durable; and the Redis of the test process. */
  database?: TestDatabase;
  redis?: TestRedis;
};

/** Opens a house on the sandbox's network. */
export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const dir = mkdtempSync(join(tmpdir(), 'satfleet-house-'));
  const [database, redis, network] = await Promise.all([
    options.database ?? testDatabase(),
    options.redis ?? testRedis(),
    startSandboxLightning({
      dir: join(dir, 'lightning'),
      ...(options.capacitySats ? { capacitySats: options.capacitySats } : {}),
    }),
  ]);
  const environment = { ...environmentOf(database, redis, network), ...options.environment };
  const lines: string[] = [];
  const base = await makeWorld('worker', loadConfig('worker', environment), (line) => lines.push(line));
  const world = await withLightning(base, options.onEvent ?? (() => {}));
  if (!options.isToAdopt) for (const name of world.lightning.names()) await adopt(world, name);
  const carol = network.nodes.carol;
  const outside = new OutsideWallet(carol, dir);
  const house: House = {
    world,
    lightning: network,
    sandbox: network,
    outside,
    database,
    lines,
    environment,
    person: (name, sats) => newPerson(house, name, sats),
    invoice: (person, sats) => newInvoice(house, person, sats),
    async close() {
      await world.close();
      await network.stop();
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return house;
}

/** What an operator would set for such a house. */
export function environmentOf(
  database: TestDatabase,
  redis: { queueUrl: string; sessionUrl: string; cacheUrl: string },
  network: LightningNetwork,
): NodeJS.ProcessEnv {
  const nodes = ['alice', 'bob'].flatMap((name) => {
    const node = network.nodes[name];
    if (!node) throw new Error(`the network has no ${name}`);
    const prefix = `LND_${name.toUpperCase()}`;
    return [
      [`${prefix}_SOCKET`, node.socket],
      [`${prefix}_CERT_FILE`, node.certFile],
      [`${prefix}_MACAROON_FILE`, node.payerMacaroonFile],
    ];
  });
  return {
    DATABASE_URL: database.appUrl,
    REDIS_QUEUE_URL: redis.queueUrl,
    REDIS_SESSION_URL: redis.sessionUrl,
    REDIS_CACHE_URL: redis.cacheUrl,
    APP_SECRET: 'a secret of the tests, long enough for its use',
    TELEGRAM_BOTS: '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw',
    LIGHTNING_NETWORK: network.bitcoinNetwork,
    LND_NODES: 'alice,bob',
    LOG_LEVEL: 'debug',
    ...Object.fromEntries(nodes),
  };
}

async function newPerson(house: House, name: string, sats = 0n): Promise<Person> {
  const externalId = String(1_000_000 + ++people);
  const who = { channel: 'telegram', externalId, username: name, name, bot: 'satfleet_bot', chatId: externalId };
  const { userId, walletId } = await openOrFind(house.world, who);
  const person = { userId, walletId, name: `@${name}`, externalId };
  if (sats > 0n) await fund(house, person, sats);
  return person;
}

async function newInvoice(house: House, person: Person, sats?: bigint) {
  const amount = sats === undefined ? {} : { amountMsat: sats * 1_000n };
  const { id } = await receive.ask(house.world, { userId: person.userId, ...amount });
  await receiveNode.create(house.world, id);
  const row = await findInvoiceRow(house.world.db, id);
  if (!row?.request || !row.paymentHash) throw new Error('the invoice was not made');
  return { id, request: row.request, paymentHash: row.paymentHash };
}

async function fund(house: House, person: Person, sats: bigint): Promise<void> {
  const { request, id } = await newInvoice(house, person, sats);
  const paid = await house.outside.pay({ request });
  expect(paid.state).toBe('paid');
  await creditFrom(house.world, id);
}

/** Credits an invoice as the stream would, from what its node says. */
export async function creditFrom(world: WorkerWorld, invoiceId: string): Promise<{ credited: boolean }> {
  const row = await findInvoiceRow(world.db, invoiceId);
  if (!row?.node || !row.paymentHash) throw new Error('no such invoice');
  const seen = await lookupInvoice(world.lightning.node(row.node), row.paymentHash);
  if (seen.state !== 'settled') throw new Error(`the invoice is ${seen.state}`);
  return finish(world, { node: row.node, paymentHash: row.paymentHash, receivedMsat: seen.receivedMsat });
}

/** Every promise is kept, looked at from the beginning on, and every node agrees to the millisatoshi. */
export async function booksAreRight(world: WorkerWorld, nodes = world.lightning.names()): Promise<void> {
  const all = nodes.length === world.lightning.names().length;
  const promises = await checkPromises(world, { slice: 'all', ...(all ? {} : { nodes }) });
  expect(promises.filter(({ kept }) => kept === false)).toEqual([]);
  for (const name of nodes) expect(await checkNode(world, name)).toMatchObject({ node: name, offMsat: 0n });
}
