// What goes wrong in the drill, each with the alerts that must fire by it and how it is put right again. Everything is
// broken for real: a process killed, a server ended, a table locked, a row changed by the owner's hand.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { OutsideWallet } from '../../sandbox/lnd/outside.ts';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { until } from '../../scripts/process.ts';
import { inTurn } from '../../scripts/rig.ts';
import { confirmPay } from '../support/fleet-people.ts';
import { post, textUpdate } from '../support/fleet-updates.ts';
import {
  again,
  cacheRedis,
  ended,
  type Fault,
  OURS,
  queueRedis,
  sessionRedis,
  squeezed,
  telegramThat,
  WAIT_MS,
  without,
} from './drill-means.ts';
import { LOST, PRICES, PROCESSES, strangersWrite, WATCHERS, WORK } from './drill-rare.ts';

const SERVERS: Fault[] = [
  { what: 'a bot is killed', fires: ['InstanceGone'], wrong: ended('bot-2') },
  {
    what: 'a bot is taken away',
    fires: ['InstancesFewer'],
    async wrong({ prometheus, jobs }) {
      prometheus.setJobs({ ...jobs, bot: jobs.bot?.slice(0, 1) ?? [] });
      return async () => prometheus.setJobs(jobs);
    },
  },
  {
    what: 'all bots are killed',
    fires: ['NoBot', 'InstanceGone', 'AvailabilityBurnsFast', 'AvailabilityBurnsSlow', 'AvailabilityMissed'],
    told: ['NoBot'],
    wrong: ended('bot-1', 'bot-2'),
  },
  {
    what: 'all workers are killed',
    fires: ['NoWorker', 'ProbeSilent'],
    told: ['NoWorker'],
    wrong: ended('worker', 'worker-2'),
  },
  {
    what: 'the queue Redis is away while somebody pays',
    fires: ['QueueRedisDown', 'OutboxSlow', 'JobsStuck'],
    told: ['QueueRedisDown'],
    async wrong(ground) {
      const mend = await without(queueRedis)(ground);
      const { request } = await ground.fleet.outside.makeInvoice({ amountMsat: 1_000n });
      const [payer] = ground.people as [Phone];
      await confirmPay(payer, request);
      await payer.waitFor(/is noted/, WAIT_MS);
      await ground.sql("update outbox set created_at = created_at - interval '5 minutes'");
      return mend;
    },
  },
  {
    what: 'the session Redis is away',
    fires: ['SessionRedisDown', 'UpdatesPushedBack'],
    told: ['SessionRedisDown'],
    wrong: without(sessionRedis, true),
  },
  {
    what: 'the cache Redis is away',
    fires: ['CacheRedisDown', 'BreakerOpen'],
    told: ['CacheRedisDown'],
    wrong: without(cacheRedis, true),
  },
  {
    what: 'the session Redis is slow',
    fires: ['RedisSlow'],
    wrong: (ground) => again(200, () => ground.fleet.sessionRedis.command('CLIENT', 'PAUSE', '150'), ground.talk()),
  },
  {
    what: 'a bot stands still again and again',
    fires: ['EventLoopLags', 'PressedHard'],
    async wrong({ fleet }) {
      const bot = fleet.daemon('bot-1');
      return again(60, async () => {
        bot.signal('SIGSTOP');
        await sleep(450);
        bot.signal('SIGCONT');
      });
    },
  },
  {
    what: 'the session Redis is nearly full',
    fires: ['RedisMemoryHigh', 'RedisMemoryFull'],
    told: ['RedisMemoryFull'],
    wrong: squeezed(1.06, 'noeviction', false),
  },
  { what: 'the session Redis may evict', fires: ['RedisEvicts'], wrong: squeezed(0.98, 'allkeys-random', true) },
  {
    what: 'the database is away while many write',
    fires: ['DatabaseDown', 'AlertsNotDelivered', 'AnswersWrongMany'],
    told: ['DatabaseDown'],
    async wrong(ground) {
      const { fleet } = ground;
      const admin = new pg.Client({ connectionString: fleet.postgres?.adminUrl });
      await admin.connect();
      await admin.query('alter database satfleet allow_connections false');
      await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'satfleet'");
      const stop = await again(100, () => strangersWrite(ground));
      return async () => {
        await stop();
        await admin.query('alter database satfleet allow_connections true');
        await admin.end();
      };
    },
  },
  {
    what: 'a lock holds all connections',
    fires: ['PoolWaiting', 'PoolBusy', 'PoolFull', 'AnswersWrong', 'AnswersSometimesWrong'],
    told: ['PoolWaiting', 'PoolFull', 'AnswersWrong'],
    async wrong(ground) {
      const owner = new pg.Client({ connectionString: ground.fleet.databaseOwnerUrl });
      await owner.connect();
      await owner.query('begin; lock table accounts in access exclusive mode');
      // What asks the same is asked together, so people ask for different things.
      const quiet = ground.talk('/balance', '/history', '/receive 5');
      return async () => {
        quiet();
        await owner.query('rollback');
        await owner.end();
      };
    },
  },
];

