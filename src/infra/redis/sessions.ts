// The start and the end of an update, each one round trip: claim it, take the person's lock, read their session, check
// how fast they write, take the slot of our answer; then write the session, mark the update, unlock. All time here is
// Redis' own TIME, since claims and locks of several hosts are compared. Rate limits are part of the same script and
// not a library's, because that would be a second round trip for every message. If Redis forgets, a message may be
// handled again; money does not depend on it.
import { type Redis, run, script } from './connection.ts';
import { keys, type Who } from './keys.ts';
import { type Beat, beat, CLOCKS, chatBeat, giveBackBot, type Pace, reserveBot } from './pace.ts';

/** One update as the channel names it. */
export type Update = { readonly who: Who; readonly bot: string; readonly chatId: string; readonly updateId: string };

/**
 * `done`: handled before. `taken`: being handled elsewhere. `locked`: something else of this person is being handled.
 * `limited`: too many, dropped, and the person knows. `go`: ours. In `go`, `tries` counts handlings that ended in an
 * exception or a crash, `parked` is an answer that was made and not sent yet, and `againMs` over 0 asks to say, once, that
 * this was too fast and when the next one will be read.
 */
export type Begun =
  | { readonly state: 'done' | 'taken' | 'limited' }
  | { readonly state: 'locked'; readonly againMs: number }
  | {
      readonly state: 'go';
      readonly session?: string;
      readonly parked?: string;
      readonly paceDelayMs: number;
      readonly tries: number;
      readonly againMs: number;
    };

/**
 * `done`: answered. `free`: went wrong, to be tried again. `parked`: handled, the answer (kept here as text) is still to
 * be sent when the update comes again.
 */
export type Ending =
  | { readonly state: 'done' }
  | { readonly state: 'free'; readonly tries: number }
  | { readonly state: 'parked'; readonly tries: number; readonly parked: string };

// What an instance that was killed had begun is another's after so long: as short as a slow Redis and a busy process
// allow, since two renewals may fail before a claim runs out.
const CLAIM_MS = 9_000;
/** How often a long handling must say that it still runs. */
export const RENEW_MS = 2_500;
const DONE_S = 25 * 3_600;
const SESSION_S = 30 * 24 * 3_600;
const TOLD_MS = 10_000;
// A person may write twice as fast as we may answer; beyond that nobody reads any more.
const WRITES_PER_ANSWER = 2;
const WRITE_BURST = 20;
const FIRST_LOOK = -1;

const BEGIN = script(`${CLOCKS}
local update, parked, lock, session, rate, told, pace = unpack(KEYS)
local token, writeEvery, writeAhead, chatEvery, chatAhead = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local decided = tonumber(ARGV[6])
local seen = redis.call('GET', update)
local tries, kept = 0, false
if seen == 'done' then return {'done'} end
if seen then
  local ends, count = string.match(seen, '^claimed:(%d+):(%d+):')
  if ends then
    if tonumber(ends) > now then return {'taken'} end
    tries = tonumber(count) + 1
  else
    tries = tonumber(string.match(seen, '^free:(%d+)$') or '0')
  end
  kept = redis.call('GET', parked)
end
-- Counted as it arrives and not as it is handled: else those that wait for the lock would be without number.
local again = math.max(decided, 0)
if not seen and writeEvery > 0 and decided < 0 then
  local at = math.max(tonumber(redis.call('GET', rate) or '0'), now)
  if at - writeAhead > now then
    if not redis.call('SET', told, '1', 'NX', 'PX', ${TOLD_MS}) then
      redis.call('SET', update, 'done', 'EX', ${DONE_S})
      return {'limited'}
    end
    again = math.max(1, math.ceil(at - writeAhead - now))
  else
    redis.call('SET', rate, string.format('%.3f', at + writeEvery), 'PX', math.ceil(at + writeEvery - now) + 1000)
  end
end
if redis.call('EXISTS', lock) == 1 then return {'locked', again} end
redis.call('SET', update, 'claimed:' .. (now + ${CLAIM_MS}) .. ':' .. tries .. ':' .. token, 'EX', ${DONE_S})
redis.call('SET', lock, token, 'PX', ${CLAIM_MS})
local wait = 0
-- Who is too fast has used up the slots of many answers to come: that one word is said ahead of them.
if not kept and again == 0 then wait = slot(pace, chatEvery, chatAhead) end
return {'go', redis.call('GET', session), kept, wait, tries, again}
`);

// A group is many people before one chat: together they may not ask for more than one chat may be told. Gives 0 for what
// is read, the wait for what is too fast and is to be told so, -1 for what is too fast and was told.
const GROUP = script(`${CLOCKS}
local rate, told = unpack(KEYS)
local every, ahead = tonumber(ARGV[1]), tonumber(ARGV[2])
local at = math.max(tonumber(redis.call('GET', rate) or '0'), now)
if at - ahead <= now then
  redis.call('SET', rate, string.format('%.3f', at + every), 'PX', math.ceil(at + every - now) + 1000)
  return 0
end
if redis.call('SET', told, '1', 'NX', 'PX', ${TOLD_MS}) then return math.max(1, math.ceil(at - ahead - now)) end
return -1
`);

