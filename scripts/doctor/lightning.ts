// Each Lightning node: reachable, on the right network, level with the chain, safe to pay with, adopted by the books'
// owner, and entrusted to us with no more power than the product uses.
import pg from 'pg';
import { hostClock } from '../../src/base/clock.ts';
import type { Config } from '../../src/base/config.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { BAKE_COMMAND } from '../../src/infra/lightning/bake.ts';
import { checkMacaroon } from '../../src/infra/lightning/macaroon.ts';
import { createLightningPool, type LightningPool } from '../../src/infra/lightning/pool.ts';
import { type Finding, fault, must, ok, reason, warning } from './finding.ts';

type LightningNode = ReturnType<LightningPool['node']>;

const CONNECT_MS = 5_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** All nodes of LND_NODES. */
export async function checkLightning(config: Config): Promise<Finding[]> {
  let pool: LightningPool;
  try {
    pool = createLightningPool({
      nodes: config.lndNodes,
      network: config.LIGHTNING_NETWORK,
      connectionsPerNode: 1,
      clock: hostClock(),
      random: systemRandom(),
      log: silent,
    });
  } catch (error) {
    return [fault(`The Lightning nodes are misconfigured: ${reason(error)}`, 'Correct LND_<NAME>_CERT and _MACAROON.')];
  }
  try {
    const adopted = await adoptedNames(config);
    return (await Promise.all(pool.names().map((name) => aboutNode(pool.node(name), adopted)))).flat();
  } finally {
    await pool.close();
  }
}

/** The nodes whose books are ours; undefined when the database does not say, which its own check tells. */
async function adoptedNames(config: Config): Promise<string[] | undefined> {
  const client = new pg.Client({ connectionString: config.DATABASE_URL, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>('SELECT name FROM lightning_nodes');
    return rows.map(({ name }) => name);
  } catch {
    return undefined;
  } finally {
    await client.end();
  }
}

async function aboutNode(node: LightningNode, adopted: readonly string[] | undefined): Promise<Finding[]> {
  const { name } = node;
  const health = await node.check();
  if (health.state === 'down' || health.state === 'refused') {
    const todo =
      health.state === 'down'
        ? `Start it, or correct LND_${name.toUpperCase()}_SOCKET, _CERT and _MACAROON.`
        : `LIGHTNING_NETWORK is ${node.network}: correct it, or the node.`;
    return [fault(`Node ${name} cannot be used: ${health.why}`, todo)];
  }
  const synced = health.state === 'up';
  const version = health.version?.split(' ')[0] ?? 'of unknown version';
  return [
    must(
      synced,
      `Node ${name} is level with the chain`,
      `Node ${name} is behind the chain`,
      'Wait, or look at its chain backend.',
    ),
    must(
      health.canPay || !synced,
      `Node ${name} runs LND ${version}`,
      `Node ${name}: ${health.why}`,
      'Upgrade it to LND 0.19 or newer: it receives, but no payment goes through it.',
    ),
    health.activeChannels > 0
      ? ok(`Node ${name} has ${health.activeChannels} active channel(s)`)
      : warning(`Node ${name} has no active channel`, 'Open one: without, it can neither pay nor be paid.'),
    ...(adopted
      ? [
          must(
            adopted.includes(name),
            `Node ${name} is adopted`,
            `Node ${name} is not adopted: nobody is paid or pays through it`,
            `Run "npm run adopt -- ${name}": it books what the node holds now, and lets it work.`,
          ),
        ]
      : []),
    await aboutMacaroon(node),
  ];
}

async function aboutMacaroon(node: LightningNode): Promise<Finding> {
  const { name } = node;
  try {
    const { excess } = await checkMacaroon(node);
    if (excess.length === 0) return ok(`The macaroon of ${name} can do no more than is needed`);
    const todo = `A worker does not start with it. Bake one for this product alone, and revoke this one: ${BAKE_COMMAND}`;
    return fault(`The macaroon of ${name} can also ${excess.join(', ')}`, todo);
  } catch (error) {
    return fault(`The macaroon of ${name} cannot be tested: ${reason(error)}`, 'Bake one as README.md shows.');
  }
}
