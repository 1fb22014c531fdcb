// One update from its arrival to its end: claimed, its person's lock taken, handled by the conversation, answered, marked.
// Telegram hears 200 only after all that, so whatever breaks in between is brought again; what was done already is not
// done again, because the money behind it knows its own ids, and an answer that could not be sent is kept with the update.
import { Unavailable } from '../../base/errors.ts';
import type { UpdateResult } from '../../base/metrics.ts';
import { inSpan, withTrace } from '../../base/trace.ts';
import type { Answer, Incoming, Session } from '../../chat/message.ts';
import { apologize, slowDown } from '../../chat/router.ts';
import { noteSeen } from '../../flows/seen.ts';
import { type Begun, begin, type Ending, end, RENEW_MS, renew, type Update } from '../../infra/redis/sessions.ts';
import type { World } from '../../world.ts';
import type { Handle } from '../channel.ts';
import { paceOf } from '../pace.ts';
import { type Late, watchForNews, watchOver } from './late.ts';
import { AGAIN_MS, acknowledge, type Outgoing, sendOutgoing } from './outgoing.ts';
import type { Bot } from './registry.ts';
import { CHANNEL, type Received } from './update.ts';

/** What Telegram is told: 200 done, else to come again, after `retryAfterS` seconds. */
export type Receipt = { readonly status: 200 | 403 | 500 | 503; readonly retryAfterS?: number };

const DONE: Receipt = { status: 200 };
const SOON: Receipt = { status: 503, retryAfterS: 1 };
const HANDLER_TIMEOUT_MS = 25_000;
const LOCK_PATIENCE_MS = 5_000;
/** Most locks are a person's last message on its way out: the first look comes soon, the next ones less often. */
const LOCK_LOOK_MS = 4;
const LONGEST_LOCK_LOOK_MS = 25;
const MOST_TRIES = 5;
/** A handling that hangs is another instance's after so long. */
const LONGEST_CLAIM_MS = 200_000;

/** Handles one update. Never throws. */
export async function receive(world: World, handle: Handle, bot: Bot, received: Received): Promise<Receipt> {
  const begunMs = world.clock.monotonicMs();
  try {
    return await withTrace(received.incoming.traceId, () => inTime(world, handleInSpan(world, handle, bot, received)));
  } catch (error) {
    if (error instanceof Unavailable) {
      world.log.warn('update left for later', { bot: bot.username, error });
      count(world, 'later');
      return SOON;
    }
    world.log.error('update failed', { bot: bot.username, error });
    count(world, 'failed');
    return { status: 500 };
  } finally {
    world.metrics.answerSeconds.observe({ channel: CHANNEL }, (world.clock.monotonicMs() - begunMs) / 1_000);
  }
}

function handleInSpan(world: World, handle: Handle, bot: Bot, received: Received): Promise<Receipt> {
  const facts = { channel: CHANNEL, bot: bot.username, kind: received.incoming.body.kind };
  const resultOf = ({ status }: Receipt) => (status === 200 ? 'done' : 'again');
  return inSpan('update', facts, () => claimAndHandle(world, handle, bot, received), { side: 'server', resultOf });
}

/** Whoever is late goes on and ends the update itself; Telegram is told to ask again. */
function inTime(world: World, handling: Promise<Receipt>): Promise<Receipt> {
  return new Promise((resolve, reject) => {
    const stop = world.clock.every(HANDLER_TIMEOUT_MS, () => resolve(SOON), reject);
    handling.then(resolve, reject).finally(stop);
  });
}

async function claimAndHandle(world: World, handle: Handle, bot: Bot, received: Received): Promise<Receipt> {
  const { incoming, updateId } = received;
  const who = { channel: incoming.channel, externalId: incoming.from.externalId };
  const update: Update = { who, bot: bot.username, chatId: incoming.chatId, updateId };
  // A trace is nginx's: the same when it brings to one instance what another, gone meanwhile, may still be handling.
  const token = `${incoming.traceId}@${world.instanceId}`;
  const begun = await beginPatiently(world, update, token);
  if (begun.state === 'done' || begun.state === 'limited') {
    world.metrics.refuse(begun.state === 'done' ? 'update_repeated' : 'too_fast');
    count(world, begun.state === 'done' ? 'repeated' : 'too_fast');
    return DONE;
  }
  if (begun.state !== 'go') {
    count(world, 'taken');
    return SOON;
  }
  noteSeen(world, who);
  const rest = keepClaim(world, update, token, begun.tries);
  try {
    const { left, session } = await answerOf(world, handle, bot, received, begun);
    await end(world.sessions, update, token, endingOf(left, begun.tries), session);
    count(world, left ? 'kept' : 'answered');
    return left ? { status: 503, retryAfterS: waitOf(world, left) } : DONE;
  } catch (error) {
    return await failed(world, bot, received, { update, token, tries: begun.tries, error });
  } finally {
    rest();
  }
}

/** While a handling runs longer than a claim lasts, nobody else begins it; but one that hangs does not hold it for ever. */
function keepClaim(world: World, update: Update, token: string, tries: number): () => void {
  let renewals = 0;
  return world.clock.every(
    RENEW_MS,
    async () => {
      if (renewals++ < LONGEST_CLAIM_MS / RENEW_MS) await renew(world.sessions, update, token, tries);
    },
    (error) => world.log.warn('claim not renewed', { error }),
  );
}

type Begin = Extract<Begun, { state: 'go' }>;

