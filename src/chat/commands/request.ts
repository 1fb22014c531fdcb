// /request: asks someone here for sats. They get a card to pay or decline; paying shows a card of its own first.
import { keep } from '../../flows/drafts.ts';
import { ask, cancel, decline, payDraft } from '../../flows/request.ts';
import { amountOf } from '../asking-amount.ts';
import { sendCard } from '../cards.ts';
import { inPlace, ownName, say, viewOf } from '../context.ts';
import { money } from '../format.ts';
import { payeeOf, readTransfer } from '../payee.ts';
import { rich, words } from '../rich.ts';
import { labelled, nameOf, noteOf } from '../said.ts';
import type { Command } from './command.ts';

export const request: Command = {
  name: 'request',
  aliases: { en: ['ask'], sw: ['omba'] },
  inMenu: true,
  private: true,
  work: 'money',
  read: readTransfer,
  async run(context, given) {
    const { world, session, incoming, texts } = context;
    const payer = payeeOf(context, 'request', given);
    if ('outcome' in payer) return payer.outcome;
    const amount = await amountOf(context, 'request', given);
    if ('outcome' in amount) return amount.outcome;
    const memo = words(given.note ?? '');
    const [{ id, toName }, view] = await Promise.all([
      ask(world, {
        userId: session.userId,
        fromName: ownName(context),
        channel: incoming.channel,
        to: payer.payee,
        ...amount,
        ...(memo ? { memo } : {}),
      }),
      viewOf(context),
    ]);
    const asked = texts.request.asked(money(view, amount.amountMsat, 'down'), rich`${nameOf(toName)}`);
    const text = rich`${asked}${labelled(texts.send.note, noteOf(memo))}`;
    const buttons = [[{ label: texts.buttons.cancelRequest, data: `request:cancel:${id}` }]];
    return say(context, { text, buttons, subjectId: id });
  },
  async press(context, argument) {
    const { world, session, texts } = context;
    const [action, id = ''] = argument.split(':');
    const name = ownName(context);
    const { userId, walletId } = session;
    switch (action) {
      case 'pay': {
        // A card of its own: the request keeps its buttons for the case that this one is dropped or grows old.
        const [draft, view] = await Promise.all([payDraft(world, { userId, walletId, name, id }), viewOf(context)]);
        await keep(world, draft);
        return say(context, sendCard(draft, view));
      }
      case 'decline':
        await decline(world, { userId, name, id });
        return say(context, inPlace(context, { text: texts.request.declined() }));
      case 'cancel':
        await cancel(world, { userId, id });
        return say(context, inPlace(context, { text: texts.request.canceled() }));
      default:
        return say(context);
    }
  },
};
