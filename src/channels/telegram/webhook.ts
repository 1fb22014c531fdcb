// Telegram's webhook: one path per bot, guarded by a secret that only Telegram was told. Forgeries get 403 before
// anything is read; kinds of updates that we do not know get 200, or Telegram would bring them for a day.
import { timingSafeEqual } from 'node:crypto';
import { Unavailable } from '../../base/errors.ts';
import type { HttpServer } from '../../http/server.ts';
import type { World } from '../../world.ts';
import type { Handle } from '../channel.ts';
import { count, type Receipt, receive } from './receive.ts';
import type { Bots } from './registry.ts';
import { readUpdate } from './update.ts';

export const WEBHOOK_PATH = '/telegram/:bot';
/** What Telegram sends along, and nobody else knows. */
export const SECRET_HEADER = 'x-telegram-bot-api-secret-token';

/** Updates this process works on at once; Telegram keeps the rest. */
const MOST_AT_ONCE = 500;

export type Webhook = {
  /** Handles one delivery to a bot's path. */
  receive(delivery: {
    botId: string;
    rawBody: Buffer;
    headers: Readonly<Record<string, string | string[] | undefined>>;
    traceId: string;
  }): Promise<Receipt>;
  /** How many updates are being handled. */
  inHand(): number;
  /** Takes no more: Telegram brings the rest to another instance. */
  stop(): void;
  /** Resolves when no update is being handled. */
  idle(): Promise<void>;
};

/** Makes the handler of all bots' webhooks. */
export function createWebhook(world: World, bots: Bots, handle: Handle): Webhook {
  let running = 0;
  let stopped = false;
  let whenIdle: (() => void)[] = [];
  return {
    async receive({ botId, rawBody, headers, traceId }) {
      if (!isSecret(bots.secretOf(botId), headers[SECRET_HEADER])) {
        world.metrics.refuse('webhook_forged');
        count(world, 'forged');
        return { status: 403 };
      }
      if (stopped || running >= MOST_AT_ONCE) {
        count(world, 'full');
        return { status: 503, retryAfterS: 1 };
      }
      running++;
      try {
        return await receiveRaw(world, bots, handle, { botId, rawBody, traceId });
      } finally {
        running--;
        if (running === 0) {
          for (const resolve of whenIdle) resolve();
          whenIdle = [];
        }
      }
    },
    inHand: () => running,
    stop() {
      stopped = true;
    },
    idle: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve))),
  };
}

/** Puts all bots' webhooks on a server. */
export function addWebhook(server: HttpServer, webhook: Webhook): void {
  server.route('POST', WEBHOOK_PATH, async ({ params, rawBody, headers, traceId }) => {
    const { status, retryAfterS } = await webhook.receive({ botId: params.bot ?? '', rawBody, headers, traceId });
    return { status, ...(retryAfterS === undefined ? {} : { headers: { 'retry-after': String(retryAfterS) } }) };
  });
}

async function receiveRaw(
  world: World,
  bots: Bots,
  handle: Handle,
  { botId, rawBody, traceId }: { botId: string; rawBody: Buffer; traceId: string },
): Promise<Receipt> {
  try {
    const bot = await bots.byId(botId);
    if (!bot) return { status: 403 };
    const received = readUpdate(rawBody, bot.username, traceId);
    if (received) return await receive(world, handle, bot, received);
    count(world, 'ignored');
    return { status: 200 };
  } catch (error) {
    if (error instanceof Unavailable) {
      count(world, 'later');
      return { status: 503, retryAfterS: 1 };
    }
    // With the right secret and yet unreadable: bringing it again would not help.
    // A SyntaxError quotes what it could not read.
    const why = error instanceof SyntaxError ? { why: 'not JSON' } : { error };
    count(world, 'unreadable');
    world.log.error('telegram sent what we cannot read', { bot_id: botId, bytes: rawBody.length, ...why });
    return { status: 200 };
  }
}

/** Compares in a time that does not depend on how much of it is right. */
function isSecret(secret: string | undefined, given: string | string[] | undefined): boolean {
  if (secret === undefined || typeof given !== 'string') return false;
  const expected = Buffer.from(secret);
  const actual = Buffer.from(given);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
