// /settings: language, currency and news, by tapping or by typing (`/settings sw`, `/settings KES`). /start asks the same two
// questions with the same buttons.

import { Refusal } from '../../base/errors.ts';
import { CURRENCIES, isCurrencyCode } from '../../domain/currencies.ts';
import { areNewsMuted, muteNews } from '../../flows/broadcast.ts';
import { settings as save } from '../../flows/wallets.ts';
import { currencySaid } from '../amount.ts';
import { type Context, inPlace, type Outcome, say } from '../context.ts';
import type { Button, Session } from '../message.ts';
import { rich } from '../rich.ts';
import { LANGUAGE_CODES, languageOf, textsIn } from '../texts/index.ts';
import type { Command } from './command.ts';

export const settings: Command = {
  name: 'settings',
  aliases: { sw: ['mipangilio'] },
  inMenu: true,
  private: true,
  work: 'looking',
  read: (_context, args): { wanted?: string } => (args ? { wanted: args.trim().toLowerCase() } : {}),
  async run(context, { wanted }) {
    if (wanted === undefined) return show(context);
    const language = LANGUAGE_CODES.find((code) => code === wanted || textsIn(code).name.toLowerCase() === wanted);
    if (language) return setLanguage(context, language);
    const currency = currencySaid(wanted, context.session.currency);
    if (!currency) throw new Refusal('currency_unknown');
    return setCurrency(context, currency);
  },
  async press(context, argument) {
    const { texts } = context;
    const [what, value] = argument.split(':');
    if (what === 'lang' && value) return setLanguage(context, value);
    if (what === 'cur' && value) return setCurrency(context, value);
    if (what === 'news') return setNews(context, value === 'off');
    if (what === 'lang') {
      return say(context, inPlace(context, { text: texts.settings.chooseLanguage(), buttons: languages('settings') }));
    }
    return say(context, inPlace(context, { text: texts.settings.chooseCurrency(), buttons: currencies('settings') }));
  },
};

/** One button per language, in its own name. */
export function languages(command: string): Button[][] {
  return [LANGUAGE_CODES.map((code) => ({ label: textsIn(code).name, data: `${command}:lang:${code}` }))];
}

/** Two currencies a row. */
export function currencies(command: string): Button[][] {
  const buttons = CURRENCIES.map(({ code, symbol }) => ({
    label: `${code} (${symbol})`,
    data: `${command}:cur:${code}`,
  }));
  return buttons.flatMap((button, at) => (at % 2 === 0 ? [[button, ...buttons.slice(at + 1, at + 2)]] : []));
}

/** Saves the language and gives the session that speaks it. */
export async function changeLanguage({ world, session }: Context, value: string): Promise<Session> {
  const language = languageOf(value);
  await save(world, session.userId, { language });
  return { ...session, language };
}

/** Saves the currency, and that the first questions are answered. Throws Refusal currency_unknown. */
export async function changeCurrency({ world, session }: Context, value: string): Promise<Session> {
  const known = CURRENCIES.find(({ code }) => code === value);
  if (!known || !isCurrencyCode(value)) throw new Refusal('currency_unknown');
  await save(world, session.userId, { currency: value, onboarded: true });
  return { ...session, currency: value, zone: known.timeZone, onboarded: true };
}

async function show(context: Context): Promise<Outcome> {
  const { world, session, texts } = context;
  const isMuted = await areNewsMuted(world, session.userId);
  const buttons = [
    [
      { label: texts.buttons.language, data: 'settings:lang' },
      { label: texts.buttons.currency, data: 'settings:cur' },
    ],
    [
      isMuted
        ? { label: texts.settings.unmute, data: 'settings:news:on' }
        : { label: texts.settings.mute, data: 'settings:news:off' },
    ],
  ];
  const text = rich`${texts.settings.show(texts.name, session.currency)}${texts.settings.news(isMuted)}`;
  return say(context, { text, buttons });
}

async function setNews(context: Context, isMuted: boolean): Promise<Outcome> {
  const { world, session, texts } = context;
  await muteNews(world, session.userId, isMuted);
  const text = isMuted ? texts.settings.newsMuted() : texts.settings.newsWanted();
  return say(context, inPlace(context, { text }));
}

async function setLanguage(context: Context, value: string): Promise<Outcome> {
  const session = await changeLanguage(context, value);
  const text = textsIn(session.language).settings.languageSet();
  return say({ ...context, session }, inPlace(context, { text }));
}

async function setCurrency(context: Context, value: string): Promise<Outcome> {
  const session = await changeCurrency(context, value);
  return say({ ...context, session }, inPlace(context, { text: context.texts.settings.currencySet(session.currency) }));
}
