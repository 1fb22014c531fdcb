// /send: sats to someone inside the house, at once and free; to someone who is not here yet they wait behind a link. In a
// group it works by answering a message or naming someone, and says nothing private there.
import { keep } from '../../flows/drafts.ts';
import { quote, retract } from '../../flows/send.ts';
import { amountOf } from '../asking-amount.ts';
import { sendCard } from '../cards.ts';
import { type Context, type Given, inPlace, type Outcome, ownName, say, viewOf } from '../context.ts';
import { money } from '../format.ts';
import { payeeOf, readTransfer } from '../payee.ts';
import { words } from '../rich.ts';
import type { Command } from './command.ts';

export const send: Command = {
  name: 'send',
  aliases: { sw: ['tuma'] },
  inMenu: true,
  private: false,
  work: 'money',
  read: readTransfer,
  async run(context, given) {
    const { incoming, texts } = context;
    const isMissing = given.amount === undefined || (given.to ?? given.toId) === undefined;
    if (!incoming.isPrivate && isMissing) return say(context, { text: texts.send.usage() });
    const payee = payeeOf(context, 'send', given);
    if ('outcome' in payee) return incoming.isPrivate ? payee.outcome : say(context, { text: texts.send.usage() });
    const amount = await amountOf(context, 'send', given, { all: incoming.isPrivate });
    if ('outcome' in amount) return amount.outcome;
    return showCard(context, { to: payee.payee, ...amount, given });
  },
  async press(context, argument) {
    const [action, id = ''] = argument.split(':');
    if (action !== 'retract') return say(context);
    const [{ amountMsat }, view] = await Promise.all([
      retract(context.world, { userId: context.session.userId, id }),
      viewOf(context),
    ]);
    return say(context, inPlace(context, { text: context.texts.send.retracted(money(view, amountMsat, 'down')) }));
  },
};

type Asked = { to: Parameters<typeof quote>[1]['to']; amountMsat: bigint; given: Given };

async function showCard(context: Context, { to, amountMsat, given }: Asked): Promise<Outcome> {
  const { world, incoming, session, texts } = context;
  const memo = words(given.note ?? '');
  const draft = await quote(world, {
    userId: session.userId,
    walletId: session.walletId,
    fromName: ownName(context),
    channel: incoming.channel,
    to,
    amountMsat,
    ...(memo ? { memo } : {}),
  });
  // Whoever opens a claim link first gets the sats, so it is never shown to a whole group.
  if (!incoming.isPrivate && !('userId' in draft.to)) {
    return say(context, { text: texts.send.groupPayeeMissing(incoming.bot) });
  }
  const [view] = await Promise.all([viewOf(context), keep(world, draft)]);
  return say(context, sendCard(draft, view));
}
