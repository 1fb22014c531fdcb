// Real LND: it keeps the contract, so what the suite says of LND is true; and then whole payments of the house run on it.
// One network for all, which takes seconds to start: the contract has it while it is new, and leaves every node up.
import { afterAll, describe, test } from 'vitest';
import type { LightningNetwork } from '../../sandbox/lnd/lightning-network.ts';
import { areBuilt } from '../../sandbox/lnd/real/binaries.ts';
import { startRealLightning } from '../../sandbox/lnd/real/network.ts';
import { contract } from '../contract/contract.ts';
import { LND_BUILD_TIMEOUT_MS, lndPrograms } from '../support/lnd.ts';
import { testFlows } from './flows.ts';

const isComing = process.env.TEST_LND_OUTCOME_FILE !== undefined;

if (areBuilt() || isComing || process.env.CI === 'true') {
  let network: Promise<LightningNetwork> | undefined;
  const start = () => {
    network ??= lndPrograms().then((binaries) => startRealLightning({ binaries }));
    return network;
  };
  afterAll(async () => (await network)?.stop());
  contract('real LND', async () => lent(await start()), LND_BUILD_TIMEOUT_MS);
  testFlows(start, LND_BUILD_TIMEOUT_MS);
} else {
  const why = 'left out, since no built lnd was found (sandbox/lnd/real/build makes one)';
  // The default reporter does not name what it skips.
  console.log(`real LND: ${why}`);
  describe.skip(`real LND: ${why}`, () => {
    test('the contract and whole payments', () => {});
  });
}

/** The same network for somebody who would end it. */
function lent(network: LightningNetwork): LightningNetwork {
  const { kind, bitcoinNetwork, dir, nodes } = network;
  return {
    kind,
    bitcoinNetwork,
    dir,
    nodes,
    isRunning: (alias) => network.isRunning(alias),
    kill: (alias) => network.kill(alias),
    start: (alias) => network.start(alias),
    pause: (alias) => network.pause(alias),
    resume: (alias) => network.resume(alias),
    stop: async () => {},
  };
}
