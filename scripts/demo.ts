// `npm run demo`: the whole house on this machine. Everything outside it is a server that speaks the real protocol; the
// bots and the worker are the product, started as in production. Wallets are kept between starts; Ctrl-C, or the death
// of whatever started this, ends every process.
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fleet, type Parts, startFleet, workerEnvironment } from './demo/fleet.ts';
import { type Data, type DemoOptions, openData, readOptions } from './demo/options.ts';
import { startRealNodes, startSandboxLightning, startServices } from './demo/outside.ts';
import { startPage } from './demo/page.ts';
import { type Programs, programs } from './demo/programs.ts';
import { type Database, startDatabase, startRedisServers } from './demo/stores.ts';
import { onEnd } from './ending.ts';
import { need } from './needs.ts';
import { Guard, until } from './process.ts';

const READY_TIMEOUT_MS = 60_000;

const started = performance.now();
const say = (line: string) => {
  console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
};
const guard = new Guard();
const toStop: (() => Promise<void>)[] = [];
let ending: Promise<void> | undefined;

onEnd((why) => {
  console.log(why.startsWith('SIG') ? '\nEnding; the wallets are kept.' : `Ending: ${why}.`);
  void end().then(() => process.exit(0));
});

try {
  await demo(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!ending) {
    console.error(`\nThe demo could not start: ${error instanceof Error ? error.message : error}`);
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

async function demo(options: DemoOptions): Promise<void> {
  const data = openData(options);
  const logs = data.path('logs');
  mkdirSync(logs, { recursive: true });
  await need('redis-server', say);
  const all = programs(logs, guard, say);
  const parts = await startParts(options, data, all);
  await adopt(parts, all);
  const fleet = await startFleet(parts, all, { bots: options.bots });
  const [page] = await Promise.all([startPage({ parts, fleet, port: options.port }), ready(fleet)]);
  toStop.push(page.stop);
  data.kept.port = page.port;
  data.keep();
  if (!fleet.nginx) say('nginx is not on the PATH: every message goes to the first bot.');
  say(`${options.bots} bots and 1 worker are ready; the logs are in ${logs}`);
  console.log(`\n  ${page.url}\n\n  Ctrl-C ends it. ${keeps(options)}\n`);
}

function keeps({ lightning }: DemoOptions): string {
  return lightning === 'real'
    ? 'The real nodes and their wallets are new at every start.'
    : 'The wallets are kept for the next start; --fresh starts over.';
}

/** Everything the fleet stands on, side by side. */
async function startParts(options: DemoOptions, data: Data, all: Programs): Promise<Parts> {
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

async function ready({ bots, worker }: Fleet): Promise<void> {
  const isReady = (url: string) =>
    until(`${url} is ready for work`, READY_TIMEOUT_MS, async () => {
      const answer = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(2_000) });
      if (!answer.ok) await sleep(50);
      return answer.ok;
    });
  await Promise.all([...bots, worker].map(isReady));
}