async function beginPatiently(world: World, update: Update, token: string): Promise<Begun> {
  const startedMs = world.clock.monotonicMs();
  let againMs: number | undefined;
  for (let lookMs = LOCK_LOOK_MS; ; lookMs = Math.min(2 * lookMs, LONGEST_LOCK_LOOK_MS)) {
    const begun = await begin(world.sessions, paceOf(world), update, token, againMs);
    const waitedMs = world.clock.monotonicMs() - startedMs;
    if (begun.state !== 'locked' || waitedMs > LOCK_PATIENCE_MS) return begun;
    againMs = begun.againMs;
    await world.clock.sleep(lookMs * (0.5 + world.random.fraction()));
  }
}

type Made = { left?: Outgoing; session?: { text: string } | 'clear' };

/** Handles the update, or takes up the answer that was made before, and sends what can be sent. */
async function answerOf(world: World, handle: Handle, bot: Bot, received: Received, begun: Begin): Promise<Made> {
  const before = begun.session === undefined ? undefined : (JSON.parse(begun.session) as Session);
  const parked = begun.parked === undefined ? undefined : (JSON.parse(begun.parked) as Outgoing);
  const late = watchOver(world, bot, received.incoming, { session: before, said: parked?.word });
  try {
    if (!parked) return await handleAndSend(world, handle, bot, received, { begun, before, late });
    const left = await sendOrKeep(world, bot, parked, { late });
    return left ? { left } : {};
  } finally {
    await late.hush();
  }
}

async function handleAndSend(
  world: World,
  handle: Handle,
  bot: Bot,
  { incoming, callbackId }: Received,
  { begun, before, late }: { begun: Begin; before: Session | undefined; late: Late },
): Promise<Made> {
  if (begun.againMs > 0) world.metrics.refuse('too_fast');
  const { answer, session } =
    begun.againMs > 0
      ? { answer: slowDown(incoming, before, begun.againMs), session: before }
      : await handle(world, incoming, before);
  const text = session && JSON.stringify(session);
  const changed = text === begun.session ? {} : { session: text === undefined ? ('clear' as const) : { text } };
  const [left] = await Promise.all([
    sendOrKeep(world, bot, outgoingOf(incoming, answer, session), { late, paceDelayMs: begun.paceDelayMs }),
    acknowledge(bot, incoming.chatId, answer, callbackId),
    takeAway(bot, incoming, before),
  ]);
  if (answer.awaited) watchForNews(world, bot, incoming.chatId, answer.awaited);
  return { ...changed, ...(left ? { left } : {}) };
}

/** The answer to a question for a secret does not stay in the chat, whatever it was. */
async function takeAway(bot: Bot, { chatId, body }: Incoming, before: Session | undefined): Promise<void> {
  if (body.kind !== 'text' || !before?.wizard?.isSecret) return;
  await bot.api.call('deleteMessage', { chat_id: chatId, message_id: Number(body.messageId) });
}

// From here on what was asked for is done: whatever breaks, the update must not be handled a second time, only answered.
async function sendOrKeep(
  world: World,
  bot: Bot,
  outgoing: Outgoing,
  given: { late: Late; paceDelayMs?: number },
): Promise<Outgoing | undefined> {
  try {
    return await sendOutgoing(world, bot, outgoing, given);
  } catch (error) {
    const faults = (outgoing.faults ?? 0) + (error instanceof Unavailable ? 0 : 1);
    world.log.error('answer not sent', { bot: bot.username, faults, error });
    if (faults >= MOST_TRIES) return undefined;
    await given.late.say();
    const word = await given.late.hush();
    return { ...outgoing, faults, atMs: world.clock.nowMs() + AGAIN_MS, ...(word ? { word } : {}) };
  }
}

function outgoingOf({ chatId, body }: Incoming, { replies }: Answer, session: Session | undefined): Outgoing {
  return {
    chatId,
    replies,
    ...(body.kind === 'press' ? { pressed: { messageId: body.messageId, photo: body.photo } } : {}),
    ...(session ? { owner: { userId: session.userId, chatRowId: session.chatRowId } } : {}),
  };
}

function endingOf(left: Outgoing | undefined, tries: number): Ending {
  return left ? { state: 'parked', tries, parked: JSON.stringify(left) } : { state: 'done' };
}

function waitOf(world: World, left: Outgoing): number {
  return Math.max(1, Math.ceil(((left.atMs ?? 0) - world.clock.nowMs()) / 1_000));
}

type Failure = { update: Update; token: string; tries: number; error: unknown };

// A part of ours that is away is no fault of the update: it comes again as often as needed. Any other exception counts,
// and after the last try the person is told, since silence is the one wrong answer.
async function failed(world: World, bot: Bot, { incoming }: Received, failure: Failure): Promise<Receipt> {
  const { update, token, error } = failure;
  const isAway = error instanceof Unavailable;
  const tries = failure.tries + (isAway ? 0 : 1);
  world.log[isAway ? 'warn' : 'error']('update not handled', { bot: bot.username, tries, error });
  if (tries < MOST_TRIES) {
    await end(world.sessions, update, token, { state: 'free', tries });
    count(world, isAway ? 'later' : 'failed');
    return isAway ? SOON : { status: 500 };
  }
  const outgoing: Outgoing = { chatId: incoming.chatId, replies: apologize(incoming, undefined).replies };
  const left = await sendOutgoing(world, bot, outgoing);
  await end(world.sessions, update, token, endingOf(left, tries));
  count(world, left ? 'kept' : 'failed');
  return left ? { status: 503, retryAfterS: waitOf(world, left) } : DONE;
}

/** Once for each arrival of an update, whatever becomes of it. */
export function count({ metrics }: World, result: UpdateResult): void {
  metrics.updates.inc({ channel: CHANNEL, result });
}
