// /receive: an invoice as QR picture and text. Without an amount the payer chooses it. The picture itself comes as news,
// since a node has to make the invoice first.
import { ask, isAsked } from '../../flows/receive.ts';
import { amountOf } from '../asking-amount.ts';
import { quiet, say } from '../context.ts';
import { splitAmount } from '../parse.ts';
import { words } from '../rich.ts';
import type { Command } from './command.ts';

export const receive: Command = {
  name: 'receive',
  aliases: { en: ['invoice'], sw: ['pokea', 'ankara'] },
  inMenu: true,
  private: true,
  work: 'money',
  read: ({ session }, args) => splitAmount(args, session.currency),
  async run(context, given) {
    const { world, session, texts } = context;
    const answer = given.amount === undefined ? undefined : await amountOf(context, 'receive', given);
    if (answer && 'outcome' in answer) return answer.outcome;
    const memo = words(given.note ?? '');
    const { id, queued } = await ask(world, { userId: session.userId, ...answer, ...(memo ? { memo } : {}) });
    const reply = { text: texts.receive.later() };
    if (!queued) return say(context, reply);
    const isMissing = () => isAsked(world, id);
    return { answer: { replies: [], awaited: { isMissing, reply } }, session: quiet(session) };
  },
};
