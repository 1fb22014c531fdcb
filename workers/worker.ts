// Entry: one worker, of any number. Consumes every queue, holds the pool of Lightning nodes, hears their invoices, ticks
// the schedule. It refuses to start where money could be lost: a queue Redis that evicts, a database that forgets.
import { loadConfig } from '../src/base/config.ts';
import { onShutdown } from '../src/base/shutdown.ts';
import { currentTrace, inSpan, withTrace } from '../src/base/trace.ts';
import { telegramChannel } from '../src/channels/telegram/channel.ts';
import { keepProbing } from '../src/channels/telegram/probing.ts';
import { createBots } from '../src/channels/telegram/registry.ts';
import { refuseAnotherDatabase } from '../src/flows/life.ts';
import { keepWatchingLine } from '../src/flows/line.ts';
import { keepAlive, keepTellingLoad } from '../src/flows/load.ts';
import { measureHouse, measureProcess } from '../src/flows/measure.ts';
import { hear } from '../src/flows/pay-execute.ts';
import { keepFeelingPressure } from '../src/flows/pressure.ts';
import { keepTellingSendable } from '../src/flows/sendable.ts';
import { keepTellingTally, noteJobFault } from '../src/flows/tally.ts';
import { refuseLedgerWriter, refuseStrongMacaroon } from '../src/flows/trust.ts';
import { keepWatchdog } from '../src/flows/watchdog.ts';
import { addAlerts } from '../src/http/alerts.ts';
import { sayChanges } from '../src/http/components.ts';
import { addOps } from '../src/http/ops.ts';
import { createServer } from '../src/http/server.ts';
import { durability } from '../src/infra/db/durability.ts';
import { type ConsumerEvents, consume, type Handler } from '../src/infra/queue/consumer.ts';
import { QUEUE_NAMES, type QueueName } from '../src/infra/queue/jobs.ts';
import { createRateSources } from '../src/infra/rates/sources.ts';
import { redisSettings } from '../src/infra/redis/connection.ts';
import { makeWorld, type WorkerWorld, type World, withLightning } from '../src/world.ts';
import { atHand } from './at-hand.ts';
import { watchNodes } from './lightning-events.ts';
import { partsOf } from './parts.ts';
import { PROCESSORS } from './processors/index.ts';
import type { Tools } from './processors/processor.ts';
import { startSchedule } from './schedule.ts';

const JOBS_GRACE_MS = 10_000;

async function main(): Promise<void> {
  const config = loadConfig('worker');
  const base = await makeWorld('worker', config);
  const near = telling(base, (job) => handle(tools, 'notification', job));
  await refuseToLoseMoney(base);
  let heard: WorkerWorld | undefined;
  const world = await withLightning({ ...base, takeAtHand: near.take }, (event) => {
    base.log.info('lightning', { ...event, ...('outcome' in event ? { outcome: event.outcome.state } : {}) });
    if (event.kind === 'late_outcome' && heard) {
      hear(heard, event.paymentHash).catch((error: unknown) => base.log.warn('left to the sweep', { error }));
    }
  });
  await refuseStrongMacaroon(world);
  heard = world;
  measureProcess(world);
  measureHouse(world);
  const bots = createBots(config, world.metrics);
  const tools: Tools = {
    world,
    channels: { telegram: telegramChannel(bots) },
    sources: createRateSources({ clock: world.clock, urls: rateUrls(config), onEvent: world.metrics.breaker }),
  };
  const consumers = QUEUE_NAMES.map((queue) => startConsumer(tools, queue));
  const stopNodes = watchNodes(world);
  const stopTelling = keepTellingSendable(world);
  const stopLoad = keepTellingLoad(world);
  const stopTally = keepTellingTally(world);
  const schedule = startSchedule(world);
  const stopProbing = keepProbing(world, bots);
  const stopWatchdog = keepWatchdog(world);
  const stopLine = keepWatchingLine(world);
  const stopFeeling = keepFeelingPressure(world, () => 0);
  const stopBeat = keepAlive(world);
  let takesWork = true;
  const server = createServer({ log: world.log, ids: world.ids });
  const stopLooking = addOps(server, {
    clock: world.clock,
    metrics: world.metrics,
    components: () => partsOf(world, bots, schedule),
    takesWork: () => takesWork,
    onChange: sayChanges(world.log),
  });
  addAlerts(server, world);
  const port = await server.listen(config.PORT, config.HOST);
  world.log.info('worker ready', { port });
  onShutdown(world.log, [
    {
      name: 'intake',
      run() {
        takesWork = false;
        stopLooking();
      },
    },
    { name: 'schedule', run: schedule.stop },
    { name: 'synthetic user', run: stopProbing },
    { name: 'watchdog', run: stopWatchdog },
    { name: 'nodes', run: stopNodes },
    { name: 'liquidity', run: stopTelling },
    { name: 'jobs', run: () => Promise.all([...consumers, near].map((each) => each.close(JOBS_GRACE_MS))) },
    // Not before: whoever must be alone with the money looks at who is on that list.
    { name: 'heartbeat', run: stopBeat },
    { name: 'pressure', run: stopFeeling },
    { name: 'line', run: stopLine },
    { name: 'load', run: stopLoad },
    { name: 'tally', run: stopTally },
    { name: 'server', run: () => server.close() },
    { name: 'connections', run: () => world.close() },
  ]);
}

