// Entry: one stateless bot instance, any number of which may run behind one address. It serves all our bot names by
// webhook (or, without a public address, by long polling under a lease), and on SIGTERM closes its door to new ones at
// once, so that they go to its neighbours, answers what it has in hand, and leaves.
import { loadConfig } from './base/config.ts';
import { onShutdown } from './base/shutdown.ts';
import { tellingAtOnce } from './channels/at-once.ts';
import { telegramChannel } from './channels/telegram/channel.ts';
import { namesOn } from './channels/telegram/names.ts';
import { poll } from './channels/telegram/polling.ts';
import { type Bots, createBots, isAnswering } from './channels/telegram/registry.ts';
import { setUp } from './channels/telegram/setup.ts';
import { addWebhook, createWebhook } from './channels/telegram/webhook.ts';
import { countCommands } from './chat/commands/index.ts';
import { handle } from './chat/router.ts';
import { keepEscalating } from './flows/incidents-escalate.ts';
import { refuseAnotherDatabase } from './flows/life.ts';
import { keepWatchingLine } from './flows/line.ts';
import { keepAlive, keepTellingLoad } from './flows/load.ts';
import { measureProcess } from './flows/measure.ts';
import { keepFeelingPressure } from './flows/pressure.ts';
import { keepTellingSeen } from './flows/seen.ts';
import { keepTellingTally } from './flows/tally.ts';
import { refuseLedgerWriter } from './flows/trust.ts';
import { addAdmin } from './http/admin/admin.ts';
import { addAlerts } from './http/alerts.ts';
import { foreign, sayChanges, storesOf } from './http/components.ts';
import { addOps } from './http/ops.ts';
import { createServer } from './http/server.ts';
import { addStatus } from './http/status.ts';
import { makeWorld, type World } from './world.ts';

const SET_UP_AGAIN_MS = 5_000;

async function main(): Promise<void> {
  const config = loadConfig('bot');
  const base = await makeWorld('bot', config);
  const bots = createBots(config, base.metrics);
  const world = { ...base, nameNow: namesOn(bots) };
  await refuseLedgerWriter(world);
  await refuseAnotherDatabase(world);
  measureProcess(world);
  countCommands(world.metrics);
  const webhook = createWebhook(world, bots, handle);
  const ending = new AbortController();
  const server = createServer({ log: world.log, ids: world.ids });
  const stopLooking = addOps(server, {
    clock: world.clock,
    metrics: world.metrics,
    components: () => componentsOf(world, bots),
    takesWork: () => !ending.signal.aborted,
    onChange: sayChanges(world.log),
  });
  addStatus(server, world);
  addAdmin(server, world);
  addWebhook(server, webhook);
  // Also that no worker is there.
  addAlerts(server, tellingAtOnce(world, { telegram: telegramChannel(bots) }));
  const port = await server.listen(config.PORT, config.HOST);
  const stopLine = keepWatchingLine(world);
  const stopFeeling = keepFeelingPressure(world, () => webhook.inHand());
  const stopBeat = keepAlive(world);
  const stopLoad = keepTellingLoad(world);
  const stopSeen = keepTellingSeen(world);
  const stopTally = keepTellingTally(world);
  const stopEscalating = keepEscalating(world);
  const telegram = Promise.all(bots.ids.map((id) => serve(world, bots, id, ending.signal)));
  world.log.info('bot ready', { port });
  onShutdown(world.log, [
    {
      name: 'intake',
      run() {
        ending.abort();
        stopLooking();
      },
    },
    // The door first: nginx brings to a neighbour what finds it closed. A refusal would be our answer. Who leaves before
    // nginx has met the closed door takes the address along, and what is sent there waits for nobody.
    { name: 'door', run: () => Promise.all([server.close(), world.clock.sleep(config.LINGER_MS)]) },
    { name: 'updates', run: () => Promise.all([webhook.idle(), telegram]) },
    { name: 'pressure', run: stopFeeling },
    { name: 'line', run: stopLine },
    { name: 'heartbeat', run: stopBeat },
    { name: 'load', run: stopLoad },
    { name: 'seen', run: stopSeen },
    { name: 'tally', run: stopTally },
    { name: 'alerts', run: stopEscalating },
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

function componentsOf(world: World, bots: Bots) {
  return [
    // Without the queues people are still answered; what they ask for is written down and follows.
    ...storesOf(world, { queuesAreVital: false }),
    foreign('telegram', () => isAnswering(bots)),
  ];
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
