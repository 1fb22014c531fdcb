// The demo's starts and ends: as many bots as asked for, a later start that is quick, and no process left behind, neither
// by Ctrl-C nor when the demo is killed by force.
import { afterAll, expect, test } from 'vitest';
import { until } from '../../scripts/process.ts';
import { alive, type Demo, descendantsOf, makeFolder, removeFolder, startDemo } from './run.ts';

// Ten seconds are promised on a machine with nothing else to do.
const LATER_START_MS = 20_000;
const GONE_MS = 2_000;

const onLinux = test.runIf(process.platform === 'linux');
const folder = makeFolder();
let demo: Demo | undefined;

afterAll(async () => {
  await demo?.stop();
  removeFolder(folder);
});

async function kinds(url: string): Promise<string[]> {
  const counter = (await (await fetch(`${url}/counter.json`)).json()) as { instances: { kind: string }[] };
  return counter.instances.map(({ kind }) => kind).sort();
}

onLinux('--bots 3 starts three, and Ctrl-C ends them and all else', async () => {
  demo = await startDemo(folder, ['--bots', '3']);
  const { child, url } = demo;
  await until('three bots and a worker are seen', 20_000, async () => (await kinds(url)).length === 4);
  expect(await kinds(url)).toEqual(['bot', 'bot', 'bot', 'worker']);
  const pids = descendantsOf(child.pid ?? 0);
  expect(pids.length).toBeGreaterThan(8);
  await demo.stop();
  expect(child.exitCode).toBe(0);
  expect(alive(pids)).toEqual([]);
});

onLinux('a later start is quick, and a kill -9 of it leaves nothing', async () => {
  demo = await startDemo(folder);
  console.log(`a later start took ${(demo.startMs / 1000).toFixed(1)} s to a page that answers`);
  expect((await fetch(demo.url)).status).toBe(200);
  expect(demo.startMs).toBeLessThan(LATER_START_MS);
  const pids = descendantsOf(demo.child.pid ?? 0);
  demo.child.kill('SIGKILL');
  const killed = performance.now();
  await until('all is gone', 10_000, async () => alive(pids).length === 0);
  const goneMs = performance.now() - killed;
  console.log(`after a kill -9 all was gone in ${Math.round(goneMs)} ms`);
  expect(goneMs).toBeLessThan(GONE_MS);
});
