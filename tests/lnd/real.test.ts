// Real LND keeps the contract: what the suite says of LND is true.
import { describe, test } from 'vitest';
import { areBuilt } from '../../sandbox/lnd/real/binaries.ts';
import { startRealLightning } from '../../sandbox/lnd/real/network.ts';
import { contract } from '../contract/contract.ts';
import { LND_BUILD_TIMEOUT_MS, lndPrograms } from '../support/lnd.ts';

const isComing = process.env['TEST_LND_OUTCOME_FILE'] !== undefined;

if (areBuilt() || isComing || process.env['CI'] === 'true') {
  contract('real LND', async () => startRealLightning({ binaries: await lndPrograms() }), LND_BUILD_TIMEOUT_MS);
} else {
  const why = 'left out, since no built lnd was found (sandbox/lnd/real/build makes one)';
  // The default reporter does not name what it skips.
  console.log(`real LND: ${why}`);
  describe.skip(`real LND: ${why}`, () => {
    test('the contract', () => {});
  });
}
