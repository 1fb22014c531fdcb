// What Telegram must know of each bot: where its updates go, with which secret, and in every language what
// it says of itself and the menu of its commands. Done at the start, by the first instance that comes; the others find it done.
import { createHash } from 'node:crypto';
import { MENUS } from '../../chat/menus.ts';
import { releaseLease, takeLease } from '../../infra/redis/lease.ts';
import type { World } from '../../world.ts';
import type { Bot } from './registry.ts';
import { ALLOWED_UPDATES } from './update.ts';
import { WEBHOOK_PATH } from './webhook.ts';

const MOST_CONNECTIONS = 100;
// Instances that start within a minute of each other with the same settings need not all say the same.
const SAID_FOR_MS = 60_000;

/** Sets webhook (when there is a public address), descriptions and menus. Throws when Telegram does not take them. */
export async function setUp(world: World, bot: Bot): Promise<void> {
  const { PUBLIC_URL } = world.config;
  const address = PUBLIC_URL && PUBLIC_URL.replace(/\/$/, '') + WEBHOOK_PATH.replace(':bot', bot.id);
  const settings = createHash('sha256')
    .update(JSON.stringify([address, bot.secret, MENUS]))
    .digest('hex');
  const name = `telegram-setup:${bot.id}:${settings.slice(0, 16)}`;
  // Another owner each time: also our own restart within the minute finds it said.
  const owner = world.ids.next();
  if (!(await takeLease(world.sessions, name, owner, SAID_FOR_MS))) return;
  try {
    if (address) await setWebhook(bot, address);
    await setMenus(bot);
    await setAbout(world, bot);
  } catch (error) {
    await releaseLease(world.sessions, name, owner);
    throw error;
  }
  world.log.info('telegram set up', { bot: bot.username, webhook: address !== undefined });
}

async function setWebhook(bot: Bot, address: string): Promise<void> {
  const answer = await bot.api.call('setWebhook', {
    url: address,
    secret_token: bot.secret,
    max_connections: MOST_CONNECTIONS,
    allowed_updates: ALLOWED_UPDATES,
  });
  if (answer.state !== 'done') throw new Error(`the webhook of ${bot.username} could not be set: ${whyOf(answer)}`);
}

async function setMenus(bot: Bot): Promise<void> {
  for (const { language, commands } of MENUS) {
    const scope = language === undefined ? {} : { language_code: language };
    const present = await bot.api.call<object[]>('getMyCommands', scope);
    if (present.state === 'done' && JSON.stringify(present.result) === JSON.stringify(commands)) continue;
    const answer = await bot.api.call('setMyCommands', { commands, ...scope });
    if (answer.state !== 'done') throw new Error(`the menu of ${bot.username} could not be set: ${whyOf(answer)}`);
  }
}

const ABOUT = [
  { what: 'description', method: 'Description', field: 'description' },
  { what: 'short', method: 'ShortDescription', field: 'short_description' },
] as const;

// Not worth a bot that does not begin: the next start tries again.
async function setAbout(world: World, bot: Bot): Promise<void> {
  for (const { language, about } of MENUS) {
    const scope = language === undefined ? {} : { language_code: language };
    for (const { what, method, field } of ABOUT) {
      const present = await bot.api.call<Record<string, string>>(`getMy${method}`, scope);
      if (present.state === 'done' && present.result[field] === about[what]) continue;
      const answer = await bot.api.call(`setMy${method}`, { [field]: about[what], ...scope });
      if (answer.state === 'done') continue;
      world.log.warn('telegram did not take a text about us', { bot: bot.username, field, why: whyOf(answer) });
    }
  }
}

function whyOf(answer: { state: string; description?: string; why?: string }): string {
  return answer.description ?? answer.why ?? answer.state;
}
