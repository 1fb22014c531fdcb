// From what a person did to what we answer, the same for every channel: find them, understand the message, run a command,
// and turn whatever comes of it, a refusal, an outage or a fault, into words. It always answers in a private chat. In a
// group it speaks only when addressed by a command, and says nothing there that is one person's own.
import { Refusal, Unavailable } from '../base/errors.ts';
import { inSpan } from '../base/trace.ts';
import { mayBegin } from '../flows/pressure.ts';
import { noteCommand } from '../flows/tally.ts';
import { openOrFind, setReach } from '../flows/wallets.ts';
import type { World } from '../world.ts';
import type { Command } from './commands/command.ts';
import { type Context, inPlace, type Outcome, quiet, rateOf } from './context.ts';
import { fit, toToast } from './face.ts';
import type { Answer, Incoming, Reply, Session } from './message.ts';
import { readSlash } from './parse.ts';
import { refusalText } from './refusal-text.ts';
import { code, type Rich, rich } from './rich.ts';
import { textsIn } from './texts/index.ts';
import { type Understood, understand } from './understand.ts';

export type Handled = { answer: Answer; session: Session | undefined };

type Ran = Outcome & { readonly result: 'ok' | 'refused'; readonly isUndone?: boolean };

/** What a press is told whose card is old, already used, somebody else's or made up: the one cannot be told from the other. */
const NOT_THEIRS: ReadonlySet<string> = new Set(['card_expired', 'not_found', 'request_closed', 'send_closed']);

const SILENCE: Answer = { replies: [] };

/**
 * Answers one message, press or change of reach.
 * @param session what is remembered of this person; undefined opens or finds their wallet.
 * @returns the answer and what to remember from now on. Does not throw.
 */
export async function handle(world: World, incoming: Incoming, session: Session | undefined): Promise<Handled> {
  try {
    if (incoming.body.kind === 'reach') {
      const { bot, chatId, body } = incoming;
      await setReach(world, { bot, chatId, blocked: body.blocked });
      return { answer: SILENCE, session };
    }
    return incoming.isPrivate
      ? await handlePrivate(world, incoming, session)
      : await handleGroup(world, incoming, session);
  } catch (error) {
    return { answer: troubled(world, incoming, session, error), session };
  }
}

/** Says that something went wrong on our side. */
export function apologize(incoming: Incoming, session: Session | undefined): Answer {
  const { talk } = textsIn(session?.language ?? incoming.languageCode);
  return { replies: [{ text: talk.fault(rich`${code(shortTrace(incoming))}`) }] };
}

/** Says that the answer takes longer than it should, and nothing of how it ends: that is not known yet. */
export function stillAtIt(incoming: Incoming, session: Session | undefined): Reply {
  return { text: textsIn(session?.language ?? incoming.languageCode).talk.stillAtIt() };
}

/** Asks someone to go more slowly, and says in how many seconds they are read again. */
export function slowDown(incoming: Incoming, session: Session | undefined, againMs: number): Answer {
  const seconds = String(Math.max(1, Math.ceil(againMs / 1_000)));
  const text = textsIn(session?.language ?? incoming.languageCode).refusals.too_fast({ seconds });
  return incoming.body.kind === 'press' ? { replies: [], toast: toToast(text) } : { replies: [{ text }] };
}

async function handlePrivate(world: World, incoming: Incoming, session: Session | undefined): Promise<Handled> {
  const known = await knownAs(world, incoming, session);
  const context: Context = { world, incoming, session: known, texts: textsIn(known.language) };
  const understood = understand(context);
  if (understood.kind === 'said') countRefused(world, incoming);
  const outcome = await run(context, understood);
  return finish(context, understood, outcome);
}

/** A button that no text of ours has, or a command in somebody else's words. */
function countRefused({ metrics }: World, { body }: Incoming): void {
  if (body.kind === 'press') metrics.refuse('button_unknown');
  if (body.kind === 'text' && body.forwarded && readSlash(body.text)) metrics.refuse('command_forwarded');
}

