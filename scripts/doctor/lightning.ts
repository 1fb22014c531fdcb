// Each Lightning node: reachable, on the right network, level with the chain, safe to pay with, adopted by the books'
// owner, and entrusted to us with no more power than the product uses.
import { hostClock } from '../../src/base/clock.ts';
import type { Config } from '../../src/base/config.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { checkMacaroon } from '../../src/infra/lightning/macaroon.ts';
import { createLightningPool, type LightningPool } from '../../src/infra/lightning/pool.ts';
import { type Finding, fault, must, ok, reason, warning } from './finding.ts';

type LightningNode = ReturnType<LightningPool['node']>;

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
    return (await Promise.all(pool.names().map((name) => aboutNode(pool.node(name))))).flat();
  } finally {
    await pool.close();
  }
}

async function aboutNode(node: LightningNode): Promise<Finding[]> {
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
    await aboutMacaroon(node),
  ];
}

async function aboutMacaroon(node: LightningNode): Promise<Finding> {
  const { name } = node;
  try {
    const { excess } = await checkMacaroon(node);
    if (excess.length === 0) return ok(`The macaroon of ${name} can do no more than is needed`);
    const todo = 'Bake one for this product alone, as README.md shows, and revoke this one.';
    return fault(`The macaroon of ${name} can also ${excess.join(', ')}`, todo);
  } catch (error) {
    return fault(`The macaroon of ${name} cannot be tested: ${reason(error)}`, 'Bake one as README.md shows.');
  }
}
