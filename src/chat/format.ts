// Amounts and times as one person sees them: sats, their currency beside it while the rate is fresh, their zone's clock.
// What someone has is rounded down, what something costs them is rounded up, and a stale rate is never shown as a price.
import { type FiatCode, isCurrencyCode, symbolOf } from '../domain/currencies.ts';
import { type DisplayRate, minorFromMsat, type Rounding } from '../domain/fx.ts';
import { ceilSat, floorSat } from '../domain/money.ts';
import { grouped, spoken } from './amount.ts';
import { bold, type Rich, rich } from './rich.ts';
import { languageOf, textsIn } from './texts/index.ts';

/** A person's eyes. */
export type View = {
  readonly language: string;
  readonly currency: string;
  readonly zone: string;
  readonly rate: DisplayRate | undefined;
};

/** "1,250 sats". The unit is a name and stays the same in every language. */
export function sats(amountMsat: bigint, rounding: Rounding): string {
  const sat = rounding === 'up' ? ceilSat(amountMsat) : floorSat(amountMsat);
  return `${grouped(sat)} ${sat === 1n ? 'sat' : 'sats'}`;
}

/** "KSh 162.50" for minor units of a currency. */
export function fiat(minor: bigint, currency: FiatCode): string {
  const symbol = symbolOf(currency);
  const digits = spoken({ kind: 'fiat', minor, currency }).slice(currency.length + 1);
  return /[a-z]$/i.test(symbol) ? `${symbol} ${digits}` : `${symbol}${digits}`;
}

/** What an amount is worth in the person's currency, or undefined while no fresh rate is known. */
export function local(view: View, amountMsat: bigint, rounding: Rounding): string | undefined {
  const { currency, rate } = view;
  if (!rate || rate.stale || !isCurrencyCode(currency)) return undefined;
  return fiat(minorFromMsat(amountMsat, rate.microPerBtc, currency, rounding), currency);
}

/** "**1,250 sats** (≈ KSh 162.50)". */
export function money(view: View, amountMsat: bigint, rounding: Rounding): Rich {
  const value = local(view, amountMsat, rounding);
  return value ? rich`${bold(sats(amountMsat, rounding))} (≈ ${value})` : rich`${bold(sats(amountMsat, rounding))}`;
}

/** A line of its own that says how old the rate is, or why no local value is shown. */
export function rateLine(view: View): Rich {
  const { money: texts, age } = textsIn(view.language);
  if (!view.rate) return rich`\n${texts.noRate}`;
  return rich`\n${view.rate.stale ? texts.rateTooOld : texts.rateAge(age(view.rate.btcAgeMs))}`;
}

/** "14:02" in the person's zone. */
export function clockTime(view: View, atMs: number): string {
  return formatter(view, 'time').format(atMs);
}

/** "22 Nov, 14:02" in the person's zone. */
export function dayTime(view: View, atMs: number): string {
  return formatter(view, 'day').format(atMs);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Making a formatter is slow, so each is made once: at most languages x zones x two. */
function formatter(view: View, kind: 'time' | 'day'): Intl.DateTimeFormat {
  const language = languageOf(view.language);
  const key = `${language} ${view.zone} ${kind}`;
  const known = formatters.get(key);
  if (known) return known;
  const time = { timeZone: view.zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const options = kind === 'time' ? time : ({ ...time, day: 'numeric', month: 'short' } as const);
  const made = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, options);
  formatters.set(key, made);
  return made;
}
