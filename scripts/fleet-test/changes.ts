// What is done to the running fleet while people use it: it is scaled, a bot is killed, all are renewed; and how it is seen
// that nginx and Prometheus follow.
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import type { Engine } from './engine.ts';
import { check } from './report.ts';
import { COMPOSE_FILE, PROJECT, type Stack, untilSeen } from './stack.ts';

const MEASURED_WAIT_MS = 60_000;

/** Waits until nginx and Prometheus know exactly the instances that live. */
export async function scale(stack: Stack, bots: number, workers: number): Promise<void> {
  await stack.compose('up', '-d', '--no-recreate', '--scale', `bot=${bots}`, '--scale', `worker=${workers}`);
  await isFollowed(stack, bots, workers);
}

/** Waits until so many live, and nginx and Prometheus know them and no other. */
export async function isFollowed(stack: Stack, bots: number, workers: number): Promise<void> {
  const living = await stack.untilHealthy('bot', bots);
  await stack.untilHealthy('worker', workers);
  const at = (network: string) => living.map(({ addresses }) => `${addresses[network]}:3000`).sort();
  const since = new Date();
  await untilSeen(`nginx sends to ${at('front').join(', ')} alone`, MEASURED_WAIT_MS, async () => {
    const recent = (await stack.accessLog(since)).filter(({ status }) => status === 200).slice(-20 * bots);
    const used = new Set(recent.flatMap(({ upstream }) => upstream.split(', ').slice(-1)));
    return [...used].sort().join() === at('front').join();
  });
  await untilSeen(`Prometheus measures ${bots} bots and ${workers} workers`, MEASURED_WAIT_MS, async () => {
    const { bot, worker } = await measured(stack);
    return bot?.sort().join() === at('watch').join() && worker?.length === workers;
  });
  await untilSeen('no alarm of an instance that is no more', MEASURED_WAIT_MS, async () => {
    const { alerts } = await stack.prometheus<{ alerts: { labels: Record<string, string> }[] }>('alerts');
    return alerts.every(({ labels }) => labels.alertname !== 'InstanceGone');
  });
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

/** One bot dies by force and comes back by itself. */
export async function kill(stack: Stack): Promise<void> {
  const [victim] = await stack.containers('bot');
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  await untilSeen('the killed bot is back', 60_000, async () => {
    const again = (await stack.containers('bot')).find(({ id }) => id === victim?.id);
    return again?.restarts === 1 && again.health === 'healthy';
  });
  const others = (await stack.containers()).filter(({ id, restarts }) => id !== victim?.id && restarts > 0);
  check(others.length === 0, `nothing else was started again (${others.map(({ service }) => service).join()})`);
}

/** All bots and workers are others than before, and as many. Gives what the command said. */
export async function roll(engine: Engine, stack: Stack, site: string): Promise<string> {
  const ids = async () =>
    (await Promise.all(['bot', 'worker'].map((service) => stack.containers(service)))).flat().map(({ id }) => id);
  const before = await ids();
  const file = join(site, COMPOSE_FILE);
  const args = [join(ROOT, 'scripts', 'roll.ts'), '--project', PROJECT, '--file', file];
  const said = await engine.run(process.execPath, args, { cwd: site });
  const after = await ids();
  check(after.length === before.length, `as many as before: ${before.length}, now ${after.length}`);
  check(!after.some((id) => before.includes(id)), 'every one is new');
  return said;
}
