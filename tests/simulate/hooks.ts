// Puts the simulated connection to LND in the place of the real one, and what it read before in the place of the package
// that reads payment requests, for everything that is imported afterwards.
import { registerHooks } from 'node:module';

const REAL = new URL('../../src/infra/lightning/connection.ts', import.meta.url).href;
const SIMULATED = new URL('./lnd-connection.ts', import.meta.url).href;
const ONCE = new URL('./requests-once.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'invoices' && context.parentURL !== ONCE) return next(ONCE, context);
    const found = next(specifier, context);
    return found.url === REAL ? { ...found, url: SIMULATED } : found;
  },
});