const RENEW = script(`${CLOCKS}
local update, lock = unpack(KEYS)
local token, tries = ARGV[1], ARGV[2]
if redis.call('GET', lock) ~= token then return 0 end
redis.call('PEXPIRE', lock, ${CLAIM_MS})
redis.call('SET', update, 'claimed:' .. (now + ${CLAIM_MS}) .. ':' .. tries .. ':' .. token, 'EX', ${DONE_S})
return 1
`);

const END = script(`
local update, parked, lock, session = unpack(KEYS)
local token, state, tries, text, write, words = unpack(ARGV)
if state == 'done' then
  redis.call('SET', update, 'done', 'EX', ${DONE_S})
  redis.call('DEL', parked)
else
  local seen = redis.call('GET', update)
  if seen and string.sub(seen, -#token) == token then
    redis.call('SET', update, 'free:' .. tries, 'EX', ${DONE_S})
    if state == 'parked' then redis.call('SET', parked, text, 'EX', ${DONE_S}) end
  end
end
if redis.call('GET', lock) ~= token then return 0 end
if write == 'set' then redis.call('SET', session, words, 'EX', ${SESSION_S})
elseif write == 'clear' then redis.call('DEL', session)
else redis.call('EXPIRE', session, ${SESSION_S}) end
redis.call('DEL', lock)
return 1
`);

/**
 * Claims an update for 9 seconds and takes its person's lock, or says why not.
 * @param token ours alone; `end` wants it again.
 * @param againMs what the first look at this arrival found, when it was `locked` and is looked at again.
 * @throws Unavailable
 */
export async function begin(
  redis: Redis,
  pace: Pace,
  update: Update,
  token: string,
  againMs = FIRST_LOOK,
): Promise<Begun> {
  const { who, bot, updateId } = update;
  const line = { channel: who.channel, bot, chatId: update.chatId };
  const write = beat(pace.chat * WRITES_PER_ANSWER, WRITE_BURST);
  const chat = chatBeat(pace);
  const person = run(
    redis,
    BEGIN,
    [
      keys.update(who, bot, updateId),
      keys.parked(who, bot, updateId),
      keys.lock(who),
      keys.session(who),
      keys.rate(who),
      keys.told(who),
      keys.chatPace(who.channel, bot, who.externalId),
    ],
    [token, write.everyMs, write.aheadMs, chat.everyMs, chat.aheadMs, againMs],
  );
  // The bot's clock has a hash tag of its own, so it is a second script, sent in the same breath.
  const [answer, botDelayMs] = await Promise.all([person, reserveBot(redis, pace, line)]);
  const [state, session, parked, chatDelayMs, tries, again] = answer as readonly (string | number | null)[];
  if (state !== 'go' || parked) await giveBackBot(redis, pace, line);
  if (state === 'locked') return { state, againMs: Number(session) };
  if (state !== 'go') return { state: state as 'done' | 'taken' | 'limited' };
  const isFirst = Number(tries) === 0 && typeof parked !== 'string';
  const groupMs = isFirst ? await groupWait(redis, write, update) : 0;
  if (groupMs < 0) {
    await Promise.all([end(redis, update, token, { state: 'done' }), giveBackBot(redis, pace, line)]);
    return { state: 'limited' };
  }
  return {
    state,
    ...(typeof session === 'string' ? { session } : {}),
    ...(typeof parked === 'string' ? { parked } : {}),
    paceDelayMs: parked ? 0 : Math.max(Number(chatDelayMs), botDelayMs),
    tries: Number(tries),
    againMs: Math.max(Number(again), groupMs),
  };
}

/** How long a group must wait before it is read again; 0: not at all, -1: it must, and was told so. */
async function groupWait(redis: Redis, write: Beat, { who, chatId }: Update): Promise<number> {
  if (chatId === who.externalId || write.everyMs === 0) return 0;
  const names = [keys.groupRate(who.channel, chatId), keys.groupTold(who.channel, chatId)];
  return Number(await run(redis, GROUP, names, [write.everyMs, write.aheadMs]));
}

/** Makes claim and lock last 9 seconds from now, if they are still ours. Throws Unavailable. */
export async function renew(redis: Redis, { who, bot, updateId }: Update, token: string, tries: number): Promise<void> {
  await run(redis, RENEW, [keys.update(who, bot, updateId), keys.lock(who)], [token, tries]);
}

/**
 * Ends what `begin` began. Whoever outlived their claim changes neither session nor lock.
 * @param session the new text, `clear` to forget it, undefined to leave it as it is (its 30 days begin anew).
 * @throws Unavailable
 */
export async function end(
  redis: Redis,
  update: Update,
  token: string,
  ending: Ending,
  session?: { readonly text: string } | 'clear',
): Promise<void> {
  const { who, bot, updateId } = update;
  const write = session === undefined ? 'keep' : session === 'clear' ? 'clear' : 'set';
  await run(
    redis,
    END,
    [keys.update(who, bot, updateId), keys.parked(who, bot, updateId), keys.lock(who), keys.session(who)],
    [
      token,
      ending.state,
      ending.state === 'done' ? 0 : ending.tries,
      ending.state === 'parked' ? ending.parked : '',
      write,
      typeof session === 'object' ? session.text : '',
    ],
  );
}
