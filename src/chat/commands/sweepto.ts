// /sweepto: where one's sats shall go should the house close, by an invoice without an amount from another wallet.
import { nameTarget } from '../../flows/sweep-out.ts';
import { ask, say, viewOf } from '../context.ts';
import { dayTime } from '../format.ts';
import { findInvoice } from '../parse.ts';
import type { Command } from './command.ts';

export const sweepto: Command = {
  name: 'sweepto',
  aliases: {},
  inMenu: false,
  private: true,
  work: 'money',
  read: (_context, args): { invoice?: string } => (args ? { invoice: args } : {}),
  async run(context, given) {
    const { world, session, texts } = context;
    if (given.invoice === undefined) {
      return ask(context, { command: 'sweepto', given, asked: 'invoice', text: texts.sweep.askInvoice() });
    }
    const raw = findInvoice(given.invoice)?.invoice ?? given.invoice;
    const untilMs = await nameTarget(world, { userId: session.userId, raw });
    if (untilMs === undefined) return say(context, { text: texts.sweep.hasAmount() });
    return say(context, { text: texts.sweep.kept(dayTime(await viewOf(context), untilMs)) });
  },
};
