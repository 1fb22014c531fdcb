// A real Alertmanager for a test, with the routes, receivers and silences-by-rule of the repository; only the addresses are
// those of the test's processes, and it waits a second where it would wait longer. Gone when its `end` has resolved.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../scripts/process.ts';
import { MONITORING } from './asked.ts';
import { onPath } from './programs.ts';
import { startWatcher } from './prometheus.ts';

export type Alertmanager = { url: string; end(): Promise<void> };

type Options = { folder: string; worker: string; bot: string; token: string };

export const alertmanagerProgram = onPath('prometheus-alertmanager') ? 'prometheus-alertmanager' : 'alertmanager';

/** Starts it; it brings what it has to these two processes with this token. */
export async function startAlertmanager({ folder, worker, bot, token }: Options): Promise<Alertmanager> {
  const [port = 0] = await freePorts(1);
  const home = join(folder, 'alertmanager');
  mkdirSync(home, { recursive: true });
  const tokenFile = join(home, 'token');
  writeFileSync(tokenFile, token);
  const text = readFileSync(join(MONITORING, 'alertmanager.yml'), 'utf8')
    .replace('http://worker:3000', worker)
    .replace('http://bot:3000', bot)
    .replace(/credentials_file: \S+/, `credentials_file: ${tokenFile}`)
    .replace(/(group_wait|group_interval): \w+/g, '$1: 1s');
  const config = join(home, 'alertmanager.yml');
  writeFileSync(config, text);
  const url = `http://127.0.0.1:${port}`;
  const { end } = await startWatcher({
    program: alertmanagerProgram,
    folder: home,
    args: [
      `--config.file=${config}`,
      `--storage.path=${join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    readyUrl: `${url}/-/ready`,
  });
  return { url, end };
}
