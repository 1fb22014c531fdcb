// Half the people for a long time: whether anything grows that should not. Memory, open files and connections of every
// program are looked at all the while; the mean of the last quarter is held against that of the second.
import { readdirSync } from 'node:fs';
import type { Rig } from '../../scripts/rig.ts';
import { connectRedis } from '../../src/infra/redis/connection.ts';
import type { Measure } from '../report.ts';
import type { Crowd, Pace } from './crowd.ts';
import { answered, timesLine } from './day.ts';
import { usage } from './usage.ts';

const LOOKS = 120;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** What is looked at, by name: of bots and workers, and of the servers they stand on. */
type Look = Readonly<Record<string, number>>;

async function look(rig: Rig, connections: () => Promise<number>): Promise<Look> {
  const used = usage();
  const pids = [...rig.fleet.daemons].filter(([name]) => /^(bot|worker)/.test(name)).map(([, { pid }]) => pid);
  const files = pids.map((pid) => (pid === undefined ? 0 : readdirSync(`/proc/${pid}/fd`).length));
  const [postgres] = await rig.db.query<{ count: number }>(
    'bench.connections',
    'select count(*)::int as count from pg_stat_activity where datname = current_database()',
    [],
  );
  return {
    'memory of the bots, MB': used.get('bots')?.residentMb ?? 0,
    'memory of the workers, MB': used.get('workers')?.residentMb ?? 0,
    'open files of bots and workers': files.reduce((sum, each) => sum + each, 0),
    'connections to PostgreSQL': postgres?.count ?? 0,
    'connections to Redis': await connections(),
  };
}

/** Gives the worst growth among all, as a ratio, and a line for each. */
function growthOf(looks: readonly Look[]): { worst: number; lines: string[] } {
  const quarter = (at: number) => looks.slice((at * looks.length) / 4, ((at + 1) * looks.length) / 4);
  const mean = (list: readonly Look[], name: string) =>
    list.reduce((sum, each) => sum + (each[name] ?? 0), 0) / list.length;
  const grown = Object.keys(looks[0] ?? {}).map((name) => {
    const [second, last] = [mean(quarter(1), name), mean(quarter(3), name)];
    const most = Math.max(...looks.map((each) => each[name] ?? 0));
    const line = `${name.padEnd(32)} second quarter ${second.toFixed(1)}, last ${last.toFixed(1)}, most ${most.toFixed(1)}`;
    return { ratio: last / second, line };
  });
  return { worst: Math.max(...grown.map(({ ratio }) => ratio)), lines: grown.map(({ line }) => line) };
}

/** Lets them live for `pace.forMs` under many looks. */
export async function soak(rig: Rig, crowd: Crowd, pace: Pace): Promise<{ measures: Measure[]; notes: string[] }> {
  const urls = ['REDIS_SESSION_URL', 'REDIS_CACHE_URL'].map((name) => rig.environment[name] ?? '');
  const servers = await Promise.all(urls.map((url) => connectRedis({ url, name: 'bench', log: quiet })));
  const connections = async () => {
    const lists = await Promise.all(servers.map((each) => each.info('clients')));
    return lists.reduce((sum, text) => sum + Number(/connected_clients:(\d+)/.exec(text)?.[1] ?? 0), 0);
  };
  const looks: Look[] = [];
  const timer = setInterval(async () => looks.push(await look(rig, connections)), pace.forMs / LOOKS);
  const day = await crowd.live(pace);
  clearInterval(timer);
  for (const each of servers) await each.quit();
  const { worst, lines } = growthOf(looks);
  return {
    measures: [
      { name: 'soak_answered_ratio', value: answered(day), goal: 1, better: 'higher' },
      { name: 'soak_growth_ratio', value: worst, goal: 1.05, better: 'lower' },
    ],
    notes: [
      `the soak: ${(pace.forMs / 60_000).toFixed(1)} minutes`,
      ...lines,
      timesLine('all answers', [...day.answers.values()].flat()),
    ],
  };
}
