// `npm run test:fleet`: brings docker-compose.scale.yml up, unchanged, from nothing, and holds it to what it promises:
// people are answered while bots come, go, are renewed and die, everything is measured, logged, backed up and locked in,
// and nothing is left behind. It takes minutes and needs root, so it is no part of `npm test`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Phone } from '../sandbox/telegram/person.ts';
import { onEnd } from './ending.ts';
import { isFollowed, kill, roll, scale } from './fleet-test/changes.ts';
import { type Engine, mountsBelow, startEngine } from './fleet-test/engine.ts';
import { makeImages } from './fleet-test/images.ts';
import {
  hasAFirstAdmin,
  hasItsOwnNode,
  isKeptAndWell,
  isLockedIn,
  isLogged,
  isMeasured,
  refusesStrangers,
  tellsNothingElse,
} from './fleet-test/looks.ts';
import { BOT, type OutsideWorld, startOutside } from './fleet-test/outside.ts';
import { balance, keepTalking, newcomer, receive } from './fleet-test/people.ts';
import { check, mustBeWell, say, step } from './fleet-test/report.ts';
import { layOut } from './fleet-test/site.ts';
import { openStack, type Stack } from './fleet-test/stack.ts';
import { Guard, until } from './process.ts';

const PEOPLE = 10;
const FIRST_SATS = 1_000;
const PROFILES = ['--profile', 'logs', '--profile', 'lnd'];
/** Whatever is done to the fleet. */
const P95_MS = 1_000;

const folder = mkdtempSync('/var/tmp/satfleet-fleet-');
const guard = new Guard();
const endings: (() => Promise<unknown>)[] = [];
let failed = false;

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('This lays out folders for the users of containers: run it as root.');
  const engine = await startEngine(folder, guard, say);
  endings.push(() => engine.stop());
  await makeImages(engine, folder, say);
  const outsideFolder = join(folder, 'outside');
  mkdirSync(outsideFolder);
  const outside = await startOutside(outsideFolder, engine.host);
  endings.push(() => outside.stop());
  const site = join(folder, 'site');
  const { certificate } = await layOut(site, engine, outside);
  const stack = await openStack(engine, site);
  endings.push(async () => {
    // What the containers said last tells why.
    if (failed) say(await stack.compose(...PROFILES, 'logs', '--no-color', '--tail', '8'));
    await stack.compose(...PROFILES, 'down', '--volumes', '--timeout', '30');
  });
  await bringUp(engine, stack, outside);
  const phones: Phone[] = [];
  while (phones.length < PEOPLE) phones.push(await newcomer(outside, 20_001 + phones.length));
  const [payee, admin] = phones as [Phone, Phone];
  await receive(outside, payee, FIRST_SATS);
  step('people are welcomed through nginx, and money reaches them through a worker');
  await tellsNothingElse(certificate);
  await hasAFirstAdmin(stack, admin);
  const paid = await isChanged({ engine, stack, outside, phones, site });
  const [wanted, told] = [FIRST_SATS + paid, await balance(payee)];
  check(told === wanted, `every payment is in the wallet: ${wanted} sats were paid, ${told} are there`);
  step(`${paid} payments came meanwhile, and every one is in the wallet`);
  await refusesStrangers();
  await isLogged(stack);
  await isLockedIn(stack);
  await isMeasured(stack);
  await isKeptAndWell(stack);
  await hasItsOwnNode(stack);
  await goesDown(engine, stack);
  mustBeWell();
}

async function bringUp(engine: Engine, stack: Stack, outside: OutsideWorld): Promise<void> {
  await stack.compose('build');
  const sizes = ['satfleet', 'satfleet-keeper'].map(async (image) => {
    const bytes = Number(await engine.docker('image', 'inspect', '--format', '{{.Size}}', image));
    return `${image} ${Math.round(bytes / 1e6)} MB`;
  });
  step(`the images are built: ${(await Promise.all(sizes)).join(', ')}`);
  await stack.compose('up', '-d');
  // Three bots, as the file says.
  await stack.untilHealthy('bot', 3);
  const others = ['worker', 'postgres', 'redis', 'redis-cache', 'nginx', 'prometheus', 'alertmanager', 'grafana'];
  for (const service of others) await stack.untilHealthy(service, 1);
  const [database] = await stack.containers('database');
  check(database?.state === 'exited' && database.exitCode === 0, 'the database job has ended well');
  await stack.compose('run', '--rm', '--no-deps', '-T', 'worker', 'node', 'scripts/adopt.ts', 'alice', 'bob');
  await until('the webhook is set', 30_000, async () => outside.telegram.bot(BOT.token).webhook !== undefined);
  step('up: the database is migrated, the nodes adopted, three bots and every service healthy');
}

