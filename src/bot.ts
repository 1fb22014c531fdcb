// Entry: one stateless bot instance, any number of which may run behind one address. It serves all our bot names by
// webhook (or, without a public address, by long polling under a lease), and on SIGTERM lets running updates end.
import { loadConfig } from './base/config.ts';
import { onShutdown } from './base/shutdown.ts';
import { namesOn } from './channels/telegram/names.ts';
import { poll } from './channels/telegram/polling.ts';
import { type Bots, createBots } from './channels/telegram/registry.ts';
import { setUp } from './channels/telegram/setup.ts';
import { addWebhook, createWebhook } from './channels/telegram/webhook.ts';
import { handle } from './chat/router.ts';
import { refuseAnotherDatabase } from './flows/life.ts';
import { measureProcess } from './flows/measure.ts';
import { refuseLedgerWriter } from './flows/trust.ts';
import { addOps } from './http/ops.ts';
import { createServer } from './http/server.ts';
import { keepBeating } from './infra/redis/instances.ts';
import { makeWorld, type World } from './world.ts';

const SET_UP_AGAIN_MS = 5_000;

async function main(): Promise<void> {
  const config = loadConfig('bot');
  const bots = createBots(config);
  const world = { ...(await makeWorld('bot', config)), nameNow: namesOn(bots) };
  await refuseLedgerWriter(world);
  await refuseAnotherDatabase(world);
  measureProcess(world);
  const webhook = createWebhook(world, bots, handle);
  const ending = new AbortController();
  const server = createServer({ log: world.log, ids: world.ids });
  addOps(server, {
    clock: world.clock,
    metrics: world.metrics,
    components: componentsOf(world),
    takesWork: () => !ending.signal.aborted,
  });
  addWebhook(server, webhook);
  const port = await server.listen(config.PORT, config.HOST);
  const stopBeat = keepBeating(world.sessions, world.instanceId, world.clock, (error) =>
    world.log.warn('heartbeat failed', { error }),
  );
  const telegram = Promise.all(bots.ids.map((id) => serve(world, bots, id, ending.signal)));
  world.log.info('bot ready', { port });
  onShutdown(world.log, [
    {
      name: 'intake',
      run() {
        ending.abort();
        webhook.stop();
      },
    },
    { name: 'updates', run: () => Promise.all([webhook.idle(), telegram]) },
    { name: 'server', run: () => server.close() },
    { name: 'heartbeat', run: stopBeat },
    { name: 'connections', run: () => world.close() },
  ]);
}

/** Sets one bot up, as often as it takes, and polls for it where Telegram cannot reach us. Ends with `signal`. */
async function serve(world: World, bots: Bots, id: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const bot = await bots.byId(id);
      if (!bot) return;
      await setUp(world, bot);
      if (world.config.PUBLIC_URL === undefined) await poll(world, handle, bot, signal);
      return;
    } catch (error) {
      world.log.error('telegram is not set up', { bot_id: id, error });
      await world.clock.sleep(SET_UP_AGAIN_MS, signal);
    }
  }
}

function componentsOf(world: World) {
  return [
    { name: 'database', vital: true, check: () => world.db.health() },
    { name: 'session-redis', vital: true, check: () => world.sessions.ping() },
    // Without the queues people are still answered; what they ask for is written down and follows.
    { name: 'queue-redis', vital: false, check: () => world.queues.counts() },
  ];
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
