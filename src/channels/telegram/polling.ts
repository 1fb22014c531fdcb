// Updates by long polling, where no address of ours can be reached from outside. One instance per bot asks, by lease, as
// Telegram allows only one; updates of one chat are handled in order, chats beside each other, and a batch is confirmed
// when all of it has ended, so that a crash brings it again.
import { releaseLease, takeLease } from '../../infra/redis/lease.ts';
import type { World } from '../../world.ts';
import type { Handle } from '../channel.ts';
import { receive } from './receive.ts';
import type { Bot } from './registry.ts';
import { ALLOWED_UPDATES, type Received, translate } from './update.ts';

// What an instance that was killed leaves is taken up in about ten seconds.
const LEASE_MS = 8_000;
const RENEW_MS = 2_500;
const POLL_S = 25;
const PAUSE_MS = 2_000;
const BATCH = 100;

/** Polls for one bot until `signal` aborts, whenever the lease is ours. Resolves when running updates have ended. */
export async function poll(world: World, handle: Handle, bot: Bot, signal: AbortSignal): Promise<void> {
  const lease = `telegram-polling:${bot.id}`;
  while (!signal.aborted) {
    try {
      const term = await takeLease(world.sessions, lease, world.instanceId, LEASE_MS);
      if (term === undefined) {
        await world.clock.sleep(RENEW_MS, signal);
        continue;
      }
      world.log.info('polling begins', { bot: bot.username, term });
      await serveTerm(world, handle, bot, lease, signal);
    } catch (error) {
      world.log.warn('polling interrupted', { bot: bot.username, error });
      await world.clock.sleep(PAUSE_MS, signal);
    }
  }
  await releaseLease(world.sessions, lease, world.instanceId).catch(() => {});
}

async function serveTerm(world: World, handle: Handle, bot: Bot, lease: string, signal: AbortSignal): Promise<void> {
  const lost = new AbortController();
  const stop = AbortSignal.any([signal, lost.signal]);
  const renew = world.clock.every(
    RENEW_MS,
    async () => {
      if ((await takeLease(world.sessions, lease, world.instanceId, LEASE_MS)) === undefined) lost.abort();
    },
    // Not knowing whether the lease is still ours counts as having lost it.
    () => lost.abort(),
  );
  try {
    await bot.api.call('deleteWebhook', {}, stop);
    let offset = 0;
    while (!stop.aborted) offset = await nextBatch(world, handle, bot, offset, stop);
  } finally {
    renew();
  }
}

async function nextBatch(world: World, handle: Handle, bot: Bot, offset: number, signal: AbortSignal): Promise<number> {
  const request = { offset, timeout: POLL_S, limit: BATCH, allowed_updates: ALLOWED_UPDATES };
  const answer = await bot.api.call<{ update_id: number }[]>('getUpdates', request, signal, POLL_S * 1_000);
  if (signal.aborted) return offset;
  if (answer.state !== 'done') {
    const waitMs = answer.state === 'wait' ? answer.waitMs : PAUSE_MS;
    world.log.warn('no updates', { bot: bot.username, state: answer.state });
    await world.clock.sleep(waitMs, signal);
    return offset;
  }
  const known = answer.result.flatMap((update) => translate(update, bot.username, world.ids.next()) ?? []);
  const chats = Map.groupBy(known, (each) => each.incoming.chatId);
  const ended = await Promise.all([...chats.values()].map((chat) => inOrder(world, handle, bot, chat, signal)));
  // What was left because we end is brought again to the next one who asks.
  if (!ended.every(Boolean)) return offset;
  return answer.result.reduce((next, update) => Math.max(next, update.update_id + 1), offset);
}

async function inOrder(
  world: World,
  handle: Handle,
  bot: Bot,
  updates: readonly Received[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const update of updates) {
    for (;;) {
      const { status, retryAfterS } = await receive(world, handle, bot, update);
      if (status === 200) break;
      if (signal.aborted) return false;
      await world.clock.sleep(retryAfterS === undefined ? PAUSE_MS : retryAfterS * 1_000, signal);
    }
  }
  return true;
}
