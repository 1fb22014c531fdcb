// `npm run recover [-- --without <node> ...]`: after the database was restored to an earlier moment, or a replica took over.
// Asks every Lightning node what it has done since, books it, names what no row explains, and lets bots and workers start
// again. Also to be run when a node and the ledger differ: doing it again books nothing twice. Reads the worker's variables.
import { loadConfig } from '../src/base/config.ts';
import { check } from '../src/flows/books.ts';
import { checkNode } from '../src/flows/node-books.ts';
import { recover, type Unexplained } from '../src/flows/recover.ts';
import { makeWorld, withLightning } from '../src/world.ts';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { message, cause } = error as Error;
  console.error(cause instanceof Error ? `${message}: ${cause.message}` : message);
  process.exitCode = 1;
}
// Connections of libraries may linger; everything is done.
process.exit();

async function main(args: readonly string[]): Promise<number> {
  const without = args.filter((_, index) => args[index - 1] === '--without');
  if (args.length !== 2 * without.length) throw new Error('npm run recover [-- --without <node> ...]');
  const world = await withLightning(await makeWorld('worker', loadConfig('worker'), () => {}), () => {});
  try {
    const { isAnother, pinned, found, unexplained, open } = await recover(world, without);
    console.log(
      isAnother
        ? 'The database was restored or has taken over; from now on it is the one we know.'
        : 'The same database.',
    );
    console.log(`${pinned} held payment(s) belong to a node, which will say how they end.`);
    console.log(`${found} invoice(s) had been made and were found again.`);
    list('Booked to suspense, for no row explains it', unexplained);
    list('Under way, and no row explains it: run this again when it has ended', open);
    const { ok } = await check(world);
    console.log(ok ? 'The books are right.' : 'THE BOOKS ARE OFF: see docs/RUNBOOK.md, BooksNotZero.');
    let isEven = ok;
    for (const name of world.lightning.names().filter((each) => !without.includes(each))) {
      const { offMsat } = await checkNode(world, name, 'anew');
      console.log(
        `${name}: ${offMsat === 0n ? 'agrees with the ledger' : `DIFFERS FROM THE LEDGER by ${offMsat} msat`}`,
      );
      isEven &&= offMsat === 0n;
    }
    return isEven ? 0 : 1;
  } finally {
    await world.close();
  }
}

function list(title: string, all: readonly Unexplained[]): void {
  console.log(`${title}: ${all.length === 0 ? 'nothing.' : ''}`);
  for (const { node, direction, paymentHash, amountMsat } of all) {
    console.log(`  ${node} ${direction} ${amountMsat} msat, payment hash ${paymentHash}`);
  }
}
