// /balance: what one has, what is set aside and what is on its way.
import { isProbe, PROBE_SUBJECT } from '../../flows/probe.ts';
import { balance as balanceOf } from '../../flows/wallets.ts';
import { say, viewOf } from '../context.ts';
import { money, rateLine } from '../format.ts';
import { rich } from '../rich.ts';
import type { Command } from './command.ts';

export const balance: Command = {
  name: 'balance',
  aliases: { en: ['bal'], sw: ['salio'] },
  inMenu: true,
  private: true,
  work: 'looking',
  async run(context) {
    const { world, session, texts } = context;
    const [{ availableMsat, heldMsat, incomingMsat }, view] = await Promise.all([
      balanceOf(world, session.walletId),
      viewOf(context),
    ]);
    const text = rich`${texts.balance.show(money(view, availableMsat, 'down'))}${
      heldMsat > 0n ? texts.balance.held(money(view, heldMsat, 'down')) : []
    }${incomingMsat > 0n ? texts.balance.incoming(money(view, incomingMsat, 'down')) : []}${rateLine(view)}`;
    const seen = isProbe(world, context.incoming) ? { subjectId: PROBE_SUBJECT, silent: true } : {};
    return say(context, { text, ...seen });
  },
};
