// `npm run test:fleet`: brings docker-compose.scale.yml up, unchanged, from nothing, and holds it to what it promises:
// people are answered while bots come, go and die, everything is measured and locked in, and nothing is left behind. It
// takes minutes and needs root, so it is no part of `npm test`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Phone } from '../sandbox/telegram/person.ts';
import { onEnd } from './ending.ts';
import { type Engine, mountsBelow, startEngine } from './fleet-test/engine.ts';
import { makeImages } from './fleet-test/images.ts';
import { BOT, type OutsideWorld, startOutside } from './fleet-test/outside.ts';
import { keepTalking, newcomer, receive } from './fleet-test/people.ts';
import { layOut } from './fleet-test/site.ts';
import { openStack, type Stack, untilSeen, weaknesses } from './fleet-test/stack.ts';
import { Guard, until } from './process.ts';

const PEOPLE = 8;
const MEASURED_WAIT_MS = 60_000;
const STRANGERS_BURST = 10;

const started = performance.now();
const folder = mkdtempSync('/var/tmp/satfleet-fleet-');
const guard = new Guard();
const endings: (() => Promise<unknown>)[] = [];
let failed = false;

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('This lays out secrets for the users of containers: run it as root.');
  const engine = await startEngine(folder, guard, say);
  endings.push(() => engine.stop());
  await makeImages(engine, folder, say);
  const outsideFolder = join(folder, 'outside');
  mkdirSync(outsideFolder);
  const outside = await startOutside(outsideFolder, engine.host);
  endings.push(() => outside.stop());
  const site = join(folder, 'site');
  const { certificate } = layOut(site, outside);
  const stack = await openStack(engine, site);
  endings.push(async () => {
    // What the containers said last tells why.
    if (failed) say(await stack.compose('logs', '--no-color', '--tail', '8'));
    await stack.compose('down', '--volumes', '--timeout', '30');
  });
  await bringUp(stack, outside);
  const phones = await Promise.all(Array.from({ length: PEOPLE }, (_, i) => newcomer(outside, 20_001 + i)));
  await Promise.all(phones.slice(0, 2).map((phone) => receive(outside, phone, 1_000)));
  step('people are welcomed through nginx, and money reaches them through a worker');
  await tellsNothingElse(certificate);
  await whileTalking(phones, async () => {
    await scale(stack, 3, 2);
    await scale(stack, 2, 1);
  });
  await whileTalking(phones, () => kill(stack));
  await refusesStrangers(stack);
  await isLockedIn(stack);
  await isMeasured(stack);
  await goesDown(engine, stack);
}

async function bringUp(stack: Stack, outside: OutsideWorld): Promise<void> {
  await stack.compose('build');
  step('the image is built');
  await stack.compose('up', '-d', '--scale', 'bot=1');
  const services = [
    'bot',
    'worker',
    'postgres',
    'redis',
    'redis-cache',
    'nginx',
    'prometheus',
    'alertmanager',
    'grafana',
  ];
  for (const service of services) await stack.untilHealthy(service, 1);
  const [database] = await stack.containers('database');
  check(database?.state === 'exited' && database.exitCode === 0, 'the database job has ended well');
  await stack.compose('run', '--rm', '--no-deps', '-T', 'worker', 'node', 'scripts/adopt.ts', 'alice', 'bob');
  await until('the webhook is set', 30_000, async () => outside.telegram.bot(BOT.token).webhook !== undefined);
  step('up: the database is migrated, the nodes adopted, every service healthy');
}

