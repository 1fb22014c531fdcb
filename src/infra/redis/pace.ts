// How fast we may speak: one clock per bot and one per chat, shared by all instances (GCRA: each message moves the clock
// on by its interval, a burst may run ahead of it). Redis' own TIME is used, for the clock is shared by hosts whose own
// clocks differ, and only differences leave here: a caller learns how long to wait, never a moment of another clock.

import { answered, type Redis, run, script } from './connection.ts';
import { keys } from './keys.ts';

/** Messages a second; 0 sets no pace of our own, and only what the other side demands for a chat is kept. */
export type Pace = { readonly bot: number; readonly chat: number };

/** A chat under one of our names. */
export type Line = { readonly channel: string; readonly bot: string; readonly chatId: string };

const CHAT_BURST = 3;
// How long a moved job may come late and still own its slot.
const SLOT_GRACE_MS = 60_000;
const LONGEST_BOT_PAUSE_MS = 3_000;

/** One clock's step and head start, in milliseconds, as the scripts take them. */
export type Beat = { readonly everyMs: number; readonly aheadMs: number };

export const botBeat = ({ bot }: Pace): Beat => beat(bot, bot);
export const chatBeat = ({ chat }: Pace): Beat => beat(chat, CHAT_BURST);

/** `perSecond` with a burst of `burst`. */
export function beat(perSecond: number, burst: number): Beat {
  if (perSecond === 0) return { everyMs: 0, aheadMs: 0 };
  return { everyMs: 1_000 / perSecond, aheadMs: ((burst - 1) * 1_000) / perSecond };
}

/** Lua for the scripts of this folder: `now`, and `slot`, which takes the next slot of a clock and gives the wait for it. */
export const CLOCKS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function slot(key, every, ahead)
  local at = tonumber(redis.call('GET', key) or '0')
  if every == 0 then return math.max(0, math.ceil(at - now)) end
  at = math.max(at, now)
  local wait = math.max(0, math.ceil(at - ahead - now))
  redis.call('SET', key, string.format('%.3f', at + every), 'PX', math.ceil(at + every - now) + 1000)
  return wait
end
`;

const RESERVE = script(`${CLOCKS} return slot(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))`);

const RESERVE_KEPT = script(`${CLOCKS}
if redis.call('GETDEL', KEYS[2]) then return {0, 1} end
return {slot(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])), 0}
`);

const GIVE_BACK = script(`
local at = redis.call('GET', KEYS[1])
if at then redis.call('SET', KEYS[1], string.format('%.3f', tonumber(at) - tonumber(ARGV[1])), 'KEEPTTL') end
`);

// Gives how far the clock had run ahead before.
const PUSH_BACK = script(`${CLOCKS}
local before = tonumber(redis.call('GET', KEYS[1]) or '0')
local at = math.max(before, now + tonumber(ARGV[1]) + tonumber(ARGV[2]))
redis.call('SET', KEYS[1], string.format('%.3f', at), 'PX', math.ceil(at - now) + 1000)
return math.ceil(math.max(0, before - now))
`);

/** Takes the bot's next slot alone. Gives the wait in milliseconds. A bot without a pace has no clock to be asked. */
export async function reserveBot(redis: Redis, pace: Pace, line: Line): Promise<number> {
  if (pace.bot === 0) return 0;
  return Number(await reserveKey(redis, keys.botPace(line.channel, line.bot), botBeat(pace)));
}

/** Takes the next slot of the bot and of the chat. Gives how long to wait before sending, in milliseconds. */
export async function reserve(redis: Redis, pace: Pace, line: Line): Promise<number> {
  const waits = await Promise.all([
    reserveBot(redis, pace, line),
    reserveKey(redis, keys.chatPace(line.channel, line.bot, line.chatId), chatBeat(pace)).then(Number),
  ]);
  return Math.max(...waits);
}

/**
 * The same for a job that may have to come back at its moment: it then finds its slot kept and takes no second one.
 * @param jobId names the job across its runs.
 */
export async function reserveFor(redis: Redis, pace: Pace, line: Line, jobId: string): Promise<number> {
  const { channel, bot, chatId } = line;
  const { everyMs, aheadMs } = chatBeat(pace);
  const names = [keys.chatPace(channel, bot, chatId), keys.slot(channel, chatId, jobId)];
  // The bot's clock lies elsewhere: both are asked in the same breath, and what was not needed goes back.
  const [chat, botWaitMs] = await Promise.all([
    run(redis, RESERVE_KEPT, names, [everyMs, aheadMs]),
    reserveBot(redis, pace, line),
  ]);
  const [chatWaitMs, kept] = chat as readonly [number, number];
  if (kept === 0) return Math.max(chatWaitMs, botWaitMs);
  await giveBackBot(redis, pace, line);
  return 0;
}

/** Keeps the slot of a job that comes back after `waitMs`. */
export async function keepSlot(redis: Redis, line: Line, jobId: string, waitMs: number): Promise<void> {
  const key = keys.slot(line.channel, line.chatId, jobId);
  await answered(redis.set(key, '1', 'PX', Math.ceil(waitMs) + SLOT_GRACE_MS));
}

/** Gives back a bot's slot that was taken and is not needed. */
export async function giveBackBot(redis: Redis, pace: Pace, line: Line): Promise<void> {
  if (pace.bot === 0) return;
  await run(redis, GIVE_BACK, [keys.botPace(line.channel, line.bot)], [botBeat(pace).everyMs]);
}

/**
 * The other side asked for quiet: nothing is sent to this chat for `waitMs`. It does not say whether the chat or the
 * whole bot was too fast; where the chat had been quiet it must be the bot, which then pauses too, a few seconds at a time.
 */
export async function pushBack(redis: Redis, pace: Pace, line: Line, waitMs: number): Promise<void> {
  const chat = chatBeat(pace);
  const key = keys.chatPace(line.channel, line.bot, line.chatId);
  const aheadMs = Number(await run(redis, PUSH_BACK, [key], [waitMs, chat.aheadMs]));
  if (pace.bot === 0 || aheadMs > chat.everyMs) return;
  const botKey = keys.botPace(line.channel, line.bot);
  await run(redis, PUSH_BACK, [botKey], [Math.min(waitMs, LONGEST_BOT_PAUSE_MS), botBeat(pace).aheadMs]);
}

function reserveKey(redis: Redis, key: string, { everyMs, aheadMs }: Beat): Promise<unknown> {
  return run(redis, RESERVE, [key], [everyMs, aheadMs]);
}
