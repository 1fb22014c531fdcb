// How people call themselves now, asked of Telegram: a username is given up and taken by another person at any time.
import type { World } from '../../world.ts';
import type { Bots } from './registry.ts';

/** For `World.nameNow`. Never throws. */
export function namesOn(bots: Bots): NonNullable<World['nameNow']> {
  return async ({ bot, chatId }) => {
    // While Telegram does not tell our own names it will not tell theirs.
    const found = await bots.byName(bot).catch(() => undefined);
    const answer = await found?.api.call<{ username?: string }>('getChat', { chat_id: chatId });
    return answer?.state === 'done' ? (answer.result.username ?? null) : undefined;
  };
}
