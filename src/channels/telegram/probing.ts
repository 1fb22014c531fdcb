// The synthetic user on Telegram. It writes as Telegram would, with the webhook's secret, to the public address, and is
// answered by the Bot API in a private chat of the operator's; that Telegram itself brings people's messages is the one
// thing it cannot see. One worker does it at a time, by lease; when Redis cannot say whose turn it is, every worker does:
// that is no time to look away.
import { Unavailable } from '../../base/errors.ts';
import { probe } from '../../flows/probe.ts';
import { releaseLease, takeLease } from '../../infra/redis/lease.ts';
import type { World } from '../../world.ts';
import type { Bots } from './registry.ts';
import { dropMessage } from './send.ts';
import { SECRET_HEADER } from './webhook.ts';

const EVERY_MS = 15_000;
const LEASE = 'probe';
/** Longer than from one question to the next. */
const LEASE_MS = 20_000;

/** Asks every 15 seconds, where the operator has said how. Gives the function that stops it. */
export function keepProbing(world: World, bots: Bots): () => Promise<void> {
  if (world.config.PROBE_URL === undefined) return async () => {};
  const stop = world.clock.every(
    EVERY_MS,
    () => probeOnce(world, bots),
    (error) => world.log.warn('the synthetic user did not ask', { error }),
  );
  return async () => {
    stop();
    await releaseLease(world.sessions, LEASE, world.instanceId).catch(() => {});
  };
}

/** Asks once, if it is this worker's turn. */
export async function probeOnce(world: World, bots: Bots): Promise<void> {
  const { PROBE_URL: url, PROBE_CHAT_ID: chatId } = world.config;
  if (url === undefined || chatId === undefined || !(await isOurTurn(world))) return;
  const botId = new URL(url).pathname.split('/').at(-1) ?? '';
  const bot = await bots.byId(botId).catch((error: unknown) => {
    if (error instanceof Unavailable) return undefined;
    throw error;
  });
  if (!bot) {
    // Without Telegram nobody is answered, and our own name is not known.
    world.metrics.probes.inc({ result: 'lost' });
    return;
  }
  const body = JSON.stringify(questionOf(world, chatId));
  const headers = { 'content-type': 'application/json', [SECRET_HEADER]: bot.secret };
  await probe(world, {
    bot: bot.username,
    chatId,
    async ask(signal) {
      const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      await response.body?.cancel();
      return response.status === 200;
    },
    remove: (shown) => dropMessage(bot.api, chatId, shown),
  });
}

async function isOurTurn(world: World): Promise<boolean> {
  try {
    return (await takeLease(world.sessions, LEASE, world.instanceId, LEASE_MS)) !== undefined;
  } catch (error) {
    if (error instanceof Unavailable) return true;
    throw error;
  }
}

/** An update as Telegram makes it. Its number is the time, far above all that Telegram counts. */
function questionOf(world: World, chatId: string) {
  const nowMs = world.clock.nowMs();
  const id = Number(chatId);
  const name = { first_name: 'Probe' };
  return {
    update_id: nowMs,
    message: {
      message_id: Math.floor(nowMs / 1_000),
      date: Math.floor(nowMs / 1_000),
      chat: { id, type: 'private', ...name },
      from: { id, is_bot: false, language_code: 'en', ...name },
      text: '/balance',
      entities: [{ type: 'bot_command', offset: 0, length: '/balance'.length }],
    },
  };
}
