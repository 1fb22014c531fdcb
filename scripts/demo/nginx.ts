// The nginx in front of bots that run without containers, from the same files as in a deployment.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';

/** What an operator may set beside; nginx/satfleet.conf.template says what each is. */
export type NginxSettings = { ALLOW_LIST?: 'on' | 'off'; ALLOWED?: string; ADMIN_NETWORKS?: string; REAL_IP?: string };

/**
 * Writes the configuration into a folder of its own.
 * @param listen the port, on 127.0.0.1.
 * @param upstreams the ports of the bots.
 * @returns nginx's arguments, for a process in the foreground.
 */
export function writeNginx(
  folder: string,
  listen: number,
  upstreams: readonly number[],
  settings: NginxSettings = {},
): string[] {
  mkdirSync(join(folder, 'conf.d'), { recursive: true });
  copyFileSync(join(ROOT, 'nginx', 'nginx.conf'), join(folder, 'nginx.conf'));
  const template = readFileSync(join(ROOT, 'nginx', 'satfleet.conf.template'), 'utf8');
  const values: Record<string, string> = {
    LISTEN: `127.0.0.1:${listen}`,
    UPSTREAM: upstreams.map((port) => `server 127.0.0.1:${port};`).join(' '),
    ALLOW_LIST: 'off',
    ...settings,
  };
  const conf = template.replace(/\$\{(\w+)\}/g, (_all, name: string) => values[name] ?? '');
  writeFileSync(join(folder, 'conf.d', 'satfleet.conf'), conf);
  const atHand = `daemon off; pid ${join(folder, 'nginx.pid')};`;
  return ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', atHand];
}