/** The session of this person, looked up anew when they come for the first time, under a new name or in another chat. */
async function knownAs(world: World, incoming: Incoming, session: Session | undefined): Promise<Session> {
  const { channel, bot, chatId, from, languageCode } = incoming;
  const seenAs = [bot, chatId, from.username ?? '', from.name ?? ''].join('\n');
  if (session?.seenAs === seenAs) return session;
  const who = { channel, bot, chatId, ...from, ...(languageCode ? { languageCode } : {}) };
  const { isNew: _isNew, ...person } = await openOrFind(world, who);
  return { ...session, ...person, seenAs };
}

async function handleGroup(world: World, incoming: Incoming, session: Session | undefined): Promise<Handled> {
  const language = session?.language ?? incoming.languageCode;
  const hint = textsIn(language).talk.privateOnly(incoming.bot);
  if (!isAddressed(incoming)) return { answer: SILENCE, session };
  if (!session) return { answer: hinted(incoming, hint), session };
  const context: Context = { world, incoming, session, texts: textsIn(language) };
  const understood = understand(context);
  if (understood.kind !== 'typed' && understood.kind !== 'pressed') return { answer: SILENCE, session };
  if (understood.command.private) {
    world.metrics.refuse('private_in_group');
    return { answer: hinted(incoming, hint), session };
  }
  const outcome = await run(context, understood);
  const { answer } = finish(context, understood, outcome);
  // What goes on in a group is nobody's open question, and its messages are nobody's cards.
  return { answer: { ...answer, replies: answer.replies.map(withoutSubject) }, session };
}

function withoutSubject({ subjectId: _subjectId, ...reply }: Reply): Reply {
  return reply;
}

/** A command that names no other bot, or a button of ours. */
function isAddressed({ body, bot }: Incoming): boolean {
  if (body.kind !== 'text') return body.kind === 'press';
  const slash = body.forwarded ? undefined : readSlash(body.text);
  return slash !== undefined && (slash.bot === undefined || slash.bot.toLowerCase() === bot.toLowerCase());
}

function hinted(incoming: Incoming, hint: Rich): Answer {
  return incoming.body.kind === 'press' ? { replies: [], toast: toToast(hint) } : { replies: [{ text: hint }] };
}

