// Telegram's pace: about 30 messages a second per bot, one a second per private chat, 20 a minute per group, short bursts
// allowed. Who goes beyond is answered 429 with the seconds to wait, and the refused call costs nothing.
import { tooManyRequests } from './errors.ts';
import type { Bot, ChatState, State } from './state.ts';

interface Pace {
  intervalMs: number;
  /** How far ahead of its pace a sender may run. */
  burstMs: number;
}

// Half a second above a burst of 30: a sender that paces itself exactly must not be refused because of network jitter.
const PER_BOT: Pace = { intervalMs: 1000 / 30, burstMs: 1500 };
const PER_CHAT: Pace = { intervalMs: 1000, burstMs: 4000 };
const PER_GROUP: Pace = { intervalMs: 3000, burstMs: 57_000 };

/** Takes one message's room in the bot's and the chat's pace, or throws the 429. */
export function takeSlot(state: State, bot: Bot, chat: ChatState): void {
  if (state.limits === 'off') return;
  const nowMs = Date.now();
  const ofChat = chat.chat.type === 'private' ? PER_CHAT : PER_GROUP;
  const waitMs = Math.max(chat.paceMs - nowMs - ofChat.burstMs, bot.paceMs - nowMs - PER_BOT.burstMs);
  if (waitMs > 0) throw tooManyRequests(Math.ceil(waitMs / 1000));
  chat.paceMs = Math.max(chat.paceMs, nowMs) + ofChat.intervalMs;
  bot.paceMs = Math.max(bot.paceMs, nowMs) + PER_BOT.intervalMs;
}
