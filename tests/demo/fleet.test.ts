// `npm run fleet`: as many bots and workers as asked for behind a real nginx, without containers; people reach them through
// it, and Ctrl-C leaves nothing.
import { afterAll, expect, test } from 'vitest';
import { find } from '../../scripts/needs.ts';
import { until } from '../../scripts/process.ts';
import { alive, type Demo, descendantsOf, makeFolder, removeFolder, startDemo } from './run.ts';

const folder = makeFolder();
let fleet: Demo | undefined;

afterAll(async () => {
  await fleet?.stop();
  removeFolder(folder);
});

test.runIf(process.platform === 'linux' && find('nginx'))('--bots 2 --workers 2, and Ctrl-C ends all', async () => {
  fleet = await startDemo(folder, ['--bots', '2', '--workers', '2'], 90_000, 'fleet');
  const { child, url, output } = fleet;
  const addresses = (what: string) => new RegExp(`^  ${what} +(http.+)$`, 'm').exec(output())?.[1]?.split(' ') ?? [];
  const [nginx = ''] = addresses('nginx');
  const processes = [...addresses('bots'), ...addresses('workers')];
  expect(processes).toHaveLength(4);
  for (const each of processes) expect((await fetch(`${each}/ready`)).status).toBe(200);
  expect((await fetch(`${nginx}/metrics`)).status).toBe(404);
  expect((await fetch(`${nginx}/telegram/1`, { method: 'POST', body: '{}' })).status).toBe(403);
  await until('all four are seen', 20_000, async () => {
    const { instances } = (await (await fetch(`${url}/counter.json`)).json()) as { instances: { kind: string }[] };
    return (
      instances
        .map(({ kind }) => kind)
        .sort()
        .join() === 'bot,bot,worker,worker'
    );
  });
  const pids = descendantsOf(child.pid ?? 0);
  await fleet.stop();
  expect(child.exitCode).toBe(0);
  expect(alive(pids)).toEqual([]);
});
