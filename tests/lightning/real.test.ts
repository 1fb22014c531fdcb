// This module on real LND: what it promises must not rest on how the sandbox's nodes behave.
import { describe, test } from 'vitest';
import { areBuilt } from '../../sandbox/lnd/real/binaries.ts';
import { startRealLightning } from '../../sandbox/lnd/real/network.ts';
import { LND_BUILD_TIMEOUT_MS, lndPrograms } from '../support/lnd.ts';
import { testNetwork } from './network-suite.ts';

const isComing = process.env.TEST_LND_OUTCOME_FILE !== undefined;

if (areBuilt() || isComing || process.env.CI === 'true') {
  testNetwork(async () => startRealLightning({ binaries: await lndPrograms() }), LND_BUILD_TIMEOUT_MS);
} else {
  describe.skip('left out, since no built lnd was found (sandbox/lnd/real/build makes one)', () => {
    test('the module on real LND', () => {});
  });
}
