// A deploy with a migration (DRILL=1 npm test fleet/versions): the database has the newest migrations, and the version from
// before them still runs beside this one, as it does in every rolling restart. Both serve the same people, each does the
// other's jobs, the old one may leave in the middle of it, and come back alone where a deploy has to be undone.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { type Daemon, freePorts, until } from '../../scripts/process.ts';
import { fund, isReady } from '../../scripts/rig.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { leftovers, newLoad, purses, runLoad } from '../support/fleet-load.ts';
import { look } from '../support/fleet-people.ts';
import { type Version, versionBefore } from '../support/fleet-versions.ts';
import { booksAreRight } from '../support/house.ts';

const PEOPLE = 20;
const ROUNDS = 5;
const CALM_MS = 60_000;

describe.skipIf(process.env.DRILL !== '1')('two versions side by side', () => {
  let fleet: Fleet;
  let before: Version;
  let old: { readonly bot: Daemon; readonly worker: Daemon; readonly urls: readonly [string, string] };
  let people: Phone[];

  beforeAll(async () => {
    const [botPort = 0, workerPort = 0] = await freePorts(2);
    before = await versionBefore();
    // Where nginx looks for the second bot of this version, it finds the one of the version before.
    const between = { upstream: async (name: string, port: number) => (name === 'bot-2' ? botPort : port) };
    fleet = await openFleet({ bots: 2, workers: 1, between });
    await fleet.daemon('bot-2').stop();
    const env = { ...fleet.environment, PUBLIC_URL: fleet.fleet.nginx ?? '' };
    const bot = before.start('old-bot', 'src/bot.ts', { ...env, PORT: String(botPort) });
    const worker = before.start('old-worker', 'workers/worker.ts', { ...env, PORT: String(workerPort) });
    old = { bot, worker, urls: [`http://127.0.0.1:${botPort}`, `http://127.0.0.1:${workerPort}`] };
    await Promise.all(old.urls.map(isReady)).catch((error: Error) => {
      throw new Error(`${error.message}\n${bot.lastWords(8)}\n${worker.lastWords(8)}`);
    });
    people = await fleet.people(PEOPLE);
    await fund(fleet, people, 1_000n);
  });
  afterAll(async () => {
    await fleet?.end();
    await before?.end();
  });

  test('both serve, and every wallet is right', { timeout: 180_000 }, async () => {
    await load();
    const [oldBot, oldWorker] = old.urls;
    const { bots, worker } = fleet.fleet;
    for (const url of [bots[0] ?? '', oldBot]) {
      expect(await counted(url, /^satfleet_messages_total\{[^}]*result="ok"\} (\d+)/gm)).toBeGreaterThan(PEOPLE);
    }
    for (const url of [worker, oldWorker]) {
      expect(await counted(url, /^satfleet_jobs_total\{queue="payment",result="done"\} (\d+)/gm)).toBeGreaterThan(0);
    }
  });

  test('the old ones leave in the middle of it: the deploy is done', { timeout: 180_000 }, async () => {
    await load(async () => {
      const endings = await Promise.all([old.bot, old.worker].map((daemon) => daemon.stop('SIGTERM', 30_000)));
      expect(endings.map(({ code }) => code)).toEqual([0, 0]);
    });
  });

  test('undone: the old ones alone serve a database that is newer than they', { timeout: 180_000 }, async () => {
    old.bot.start();
    old.worker.start();
    await Promise.all(old.urls.map(isReady));
    await Promise.all(['bot-1', 'worker'].map((name) => fleet.daemon(name).stop('SIGTERM', 30_000)));
    await load();
  });

  /** Everybody does things, `change` happens meanwhile, and every wallet is held against what was done. */
  async function load(change: () => Promise<void> = async () => {}): Promise<void> {
    const had = await purses(fleet, people);
    const doing = newLoad(people);
    const middle = (ROUNDS * PEOPLE) / 3;
    await Promise.all([
      runLoad(fleet, doing, ROUNDS),
      until('the middle of the load', CALM_MS, async () => doing.done >= middle).then(change),
    ]);
    await until('nothing is left to do', CALM_MS, async () => {
      const { untold, unfinished, outbox } = await leftovers(fleet);
      return untold + unfinished + outbox === 0;
    });
    const has = await purses(fleet, people);
    const changes = people.map((each) => (has.get(each) ?? 0n) - (had.get(each) ?? 0n));
    expect(changes).toEqual(people.map((each) => doing.change.get(each)));
    expect(await look(fleet, "select id from notices where state <> 'sent'")).toEqual([]);
    await booksAreRight(fleet.world);
  }

  async function counted(url: string, measure: RegExp): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text();
    return [...text.matchAll(measure)].reduce((sum, match) => sum + Number(match[1]), 0);
  }
});