/** Runs what was understood; a refusal becomes an outcome that leaves an open question open. */
async function run(context: Context, understood: Understood): Promise<Ran> {
  const { world, session, incoming } = context;
  const work = understood.kind === 'said' ? undefined : understood.command.work;
  if (work && mayBegin(world, work) !== 'go') return tooBusy(context);
  const begunMs = world.clock.monotonicMs();
  try {
    const does = () => dispatch(context, understood);
    return { ...(await inSpan(`command ${labelOf(understood)}`, { kind: understood.kind }, does)), result: 'ok' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    world.log.info('refused', { command: labelOf(understood), code: error.code });
    const isPress = incoming.body.kind === 'press';
    if (isPress && NOT_THEIRS.has(error.code)) world.metrics.refuse('button_refused');
    const answer = await refuse(context, error);
    const stays = understood.kind === 'answered' || !incoming.isPrivate;
    return { answer, session: stays ? session : quiet(session), result: 'refused' };
  } finally {
    const seconds = (world.clock.monotonicMs() - begunMs) / 1_000;
    world.metrics.commandSeconds.observe({ command: labelOf(understood) }, seconds);
  }
}

/** Nothing was begun: an open question stays open, a card keeps its buttons, and the same can be said again. */
function tooBusy({ incoming, session, texts }: Context): Ran {
  const text = texts.refusals.busy({});
  const isNote = incoming.body.kind === 'press' && !incoming.isPrivate;
  const answer = isNote ? { replies: [], toast: toToast(text) } : { replies: [{ text }] };
  return { answer, session, result: 'refused', isUndone: true };
}

function dispatch(context: Context, understood: Understood): Promise<Outcome> | Outcome {
  switch (understood.kind) {
    case 'typed':
      return runCommand({ ...context, session: quiet(context.session) }, understood.command, understood.args, context);
    case 'answered':
      return understood.command.run(context, understood.given);
    case 'pressed':
      return understood.command.press?.(context, understood.argument) ?? { answer: SILENCE, session: context.session };
    case 'said':
      return { answer: { replies: [understood.reply] }, session: quiet(context.session) };
  }
}

/** A typed command starts anew; only /cancel wants to know whether a question was open. */
function runCommand(fresh: Context, command: Command, args: string, before: Context): Promise<Outcome> {
  const context = command.name === 'cancel' ? before : fresh;
  return command.run(context, command.read?.(context, args) ?? {});
}

async function refuse(context: Context, refusal: Refusal): Promise<Answer> {
  const { incoming, session } = context;
  const rate = incoming.isPrivate ? await rateOf(context, session.currency) : undefined;
  // What someone has is nobody's business in a group: there a refusal names no amount.
  const shown = incoming.isPrivate ? refusal : new Refusal(refusal.code);
  const text = refusalText(shown, { ...session, rate });
  if (incoming.body.kind !== 'press') return { replies: [{ text }] };
  // Anyone in a group can press; only the owner's press may change the card.
  if (!incoming.isPrivate) return { replies: [], toast: toToast(text) };
  // A card whose draft is taken is over; another message keeps its buttons for what may work a little later.
  const mayWorkLater = ['balance_low', 'busy', 'sending_stopped', 'too_fast'].includes(refusal.code);
  const isOver = incoming.body.data.startsWith('confirm:') || !mayWorkLater;
  return { replies: [isOver ? inPlace(context, { text }) : { text }] };
}

function finish(context: Context, understood: Understood, { answer, session, result, isUndone }: Ran): Handled {
  const { world, incoming } = context;
  world.metrics.messages.inc({ command: labelOf(understood), result });
  noteCommand(world, session.userId, labelOf(understood), result);
  const fitted = fit(replacing(context, understood, answer), incoming.face, textsIn(session.language));
  if (isUndone) return { answer: fitted.answer, session };
  const { choices: _before, ...rest } = session;
  // Where there are buttons only yes and no can be typed instead of them.
  const kept = incoming.face.buttons
    ? fitted.choices.filter((data) => data.startsWith('confirm:') || data.startsWith('drop:'))
    : fitted.choices;
  return { answer: fitted.answer, session: kept.length ? { ...rest, choices: kept } : rest };
}

/** A choice tapped in answer to a question takes the question's place. */
function replacing(context: Context, understood: Understood, answer: Answer): Answer {
  const [first, ...more] = answer.replies;
  const isAnswer = understood.kind === 'answered' && context.incoming.body.kind === 'press';
  return first && isAnswer && first.qr === undefined
    ? { ...answer, replies: [inPlace(context, first), ...more] }
    : answer;
}

function troubled(world: World, incoming: Incoming, session: Session | undefined, error: unknown): Answer {
  const isAway = error instanceof Unavailable;
  const result = isAway ? 'unavailable' : 'fault';
  world.metrics.messages.inc({ command: 'none', result });
  noteCommand(world, session?.userId, 'none', result);
  if (isAway) world.log.warn('message not served', { error });
  else world.log.error('message failed', { error });
  const { talk } = textsIn(session?.language ?? incoming.languageCode);
  return isAway ? { replies: [{ text: talk.unavailable() }] } : apologize(incoming, session);
}

function labelOf(understood: Understood): string {
  return understood.kind === 'said' ? 'none' : understood.command.name;
}

/** As much of the trace id as can be read out; the last digits, since the first ones only tell the time. */
function shortTrace({ traceId }: Incoming): string {
  return traceId.slice(-8);
}
