// More that goes wrong in the drill: what takes a longer way to break than a word to a process or a row. Each, again, is
// broken for real, and gives how it is put right.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { until } from '../../scripts/process.ts';
import { inTurn } from '../../scripts/rig.ts';
import { finishFailed } from '../../src/flows/pay-finish.ts';
import { confirmPay } from '../support/fleet-people.ts';
import { post, textUpdate } from '../support/fleet-updates.ts';
import type { Ground } from './drill-ground.ts';
import { again, ended, type Fault, OURS, queueRedis, WAIT_MS } from './drill-means.ts';

/** One of our nodes may be left out; the other does not answer. */
const nodesThat =
  (change: { hang?: boolean; lateMs?: number }) =>
  ({ fleet }: Ground) => {
    for (const alias of OURS) fleet.sandbox?.setFaults(alias, change);
  };

const STRANGERS = 400;
const STRANGERS_AT_ONCE = 100;

/** People who write for the first time, many at once; what they are answered is theirs. */
export async function strangersWrite({ fleet }: Ground): Promise<void> {
  const [bot = ''] = fleet.fleet.bots;
  const first = 800_000 + fleet.telegram.state.people.size;
  const phones = Array.from({ length: STRANGERS }, (_, at) =>
    fleet.telegram.person({ id: first + at, first_name: `stranger${at}`, language_code: 'en' }),
  );
  await inTurn(
    phones,
    STRANGERS_AT_ONCE,
    async (phone) => void (await post(fleet, bot, textUpdate(phone, '/balance'))),
  );
}

export const WATCHERS: readonly Fault[] = [
  {
    what: 'Prometheus is gone',
    // No rule can say so: the house itself does, since the sign that always comes does not.
    fires: [],
    told: ['PrometheusSilent'],
    async wrong({ prometheus, sql }) {
      const back = await prometheus.away();
      const open = "select 1 from incidents where name = 'PrometheusSilent' and closed_at is null";
      await until('the house misses it', 120_000, async () => (await sql(open)).length === 1).catch(() => {});
      return back;
    },
  },
  {
    what: 'a rule cannot be evaluated',
    fires: ['RulesFail', 'Watchdog'],
    told: ['RulesFail'],
    async wrong({ prometheus }) {
      const expr = 'up{job="bot"} * on (job) up{job="bot"}';
      const away = prometheus.addRules(rule('satfleet:twice', expr));
      return async () => away();
    },
  },
];

/** JSON is YAML, which Prometheus reads. */
function rule(record: string, expr: string): string {
  return JSON.stringify({ groups: [{ name: 'added', rules: [{ record, expr }] }] });
}

export const PROCESSES: readonly Fault[] = [
  {
    what: 'a bot is started again and again',
    fires: ['InstanceRestarts'],
    async wrong(ground) {
      const bot = ground.fleet.daemon('bot-2');
      const [, url = ''] = ground.fleet.fleet.bots;
      const stop = await again(1_500, async () => {
        await bot.kill();
        bot.start();
        await until('it is there again', WAIT_MS, async () => (await fetch(`${url}/metrics`)).ok);
      });
      return async () => {
        await stop();
        await ground.bring();
      };
    },
  },
  {
    what: 'one bot alone is cut off from the cache Redis',
    fires: ['InstanceCutOff'],
    async wrong({ wire }) {
      wire.cut();
      return async () => wire.mend();
    },
  },
  {
    what: 'a bot keeps what it should let go',
    fires: ['MemoryHigh'],
    async wrong(ground) {
      ground.fleet.daemon('bot-1').signal('SIGUSR1');
      await evaluate(ground.inspectPort, 'globalThis.kept = Buffer.alloc(300_000_000, 1)');
      return async () => (await ended('bot-1')(ground))();
    },
  },
];

/** Has a process whose inspector is open run something. */
async function evaluate(port: number, expression: string): Promise<void> {
  let address = '';
  await until('it can be looked into', WAIT_MS, async () => {
    const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
      webSocketDebuggerUrl: string;
    }[];
    address = target?.webSocketDebuggerUrl ?? '';
    return address !== '';
  });
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }));
    socket.onmessage = resolve;
    socket.onerror = () => reject(new Error('it cannot be looked into'));
  });
  socket.close();
}

export const PRICES: readonly Fault[] = [
  {
    what: 'one price source is three percent off',
    fires: ['RatesDisagree'],
    async wrong({ rates }) {
      rates.fault('coinbase', { kind: 'multiplied', by: 1.03 });
      return async () => rates.fault('coinbase');
    },
  },
  {
    what: 'all price sources are silent',
    fires: ['BitcoinRateOld'],
    async wrong({ rates, sql }) {
      const sources = ['coingecko', 'binance', 'coinbase', 'open-er-api', 'frankfurter'] as const;
      for (const source of sources) rates.fault(source, { kind: 'server_error' });
      // Even their owner changes no price without saying so first.
      await sql('alter table rates disable trigger user');
      await sql("update rates set source_at = source_at - interval '10 minutes'");
      await sql('alter table rates enable trigger user');
      return async () => {
        for (const source of sources) rates.fault(source);
      };
    },
  },
  {
    what: 'the cache is emptied again and again',
    fires: ['CacheMisses', 'CacheMissesMost'],
    told: ['CacheMissesMost'],
    async wrong({ fleet, talk }) {
      return again(100, () => fleet.world.cache.clear('rates:newest'), talk('/balance'));
    },
  },
];

export const WORK: readonly Fault[] = [
  {
    what: 'the nodes do not answer while people ask for invoices',
    fires: ['NodeCallsFail', 'JobsFail', 'QueueSlow'],
    async wrong(ground) {
      nodesThat({ hang: true })(ground);
      const quiet = ground.talk('/receive 5', '/receive 6', '/receive 7');
      const stop = await again(1_000, () => agedWaiting(ground));
      return async () => {
        quiet();
        await stop();
        nodesThat({ hang: false })(ground);
      };
    },
  },
];

/** What waits in a queue has waited for two minutes longer. */
async function agedWaiting(ground: Ground): Promise<void> {
  const redis = queueRedis(ground);
  const ids = (await redis.command('LRANGE', 'bull:invoice:wait', '-50', '-1')).split('\n').filter(Boolean);
  for (const id of ids) {
    await redis.command('HSET', `bull:invoice:${id}`, 'timestamp', String(Date.now() - 120_000));
  }
}

export const LOST: readonly Fault[] = [
  {
    what: 'a node pays what it had called failed',
    fires: ['PaidAfterAll', 'MoneyInSuspense'],
    async wrong({ fleet, people }) {
      const { request, hash } = await fleet.outside.makeInvoice({ amountMsat: 1_000n, hold: true });
      const id = await confirmPay(people[2] as Phone, request);
      const isHeld = async () =>
        (await fleet.outside.invoices()).some((each) => each.hash === hash && each.state === 'held');
      await until('it is held', WAIT_MS, isHeld);
      await sleep(500);
      // As if its node had said so.
      await finishFailed(fleet.world, id, 'no_route', 1, 'lookup');
      await fleet.outside.settle(hash);
      return async () => {};
    },
  },
];