/** What this worker's own flows have just made news of, told by itself. */
function telling(world: World, handler: Handler) {
  const { clock } = world;
  return atHand({ clock, handler, queue: (job) => world.queues.add([job]), events: eventsOf(world) });
}

async function refuseToLoseMoney(world: World): Promise<void> {
  await refuseLedgerWriter(world);
  await refuseAnotherDatabase(world);
  const [redis, database] = await Promise.all([redisSettings(world.config.REDIS_QUEUE_URL), durability(world.db)]);
  if (redis.evictionPolicy !== 'noeviction') {
    throw new Error('The queue Redis may evict jobs: set maxmemory-policy noeviction and start again.');
  }
  const off = Object.entries(database).filter(([, isOn]) => !isOn);
  if (off.length) {
    throw new Error(`PostgreSQL may forget money: switch on ${off.map(([name]) => name).join(', ')} and start again.`);
  }
}

function eventsOf(world: World): ConsumerEvents {
  return {
    onDone(name, result, ms) {
      world.metrics.jobs.inc({ queue: name, result });
      if (result === 'fault') noteJobFault(world, name);
      world.metrics.jobSeconds.observe({ queue: name }, ms / 1_000);
    },
    onFault(name, job, error, isFinal) {
      const level = isFinal ? 'error' : 'warn';
      const event = isFinal ? 'job failed' : 'job will be tried again';
      withTrace(job?.traceId ?? currentTrace(), () => world.log[level](event, { queue: name, job: job?.id, error }));
    },
  };
}

const handle = (tools: Tools, queue: QueueName, job: Parameters<Handler>[0]) =>
  withTrace(job.traceId, () =>
    inSpan(`job ${queue}`, { queue, attempt: job.attempt }, () => PROCESSORS[queue](tools, job), {
      side: 'consumer',
      does: { queue, id: job.id },
      resultOf: (later) => (later ? 'later' : 'done'),
    }),
  );

function startConsumer(tools: Tools, queue: QueueName) {
  const { world } = tools;
  return consume({
    url: world.config.REDIS_QUEUE_URL,
    queue,
    clock: world.clock,
    events: eventsOf(world),
    handler: (job) => handle(tools, queue, job),
  });
}

function rateUrls(config: WorkerWorld['config']) {
  const given = {
    coingecko: config.RATES_COINGECKO_URL,
    binance: config.RATES_BINANCE_URL,
    coinbase: config.RATES_COINBASE_URL,
    'open-er-api': config.RATES_OPEN_ER_API_URL,
    frankfurter: config.RATES_FRANKFURTER_URL,
  };
  return Object.fromEntries(Object.entries(given).filter(([, url]) => url !== undefined));
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
