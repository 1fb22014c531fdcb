// Another number of bots behind the same nginx, while everything else stays as it is, so that the same people bring the
// same load to each.
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeNginx } from '../../scripts/demo/nginx.ts';
import { isReady, type Rig } from '../../scripts/rig.ts';

/** Until nginx's old workers have ended the connections they had. */
const RELOAD_MS = 2_000;
const STOP_MS = 29_000;

/** Lets so many of the rig's bots run, the first ones, and nginx know no other. */
export async function useBots(rig: Rig, count: number): Promise<void> {
  const all = rig.fleet.bots.map((url, at) => ({ url, daemon: rig.daemon(`bot-${at + 1}`) }));
  for (const { daemon } of all.slice(0, count)) if (!daemon.running) daemon.start();
  await Promise.all(all.slice(0, count).map(({ url }) => isReady(url)));
  const ports = all.slice(0, count).map(({ url }) => Number(new URL(url).port));
  const folder = join(dirname(rig.logs), 'nginx');
  writeNginx(folder, Number(new URL(rig.fleet.nginx ?? '').port), ports);
  rig.daemon('nginx').signal('SIGHUP');
  await sleep(RELOAD_MS);
  await Promise.all(
    all.slice(count).map(({ daemon }) => (daemon.running ? daemon.stop('SIGTERM', STOP_MS) : undefined)),
  );
}
