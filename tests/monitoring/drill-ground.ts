// The ground of the drill: a house with two bots and two workers, a real Prometheus for which a minute of the rules is a
// second, a real Alertmanager between it and the house, and an admin who reads what both make of it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RatesSandbox, startRates } from '../../sandbox/rates/server.ts';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { freePorts } from '../../scripts/process.ts';
import { fund, isReady } from '../../scripts/rig.ts';
import { type Fleet, openFleet } from '../support/fleet-house.ts';
import { look } from '../support/fleet-people.ts';
import { layWire, type Wire } from '../support/fleet-wire.ts';
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
  /** Where all prices come from. */
  rates: RatesSandbox;
  /** Between one bot and the cache Redis. */
  wire: Wire;
  /** Where another bot lets itself be looked into, once it is asked to. */
  inspectPort: number;
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

const TO_ADMIN = `update users set role = 'admin'
  where id = (select user_id from identities where channel = 'telegram' and external_id = $1)`;

export async function openGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-drill-'));
  const token = randomBytes(24).toString('hex');
  const outside = await startReceiver();
  const rates = await startRates({});
  const [inspectPort = 0] = await freePorts(1);
  let wire: Wire | undefined;
  const fleet = await openFleet({
    bots: 2,
    workers: 2,
    // Old messages stay, so that what an admin has read can be looked for.
    keptMessages: 2_000,
    settings: { ALERTS_TOKEN: token, ALERT_WEBHOOK_URL: `${outside.url}/chat` },
    between: {
      async settings(name, environment) {
        const cache = new URL(environment.REDIS_CACHE_URL ?? '');
        if (name === 'bot-2') {
          wire = await layWire(cache.host);
          cache.host = wire.socket;
        }
        return {
          ...(await withProbe(name, environment)),
          ...(name.startsWith('bot') ? POOL : {}),
          ...ratesUrls(rates),
          ...(name === 'bot-1' ? { NODE_OPTIONS: `--inspect-port=127.0.0.1:${inspectPort}` } : {}),
          REDIS_CACHE_URL: cache.href,
        };
      },
    },
  });
  if (!wire) throw new Error('there is no second bot');
  const laid = wire;
  const { bots, workers, worker } = fleet.fleet;
  const alertmanager: Alertmanager = await startAlertmanager({ folder, worker, bot: bots[0] ?? '', token });
  const jobs = { bot: bots, worker: workers };
  const memory = longGoodMonth();
  const prometheus = await startPrometheus({ folder, jobs, isFast: true, alertmanager: alertmanager.url, memory });
  await prober(fleet);
  const [boss, ...people] = (await fleet.people(1 + PEOPLE)) as [Phone, ...Phone[]];
  await fund(fleet, people, 1_000n);
  const sql = (text: string, values: unknown[] = []) => look(fleet, text, values);
  await sql(TO_ADMIN, [String(boss.id)]);
  return {
    fleet,
    prometheus,
    boss,
    outside,
    rates,
    wire: laid,
    inspectPort,
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
      await laid.close();
      await rates.stop();
      await outside.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A month's questions of the synthetic user, from ten hours ago to three: where a minute is a second, a month is twelve
 * hours. Five of six thousand were lost, one less than may be.
 */
function longGoodMonth(): string {
  const [fromS, toS] = [10, 3].map((hours) => Math.floor(Date.now() / 1_000) - hours * 3_600) as [number, number];
  const samples = (result: string, most: number) =>
    Array.from({ length: (toS - fromS) / 60 + 1 }, (_, at) => {
      const count = Math.floor((most * at * 60) / (toS - fromS));
      return `satfleet_probe_total{result="${result}",job="worker",instance="before"} ${count} ${fromS + at * 60}`;
    });
  return ['# TYPE satfleet_probe counter', ...samples('answered', 6_000), ...samples('lost', 5), '# EOF', ''].join(
    '\n',
  );
}

function ratesUrls({ urls }: RatesSandbox): Record<string, string> {
  return {
    RATES_COINGECKO_URL: urls.coingecko,
    RATES_BINANCE_URL: urls.binance,
    RATES_COINBASE_URL: urls.coinbase,
    RATES_OPEN_ER_API_URL: urls['open-er-api'],
    RATES_FRANKFURTER_URL: urls.frankfurter,
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