const OUTSIDE: Fault[] = [
  {
    what: 'a node dies',
    fires: ['NodeDown'],
    async wrong({ fleet }) {
      await fleet.lightning.kill('alice');
      return () => fleet.lightning.start('alice');
    },
  },
  {
    what: 'all nodes die',
    fires: ['NodeDown', 'OutboundLow', 'InboundLow'],
    async wrong({ fleet }) {
      await Promise.all(OURS.map((alias) => fleet.lightning.kill(alias)));
      return () => Promise.all(OURS.map((alias) => fleet.lightning.start(alias)));
    },
  },
  { what: 'Telegram is slow', fires: ['AnswersSlow'], wrong: telegramThat({ delayMs: 1_500 }) },
  { what: 'Telegram is away', fires: ['TelegramUnreachable'], wrong: telegramThat({ lost: { times: 10_000 } }) },
  {
    what: 'Telegram asks us to wait',
    fires: ['TelegramAsksToWait'],
    wrong: telegramThat({ tooMany: { times: 10_000, retryAfter: 1 } }),
  },
  {
    what: 'a stranger forges webhooks',
    fires: ['SuspiciousActs', 'RefusedActsSurge'],
    async wrong({ fleet, people }) {
      const [bot = ''] = fleet.fleet.bots;
      const update = textUpdate(people[0] as Phone, '/balance');
      await inTurn(
        Array.from({ length: 800 }),
        16,
        async () => void (await post(fleet, bot, update, 'not the secret')),
      );
      return async () => {};
    },
  },
  {
    what: 'a payee turns every payment down',
    fires: ['PaymentsFail'],
    async wrong({ fleet, people }) {
      await inTurn(people, people.length, async (phone) => {
        const { request, hash } = await fleet.outside.makeInvoice({ amountMsat: 1_000n, hold: true });
        await confirmPay(phone, request);
        const isHeld = async () =>
          (await fleet.outside.invoices()).some((each) => each.hash === hash && each.state === 'held');
        await until('it is held', WAIT_MS, isHeld);
        await fleet.outside.cancel(hash);
        await phone.waitFor(/did not go through/, WAIT_MS);
      });
      return async () => {};
    },
  },
];

const KEPT: Fault[] = [
  {
    what: 'a hundred and one jobs lie failed',
    fires: ['FailedJobsMany'],
    async wrong({ fleet }) {
      const names = Array.from({ length: 101 }, (_, at) => `lost-${at}`);
      await fleet.queueRedis.command('ZADD', 'bull:invoice:failed', ...names.flatMap((name) => ['1', name]));
      return () => fleet.queueRedis.command('ZREM', 'bull:invoice:failed', ...names);
    },
  },
  {
    what: 'no backup for two days',
    fires: ['BackupNotVerified', 'BackupBehind'],
    async wrong({ sql }) {
      await sql(`update database_life set backup_kept_at = clock_timestamp() - interval '2 days',
        backup_verified_at = clock_timestamp() - interval '2 days'`);
      return () => sql('update database_life set backup_kept_at = null, backup_verified_at = null');
    },
  },
  {
    what: 'a payment stays without an end',
    fires: ['MoneyHeldLong'],
    async wrong({ fleet, people, sql }) {
      const { request, hash } = await fleet.outside.makeInvoice({ amountMsat: 1_000n, hold: true });
      const id = await confirmPay(people[1] as Phone, request);
      const older = "update payments set created_at = created_at - interval '2 hours' where id = $1 returning id";
      await until('it is written down', WAIT_MS, async () => (await sql(older, [id])).length === 1);
      return () => fleet.outside.cancel(hash);
    },
  },
  {
    what: 'an admin stops sending',
    fires: ['SendingStopped'],
    async wrong({ boss }) {
      await boss.ask('/sending off', /./, WAIT_MS);
      return () => boss.ask('/sending on', /./, WAIT_MS);
    },
  },
  {
    what: 'somebody pays at a node by hand',
    fires: ['NodeAgainstLedger'],
    async wrong({ fleet }) {
      const { alice } = fleet.lightning.nodes;
      if (!alice) throw new Error('the network has no alice');
      const { request } = await fleet.outside.makeInvoice({ amountMsat: 5_000n });
      await new OutsideWallet(alice, fleet.logs).pay({ request });
      return async () => {};
    },
  },
  {
    what: 'a balance is raised by hand',
    fires: ['BooksNotZero', 'PromiseBroken', 'SendingStopped', 'NotSolvent'],
    told: ['BooksNotZero', 'PromiseBroken', 'NotSolvent'],
    async wrong({ sql }) {
      const raise = (by: number) =>
        sql('update accounts set credits_posted = credits_posted + $1 where id = (select min(wallet_id) from users)', [
          by,
        ]);
      // More than all channels hold.
      await raise(1e12);
      return () => raise(-1e12);
    },
  },
];

/** In this order: what nothing puts right again comes last. */
export const FAULTS: readonly Fault[] = [
  ...WATCHERS,
  ...SERVERS,
  ...PROCESSES,
  ...PRICES,
  ...OUTSIDE,
  ...WORK,
  ...KEPT.slice(0, -1),
  ...LOST,
  ...KEPT.slice(-1),
];
