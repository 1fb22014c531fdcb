// Bot instances of a test: the real world, conversation and HTTP server in this process, several side by side as behind
// one address, on a database and a Redis of the test's own.
import type { Telegram } from '../../sandbox/telegram/server.ts';
import { loadConfig } from '../../src/base/config.ts';
import type { Handle } from '../../src/channels/channel.ts';
import { namesOn } from '../../src/channels/telegram/names.ts';
import { type Bots, createBots } from '../../src/channels/telegram/registry.ts';
import { addWebhook, createWebhook, type Webhook } from '../../src/channels/telegram/webhook.ts';
import { handle as converse } from '../../src/chat/router.ts';
import { createServer } from '../../src/http/server.ts';
import { makeWorld, type World } from '../../src/world.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { SECRET, TOKENS, telegramWithBots } from './support.ts';

export type Instance = {
  world: World;
  bots: Bots;
  webhook: Webhook;
  url: string;
  /** Log lines so far. */
  lines: string[];
  close(): Promise<void>;
};

export type Ground = {
  telegram: Telegram;
  redis: TestRedis;
  database: TestDatabase;
  /** What an instance answers with; the real conversation unless a test puts something else here. */
  handle: Handle;
  start(env?: Record<string, string>): Promise<Instance>;
  close(): Promise<void>;
};

export async function ground(options: Parameters<typeof telegramWithBots>[0] = {}): Promise<Ground> {
  const [telegram, redis, database] = await Promise.all([telegramWithBots(options), startRedis(), testDatabase()]);
  const instances: Instance[] = [];
  const self: Ground = {
    telegram,
    redis,
    database,
    handle: converse,
    async start(env = {}) {
      const instance = await startInstance(self, env);
      instances.push(instance);
      return instance;
    },
    async close() {
      await telegram.stop();
      await Promise.all(instances.map((instance) => instance.close()));
      await database.drop();
      await redis.kill();
    },
  };
  return self;
}

/** What an operator would set for an instance on this ground. */
export function environmentOf({ telegram, redis, database }: Ground): Record<string, string> {
  return {
    DATABASE_URL: database.appUrl,
    DB_POOL_MAX: '5',
    REDIS_QUEUE_URL: redis.queueUrl,
    REDIS_SESSION_URL: redis.sessionUrl,
    REDIS_CACHE_URL: redis.cacheUrl,
    APP_SECRET: SECRET,
    TELEGRAM_BOTS: TOKENS.join(','),
    TELEGRAM_API_ROOT: telegram.url,
    TELEGRAM_PACE_BOT: '0',
    TELEGRAM_PACE_CHAT: '0',
    LIGHTNING_NETWORK: 'regtest',
  };
}

async function startInstance(shared: Ground, env: Record<string, string>): Promise<Instance> {
  const config = loadConfig('bot', { ...environmentOf(shared), ...env });
  const lines: string[] = [];
  const made = await makeWorld('bot', config, (line) => void lines.push(line));
  const bots = createBots(config, made.metrics);
  const world = { ...made, nameNow: namesOn(bots) };
  const webhook = createWebhook(world, bots, (...given) => shared.handle(...given));
  const server = createServer({ log: world.log, ids: world.ids });
  addWebhook(server, webhook);
  const port = await server.listen(0, '127.0.0.1');
  let open = true;
  return {
    world,
    bots,
    webhook,
    url: `http://127.0.0.1:${port}`,
    lines,
    async close() {
      if (!open) return;
      open = false;
      webhook.stop();
      await webhook.idle();
      await server.close();
      await world.close();
    },
  };
}

/** Points a bot of the sandbox at an instance, as setWebhook does. */
export async function hook(instance: Instance, botId = '110001', url = instance.url): Promise<void> {
  const bot = await instance.bots.byId(botId);
  const answer = await bot?.api.call('setWebhook', {
    url: `${url}/telegram/${botId}`,
    secret_token: bot.secret,
    max_connections: 100,
    allowed_updates: ['message', 'callback_query', 'my_chat_member'],
  });
  if (answer?.state !== 'done') throw new Error(`no webhook: ${JSON.stringify(answer)}`);
}

/** Delivers an update by hand, as Telegram would. */
export async function post(
  instance: Instance,
  update: unknown,
  given: { botId?: string; secret?: string | null } = {},
): Promise<{ status: number; retryAfter: string | null }> {
  const { botId = '110001', secret = instance.bots.secretOf(botId) ?? '' } = given;
  const response = await fetch(`${instance.url}/telegram/${botId}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(secret === null ? {} : { 'x-telegram-bot-api-secret-token': secret }),
    },
    body: typeof update === 'string' ? update : JSON.stringify(update),
  });
  await response.arrayBuffer();
  return { status: response.status, retryAfter: response.headers.get('retry-after') };
}
