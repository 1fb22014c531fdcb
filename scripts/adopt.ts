// `npm run adopt -- <node> [<node> ...]`: books what a Lightning node holds at this moment as the house's own capital, once
// per node. From then on the ledger and the node are held against each other. Reads the worker's variables.
import { ConfigError, loadConfig } from '../src/base/config.ts';
import { adopt } from '../src/flows/node-books.ts';
import { makeWorld, withLightning } from '../src/world.ts';

const names = process.argv.slice(2);

try {
  const config = loadConfig('worker');
  const known = config.lndNodes.map(({ name }) => name);
  const strange = names.filter((name) => !known.includes(name));
  if (names.length === 0 || strange.length > 0) {
    const what = names.length === 0 ? 'Name the node' : `There is no node ${strange.join(', ')}`;
    throw new Error(`${what}: npm run adopt -- <node>, with <node> of LND_NODES (${known.join(', ')}).`);
  }
  const world = await withLightning(await makeWorld('worker', config, () => {}), () => {});
  try {
    for (const name of names) console.log(sentence(name, await adopt(world, name)));
  } finally {
    await world.close();
  }
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
// Connections of libraries may linger; everything is done.
process.exit();

function sentence(name: string, capitalMsat: bigint | undefined): string {
  return capitalMsat === undefined
    ? `${name} had been adopted before; nothing was changed.`
    : `${name} is adopted: its ${capitalMsat} msat are the house's own capital.`;
}
