// The whole house on this machine, for `npm run demo` and `npm run fleet`. Everything outside it is a server that speaks the
// real protocol; the bots and the workers are the product, started as in production. Wallets are kept between starts;
// Ctrl-C, or the death of whatever started this, ends every process.
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEnd } from '../ending.ts';
import { need } from '../needs.ts';
import { Guard, until } from '../process.ts';
import { type Fleet, type Parts, startFleet, workerEnvironment } from './fleet.ts';
import { type Command, type Data, type HouseOptions, openData, readOptions } from './options.ts';
import { startRealNodes, startSandboxLightning, startServices } from './outside.ts';
import { startPage } from './page.ts';
import { type Programs, programs } from './programs.ts';
import { type Database, startDatabase, startRedisServers } from './stores.ts';

const READY_TIMEOUT_MS = 60_000;

const started = performance.now();
const say = (line: string) => {
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
};
const guard = new Guard();
const toStop: (() => Promise<void>)[] = [];
let ending: Promise<void> | undefined;

/** Reads the command line and runs the house until it is ended. */
export async function runHouse(command: Command): Promise<void> {
  onEnd((why) => {
    console.log(why.startsWith('SIG') ? '\nEnding; the wallets are kept.' : `Ending: ${why}.`);
    void end().then(() => process.exit(0));
  });
  try {
    await run(command, readOptions(command, process.argv.slice(2)));
  } catch (error) {
    if (ending) return;
    console.error(`\nThe ${command.name} could not start: ${error instanceof Error ? error.message : error}`);
    await end();
    process.exit(1);
  }
}

/** Stops everything in good order, the last started first; the guard takes what is left. */
function end(): Promise<void> {
  ending ??= (async () => {
    for (const stop of toStop.reverse()) await stop().catch(() => {});
    await guard.finish();
  })();
  return ending;
}

async function run({ name }: Command, options: HouseOptions): Promise<void> {
  const { bots, workers } = options;
  const data = openData(options);
  const logs = data.path('logs');
  mkdirSync(logs, { recursive: true });
  await need('redis-server', say);
  // A demo does without; a fleet is what stands behind it.
  if (name === 'fleet') await need('nginx', say);
  const all = programs(logs, guard, say);
  const parts = await startParts(options, data, all);
  await adopt(parts, all);
  const fleet = await startFleet(parts, all, { bots, workers });
  const [page] = await Promise.all([startPage({ parts, fleet, port: options.port }), ready(fleet)]);
  toStop.push(page.stop);
  data.kept.port = page.port;
  data.keep();
  if (!fleet.nginx) say('nginx is not on the PATH: every message goes to the first bot.');
  say(
    `${bots} ${bots === 1 ? 'bot' : 'bots'} and ${workers} ${workers === 1 ? 'worker' : 'workers'} are ready; the logs are in ${logs}`,
  );
  if (name === 'fleet') tellAddresses(fleet, parts);
  console.log(`\n  ${page.url}\n\n  Ctrl-C ends it. ${keeps(options)}\n`);
}

// Each process tells its measures at /metrics and how it is at /health.
function tellAddresses({ nginx, bots, workers }: Fleet, { outside }: Parts): void {
  const lines = { nginx: [nginx], bots, workers, 'Bot API': [outside.telegramUrl] };
  console.log();
  for (const [what, urls] of Object.entries(lines)) console.log(`  ${what.padEnd(8)} ${urls.join(' ')}`);
}

function keeps({ lightning }: HouseOptions): string {
  return lightning === 'real'
    ? 'The real nodes and their wallets are new at every start.'
    : 'The wallets are kept for the next start; --fresh starts over.';
}

/** Everything the fleet stands on, side by side. */
async function startParts(options: HouseOptions, data: Data, all: Programs): Promise<Parts> {
  const told = async <T>(what: string, pending: Promise<T>): Promise<T> => {
    const result = await pending;
    say(what);
    return result;
  };
  const database = startDatabase(data, guard, options.fresh).then((result: Database) => {
    toStop.push(result.stop);
    return result;
  });
  const real = options.lightning === 'real';
  const lightning = real ? startRealNodes(data, say) : startSandboxLightning(data, all);
  const [databaseParts, redis, services, nodes] = await Promise.all([
    told('PostgreSQL answers and is migrated', database),
    told('Redis answers, twice', startRedisServers(data, all)),
    told('Telegram and the price sources answer', startServices(data, all)),
    told(`Lightning nodes answer (${real ? 'real LND' : 'sandbox'})`, lightning),
  ]);
  toStop.push(nodes.stop, () => all.stopAll());
  return { data, database: databaseParts, redis, outside: { ...services, lightning: nodes } };
}

// What the nodes hold at the first start is the house's own capital.
async function adopt(parts: Parts, all: Programs): Promise<void> {
  const { kept, keep } = parts.data;
  const strange = parts.outside.lightning.ours
    .map(({ alias }) => alias)
    .filter((alias) => !kept.adopted.includes(alias));
  if (strange.length === 0) return;
  await all.run({ name: 'adopt', file: 'scripts/adopt.ts', args: strange, env: workerEnvironment(parts) });
  kept.adopted.push(...strange);
  keep();
  say(`the books know what ${strange.join(' and ')} hold`);
}

async function ready({ bots, workers }: Fleet): Promise<void> {
  const isReady = (url: string) =>
    until(`${url} is ready for work`, READY_TIMEOUT_MS, async () => {
      const answer = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(2_000) });
      if (!answer.ok) await sleep(50);
      return answer.ok;
    });
  await Promise.all([...bots, ...workers].map(isReady));
}
