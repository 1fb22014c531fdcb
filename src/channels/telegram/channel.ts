// Telegram as one of the house's channels: what notices are sent through.
import { Unavailable } from '../../base/errors.ts';
import type { Channel } from '../channel.ts';
import type { Bots } from './registry.ts';
import { sendReply } from './send.ts';

/** The channel over all our bots. A chat under a name that is none of ours any more cannot be reached. */
export function telegramChannel(bots: Bots): Channel {
  return {
    async send({ bot: name, chatId }, reply, shown) {
      const bot = await bots.byName(name).catch((error: unknown) => {
        if (error instanceof Unavailable) return 'away' as const;
        throw error;
      });
      if (bot === 'away') return { state: 'not_sent', why: 'no name yet' };
      return bot ? sendReply(bot.api, chatId, reply, shown) : { state: 'unreachable' };
    },
  };
}
