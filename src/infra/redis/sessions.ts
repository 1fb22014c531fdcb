// The start and the end of an update, each one round trip: claim it, take the person's lock, read their session, check
// how fast they write, take the slot of our answer; then write the session, mark the update, unlock. All time here is
// Redis' own TIME, since claims and locks of several hosts are compared. Rate limits are part of the same script and
// not a library's, because that would be a second round trip for every message. If Redis forgets, a message may be
// handled again; money does not depend on it.
import { type Redis, run, script } from './connection.ts';
import { keys, type Who } from './keys.ts';
import { beat, CLOCKS, chatBeat, giveBackBot, type Pace, reserveBot } from './pace.ts';

/** One update as the channel names it. */
export type Update = { readonly who: Who; readonly bot: string; readonly chatId: string; readonly updateId: string };

/**
 * `done`: handled before. `taken`: being handled elsewhere. `locked`: something else of this person is being handled.
 * `limited`: too many, dropped, and the person knows. `go`: ours. In `go`, `tries` counts handlings that ended in an
 * exception or a crash, `parked` is an answer that was made and not sent yet, and `tooFast` asks to say so once.
 */
export type Begun =
  | { readonly state: 'done' | 'taken' | 'locked' | 'limited' }
  | {
      readonly state: 'go';
      readonly session?: string;
      readonly parked?: string;
      readonly paceDelayMs: number;
      readonly tries: number;
      readonly tooFast: boolean;
    };

/**
 * `done`: answered. `free`: went wrong, to be tried again. `parked`: handled, the answer (kept here as text) is still to
 * be sent when the update comes again.
 */
export type Ending =
  | { readonly state: 'done' }
  | { readonly state: 'free'; readonly tries: number }
  | { readonly state: 'parked'; readonly tries: number; readonly parked: string };

const CLAIM_MS = 30_000;
/** How often a long handling must say that it still runs. */
export const RENEW_MS = 20_000;
const DONE_S = 25 * 3_600;
const SESSION_S = 30 * 24 * 3_600;
const TOLD_MS = 10_000;
// A person may write twice as fast as we may answer; beyond that nobody reads any more.
const WRITES_PER_ANSWER = 2;
const WRITE_BURST = 20;

const BEGIN = script(`${CLOCKS}
local update, parked, lock, session, rate, told, pace = unpack(KEYS)
local token, writeEvery, writeAhead, chatEvery, chatAhead = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
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
if redis.call('EXISTS', lock) == 1 then return {'locked'} end
local fast = 0
if not seen and writeEvery > 0 then
  local at = math.max(tonumber(redis.call('GET', rate) or '0'), now)
  if at - writeAhead > now then
    if not redis.call('SET', told, '1', 'NX', 'PX', ${TOLD_MS}) then
      redis.call('SET', update, 'done', 'EX', ${DONE_S})
      return {'limited'}
    end
    fast = 1
  else
    redis.call('SET', rate, string.format('%.3f', at + writeEvery), 'PX', math.ceil(at + writeEvery - now) + 1000)
  end
end
redis.call('SET', update, 'claimed:' .. (now + ${CLAIM_MS}) .. ':' .. tries .. ':' .. token, 'EX', ${DONE_S})
redis.call('SET', lock, token, 'PX', ${CLAIM_MS})
local wait = 0
if not kept then wait = slot(pace, chatEvery, chatAhead) end
return {'go', redis.call('GET', session), kept, wait, tries, fast}
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
 * Claims an update for 30 seconds and takes its person's lock, or says why not.
 * @param token ours alone; `end` wants it again.
 * @throws Unavailable
 */
export async function begin(redis: Redis, pace: Pace, update: Update, token: string): Promise<Begun> {
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
    [token, write.everyMs, write.aheadMs, chat.everyMs, chat.aheadMs],
  );
  // The bot's clock has a hash tag of its own, so it is a second script, sent in the same breath.
  const [answer, botDelayMs] = await Promise.all([person, reserveBot(redis, pace, line)]);
  const [state, session, parked, chatDelayMs, tries, fast] = answer as readonly (string | number | null)[];
  if (state !== 'go' || parked) await giveBackBot(redis, pace, line);
  if (state !== 'go') return { state: state as 'done' | 'taken' | 'locked' | 'limited' };
  return {
    state,
    ...(typeof session === 'string' ? { session } : {}),
    ...(typeof parked === 'string' ? { parked } : {}),
    paceDelayMs: parked ? 0 : Math.max(Number(chatDelayMs), botDelayMs),
    tries: Number(tries),
    tooFast: fast === 1,
  };
}

/** Makes claim and lock last 30 seconds from now, if they are still ours. Throws Unavailable. */
export async function renew(redis: Redis, { who, bot, updateId }: Update, token: string, tries: number): Promise<void> {
  await run(redis, RENEW, [keys.update(who, bot, updateId), keys.lock(who)], [token, tries]);
}

/**
 * Ends what `begin` began. Whoever outlived their 30 seconds changes neither session nor lock.
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
