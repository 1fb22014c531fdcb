// Yes and no to a card. Yes takes the draft, which can happen once, and starts what it says under the draft's own id; a
// second tap finds it started and changes nothing.
import { Refusal } from '../../base/errors.ts';
import { type Draft, keep, take } from '../../flows/drafts.ts';
import { detail } from '../../flows/history.ts';
import { placeInLine } from '../../flows/line.ts';
import { type PayDraft, start as startPay } from '../../flows/pay.ts';
import { type SendDraft, start as startSend } from '../../flows/send.ts';
import { lineOf } from '../cards.ts';
import { type Context, inPlace, type Outcome, say, viewOf } from '../context.ts';
import { money } from '../format.ts';
import { startLink } from '../links.ts';
import type { Reply } from '../message.ts';
import { type Rich, rich } from '../rich.ts';
import { labelled, nameOf, noteOf } from '../said.ts';
import type { Command } from './command.ts';

export const confirm: Command = {
  name: 'confirm',
  aliases: {},
  inMenu: false,
  private: false,
  work: 'money',
  run: async (context) => say(context, { text: context.texts.talk.unknown() }),
  async press(context, id) {
    const draft = await takeOnce(context, id);
    if (!draft) return already(context);
    try {
      return draft.kind === 'pay' ? await pay(context, draft) : await send(context, draft);
    } catch (error) {
      // Whether it began is not known now. The draft goes back, so that another tap finds out: its id is the same.
      if (!(error instanceof Refusal)) await keep(context.world, draft).catch(() => undefined);
      throw error;
    }
  },
};

export const drop: Command = {
  name: 'drop',
  aliases: {},
  inMenu: false,
  private: false,
  run: async (context) => say(context, { text: context.texts.talk.unknown() }),
  async press(context, id) {
    const { texts } = context;
    const draft = await takeOnce(context, id);
    if (!draft) return already(context);
    const { requestId } = draft.kind === 'send' ? draft : { requestId: null };
    return say(context, inPlace(context, { text: requestId ? texts.request.stillOpen() : texts.pay.dropped() }));
  },
};

/** The card shows by itself what became of it; the tap gets a short note. */
function already(context: Context): Outcome {
  const { tapped } = context.texts.talk;
  if (context.incoming.body.kind !== 'press') return say(context, { text: rich`${tapped}` });
  return { answer: { replies: [], toast: tapped }, session: context.session };
}

/** The draft; undefined when it was confirmed before. Throws Refusal card_expired when nothing is known of it. */
async function takeOnce({ world, session }: Context, id: string): Promise<Draft | undefined> {
  try {
    return await take(world, { id, userId: session.userId });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (await isStarted(world, session.userId, id)) return undefined;
    throw error;
  }
}

async function isStarted(world: Context['world'], userId: string, id: string): Promise<boolean> {
  try {
    await detail(world, { userId, id });
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

async function pay(context: Context, draft: PayDraft): Promise<Outcome> {
  const { texts } = context;
  const [{ queued }, view] = await Promise.all([startPay(context.world, draft), viewOf(context)]);
  const amount = money(view, BigInt(draft.amountMsat), 'up');
  const line = lineOf(placeInLine(context.world), view);
  const text = queued ? rich`${texts.pay.sending(amount)}${line}` : texts.pay.waiting(amount);
  return say(context, inPlace(context, { text, subjectId: draft.id }));
}

async function send(context: Context, draft: SendDraft): Promise<Outcome> {
  const { texts } = context;
  const [{ claimCode }, view] = await Promise.all([startSend(context.world, draft), viewOf(context)]);
  const amount = money(view, BigInt(draft.amountMsat), 'up');
  const to = rich`${nameOf(draft.to.name)}`;
  const note = labelled(texts.send.note, noteOf(draft.memo));
  if (claimCode === undefined) {
    return say(context, inPlace(context, { text: rich`${texts.send.done(amount, to)}${note}` }));
  }
  const held: Reply = {
    text: rich`${texts.send.held(amount, to)}${note}`,
    buttons: [[{ label: texts.buttons.retract, data: `send:retract:${draft.id}` }]],
    subjectId: draft.id,
  };
  return say(context, inPlace(context, held), forwardable(context, draft, { claimCode, amount, note }));
}

/** A message for the sender to pass on; it names nothing but the gift. */
function forwardable(
  { incoming, texts }: Context,
  draft: SendDraft,
  { claimCode, amount, note }: { claimCode: string; amount: Rich; note: Rich },
): Reply {
  const from = rich`${nameOf(draft.fromName)}`;
  const link = startLink(incoming.channel, incoming.bot, claimCode);
  if (!link) return { text: texts.send.codeFor(from, amount, incoming.bot, claimCode, note) };
  return { text: texts.send.linkFor(from, amount, link, note) };
}
