// /start: the first steps in two taps (language, currency), or a short home for who knows them. A claim code in the link
// that led here is paid in before anything else, and whatever becomes of it, the steps go on.
import { Refusal } from '../../base/errors.ts';
import { claim } from '../../flows/send.ts';
import { balance } from '../../flows/wallets.ts';
import { type Context, inPlace, type Outcome, ownName, say, viewOf } from '../context.ts';
import { money } from '../format.ts';
import type { Reply } from '../message.ts';
import { refusalText } from '../refusal-text.ts';
import { type Rich, rich } from '../rich.ts';
import { labelled, nameOf, noteOf } from '../said.ts';
import { textsIn } from '../texts/index.ts';
import type { Command } from './command.ts';
import { changeCurrency, changeLanguage, currencies, languages } from './settings.ts';

const CODE = /^[\w-]{1,64}$/;

export const start: Command = {
  name: 'start',
  aliases: { en: ['home', 'hi', 'hello'], sw: ['anza', 'habari', 'hujambo', 'mambo'] },
  inMenu: true,
  private: true,
  work: 'money',
  read: (_context, args): { code?: string } => (CODE.test(args) ? { code: args } : {}),
  async run(context, { code }) {
    const claimed = code === undefined ? [] : [await payIn(context, code)];
    return say(context, ...claimed, context.session.onboarded ? await home(context) : welcome(context));
  },
  async press(context, argument): Promise<Outcome> {
    const [what, value = ''] = argument.split(':');
    if (what === 'lang') {
      const session = await changeLanguage(context, value);
      const { start: texts } = textsIn(session.language);
      const question = { text: texts.chooseCurrency(), buttons: currencies('start') };
      return say({ ...context, session }, inPlace(context, question));
    }
    const session = await changeCurrency(context, value);
    const then = { ...context, session };
    return say(then, inPlace(context, { text: context.texts.start.ready(await balanceText(then)) }));
  },
};

function welcome(context: Context): Reply {
  return { text: context.texts.start.chooseLanguage(), buttons: languages('start') };
}

async function home(context: Context): Promise<Reply> {
  const { from } = context.incoming;
  const name = nameOf(from.name ?? ownName(context));
  return { text: context.texts.start.home(rich`${name}`, await balanceText(context)) };
}

async function balanceText(context: Context): Promise<Rich> {
  const [{ availableMsat }, view] = await Promise.all([
    balance(context.world, context.session.walletId),
    viewOf(context),
  ]);
  return money(view, availableMsat, 'down');
}

async function payIn(context: Context, code: string): Promise<Reply> {
  const { world, session, texts } = context;
  const view = await viewOf(context);
  try {
    const { userId, walletId } = session;
    const sent = await claim(world, { userId, walletId, name: ownName(context), code });
    const from = rich`${nameOf(sent.fromName)}`;
    const note = labelled(texts.send.note, noteOf(sent.memo));
    return { text: texts.start.claimed(money(view, sent.amountMsat, 'down'), from, note) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'claim_unknown') world.metrics.refuse('code_guessed');
    return { text: refusalText(error, view) };
  }
}