async function tellsNothingElse(certificate: string): Promise<void> {
  for (const path of ['/metrics', '/health', '/ready', '/']) {
    check((await fetch(`http://127.0.0.1${path}`)).status === 404, `the outside gets nothing at ${path}`);
  }
  const status = await new Promise((resolve, reject) => {
    const asked = request({ host: 'localhost', ca: certificate, path: '/metrics' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once('error', reject).end();
  });
  check(status === 404, 'nginx speaks TLS with the certificate of ./secrets/tls');
  step('the outside reaches the webhooks alone, also by TLS');
}

async function whileTalking(phones: readonly Phone[], work: () => Promise<void>): Promise<void> {
  const talking = keepTalking(phones);
  await work();
  const { answered, slowestMs } = await talking.stop();
  step(`${answered} questions were asked meanwhile, all were answered; the slowest took ${Math.round(slowestMs)} ms`);
}

/** Waits until nginx and Prometheus know exactly the instances that live. */
async function scale(stack: Stack, bots: number, workers: number): Promise<void> {
  await stack.compose('up', '-d', '--no-recreate', '--scale', `bot=${bots}`, '--scale', `worker=${workers}`);
  const living = await stack.untilHealthy('bot', bots);
  await stack.untilHealthy('worker', workers);
  const addresses = living.map(({ address }) => `${address}:3000`).sort();
  await untilSeen(`nginx sends to ${addresses.join(', ')} alone`, MEASURED_WAIT_MS, async () => {
    const recent = (await stack.accessLog()).filter(({ status }) => status === 200).slice(-100);
    const used = new Set(recent.flatMap(({ upstream }) => upstream.split(', ').slice(-1)));
    return [...used].sort().join() === addresses.join();
  });
  await untilSeen(`Prometheus measures ${bots} bots and ${workers} workers`, MEASURED_WAIT_MS, async () => {
    const { bot, worker } = await measured(stack);
    return bot?.sort().join() === addresses.join() && worker?.length === workers;
  });
  step(`scaled to ${bots} bots and ${workers} workers: nginx and Prometheus follow`);
}

type Target = { health: string; labels: { job: string; instance: string } };

/** The instances of each job; undefined as long as one of them was not reached. */
async function measured(stack: Stack): Promise<Record<string, string[] | undefined>> {
  const { activeTargets } = await stack.prometheus<{ activeTargets: Target[] }>('targets?state=active');
  if (activeTargets.some(({ health }) => health !== 'up')) return {};
  const of = (job: string) => activeTargets.filter(({ labels }) => labels.job === job);
  const instances = (job: string) => of(job).map(({ labels }) => labels.instance);
  return { bot: instances('bot'), worker: instances('worker') };
}

async function kill(stack: Stack): Promise<void> {
  const [victim] = await stack.containers('bot');
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  await untilSeen('the killed bot is back', 60_000, async () => {
    const again = (await stack.containers('bot')).find(({ id }) => id === victim?.id);
    return again?.restarts === 1 && again.health === 'healthy';
  });
  const others = (await stack.containers()).filter(({ id, restarts }) => id !== victim?.id && restarts > 0);
  check(others.length === 0, `nothing else was started again (${others.map(({ service }) => service).join()})`);
  step('a bot that was killed is back by itself, and nothing else ever started twice');
}

/** Whoever brings no secret is slowed down by address; whoever brings one, even a wrong one, is not. */
async function refusesStrangers(stack: Stack): Promise<void> {
  const ask = async (headers: Record<string, string>) =>
    (await fetch('http://127.0.0.1/telegram/7000000003', { method: 'POST', body: '{}', headers })).status;
  const many = (headers: Record<string, string>) => Promise.all(Array.from({ length: 200 }, () => ask(headers)));
  const strangers = await many({});
  check(strangers.filter((status) => status === 429).length > 200 - 2 * STRANGERS_BURST, 'strangers are slowed down');
  const known = await many({ 'x-telegram-bot-api-secret-token': 'wrong' });
  check(
    known.every((status) => status === 403),
    'a wrong secret is refused by the bot, and by no limit',
  );
  const refused = (await stack.accessLog()).filter(
    ({ status, path }) => status >= 500 && path.startsWith('/telegram/'),
  );
  step(`strangers are slowed down, Telegram is not (${refused.length} answers of 5xx, which Telegram repeats)`);
}

async function isLockedIn(stack: Stack): Promise<void> {
  const running = (await stack.containers()).filter(({ state }) => state === 'running');
  const weak = running.flatMap(weaknesses);
  check(weak.length === 0, `all are locked in: ${weak.join(', ')}`);
  step(`all ${running.length} containers: no root, no capability, read-only, limits of memory and log`);
}

async function isMeasured(stack: Stack): Promise<void> {
  const { groups } = await stack.prometheus<{ groups: { rules: { health: string }[] }[] }>('rules');
  const rules = groups.flatMap((group) => group.rules);
  check(rules.length > 10 && rules.every(({ health }) => health === 'ok'), 'every alert rule is evaluated');
  const { activeAlertmanagers } = await stack.prometheus<{ activeAlertmanagers: unknown[] }>('alertmanagers');
  check(activeAlertmanagers.length === 1, 'Prometheus knows its Alertmanager');
  const { alerts } = await stack.prometheus<{ alerts: { state: string; labels: { alertname: string } }[] }>('alerts');
  const raised = alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
  const wrong = ['InstanceGone', 'NoBot', 'NoWorker', 'BooksNotZero', 'NodeAgainstLedger', 'NotSolvent'];
  check(!wrong.some((name) => raised.includes(name)), `no alarm of a dead instance or of the books: ${raised.join()}`);
  const flags = await stack.prometheus<Record<string, string>>('status/flags');
  check(flags['storage.tsdb.retention.time'] === '30d', 'measures are kept for 30 days');
  check(
    flags['storage.tsdb.retention.size'] === '10GB' || flags['storage.tsdb.retention.size'] === '10GiB',
    'and 10 GB',
  );
  check((await fetch('http://127.0.0.1:3001/api/health')).ok, "Grafana's page is reachable from this machine");
  step(`${rules.length} alert rules work, none raised of what must not (raised: ${raised.join() || 'none'})`);
}

async function goesDown(engine: Engine, stack: Stack): Promise<void> {
  await stack.compose('down', '--volumes', '--timeout', '30');
  check((await stack.containers()).length === 0, 'no container is left');
  const kept = await engine.docker('volume', 'ls', '-q', '--filter', 'label=com.docker.compose.project=satfleet');
  check(kept === '', `no volume is left: ${kept}`);
  step('down, and nothing left of it');
}

function check(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`not so: ${what}`);
}

function say(line: string): void {
  console.log(line);
}

function step(line: string): void {
  say(`[${Math.round((performance.now() - started) / 1000)} s] ${line}`);
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
say(
  failed
    ? 'FAULT: the fleet did not hold what it promises.'
    : `all in ${Math.round((performance.now() - started) / 1000)} s`,
);
process.exit(failed ? 1 : 0);
