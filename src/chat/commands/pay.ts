// /pay, or an invoice pasted or forwarded: the card to confirm. An invoice that leaves the amount open is asked about.
import { Refusal } from '../../base/errors.ts';
import { keep } from '../../flows/drafts.ts';
import { placeInLine } from '../../flows/line.ts';
import { type PayDraft, quote } from '../../flows/pay.ts';
import { amountOf } from '../asking-amount.ts';
import { payCard } from '../cards.ts';
import { ask, type Context, type Outcome, say, viewOf } from '../context.ts';
import { findInvoice, splitAmount } from '../parse.ts';
import type { Command } from './command.ts';

export const pay: Command = {
  name: 'pay',
  aliases: { sw: ['lipa'] },
  inMenu: true,
  private: true,
  work: 'money',
  read({ session }, args) {
    const found = findInvoice(args);
    if (!found) return args ? { invoice: args } : {};
    const { amount } = splitAmount(found.rest, session.currency);
    return { invoice: found.invoice, ...(amount ? { amount } : {}) };
  },
  async run(context, given) {
    const { texts } = context;
    if (given.invoice === undefined) {
      return ask(context, { command: 'pay', given, asked: 'invoice', text: texts.pay.askInvoice() });
    }
    const raw = findInvoice(given.invoice)?.invoice ?? given.invoice;
    const draft = await quoteUnlessOpen(context, raw);
    if (draft) return showCard(context, draft);
    const answer = await amountOf(context, 'pay', { ...given, invoice: raw });
    if ('outcome' in answer) return answer.outcome;
    return showCard(context, await quote(context.world, { ...wallet(context), raw, ...answer }));
  },
};

/** The draft, or undefined when the invoice leaves the amount to the payer. */
async function quoteUnlessOpen(context: Context, raw: string): Promise<PayDraft | undefined> {
  try {
    return await quote(context.world, { ...wallet(context), raw });
  } catch (error) {
    if (error instanceof Refusal && error.code === 'invoice_amount_missing') return undefined;
    throw error;
  }
}

async function showCard(context: Context, draft: PayDraft): Promise<Outcome> {
  const [view] = await Promise.all([viewOf(context), keep(context.world, draft)]);
  return say(context, payCard(draft, view, placeInLine(context.world)));
}

function wallet({ session }: Context): { userId: string; walletId: string } {
  return { userId: session.userId, walletId: session.walletId };
}
