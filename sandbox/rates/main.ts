// The sandbox's price sources as a program: `node sandbox/rates/main.ts [--port N] [--seed N]`. Prints one JSON line
// with its addresses when ready; ends on SIGTERM or SIGINT.
import { parseArgs } from 'node:util';
import { startRates } from './server.ts';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, seed: { type: 'string', default: '1' } },
});
const rates = await startRates({ port: Number(values.port), seed: Number(values.seed) });
process.stdout.write(`${JSON.stringify({ ready: true, url: rates.url, urls: rates.urls })}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void rates.stop().then(() => process.exit(0)));
}
