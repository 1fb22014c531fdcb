// Programs that die by force, and are started again by their supervisor a second later; and a worker that stands still
// past every lock it holds and then goes on as if nothing had happened.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../../../scripts/process.ts';
import { back, type Fault } from '../fault.ts';
import { BOT_NAMES, type Field, WORKER_NAMES } from '../field.ts';

/** BullMQ's lock on a job and our own hold on a payment's try last 30 s. */
const PAST_LOCKS_MS = 36_000;

export const botKilled: Fault = { name: 'bot killed', targets: () => BOT_NAMES, strike: killProcess };
export const workerKilled: Fault = { name: 'worker killed', targets: () => WORKER_NAMES, strike: killProcess };

export const nginxKilled: Fault = {
  name: 'nginx killed',
  targets: () => ['nginx'],
  async strike(field) {
    const { nginx } = field.fleet;
    await kill(field.daemon('nginx'));
    await back('nginx', async () => (await fetch(`${nginx}/`)).status === 404);
  },
};

export const nodeKilled: Fault = {
  name: 'LND node killed',
  targets: ({ nodes }) => Object.keys(nodes.nodes),
  async strike({ nodes }, alias, dice) {
    await nodes.kill(alias);
    await sleep(dice.whole(500, 3_000));
    await nodes.revive(alias);
  },
};

export const workerStopped: Fault = {
  name: 'worker stopped past its locks',
  targets: () => WORKER_NAMES,
  async strike(field, name) {
    const daemon = field.daemon(name);
    daemon.signal('SIGSTOP');
    await sleep(PAST_LOCKS_MS);
    daemon.signal('SIGCONT');
    await isBack(field, name);
  },
};

async function killProcess(field: Field, name: string): Promise<void> {
  await kill(field.daemon(name));
  await isBack(field, name);
}

/** Its supervisor sees it die, and nobody else. */
async function kill(daemon: Daemon): Promise<void> {
  const { pid } = daemon;
  daemon.signal('SIGKILL');
  await back(daemon.name, async () => daemon.running && daemon.pid !== pid);
}

function isBack({ fleet }: Field, name: string): Promise<unknown> {
  const at = Math.max(BOT_NAMES.indexOf(name as never), WORKER_NAMES.indexOf(name as never));
  const url = (name.startsWith('bot') ? fleet.bots : fleet.workers)[at];
  return back(name, async () => (await fetch(`${url}/ready`)).ok);
}
