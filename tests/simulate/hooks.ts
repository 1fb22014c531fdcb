// Puts the simulated connection to LND in the place of the real one, for everything that is imported afterwards.
import { registerHooks } from 'node:module';

const REAL = new URL('../../src/infra/lightning/connection.ts', import.meta.url).href;
const SIMULATED = new URL('./lnd-connection.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    return found.url === REAL ? { ...found, url: SIMULATED } : found;
  },
});