type Field = { engine: Engine; stack: Stack; outside: OutsideWorld; phones: readonly Phone[]; site: string };

/** Scales, renews and kills while people talk. Gives how many payments came meanwhile. */
async function isChanged(field: Field): Promise<number> {
  const { engine, stack, site } = field;
  const scaled = await whileTalking(field, async () => {
    for (const [bots, workers] of [
      [1, 1],
      [5, 2],
      [2, 2],
    ] as const) {
      await scale(stack, bots, workers);
      step(`scaled to ${bots} bots and ${workers} workers: nginx and Prometheus follow, no alarm of who is gone`);
    }
  });
  check(scaled.refused === 0, `no update fails while the fleet is scaled: ${scaled.refused} answers of 5xx`);
  const rolled = await whileTalking(field, async () => {
    say((await roll(engine, stack, site)).replace(/^/gm, '    '));
    await isFollowed(stack, 2, 2);
    step('all bots and workers were renewed by "npm run roll"');
  });
  check(rolled.refused === 0, `no update fails while all are renewed: ${rolled.refused} answers of 5xx`);
  const killed = await whileTalking(field, () => kill(stack));
  step(`a bot that was killed is back by itself, nothing else started twice (${killed.refused} answers of 5xx)`);
  return scaled.paid + rolled.paid + killed.paid;
}

type Told = { paid: number; refused: number };

async function whileTalking({ stack, outside, phones }: Field, work: () => Promise<void>): Promise<Told> {
  const since = new Date();
  const talking = keepTalking(outside, phones);
  await work();
  const { answered, p95Ms, slowestMs, aloneP95Ms, apologies, paid } = await talking.stop();
  const refused = (await stack.accessLog(since)).filter(
    ({ status, path }) => status >= 500 && path.startsWith('/tele'),
  );
  const times = `p95 ${Math.round(p95Ms)} ms, slowest ${Math.round(slowestMs)} ms; nginx alone p95 ${Math.round(aloneP95Ms)} ms`;
  step(`${answered} questions were asked and ${paid} payments made meanwhile, all answered: ${times}`);
  if (apologies > 0 || refused.length > 0) {
    for (const { status, upstream, upstream_status, seconds } of refused.slice(0, 10)) {
      say(`    ${status} after ${seconds} s from ${upstream} (${upstream_status})`);
    }
    say(`    bots and workers warned of: ${(await stack.warnings(since)).join(', ') || 'nothing'}`);
  }
  check(apologies === 0, `nobody is told to come back later: ${apologies} of ${answered} were; ${times}`);
  check(p95Ms < P95_MS, `p95 is under ${P95_MS} ms all the while: ${times}`);
  return { paid, refused: refused.length };
}

async function goesDown(engine: Engine, stack: Stack): Promise<void> {
  await stack.compose(...PROFILES, 'down', '--volumes', '--timeout', '30');
  check((await stack.containers()).length === 0, 'no container is left');
  const kept = await engine.docker('volume', 'ls', '-q', '--filter', 'label=com.docker.compose.project=satfleet');
  check(kept === '', `no volume is left: ${kept}`);
  step('down, and nothing left of it');
}

async function end(): Promise<void> {
  for (const ending of endings.splice(0).reverse()) {
    await ending().catch((error: Error) => {
      failed = true;
      console.error(`while ending: ${error.message}`);
    });
  }
  await guard.finish();
  const mounts = mountsBelow(folder);
  if (mounts.length > 0) throw new Error(`still mounted, so the folder stays: ${mounts.join(', ')}`);
  rmSync(folder, { recursive: true, force: true });
}

onEnd((why) => {
  console.error(`Ended early (${why}); cleaning up ...`);
  void end().finally(() => process.exit(130));
});
try {
  await main();
} catch (error) {
  failed = true;
  console.error(error instanceof Error ? error.message : error);
}
await end();
step(failed ? 'FAULT: the fleet did not hold what it promises.' : 'all is well');
process.exit(failed ? 1 : 0);
