// Telegram as one of the house's channels: what notices are sent through.
import { Unavailable } from '../../base/errors.ts';
import type { Channel, Outcome } from '../channel.ts';
import type { Api } from './api.ts';
import type { Bots } from './registry.ts';
import { closeMessage, probe, sendReply } from './send.ts';

/** The channel over all our bots. A chat under a name that is none of ours any more cannot be reached. */
export function telegramChannel(bots: Bots): Channel {
  const by = async <T>(name: string, run: (api: Api) => Promise<Outcome<T>>): Promise<Outcome<T>> => {
    const bot = await bots.byName(name).catch((error: unknown) => {
      if (error instanceof Unavailable) return 'away' as const;
      throw error;
    });
    if (bot === 'away') return { state: 'not_sent', why: 'no name yet' };
    return bot ? run(bot.api) : { state: 'unreachable' };
  };
  return {
    send: ({ bot, chatId }, reply, shown) => by(bot, (api) => sendReply(api, chatId, reply, shown)),
    probe: ({ bot, chatId }) => by(bot, (api) => probe(api, chatId)),
    close: ({ bot, chatId }, reply, shown) => by(bot, (api) => closeMessage(api, chatId, reply, shown)),
  };
}
