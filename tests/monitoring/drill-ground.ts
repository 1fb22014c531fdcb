// The ground of the drill: a house with two bots and two workers, a real Prometheus for which a minute of the rules is a
// second, a real Alertmanager between it and the house, and an admin who reads what both make of it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { fund, isReady } from '../../scripts/rig.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { look } from '../support/fleet-people.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { type Alertmanager, startAlertmanager } from './alertmanager.ts';
import { type Jobs, type Prometheus, startPrometheus } from './prometheus.ts';
import { prober, withProbe } from './synthetic.ts';

const PEOPLE = 12;

export type Ground = {
  fleet: Fleet;
  prometheus: Prometheus;
  boss: Phone;
  /** Called when nothing can be told in the chat, because it cannot be written down. */
  outside: Receiver;
  people: Phone[];
  jobs: Jobs;
  /** Everybody asks this again and again, whatever the answer; gives how to end it. */
  talk(...texts: string[]): () => void;
  /** Starts again what was ended, and waits until it is ready for work. */
  bring(...names: string[]): Promise<void>;
  /** As the owner of the database. */
  sql(text: string, values?: unknown[]): Promise<unknown[]>;
  end(): Promise<void>;
};

/** The connections of a bot's pool: few, so that a test can use them all. */
const POOL = { DB_POOL_MIN: '1', DB_POOL_MAX: '2' };

export async function openGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-drill-'));
  const token = randomBytes(24).toString('hex');
  const outside = await startReceiver();
  const fleet = await openFleet({
    bots: 2,
    workers: 2,
    // Old messages stay, so that what an admin has read can be looked for.
    keptMessages: 2_000,
    settings: { ALERTS_TOKEN: token, ALERT_WEBHOOK_URL: `${outside.url}/chat` },
    between: {
      settings: async (name, environment) => ({
        ...(await withProbe(name, environment)),
        ...(name.startsWith('bot') ? POOL : {}),
      }),
    },
  });
  const { bots, workers, worker } = fleet.fleet;
  const alertmanager: Alertmanager = await startAlertmanager({ folder, worker, bot: bots[0] ?? '', token });
  const jobs = { bot: bots, worker: workers };
  const prometheus = await startPrometheus({ folder, jobs, isFast: true, alertmanager: alertmanager.url });
  await prober(fleet);
  const [boss, ...people] = (await fleet.people(1 + PEOPLE)) as [Phone, ...Phone[]];
  await fund(fleet, people, 1_000n);
  const sql = (text: string, values: unknown[] = []) => look(fleet, text, values);
  await sql(
    `update users set role = 'admin' where id = (select user_id from identities where channel = 'telegram' and external_id = $1)`,
    [String(boss.id)],
  );
  return {
    fleet,
    prometheus,
    boss,
    outside,
    people,
    jobs,
    talk: (...texts) => talking(people, texts),
    async bring(...names) {
      for (const name of names) fleet.daemon(name).start();
      await Promise.all([...bots, ...workers].map(isReady));
    },
    sql,
    async end() {
      await prometheus.end();
      await alertmanager.end();
      await fleet.end();
      await outside.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function talking(people: readonly Phone[], texts: readonly string[]): () => void {
  let isOver = false;
  const speak = async () => {
    while (!isOver) {
      for (const [at, phone] of people.entries()) phone.say(texts[at % texts.length] ?? '/balance');
      await sleep(500);
    }
  };
  void speak();
  return () => {
    isOver = true;
  };
}
